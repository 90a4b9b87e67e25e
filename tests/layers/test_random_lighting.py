"""RandomLighting in closed form."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

from keras_cvdata.layers import RandomLighting

pytestmark = pytest.mark.backends

ALL = np.arange(256, dtype=np.uint8).reshape(16, 16, 1)


@pytest.mark.parametrize(
    ("contrast", "brightness"), [(0.5, 40 / 255), (1.0, -0.3), (3.0, 0.1), (0.0, 0.5), (1.3, 0.0)]
)
def test_gain_and_offset_saturate(apply: Any, contrast: float, brightness: float) -> None:
    """`contrast * value + brightness`, clipped at both ends, halves rounded up (R71, X23)."""
    layer = RandomLighting((contrast, contrast), (brightness, brightness))
    exact = ALL.astype(float) * contrast + brightness * 255
    expected = np.floor(np.clip(exact, 0, 255) + 0.5 + 1e-3)
    assert np.array_equal(apply(layer, ALL), expected)


def test_floats_follow_their_range(apply: Any) -> None:
    """Brightness is in units of the value range, whatever that is (X20)."""
    image = np.linspace(-1, 1, 64, dtype=np.float32).reshape(8, 8, 1)
    layer = RandomLighting((1, 1), (0.25, 0.25), value_range=(-1, 1))
    assert np.allclose(apply(layer, image), np.minimum(image + 0.5, 1), atol=1e-6)


@pytest.mark.skipif(keras.backend.backend() == "torch", reason="Keras has no uint16 on PyTorch")
def test_16_bit_images_keep_their_depth(apply: Any) -> None:
    """The full scale of uint16 is 65535 (R36, X5)."""
    image = np.array([0, 1000, 40000, 65535], np.uint16).reshape(2, 2, 1)
    layer = RandomLighting((0.5, 0.5), (0.1, 0.1))
    assert apply(layer, image).ravel().tolist() == [6554, 7054, 26554, 39321]


def test_says_whether_a_normaliser_undoes_it() -> None:
    """Per-image statistics take a gain and an offset back (R77)."""
    assert RandomLighting().undone_by_samplewise
    assert RandomLighting((1, 1), 0.1).undone_by_samplewise
    assert not RandomLighting((1, 1), 0).undone_by_samplewise


@pytest.mark.parametrize(
    ("contrast", "message"),
    [
        (0.2, r"must be a pair \(low, high\).*got the number 0.2. Use \(0.2, 0.2\)"),
        ((-0.5, 1), "from 0 to 100"),
        ((1.2, 0.8), r"lower end first.*Use \(0.8, 1.2\)"),
        ((0.8, float("nan")), "not all finite"),
        ((1, 2, 3), r"got \(1, 2, 3\)"),
    ],
)
def test_bad_ranges_are_refused(contrast: Any, message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=f"RandomLighting: contrast .*{message}"):
        RandomLighting(contrast)
