"""RandomMorphology against scipy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import ndimage

from keras_cvdata.layers import RandomMorphology
from tests.distributions import drawn

pytestmark = pytest.mark.backends

CROSS = ndimage.generate_binary_structure(2, 1)
SQUARE = np.ones((3, 3), bool)


@pytest.mark.parametrize("pixels", [1, 2, 3, 7, -1, -2, -5])
def test_every_value_is_the_extreme_of_an_octagon(
    apply: Any, image: np.ndarray, pixels: int
) -> None:
    size = 2 * abs(pixels) + 1
    octagon = np.zeros((size, size), bool)
    octagon[abs(pixels), abs(pixels)] = True
    for number in range(abs(pixels)):
        octagon = ndimage.binary_dilation(octagon, SQUARE if number % 2 else CROSS)
    change = ndimage.grey_dilation if pixels > 0 else ndimage.grey_erosion
    expected = change(image, footprint=octagon[..., None], mode="nearest")
    assert np.array_equal(apply(RandomMorphology(pixels), image), expected)


def test_strokes_grow_on_both_sides(apply: Any) -> None:
    stroke = np.zeros((20, 20, 1), np.uint8)
    stroke[:, 9:12] = 255
    for pixels, wide in ((2, 7), (0, 3), (-1, 1), (-2, 0)):
        assert (apply(RandomMorphology(pixels), stroke) == 255).sum() == 20 * wide


def test_every_number_is_as_likely() -> None:
    p = drawn(RandomMorphology((-3, 2)))
    pixels = p["sign"] * p["steps"].sum(axis=1)
    assert np.abs(np.unique(pixels, return_counts=True)[1] - 10_000 / 6).max() < 4 * 41


@pytest.mark.parametrize(
    ("pixels", "message"), [(17, "from -16 to 16"), (1.5, "whole numbers"), ((2, 1), "lower end")]
)
def test_bad_ranges_are_refused(pixels: Any, message: str) -> None:
    with pytest.raises(ValueError, match=f"RandomMorphology: pixels .*{message}"):
        RandomMorphology(pixels)
