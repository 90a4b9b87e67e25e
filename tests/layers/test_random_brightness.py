"""RandomBrightness in closed form and against Keras."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

from keras_cvdata.layers import RandomBrightness
from tests.distributions import assert_uniform

pytestmark = pytest.mark.backends


ALL = np.arange(256, dtype=np.uint8).reshape(16, 16, 1)


@pytest.mark.parametrize("offset", [-1, -0.3, 0.0, 0.1, 1])
def test_adds_and_saturates(apply: Any, offset: float) -> None:
    """In units of the value range, halves rounded up (X20)."""
    expected = np.floor(np.clip(ALL.astype(float) + offset * 255, 0, 255) + 0.5 + 1e-3)
    assert np.array_equal(apply(RandomBrightness((offset, offset)), ALL), expected)


def test_equals_keras(apply: Any) -> None:
    image = np.linspace(-1, 1, 64, dtype=np.float32).reshape(8, 8, 1)
    theirs = keras.layers.RandomBrightness((0.2, 0.2), value_range=(-1, 1))
    expected = keras.ops.convert_to_numpy(theirs(image, training=True))
    layer = RandomBrightness((0.2, 0.2), value_range=(-1, 1))
    assert np.allclose(apply(layer, image), expected, rtol=0, atol=1e-6)


def test_draws_evenly() -> None:
    u = np.random.default_rng(1).random((10_000, 1))
    assert_uniform(RandomBrightness(0.3).draw(u, 5, 5, np)["brightness"], -0.3, 0.3)
    assert_uniform(RandomBrightness((0.1, 0.4)).draw(u, 5, 5, np)["brightness"], 0.1, 0.4)


def test_a_normaliser_undoes_it() -> None:
    assert RandomBrightness().undone_by_samplewise


@pytest.mark.parametrize(
    ("factor", "message"),
    [
        (1.5, "from -1 to 1"),
        ((0.4, 0.1), r"lower end first.*Use \(0.1, 0.4\)"),
        ("much", "must be a pair"),
        ((0, float("nan")), "not all finite"),
    ],
)
def test_bad_ranges_are_refused(factor: Any, message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=f"RandomBrightness: factor .*{message}"):
        RandomBrightness(factor)
