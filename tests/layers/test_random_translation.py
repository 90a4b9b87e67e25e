"""RandomTranslation against SciPy and Keras."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from keras import ops
from scipy import ndimage

from keras_cvdata.layers import RandomTranslation
from tests.distributions import assert_uniform, drawn

pytestmark = pytest.mark.backends


@pytest.mark.parametrize("fill_mode", ["reflect", "nearest", "wrap", "constant"])
def test_equals_scipy(apply: Any, image: np.ndarray, fill_mode: str) -> None:
    """Parts of pixels too, and beyond the border (R63, X21)."""
    filled = {"fill_mode": fill_mode, "fill_value": 0.4, "value_range": (0, 1)}
    layer = RandomTranslation((0.23, 0.23), (-0.41, -0.41), **filled)
    modes = {"wrap": "grid-wrap", "constant": "grid-constant"}
    shift = (0.23 * image.shape[0], -0.41 * image.shape[1], 0)
    expected = ndimage.shift(
        image.astype(float),
        shift,
        order=1,
        mode=modes.get(fill_mode, fill_mode),
        cval=0.4 * (255 if image.dtype == np.uint8 else 1),
    )
    limit = 0.51 if image.dtype == np.uint8 else 0.02 / 255
    assert np.abs(apply(layer, image) - expected).max() <= limit


def test_means_what_keras_means(apply: Any) -> None:
    """Same factors, same direction, same fill."""
    image = np.random.default_rng(0).random((20, 30, 3), np.float32)
    factors = {"height_factor": (0.2, 0.2), "width_factor": (-0.1, -0.1), "fill_mode": "nearest"}
    theirs = keras.layers.RandomTranslation(**factors, data_format="channels_last")
    expected = ops.convert_to_numpy(theirs(ops.convert_to_tensor(image[None]), training=True))[0]
    assert np.abs(apply(RandomTranslation(**factors), image) - expected).max() <= 1e-4


def test_nearest_interpolation_keeps_the_values(apply: Any, image: np.ndarray) -> None:
    layer = RandomTranslation((0.1, 0.1), (0.05, 0.05), interpolation="nearest")
    assert np.array_equal(apply(layer, image)[2:, 2:], image[:-2, :-2])  # 2.1 and 1.7 pixels


def test_default_fill_adds_no_black(apply: Any, image: np.ndarray) -> None:
    """X30: what moves in from outside has the values of the image."""
    white = np.full_like(image, image.max())
    np.testing.assert_allclose(apply(RandomTranslation(0.4, 0.4), white), white, rtol=1e-5)


def test_draws_evenly_from_both_ranges() -> None:
    u = np.array([[0.0, 0.0], [0.5, 0.5], [1.0, 1.0]])
    p = RandomTranslation(0.2, (-0.1, 0.3)).draw(u, 50, 100, np)
    assert np.allclose(p["dy"], [-10, 0, 10])
    assert np.allclose(p["dx"], [-10, 10, 30])


def test_draws_follow_their_law() -> None:
    p = drawn(RandomTranslation(0.2, (-0.1, 0.3)), 50, 100)
    assert_uniform(p["dy"], -10, 10)
    assert_uniform(p["dx"], -10, 30)
    assert abs(np.corrcoef(p["dy"], p["dx"])[0, 1]) < 0.03


@pytest.mark.parametrize("factor", [1.5, (0.2, 0.1), (0, float("inf")), float("nan"), True, "1"])
def test_bad_ranges_are_refused(factor: Any) -> None:
    with pytest.raises((TypeError, ValueError), match="RandomTranslation: width_factor must be a"):
        RandomTranslation(0.1, factor)
