"""Predictions as a table."""

from __future__ import annotations

import numpy as np

from keras_cvdata.review.frames import frame_of
from keras_cvdata.review.predictions import Predictions
from tests.review.planted import NAMES, head, source_of


def test_an_image_that_cannot_be_read_has_a_reason_and_no_prediction() -> None:
    outputs = np.float32([[0.1, 0.2, 0.7], [np.nan] * 3, [0.6, 0.3, 0.1]])
    codes = np.array([2, 1, 0])
    classes = head("classes", codes, outputs, NAMES)
    table = frame_of(Predictions(source_of(codes), (classes,), {1: "it is cut"}), 2)
    assert table.predicted.fillna("-").to_list() == ["fox", "-", "cat"]
    assert table.top1.fillna("-").to_list() == ["fox", "-", "cat"]
    assert table.top2.fillna("-").to_list() == ["dog", "-", "dog"]
    assert table.reason.fillna("-").to_list() == ["-", "it is cut", "-"]
    assert table.label.to_list() == ["fox", "dog", "cat"]
    assert table.probability.isna().to_list() == [False, True, False]
