"""RandomRoll against numpy.roll."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from keras_cvdata.layers import RandomRoll

pytestmark = pytest.mark.backends


@pytest.mark.parametrize(("down", "across"), [(0, 0), (3, 0), (0, -5), (4, 6), (-4, -6), (21, 34)])
def test_equals_numpy_roll(apply: Any, image: np.ndarray, down: int, across: int) -> None:
    """Whole pixels over named axes, what leaves comes back (R69, X26)."""
    y, x = down / image.shape[0], across / image.shape[1]
    layer = RandomRoll((y, y), (x, x), allow_large_shift=True)
    assert np.array_equal(apply(layer, image), np.roll(image, (down, across), axis=(0, 1)))


def test_all_whole_shifts_within_the_range_are_equally_likely() -> None:
    """Of 28 pixels 0.2 is 5.6, so at most 5 (R70)."""
    u = np.random.default_rng(1).random((11000, 2))
    p = RandomRoll(0.2, (0, 0.29), allow_large_shift=True).draw(u, 28, 100, np)
    values, counts = np.unique(p["dy"], return_counts=True)
    assert values.tolist() == list(range(-5, 6))
    assert np.allclose(counts / len(u), 1 / 11, atol=0.015)
    assert p["dx"].max() == 29
    assert p["dx"].min() == 0


def test_ranges_without_a_whole_pixel_shift_nothing() -> None:
    u = np.random.default_rng(1).random((10, 2))
    p = RandomRoll((0.01, 0.02), (-0.02, -0.01)).draw(u, 28, 28, np)
    assert not p["dy"].any()
    assert not p["dx"].any()


@pytest.mark.parametrize("factor", [0.21, (-0.5, 0), 0.5])
def test_beyond_a_fifth_needs_permission(factor: Any) -> None:
    """Larger shifts tear the object apart (R70)."""
    with pytest.raises(
        ValueError, match=r"RandomRoll: height_factor must stay within.*allow_large"
    ):
        RandomRoll(factor)
    RandomRoll(factor, allow_large_shift=True)


def test_a_fifth_is_allowed() -> None:
    assert not RandomRoll(0.2, (-0.2, 0.2)).allow_large_shift
