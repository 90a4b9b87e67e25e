"""What parts images: columns as they are, and what is measured of pixels."""

from __future__ import annotations

import numpy as np
import pytest

from keras_cvdata.review.traits import chosen, column_traits, measured_traits
from keras_cvdata.sources import open_source


def test_columns_are_read_by_what_they_hold() -> None:
    n = 80
    source = open_source(np.zeros((n, 4, 4, 3), np.uint8))
    source.columns = {
        "camera": np.array(["Canon", " Canon", None, ""] * 20, object),
        "licence": np.array(["by", "nc"] * 40),
        "age": np.arange(n) / 2,
        "photographer": np.array([f"p{min(k, 35)}" for k in range(n)]),
        "file": np.array([f"{k}.png" for k in range(n)]),
        "flag": np.array([True, False] * 40),
    }
    found = {trait.name: trait for trait in column_traits(source)}
    assert list(found) == ["licence", "age", "flag"]  # no file is like another, one camera only
    assert found["licence"].values == ("by", "nc")
    assert found["age"].values == ("up to 9.88", "9.88 to 19.8", "19.8 to 29.6", "above 29.6")
    assert np.bincount(found["age"].codes).tolist() == [20] * 4
    assert found["flag"].values == ("False", "True")


def test_of_many_texts_the_frequent_ones_part_images() -> None:
    source = open_source(np.zeros((90, 4, 4, 3), np.uint8))
    source.columns = {"place": np.array(["north"] * 20 + ["south"] * 20 + [*map(str, range(50))])}
    (place,) = column_traits(source)
    assert place.values == ("north", "south")
    assert np.bincount(place.codes + 1).tolist() == [50, 20, 20]


def test_light_and_border_are_measured() -> None:
    random = np.random.default_rng(0)
    pictures = random.integers(0, 256, (12, 40, 40, 3), np.uint8)
    pictures[:4, [0, -1]] = pictures[:4, :, [0, -1]] = (250, 0, 250)
    source = open_source(pictures)
    found = {trait.name: trait for trait in measured_traits(source, n_jobs=1)}
    assert found["border"].values == ("varied", "constant, rgb(250, 0, 250)")
    assert found["border"].codes.tolist() == [1] * 4 + [0] * 8
    assert "shape" not in found  # all are square
    assert all(trait.measured for trait in found.values())
    assert len(found["contrast"].values) == 4


def test_a_trait_that_is_not_there_is_named() -> None:
    with pytest.raises(ValueError, match=r"slices names 'camera'.*They differ by nothing"):
        chosen({}, "camera")
