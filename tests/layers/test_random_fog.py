"""RandomFog by its formula, and its clouds against the diamond-square algorithm point by point."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from keras import ops

from keras_cvdata.engine.kernels.hashing import words
from keras_cvdata.engine.kernels.textures import plasma
from keras_cvdata.layers import RandomFog
from tests.distributions import assert_uniform, drawn

pytestmark = pytest.mark.backends

SEED = np.array([[123, 4567]], np.int32)


def diamond_square(numbers: np.ndarray, decay: float) -> np.ndarray:
    """A map of 128 x 128 points, one point after the other."""
    cloud = np.zeros((128, 128))
    half, weight = 64, 1.0
    diagonal = [(-1, -1), (-1, 1), (1, -1), (1, 1)]
    upright = [(-1, 0), (1, 0), (0, -1), (0, 1)]
    while half:
        for odd, directions in ((2, diagonal), (1, upright)):
            for y in range(0, 128, half):
                for x in range(0, 128, half):
                    if y // half % 2 + x // half % 2 == odd:
                        ends = [
                            cloud[(y + half * a) % 128, (x + half * b) % 128] for a, b in directions
                        ]
                        cloud[y, x] = np.mean(ends) + weight * numbers[y, x]
        half, weight = half // 2, weight / decay**2
    return cloud


@pytest.mark.parametrize("xp", [np, ops])
def test_clouds_are_made_by_diamond_square(xp: Any) -> None:
    """At 112 x 112 pixels, which show as many points; what is larger repeats none."""
    numbers = (words(128 * 128, SEED[0]) >> np.uint32(8)).reshape(128, 128) / 2**23 - 1
    expected = diamond_square(numbers, 1.4)[:112, :112]
    expected = (expected - expected.min()) / (expected.max() - expected.min())
    seed, decay = SEED, np.float32([1.4])
    if xp is ops:
        seed, decay = ops.convert_to_tensor(seed), ops.convert_to_tensor(decay)
    found = plasma(seed, decay, 112, 112, xp)
    assert np.abs(ops.convert_to_numpy(found)[0] - expected).max() < 2e-6


def test_fog_brightens_and_dims(apply: Any, image: np.ndarray) -> None:
    """What it makes of white tells the clouds, and these what it makes of an image."""
    image = image // 2 if image.dtype == np.uint8 else image / 2
    white = np.ones(image.shape, np.float32)
    layer = RandomFog(1.5, 2.0, value_range=(0, 1), seed=3)
    clouds = (apply(layer, white).astype(float) * 2.5 - 1) / 1.5
    assert np.allclose([clouds.min(), clouds.max()], [0, 1], atol=1e-5)
    assert np.allclose(clouds, clouds[..., :1], atol=1e-6)
    scale = 255 if image.dtype == np.uint8 else 1
    brightest = image.max() / scale
    expected = (image / scale + 1.5 * clouds) * brightest / (brightest + 1.5)
    again = RandomFog(1.5, 2.0, value_range=(0, 1), seed=3)
    limit = 0.51 if image.dtype == np.uint8 else 2e-6
    assert np.abs(apply(again, image) - scale * expected).max() <= limit


def test_all_is_drawn_evenly() -> None:
    p = drawn(RandomFog((0.5, 2), (1.4, 2)))
    assert_uniform(p["thickness"], 0.5, 2)
    assert_uniform(p["decay"], 1.4, 2)


@pytest.mark.parametrize(
    ("options", "message"),
    [({"thickness": -1}, "thickness .*from 0 to 10"), ({"decay": 0.5}, "decay .*from 1 to 4")],
)
def test_bad_ranges_are_refused(options: Any, message: str) -> None:
    with pytest.raises(ValueError, match=f"RandomFog: {message}"):
        RandomFog(**options)
