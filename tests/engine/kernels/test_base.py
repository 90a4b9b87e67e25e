"""Formulas that serve both executors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from keras import ops

from keras_cvdata.engine.kernels.base import formula

pytestmark = pytest.mark.backends


def brighter(pixels: Any, p: Any, span: Any, xp: Any) -> Any:
    low, high = span
    return pixels + p["gain"][:, None, None, None] * (high - low)


@pytest.mark.parametrize("channels", [1, 3, 4, 5])
def test_both_executors_and_a_fourth_channel(channels: int) -> None:
    """Rounded and clipped for images of integers; how opaque they are stays."""
    image, batch = formula(brighter)
    pixels = np.random.default_rng(0).integers(0, 256, (2, 5, 6, channels), np.uint8)
    gain = np.float32([0.25, -0.301])
    expected = pixels + 255.0 * gain[:, None, None, None]
    if channels == 4:
        expected[..., 3] = pixels[..., 3]
    given = ops.convert_to_tensor(pixels.astype(np.float32))
    tensors = batch(given, {"gain": ops.convert_to_tensor(gain)}, (0.0, 255.0), ops)
    assert np.allclose(ops.convert_to_numpy(tensors), expected, atol=1e-4)
    for i in range(2):
        found = image(pixels[i], {"gain": gain[i]}, (0.0, 255.0))
        assert found.dtype == np.uint8
        assert np.array_equal(found, np.rint(np.clip(expected[i], 0, 255)))
