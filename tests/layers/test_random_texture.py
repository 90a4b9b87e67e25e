"""RandomTexture by its formula: what it makes of white is the grain."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from keras_cvdata.layers import RandomTexture
from tests.distributions import assert_uniform, drawn

pytestmark = pytest.mark.backends


def texture(depth: float, **options: Any) -> RandomTexture:
    return RandomTexture(depth, value_range=(0, 1), seed=3, **options)


def test_values_are_darkened_by_the_grain(apply: Any, image: np.ndarray) -> None:
    """R94: strokes of crayon and brush; the grain of white is that of any image."""
    grain = 1 - apply(texture(1.0), np.ones(image.shape, np.float32)).astype(float)
    assert 0 <= grain.min() < 0.2
    assert 0.8 < grain.max() <= 1
    limit = 0.51 if image.dtype == np.uint8 else 2e-6
    expected = image * (1 - 0.6 * grain)
    assert np.abs(apply(texture(0.6), image) - expected).max() <= limit


def test_grain_has_a_mean_and_a_direction(apply: Any) -> None:
    white = np.ones((250, 250, 1), np.float32)
    grain = 1 - apply(texture(1.0, size=2, stretch=8, degrees=90), white)
    assert grain.mean() == pytest.approx(0.5, abs=0.02)
    down, across = (np.abs(np.diff(grain, axis=axis)).mean() for axis in (0, 1))
    assert across > 3 * down


def test_all_is_drawn_evenly() -> None:
    p = drawn(RandomTexture())
    assert_uniform(p["depth"], 0.2, 0.6)
    assert_uniform(p["size"], 1.5, 4)
    assert_uniform(p["stretch"], 1, 4)
    assert_uniform(p["degrees"], 0, 180)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"depth": 1.1}, "depth .*from 0 to 1"),
        ({"size": 0}, "size .*from 1 to 400"),
        ({"stretch": 0.5}, "stretch .*from 1 to 50"),
    ],
)
def test_bad_ranges_are_refused(options: Any, message: str) -> None:
    with pytest.raises(ValueError, match=f"RandomTexture: {message}"):
        RandomTexture(**options)
