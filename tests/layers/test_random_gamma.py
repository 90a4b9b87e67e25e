"""RandomGamma in closed form."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

from keras_cvdata.layers import RandomGamma
from tests.distributions import assert_uniform

pytestmark = pytest.mark.backends


ALL = np.arange(256, dtype=np.uint8).reshape(16, 16, 1)


@pytest.mark.parametrize("gamma", [0.25, 0.7, 1.0, 1.8, 4.0])
def test_raises_to_a_power(apply: Any, gamma: float) -> None:
    """`value ** gamma` with black at 0 and white at 1, rounded to the nearest level."""
    exact = (ALL / 255) ** gamma * 255
    assert np.abs(apply(RandomGamma((gamma, gamma)), ALL) - exact).max() <= 0.501


def test_floats_follow_their_range(apply: Any) -> None:
    image = np.linspace(-1, 1, 64, dtype=np.float32).reshape(8, 8, 1)
    layer = RandomGamma((2, 2), value_range=(-1, 1))
    expected = ((image + 1) / 2) ** 2 * 2 - 1
    assert np.allclose(apply(layer, image), expected, rtol=0, atol=1e-6)


def test_floats_below_black_are_black(apply: Any) -> None:
    """A warp in float32 may leave the range by a hair, and a root of it is no number."""
    image = np.full((2, 2, 1), -1e-6, np.float32)
    assert apply(RandomGamma((0.5, 0.5), value_range=(0, 1)), image).max() == 0


@pytest.mark.skipif(keras.backend.backend() == "torch", reason="Keras has no uint16 on PyTorch")
def test_16_bit_images_keep_their_depth(apply: Any) -> None:
    image = np.array([0, 16384, 32768, 65535], np.uint16).reshape(2, 2, 1)
    assert apply(RandomGamma((2, 2)), image).ravel().tolist() == [0, 4096, 16384, 65535]


def test_draws_evenly() -> None:
    u = np.random.default_rng(1).random((10_000, 1))
    assert_uniform(RandomGamma((0.5, 2.5)).draw(u, 5, 5, np)["gamma"], 0.5, 2.5)


@pytest.mark.parametrize(
    ("gamma", "message"),
    [(0.8, r"Use \(0.8, 0.8\)"), ((0, 1), "from 0.01 to 100"), ((2, 1), "lower end first")],
)
def test_bad_ranges_are_refused(gamma: Any, message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=f"RandomGamma: gamma .*{message}"):
        RandomGamma(gamma)
