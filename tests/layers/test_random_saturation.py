"""RandomSaturation against Pillow."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageEnhance

from keras_cvdata.layers import RandomSaturation
from tests.distributions import assert_uniform

PIXELS = np.random.default_rng(0).integers(0, 256, (40, 50, 3), np.uint8)

pytestmark = pytest.mark.backends


@pytest.mark.parametrize("factor", [0, 0.4, 0.5, 0.6, 0.75])
def test_moves_away_from_gray(apply: Any, factor: float) -> None:
    """Exactly, and near Pillow, which rounds the grey and cuts the result down."""
    result = apply(RandomSaturation((factor, factor)), PIXELS)
    change = factor / (1 - factor) - 1
    gray = (PIXELS @ [0.299, 0.587, 0.114])[..., None]
    exact = np.clip(gray + (PIXELS - gray) * (1 + change), 0, 255)
    assert np.abs(result - exact).max() <= 0.51  # OpenCV's grey has weights of 15 bits
    pillow = ImageEnhance.Color(Image.fromarray(PIXELS)).enhance(1 + change)
    assert np.abs(result - np.asarray(pillow, float)).max() <= 2 + abs(change) / 2


def test_a_half_changes_nothing_and_one_is_the_most(apply: Any) -> None:
    assert np.array_equal(apply(RandomSaturation((0.5, 0.5)), PIXELS), PIXELS)
    most = apply(RandomSaturation((1, 1)), np.array([[[120, 119, 119]]], np.uint8))
    assert most.tolist() == [[[189, 89, 89]]]


def test_floats_follow_their_range(apply: Any) -> None:
    image = PIXELS.astype(np.float32) / 127.5 - 1
    result = apply(RandomSaturation((0.6, 0.6), value_range=(-1, 1)), image)
    gray = (image @ np.float32([0.299, 0.587, 0.114]))[..., None]
    assert np.allclose(result, np.clip(gray + (image - gray) * 1.5, -1, 1), rtol=0, atol=2e-6)


def test_draws_evenly() -> None:
    u = np.random.default_rng(1).random((10_000, 1))
    for factor, low, high in [(0.3, 0, 0.3), ((0.2, 0.7), 0.2, 0.7)]:
        gain = RandomSaturation(factor).draw(u, 5, 5, np)["saturation"]
        assert_uniform(gain / (1 + gain), low, high)


def test_gray_images_are_refused() -> None:
    with pytest.raises(ValueError, match=r"works on colours.*have 1.*color_mode='rgb'"):
        RandomSaturation()(PIXELS[..., :1])


@pytest.mark.parametrize(
    ("factor", "message"), [(-0.1, "from 0 to 1"), ((1, 0), "lower end first"), ("x", "a pair")]
)
def test_bad_ranges_are_refused(factor: Any, message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=f"RandomSaturation: factor .*{message}"):
        RandomSaturation(factor)
