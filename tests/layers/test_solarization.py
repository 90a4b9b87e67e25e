"""Solarization against Pillow."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageOps

from keras_cvdata.layers import Solarization
from tests.distributions import assert_uniform

pytestmark = pytest.mark.backends


ALL = np.arange(256, dtype=np.uint8).reshape(16, 16, 1)


@pytest.mark.parametrize("threshold", [0, 1, 85, 128, 200, 255])
def test_equals_pillow(apply: Any, threshold: int) -> None:
    layer = Solarization(threshold_factor=(threshold / 255, threshold / 255))
    expected = ImageOps.solarize(Image.fromarray(ALL[..., 0]), threshold)
    assert np.array_equal(apply(layer, ALL)[..., 0], expected)


def test_adds_before(apply: Any) -> None:
    """What is added saturates and counts for the threshold."""
    layer = Solarization((0.2, 0.2), (0.5, 0.5))
    added = np.minimum(ALL.astype(int) + 51, 255)
    assert np.array_equal(apply(layer, ALL), np.where(added >= 127.5, 255 - added, added))


def test_floats_follow_their_range(apply: Any) -> None:
    image = np.array([-1, -0.25, 0.25, 1], np.float32).reshape(2, 2, 1)
    layer = Solarization(value_range=(-1, 1))
    assert np.allclose(apply(layer, image).ravel(), [-1, -0.25, -0.25, -1], atol=1e-6)


def test_draws_evenly() -> None:
    """One number is the upper end, as in Keras."""
    u = np.random.default_rng(1).random((10_000, 2))
    p = Solarization(0.4, (0.3, 0.9)).draw(u, 5, 5, np)
    assert_uniform(p["addition"], 0, 0.4)
    assert_uniform(p["threshold"], 0.3, 0.9)


@pytest.mark.parametrize("argument", ["addition_factor", "threshold_factor"])
@pytest.mark.parametrize(
    ("value", "message"),
    [
        (1.5, "from 0 to 1"),
        (-0.5, "lower end first"),
        ((0.4, 0.1), "lower end first"),
        (None, "must be a pair"),
    ],
)
def test_bad_ranges_are_refused(argument: str, value: Any, message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=f"Solarization: {argument} .*{message}"):
        Solarization(**{argument: value})
