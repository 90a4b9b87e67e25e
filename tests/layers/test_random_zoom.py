"""RandomZoom against Keras, whose units it has."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from keras import ops

from keras_cvdata.layers import RandomZoom, RandomZoomCrop
from tests.distributions import assert_uniform, drawn

pytestmark = pytest.mark.backends


@pytest.mark.parametrize("factors", [(-0.3, 0.2), (0.4, None), (-0.5, None)])
def test_means_what_keras_means(apply: Any, factors: tuple[float, float | None]) -> None:
    """Negative zooms in; without a factor for the width the aspect stays."""
    image = np.random.default_rng(0).random((20, 31, 3), np.float32)
    height, width = ((f, f) if f is not None else None for f in factors)
    options = {"height_factor": height, "width_factor": width, "fill_mode": "nearest"}
    theirs = keras.layers.RandomZoom(**options, data_format="channels_last")
    expected = ops.convert_to_numpy(theirs(ops.convert_to_tensor(image[None]), training=True))[0]
    difference = np.abs(apply(RandomZoom(**options), image) - expected)
    assert np.quantile(difference, 0.99) <= 1e-4


def test_is_the_inverse_of_a_magnification(apply: Any, image: np.ndarray) -> None:
    expected = apply(RandomZoomCrop((2.0, 2.0)), image)
    assert np.array_equal(apply(RandomZoom((-0.5, -0.5)), image), expected)


def test_draws_follow_their_law() -> None:
    p = drawn(RandomZoom(0.2, (-0.5, 0.1)))
    assert_uniform(p["down"], 0.8, 1.2)
    assert_uniform(p["across"], 0.5, 1.1)
    assert abs(np.corrcoef(p["down"], p["across"])[0, 1]) < 0.03
    p = drawn(RandomZoom((0, 1)))
    assert np.array_equal(p["down"], p["across"])


@pytest.mark.parametrize("factor", [-1, (-1, 0), 1.5, (0.2, 0.1), "1", None, True])
def test_bad_ranges_are_refused(factor: Any) -> None:
    if factor is not None:
        with pytest.raises((TypeError, ValueError), match="RandomZoom: width_factor must be"):
            RandomZoom(0.1, factor)
    with pytest.raises((TypeError, ValueError), match="RandomZoom: height_factor must be"):
        RandomZoom(factor)
