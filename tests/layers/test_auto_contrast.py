"""AutoContrast against Pillow and Keras."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from PIL import Image, ImageOps

from keras_cvdata.arguments import Interval
from keras_cvdata.layers import AutoContrast
from keras_cvdata.layers.policies.operations import Contrast
from tests.distributions import assert_share

PIXELS = np.random.default_rng(0).integers(40, 190, (30, 40, 3), np.uint8)
PIXELS[..., 1] //= 2

pytestmark = pytest.mark.backends


def test_equals_pillow_but_for_its_cutting_down(apply: Any) -> None:
    low, high = (f(PIXELS.astype(float), axis=(0, 1)) for f in (np.min, np.max))
    exact = (PIXELS - low) * 255 / (high - low)
    ours = apply(AutoContrast(), PIXELS)
    pillow = np.asarray(ImageOps.autocontrast(Image.fromarray(PIXELS)), int)
    assert np.abs(ours - exact).max() <= 0.501
    assert np.isin(ours - pillow, [0, 1]).all()


def test_equals_keras(apply: Any) -> None:
    image = PIXELS.astype(np.float32) / 255
    expected = keras.layers.AutoContrast(value_range=(0, 1))(image[None])[0]
    result = apply(AutoContrast(value_range=(0, 1)), image)
    assert np.allclose(result, keras.ops.convert_to_numpy(expected), rtol=0, atol=2e-6)


def test_floats_and_deep_images_stretch_by_all_their_digits(apply: Any) -> None:
    """Not by 256 levels, of which they may fill only one."""
    image = np.array([0.5001, 0.5002, 0.5005], np.float32).reshape(1, 3, 1)
    result = apply(AutoContrast(value_range=(0, 1)), image).ravel()
    assert np.allclose(result, [0, 0.25, 1], atol=1e-3)
    if keras.backend.backend() != "torch":  # Keras has no uint16 on PyTorch
        deep = np.array([1000, 1001, 1004], np.uint16).reshape(1, 3, 1)
        assert apply(AutoContrast(), deep).ravel().tolist() == [0, 16384, 65535]


@pytest.mark.parametrize("value", [0, 7, 255])
def test_a_channel_of_one_value_stays(apply: Any, value: int) -> None:
    image = np.dstack([PIXELS, np.full(PIXELS.shape[:2], value, np.uint8)])
    result = apply(AutoContrast(), image)
    assert (result[..., 3] == value).all()
    assert np.ptp(result[..., 0]) == 255


@pytest.mark.parametrize(
    "layer",
    [AutoContrast(value_range=(0, 1)), Contrast(Interval(0.5, 0.5), value_range=(0, 1))],
    ids=["AutoContrast", "Contrast"],
)
def test_one_missing_value_leaves_the_others(apply: Any, layer: Any) -> None:
    image = np.random.default_rng(0).uniform(0.2, 0.8, (9, 11, 3)).astype(np.float32)
    expected = apply(layer, image)
    image[4, 5, 1] = np.nan
    found = apply(layer, image)
    others = ~np.isnan(image)
    assert np.isfinite(found[others]).all()
    assert np.abs(found[others] - expected[others]).max() <= 0.02


def test_values_beyond_the_range_count_as_its_ends(apply: Any) -> None:
    image = np.array([-0.4, 0.2, 0.5, 1.3], np.float32).reshape(1, 4, 1)
    result = apply(AutoContrast(value_range=(0, 1)), image).ravel()
    assert np.allclose(result, [0, 0.2, 0.5, 1], rtol=0, atol=1e-6)


def test_a_rate_makes_it_an_augmentation() -> None:
    u = np.random.default_rng(1).random((10_000, 1))
    assert_share(AutoContrast(rate=0.3).draw(u, 5, 5, np)["active"], 0.3)


def test_unknown_arguments_are_refused() -> None:
    with pytest.raises(TypeError, match="AutoContrast has no argument 'cutoff'"):
        AutoContrast(cutoff=2)  # type: ignore[call-arg]
