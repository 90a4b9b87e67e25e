"""RandomHue against colorsys and Keras."""

from __future__ import annotations

import colorsys
from typing import Any

import keras
import numpy as np
import pytest

from keras_cvdata.engine.chain import Chain
from keras_cvdata.layers import RandomHue
from tests.distributions import assert_share, assert_uniform
from tests.executors import with_opencv, with_tensors

PIXELS = np.random.default_rng(0).integers(0, 256, (30, 40, 3), np.uint8)
PIXELS[0] = PIXELS[0, :, :1]  # grey
PIXELS[1, :, 1] = PIXELS[1, :, 0]  # two channels alike

pytestmark = pytest.mark.backends


@pytest.fixture(params=[with_opencv, with_tensors])
def apply(request: pytest.FixtureRequest) -> Any:
    """Apply a layer to one image with the middle draw, which turns forward."""
    half = np.full((1, 1), 0.5)
    return lambda layer, image: request.param(Chain([layer]), image[None], half)[0]


def turned(image: np.ndarray, turns: float) -> np.ndarray:
    """Turn hues one pixel at a time, in float64."""
    result = np.empty(image.shape)
    for place in np.ndindex(image.shape[:2]):
        hue, *rest = colorsys.rgb_to_hsv(*image[place].astype(float))
        result[place] = colorsys.hsv_to_rgb((hue + turns) % 1, *rest)
    return result


@pytest.mark.parametrize("factor", [-1, -0.35, -0.01, 0.2, 2 / 3, 1])
def test_turns_the_hue_of_hsv(apply: Any, factor: float) -> None:
    """Half a turn for each unit, as in Keras."""
    expected = turned(PIXELS, factor / 2)
    assert np.abs(apply(RandomHue((factor, factor)), PIXELS) - expected).max() <= 0.501
    layer = RandomHue((factor, factor), value_range=(-1, 1))
    result = apply(layer, PIXELS.astype(np.float32) / 127.5 - 1)
    assert np.allclose((result + 1) * 127.5, expected, rtol=0, atol=1e-3)


def test_equals_keras(apply: Any) -> None:
    image = PIXELS.astype(np.float32) / 255
    theirs = keras.layers.RandomHue((0.3, 0.3), value_range=(0, 1))
    factor = keras.ops.convert_to_tensor([0.15])
    exact = theirs.transform_images(image[None], {"factor": factor})[0]
    result = apply(RandomHue((0.3, 0.3), value_range=(0, 1)), image)
    assert np.allclose(result, keras.ops.convert_to_numpy(exact), rtol=0, atol=1e-5)


def test_black_gray_and_the_fourth_channel_stay(apply: Any) -> None:
    image = np.dstack([PIXELS, PIXELS[..., 2]])
    image[2:] = 0
    result = apply(RandomHue((0.4, 0.4)), image)
    assert np.array_equal(result[[0, 2, 3]], image[[0, 2, 3]])
    assert np.array_equal(result[..., 3], image[..., 3])


@pytest.mark.skipif(keras.backend.backend() == "torch", reason="Keras has no uint16 on PyTorch")
def test_16_bit_images_keep_their_depth(apply: Any) -> None:
    deep = PIXELS.astype(np.uint16) * 257 - (PIXELS > 100).astype(np.uint16)
    assert np.abs(apply(RandomHue((0.3, 0.3)), deep) - turned(deep, 0.15)).max() <= 0.6


def test_draws_evenly() -> None:
    u = np.random.default_rng(1).random((10_000, 1))
    assert_uniform(RandomHue(0.4).draw(u, 5, 5, np)["hue"], -0.2, 0.2)
    assert_uniform(RandomHue((-0.1, 0.5)).draw(u, 5, 5, np)["hue"], -0.05, 0.25)


def test_a_pair_from_0_up_turns_either_way() -> None:
    """As in Keras, whose pairs have no sign."""
    u = np.random.default_rng(1).random((10_000, 1))
    hue = RandomHue((0.1, 0.5)).draw(u, 5, 5, np)["hue"]
    assert_uniform(np.abs(hue), 0.05, 0.25)
    assert_share(hue < 0, 0.5)
    assert_uniform(RandomHue((0, 0.5)).draw(u, 5, 5, np)["hue"], -0.25, 0.25)


def test_gray_images_are_refused() -> None:
    with pytest.raises(ValueError, match=r"RandomHue works on colours.*have 1.*color_mode='rgb'"):
        RandomHue()(PIXELS[..., :1])


@pytest.mark.parametrize(
    ("factor", "message"), [(1.5, "from -1 to 1"), ((1, 0), "lower end first"), ("x", "a pair")]
)
def test_bad_ranges_are_refused(factor: Any, message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=f"RandomHue: factor .*{message}"):
        RandomHue(factor)
