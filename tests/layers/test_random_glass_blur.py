"""RandomGlassBlur by the places that it reads."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import ndimage

from keras_cvdata.layers import RandomGlassBlur
from tests.distributions import assert_uniform, drawn

pytestmark = pytest.mark.backends


def test_steps_add_up_and_are_even(apply: Any) -> None:
    """Every value names its place; two steps of -2 to 2 make a triangle from -4 to 4."""
    places = np.stack(np.mgrid[:120, :150], axis=-1).astype(np.float32)
    moved = apply(RandomGlassBlur(0, reach=2, iterations=2, seed=3), places) - places
    law = np.convolve(np.ones(5), np.ones(5)) / 25
    inside = moved[4:-4, 4:-4].reshape(-1, 2)
    for steps in inside.T:
        share = np.bincount(steps.astype(int) + 4, minlength=9) / len(steps)
        assert np.abs(share - law).max() < 4 * np.sqrt(0.2 * 0.8 / len(steps))
    assert abs(np.corrcoef(inside.T)[0, 1]) < 4 / np.sqrt(len(inside))


def test_blurs_before_and_after(apply: Any, image: np.ndarray) -> None:
    expected = image.astype(float)
    for _ in range(2):
        expected = ndimage.gaussian_filter(expected, (1.2, 1.2, 0), truncate=4)
        if image.dtype == np.uint8:
            expected = np.rint(expected)
    limit = 1 if image.dtype == np.uint8 else 1e-6
    assert np.abs(apply(RandomGlassBlur(1.2, reach=0), image) - expected).max() <= limit


def test_all_is_drawn_evenly() -> None:
    p = drawn(RandomGlassBlur((0.5, 1.5), (1, 4)))
    assert np.abs(np.bincount(p["reach"])[1:] - 2500).max() < 4 * np.sqrt(2500)
    assert p["rounds"].shape == (10_000, 2)
    assert_uniform(p["seed"] / 2**24, 0, 1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sigma": 21}, "sigma .*from 0 to 20"),
        ({"reach": 1.5}, "reach .*whole numbers"),
        ({"iterations": 0}, "iterations must be at least 1"),
    ],
)
def test_bad_arguments_are_refused(options: Any, message: str) -> None:
    with pytest.raises(ValueError, match=f"RandomGlassBlur: {message}"):
        RandomGlassBlur(**options)
