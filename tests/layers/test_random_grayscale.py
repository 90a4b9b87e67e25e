"""RandomGrayscale against Pillow."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from PIL import Image

from keras_cvdata.layers import RandomGrayscale
from tests.distributions import assert_share

PIXELS = np.random.default_rng(0).integers(0, 256, (40, 50, 3), np.uint8)

pytestmark = pytest.mark.backends


def test_equals_pillow(apply: Any) -> None:
    """Within the rounding of its whole numbers, which differ from OpenCV's in the fifth digit."""
    gray = apply(RandomGrayscale(1.0), PIXELS)
    expected = np.asarray(Image.fromarray(PIXELS).convert("L"), int)
    assert np.array_equal(gray[..., 0], gray[..., 1])
    assert np.array_equal(gray[..., 0], gray[..., 2])
    exact = PIXELS @ [0.299, 0.587, 0.114]
    assert np.abs(gray[..., 0] - exact).max() < 0.51
    assert np.abs(gray[..., 0] - expected).max() <= 1
    assert np.mean(gray[..., 0] != expected) < 0.002


def test_the_fourth_channel_stays(apply: Any) -> None:
    image = np.dstack([PIXELS, PIXELS[..., 0]])
    result = apply(RandomGrayscale(1.0), image)
    assert np.array_equal(result[..., 3], image[..., 3])
    assert np.array_equal(result[..., :3], apply(RandomGrayscale(1.0), PIXELS))


def test_acts_on_the_share_that_was_asked_for() -> None:
    u = np.random.default_rng(1).random((10_000, 1))
    assert_share(RandomGrayscale(0.2).draw(u, 5, 5, np)["active"], 0.2)


def test_rests_outside_training_even_where_all_turn_gray() -> None:
    assert np.array_equal(np.asarray(RandomGrayscale(1.0)(PIXELS, training=False)), PIXELS)


def test_gray_images_are_refused() -> None:
    with pytest.raises(ValueError, match=r"works on colours.*have 1.*color_mode='rgb'"):
        RandomGrayscale(1.0)(PIXELS[..., :1])
