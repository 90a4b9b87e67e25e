"""RandomDefocusBlur against scipy, with the discs of the source."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import ndimage

from keras_cvdata.layers import RandomDefocusBlur
from tests.distributions import assert_uniform, drawn

pytestmark = pytest.mark.backends


def disc(radius: int, softness: float) -> np.ndarray:
    """All pixels within the radius, then the Gaussian over 3 x 3 pixels."""
    y, x = np.mgrid[-radius - 1 : radius + 2, -radius - 1 : radius + 2]
    weights = (y * y + x * x <= radius * radius).astype(float)
    side = np.exp(-0.5 / softness**2)
    line = np.array([side, 1, side]) / (1 + 2 * side)
    for axis in (0, 1):
        weights = ndimage.convolve1d(weights, line, axis, mode="constant")
    return weights / weights.sum()


@pytest.mark.parametrize(("radius", "softness"), [(1, 0.3), (3, 0.1), (4, 0.5), (10, 0.5)])
def test_the_published_discs(apply: Any, image: np.ndarray, radius: int, softness: float) -> None:
    weights = disc(radius, softness)[..., None]
    expected = ndimage.convolve(image.astype(float), weights, mode="reflect")
    limit = 0.51 if image.dtype == np.uint8 else 2e-6
    found = apply(RandomDefocusBlur(radius, softness=softness), image)
    assert np.abs(found - expected).max() <= limit


def test_radius_and_softness_are_drawn_evenly() -> None:
    p = drawn(RandomDefocusBlur((1, 4), softness=(0.2, 0.8)))
    assert_uniform(p["radius"], 1, 4)
    assert_uniform(p["softness"], 0.2, 0.8)
    assert np.allclose(p["weights"].sum(axis=(1, 2)), 1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"radius": 21}, "radius .*from 0 to 20"),
        ({"softness": -1}, "softness .*from 0 to 2"),
    ],
)
def test_bad_ranges_are_refused(options: Any, message: str) -> None:
    with pytest.raises(ValueError, match=f"RandomDefocusBlur: {message}"):
        RandomDefocusBlur(**options)
