"""RandomFrost by its formula: what it makes of black is the ice."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from keras_cvdata.layers import RandomFrost
from tests.distributions import assert_uniform, drawn

pytestmark = pytest.mark.backends


def frost(amount: float) -> RandomFrost:
    return RandomFrost(amount, keep=0.4, size=6, value_range=(0, 1), seed=3)


def test_images_are_dimmed_under_ice(apply: Any, image: np.ndarray) -> None:
    ice = apply(frost(1.0), np.zeros(image.shape, np.float32)).astype(float)
    assert 0 <= ice.min() < 0.3
    assert 0.6 < ice.max() <= 1
    assert np.allclose(ice / [0.85, 0.94, 1], ice[..., 2:], atol=1e-6)
    scale = 255 if image.dtype == np.uint8 else 1
    limit = 0.51 if image.dtype == np.uint8 else 2e-6
    expected = 0.4 * image + 0.5 * scale * ice
    assert np.abs(apply(frost(0.5), image) - expected).max() <= limit


def test_all_is_drawn_evenly() -> None:
    p = drawn(RandomFrost())
    assert_uniform(p["amount"], 0.2, 0.5)
    assert_uniform(p["keep"], 0.7, 1)
    assert_uniform(p["size"], 8, 20)
    assert_uniform(p["degrees"], 0, 360)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"amount": 1.1}, "amount .*from 0 to 1"),
        ({"keep": -0.1}, "keep .*from 0 to 1"),
        ({"size": 0}, "size .*from 1 to 400"),
    ],
)
def test_bad_ranges_are_refused(options: Any, message: str) -> None:
    with pytest.raises(ValueError, match=f"RandomFrost: {message}"):
        RandomFrost(**options)
