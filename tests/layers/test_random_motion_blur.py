"""RandomMotionBlur in closed form and against scipy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import ndimage

from keras_cvdata.layers import RandomMotionBlur
from tests.distributions import assert_uniform, drawn

pytestmark = pytest.mark.backends


def _point(size: int = 15) -> np.ndarray:
    point = np.zeros((size, size, 1), np.float32)
    point[size // 2, size // 2] = 1
    return point


def test_a_level_line_is_a_mean(apply: Any, image: np.ndarray) -> None:
    expected = ndimage.uniform_filter1d(image.astype(float), 7, axis=1, mode="reflect")
    limit = 0.51 if image.dtype == np.uint8 else 1e-6
    assert np.abs(apply(RandomMotionBlur(7, degrees=0), image) - expected).max() <= limit


def test_an_upright_line_is_a_mean(apply: Any, image: np.ndarray) -> None:
    expected = ndimage.uniform_filter1d(image.astype(float), 5, axis=0, mode="reflect")
    limit = 0.51 if image.dtype == np.uint8 else 1e-5
    assert np.abs(apply(RandomMotionBlur(5, degrees=90), image) - expected).max() <= limit


@pytest.mark.parametrize("degrees", [0, 20, 45, 77, 90, 135])
def test_a_point_becomes_a_line_of_the_length_and_direction(apply: Any, degrees: float) -> None:
    """Second moments: a line of 9 samples a pixel apart has variance (81 - 1) / 12."""
    spread = apply(RandomMotionBlur(9, degrees=degrees), _point())[..., 0]
    y, x = np.mgrid[7:-8:-1, -7:8]
    assert spread.sum() == pytest.approx(1, abs=1e-5)
    moments = np.array(
        [[(spread * x * x).sum(), (spread * x * y).sum()], [0, (spread * y * y).sum()]]
    )
    moments[1, 0] = moments[0, 1]
    (thin, long), axes = np.linalg.eigh(moments)
    assert long == pytest.approx(80 / 12, rel=0.1)
    assert thin < 0.25
    direction = np.rad2deg(np.arctan2(axes[1, 1], axes[0, 1])) % 180
    assert abs((direction - degrees + 90) % 180 - 90) < 1


def test_length_and_direction_are_drawn_evenly() -> None:
    p = drawn(RandomMotionBlur((3, 9), (-45, 90)))
    assert_uniform(p["length"], 3, 9)
    assert_uniform(p["degrees"], -45, 90)
    assert np.allclose(p["weights"].sum(axis=(1, 2)), 1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"length": 0.5}, "length .*from 1 to 31"),
        ({"length": (3, 32)}, "length .*from 1 to 31"),
        ({"degrees": (0, 400)}, "degrees .*from -360 to 360"),
    ],
)
def test_bad_ranges_are_refused(options: Any, message: str) -> None:
    with pytest.raises(ValueError, match=f"RandomMotionBlur: {message}"):
        RandomMotionBlur(**options)
