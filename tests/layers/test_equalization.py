"""Equalization against Pillow."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from PIL import Image, ImageOps

from keras_cvdata.layers import Equalization
from tests.distributions import assert_share


def crowded(height: int, width: int, spread: float) -> np.ndarray:
    """An image whose values crowd about 90."""
    values = np.random.default_rng(height).normal(90, spread, (height, width, 3))
    return np.clip(values, 0, 255).astype(np.uint8)


pytestmark = pytest.mark.backends


@pytest.mark.parametrize(
    ("size", "spread"), [((40, 50), 20), ((16, 16), 3), ((15, 17), 90), ((9, 9), 20), ((64, 64), 0)]
)
def test_equals_pillow(apply: Any, size: tuple[int, int], spread: float) -> None:
    """Bit for bit, small images and those of one value included."""
    image = crowded(*size, spread)
    expected = np.asarray(ImageOps.equalize(Image.fromarray(image)))
    assert np.array_equal(apply(Equalization(), image), expected)


def test_floats_are_read_from_the_same_table(apply: Any) -> None:
    image = crowded(40, 50, 20)
    result = apply(Equalization(value_range=(0, 1)), image.astype(np.float32) / 255)
    assert np.allclose(result * 255, apply(Equalization(), image), rtol=0, atol=1e-3)


def test_floats_between_levels_stay_in_order(apply: Any) -> None:
    image = np.sort(np.random.default_rng(1).random(20_000, np.float32)).reshape(100, 200, 1)
    result = apply(Equalization(value_range=(0, 1)), image**2).ravel()
    assert (np.diff(result) >= 0).all()
    assert len(np.unique(result)) > 10_000
    assert np.abs(result - np.linspace(0, 1, 20_000)).max() < 0.07


@pytest.mark.skipif(keras.backend.backend() == "torch", reason="Keras has no uint16 on PyTorch")
def test_16_bit_images_are_read_from_the_same_table(apply: Any) -> None:
    image = crowded(40, 50, 20)
    deep = apply(Equalization(), image.astype(np.uint16) * 257)
    assert np.abs(deep / 257 - apply(Equalization(), image)).max() <= 0.01


def test_a_rate_makes_it_an_augmentation() -> None:
    u = np.random.default_rng(1).random((10_000, 1))
    assert_share(Equalization(rate=0.3).draw(u, 5, 5, np)["active"], 0.3)


def test_other_bins_than_those_of_uint8_are_refused() -> None:
    assert Equalization(bins=256).bins == 256
    with pytest.raises(ValueError, match="Equalization: bins must be 256, the levels of uint8"):
        Equalization(bins=128)
