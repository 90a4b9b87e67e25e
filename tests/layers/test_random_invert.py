"""RandomInvert against numpy.invert."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

from keras_cvdata.layers import RandomInvert

pytestmark = pytest.mark.backends


DTYPES = [np.uint8] if keras.backend.backend() == "torch" else [np.uint8, np.uint16]


@pytest.mark.parametrize("dtype", DTYPES)  # Keras has no uint16 on PyTorch
def test_equals_numpy_invert(apply: Any, dtype: Any) -> None:
    """Bit for bit on integers (R82)."""
    top = np.iinfo(dtype).max
    values = np.linspace(0, top, 256).astype(dtype).reshape(16, 16, 1)
    assert np.array_equal(apply(RandomInvert(rate=1.0), values), np.invert(values))


def test_floats_are_mirrored_within_their_range(apply: Any) -> None:
    """Where numpy.invert fails (X11)."""
    values = np.linspace(0, 255, 64, dtype=np.float32).reshape(8, 8, 1)
    layer = RandomInvert(rate=1.0, value_range=(0, 255))
    assert np.allclose(apply(layer, values), 255 - values, atol=1e-4)


def test_rests_outside_training_even_where_all_are_inverted() -> None:
    image = np.full((2, 2, 1), 9, np.uint8)
    result = keras.ops.convert_to_numpy(RandomInvert(1.0)(image, training=False))
    assert np.array_equal(result, image)


def test_inverts_the_share_that_was_asked_for() -> None:
    """A tenth is enough to learn from (R91)."""
    u = np.random.default_rng(1).random((4000, 1))
    assert np.isclose(RandomInvert(0.1).draw(u, 5, 5, np)["active"].mean(), 0.1, atol=0.02)
