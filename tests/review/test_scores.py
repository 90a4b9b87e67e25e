"""Precision, recall and calibration, against counts by hand."""

from __future__ import annotations

import numpy as np
import pytest

from keras_cvdata.review.scores import calibrate, precision_recall


def test_a_class_that_is_never_predicted_has_no_precision() -> None:
    """R62: precision is TP / (TP + FP)."""
    precision, recall = precision_recall(np.array([[3, 1, 0], [2, 4, 0], [0, 0, 0]]))
    assert precision[:2].tolist() == [3 / 5, 4 / 5]
    assert recall[:2].tolist() == [3 / 4, 4 / 6]
    assert np.isnan([precision[2], recall[2]]).all()


def test_calibration_is_a_weighted_mean_of_gaps() -> None:
    confidence = np.array([0.95, 0.85, 0.55, 1.0])
    found = calibrate(confidence, np.array([True, False, True, True]), bins=10)
    assert found.number.tolist() == [0] * 5 + [1, 0, 0, 1, 2]
    assert found.accuracy[[5, 8, 9]].tolist() == [1, 0, 1]
    assert found.error == pytest.approx((0.45 + 0.85 + 2 * 0.025) / 4)
