"""RandomPosterization against Pillow."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from PIL import Image, ImageOps

from keras_cvdata.engine.chain import Chain
from keras_cvdata.layers import RandomPosterization
from tests.executors import with_opencv

pytestmark = pytest.mark.backends


ALL = np.arange(256, dtype=np.uint8).reshape(16, 16, 1)


@pytest.mark.parametrize("bits", range(1, 9))
def test_equals_pillow(apply: Any, bits: int) -> None:
    expected = ImageOps.posterize(Image.fromarray(ALL[..., 0]), bits)
    assert np.array_equal(apply(RandomPosterization(bits), ALL)[..., 0], expected)


@pytest.mark.parametrize("bits", range(1, 9))
def test_floats_are_cut_on_the_same_levels(apply: Any, bits: int) -> None:
    """Also those that are a level divided by 255, which is a hair below it in float32."""
    layer = RandomPosterization(bits, value_range=(0, 1))
    unit = apply(layer, ALL.astype(np.float32) / 255)
    assert np.array_equal(np.rint(unit * 255), apply(RandomPosterization(bits), ALL))


@pytest.mark.skipif(keras.backend.backend() == "torch", reason="Keras has no uint16 on PyTorch")
def test_16_bit_images_are_cut_on_the_same_levels(apply: Any) -> None:
    deep = ALL.astype(np.uint16) * 257
    assert np.array_equal(apply(RandomPosterization(3), deep), (ALL & 0xE0).astype(np.uint16) * 257)


def test_draws_each_number_of_bits_as_often() -> None:
    """The higher end included, which Keras never draws."""
    u = np.random.default_rng(1).random((10_000, 1))
    drawn = RandomPosterization((3, 6)).draw(u, 5, 5, np)["bits"]
    values, counts = np.unique(drawn, return_counts=True)
    assert values.tolist() == [3, 4, 5, 6]
    assert ((counts - 2500) ** 2 / 2500).sum() < 16.3  # chi-squared, once in a thousand times


@pytest.mark.parametrize(
    ("factor", "message"),
    [
        (0, "at least 1"),
        (9, "from 1 to 8"),
        ((6, 3), "the lower one first"),
        (3.5, "must be an integer"),
        ((1, 2, 3), "must be an integer"),
    ],
)
def test_bad_bits_are_refused(factor: Any, message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=f"RandomPosterization: factor .*{message}"):
        RandomPosterization(factor)


@pytest.mark.parametrize("channels", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("bits", [1, 4, 7])
def test_uint8_keeps_the_upper_bits(channels: int, bits: int) -> None:
    """For any number of channels, whichever operation serves it."""
    image = np.random.default_rng(0).integers(0, 256, (1, 13, 17, channels), np.uint8)
    chain = Chain([RandomPosterization((bits, bits))])
    mask = 256 - 2 ** (8 - bits)
    assert np.array_equal(with_opencv(chain, image, np.zeros((1, 1))), image & mask)
