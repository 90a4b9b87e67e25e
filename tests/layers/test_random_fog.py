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
    step, weight, taken = 128, 1.0, 0
    while step > 1:
        half, side = step // 2, 128 // step
        own = numbers[taken : taken + 3 * side * side].reshape(3, side, side) * weight
        taken += 3 * side * side
        for y in range(side):
            for x in range(side):
                corners = [
                    cloud[(y + a) % side * step, (x + b) % side * step]
                    for a in (0, 1)
                    for b in (0, 1)
                ]
                cloud[y * step + half, x * step + half] = np.mean(corners) + own[0, y, x]
        for kind, (down, across) in ((1, (0, half)), (2, (half, 0))):
            for y in range(side):
                for x in range(side):
                    at = y * step + down, x * step + across
                    ends = [
                        cloud[(at[0] + a) % 128, (at[1] + b) % 128]
                        for a, b in ((half, 0), (-half, 0), (0, half), (0, -half))
                    ]
                    cloud[at] = np.mean(ends) + own[kind, y, x]
        step, weight = half, weight / decay**2
    return cloud


@pytest.mark.parametrize("xp", [np, ops])
def test_clouds_are_made_by_diamond_square(xp: Any) -> None:
    """At 112 x 112 pixels, which show as many points; what is larger repeats none."""
    numbers = (words(4**7 - 1, SEED[0]) >> np.uint32(8)) / 2**23 - 1
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
