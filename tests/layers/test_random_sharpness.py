"""RandomSharpness against Pillow and Keras."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from PIL import Image, ImageEnhance

from keras_cvdata.layers import RandomSharpness
from tests.distributions import assert_uniform

PIXELS = np.random.default_rng(0).integers(60, 190, (30, 40, 3), np.uint8)

pytestmark = pytest.mark.backends


def sharpened(image: np.ndarray, factor: float) -> np.ndarray:
    """Add up nine shifted images, in float64."""
    exact = image.astype(float)
    weights = np.ones((3, 3))
    weights[1, 1] = 5
    height, width = image.shape[:2]
    smooth = sum(
        weights[i, j] / 13 * exact[i : height - 2 + i, j : width - 2 + j]
        for i in range(3)
        for j in range(3)
    )
    result = exact.copy()
    result[1:-1, 1:-1] += factor * (exact[1:-1, 1:-1] - smooth)
    return np.clip(result, 0, 255)


@pytest.mark.parametrize("factor", [0, 0.3, 0.5, 0.75, 1])
def test_moves_away_from_the_mean(apply: Any, factor: float) -> None:
    layer = RandomSharpness((factor, factor))
    assert np.abs(apply(layer, PIXELS) - sharpened(PIXELS, 2 * factor - 1)).max() <= 0.501


@pytest.mark.parametrize("factor", [0, 0.3, 0.75, 1])
def test_equals_pillow(apply: Any, factor: float) -> None:
    """But for its rounding of the mean and its cutting down of the result."""
    expected = ImageEnhance.Sharpness(Image.fromarray(PIXELS)).enhance(2 * factor)
    result = apply(RandomSharpness((factor, factor)), PIXELS)
    assert np.abs(result - np.asarray(expected, float)).max() <= 1.5
    for border in ([0, -1], np.s_[:, [0, -1]]):
        assert np.array_equal(result[border], np.asarray(expected)[border])


def test_equals_keras_inside_the_border(apply: Any) -> None:
    image = PIXELS.astype(np.float32) / 255
    theirs = keras.layers.RandomSharpness((0.75, 0.75), value_range=(0, 1))
    expected = keras.ops.convert_to_numpy(theirs(image[None], training=True))[0]
    result = apply(RandomSharpness((0.75, 0.75), value_range=(0, 1)), image)
    assert np.allclose(result[1:-1, 1:-1], expected[1:-1, 1:-1], rtol=0, atol=2e-6)


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 6, 1), (2, 5, 3), (7, 2, 5)])
def test_what_is_all_border_stays(apply: Any, shape: tuple[int, ...]) -> None:
    image = np.random.default_rng(1).integers(0, 256, shape, np.uint8)
    assert np.array_equal(apply(RandomSharpness((1, 1)), image), image)


@pytest.mark.skipif(keras.backend.backend() == "torch", reason="Keras has no uint16 on PyTorch")
def test_16_bit_images_keep_their_depth(apply: Any) -> None:
    deep = PIXELS.astype(np.uint16) * 200
    exact = sharpened(PIXELS, 0.5) * 200
    assert np.abs(apply(RandomSharpness((0.75, 0.75)), deep) - exact).max() <= 0.6


def test_draws_evenly() -> None:
    u = np.random.default_rng(1).random((10_000, 1))
    assert_uniform(RandomSharpness(0.4).draw(u, 5, 5, np)["sharpness"], -1, -0.2)
    assert_uniform(RandomSharpness((0.4, 1)).draw(u, 5, 5, np)["sharpness"], -0.2, 1)


@pytest.mark.parametrize(
    ("factor", "message"), [(1.5, "from 0 to 1"), ((1, 0), "lower end first"), ("x", "a pair")]
)
def test_bad_ranges_are_refused(factor: Any, message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=f"RandomSharpness: factor .*{message}"):
        RandomSharpness(factor)
