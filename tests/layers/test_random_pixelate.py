"""RandomPixelate in closed form."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from keras_cvdata.layers import RandomPixelate
from tests.distributions import drawn

pytestmark = pytest.mark.backends


@pytest.mark.parametrize("side", [2, 3, 5, 21, 40])
def test_blocks_become_their_mean(apply: Any, image: np.ndarray, side: int) -> None:
    """From the upper left corner; those at the other ends are cut."""
    expected = np.empty(image.shape)
    for y in range(0, image.shape[0], side):
        for x in range(0, image.shape[1], side):
            block = image[y : y + side, x : x + side]
            expected[y : y + side, x : x + side] = block.mean(axis=(0, 1), dtype=np.float64)
    limit = 0.51 if image.dtype == np.uint8 else 1e-6
    assert np.abs(apply(RandomPixelate(side), image) - expected).max() <= limit


def test_every_side_is_as_likely() -> None:
    side = drawn(RandomPixelate((3, 12)))["side"]
    assert np.abs(np.bincount(side)[3:] - 1000).max() < 4 * np.sqrt(1000)
    assert set(side.tolist()) == set(range(3, 13))


@pytest.mark.parametrize(
    ("side", "message"), [(0, "from 1 to 256"), (2.5, "whole numbers"), ((4, 2), "lower end first")]
)
def test_bad_ranges_are_refused(side: Any, message: str) -> None:
    with pytest.raises(ValueError, match=f"RandomPixelate: side .*{message}"):
        RandomPixelate(side)
