"""RandomFlip against numpy.flip."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from keras_cvdata.layers import RandomFlip

pytestmark = pytest.mark.backends


@pytest.mark.parametrize(
    ("mode", "axis"), [("horizontal", 1), ("vertical", 0), ("horizontal_and_vertical", (0, 1))]
)
def test_mirrors_without_loss(apply: Any, image: np.ndarray, mode: str, axis: Any) -> None:
    """Horizontal exchanges left and right (R64, X24)."""
    assert np.array_equal(apply(RandomFlip(mode, rate=1.0), image), np.flip(image, axis))


def test_decides_about_each_axis_by_itself() -> None:
    u = np.random.default_rng(1).random((4000, 2))
    p = RandomFlip(rate=0.25).draw(u, 10, 10, np)
    shares = [np.mean((p["x"] == x) & (p["y"] == y)) for x in (1, -1) for y in (1, -1)]
    assert np.allclose(shares, [9 / 16, 3 / 16, 3 / 16, 1 / 16], atol=0.02)


def test_unknown_modes_are_refused() -> None:
    with pytest.raises(ValueError, match=r"RandomFlip: mode must be one of 'horizontal', .*'left'"):
        RandomFlip("left")
