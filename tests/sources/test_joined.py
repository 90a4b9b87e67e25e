"""Several sources as one."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from keras_cvdata import labels
from keras_cvdata.sources import ArraySource, DataFrameSource
from keras_cvdata.sources.joined import Joined

A = np.arange(3 * 4 * 5 * 3, dtype=np.uint8).reshape(3, 4, 5, 3)


def joined(*sources):
    names = [f"{number}" for number in range(sum(map(len, sources)))]
    return Joined(sources, {"label": labels.from_names(names)})


def test_samples_follow_each_other_and_rows_count_on():
    parts = ArraySource(A).select([2, 0]), ArraySource(A + 100), ArraySource(A).select([1])
    both = joined(*parts)
    expected = [A[2], A[0], *(A + 100), A[1]]
    for position, image in enumerate(expected):
        np.testing.assert_array_equal(both.image(position), image)
        assert both[position][1] == position
    assert both.rows.tolist() == [2, 0, 3, 4, 5, 7]
    assert both.image_shape == (4, 5, 3)
    assert [both.name(i) for i in (0, 1, 5)] == ["x[2]", "x[0]", "x[1]"]


def test_columns_of_the_first_stay_with_none_where_others_lack_them():
    frame = pd.DataFrame({"location": ["a.png"], "label": ["x"], "camera": ["old"], "year": [7]})
    other = frame.assign(camera="new").drop(columns="year")
    both = joined(*(DataFrameSource(f, missing="later") for f in (frame, other)))
    assert both.columns["camera"].tolist() == ["old", "new"]
    assert both.columns["year"].tolist() == [7, None]


def test_shapes_that_differ_are_not_shared():
    both = joined(ArraySource(A), ArraySource(A[:, :2]))
    assert both.image_shape is None
    assert both.dtype == np.uint8


def test_ranges_of_floats_must_agree():
    first, second = (ArraySource(A / 255, value_range=(0, high)) for high in (1, 2))
    assert joined(first, first).value_range == (0, 1)
    assert joined(first, ArraySource(A)).value_range == (0, 1)
    with pytest.raises(ValueError, match=r"as \(0.*, 1.*\) and \(0.*, 2"):
        joined(first, second)


def test_the_class_of_none_of_the_classes_is_remembered() -> None:
    first, second = ArraySource(A), ArraySource(A)
    second.not_any = "none"
    assert joined(first, second).not_any == "none"
