"""RandomChannelLighting in closed form."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from keras_cvdata.layers import RandomChannelLighting

pytestmark = pytest.mark.backends


def test_every_channel_has_its_gain(apply: Any) -> None:
    """The handbook's B 1.7, G .2, R .1, saturating where it wrapped (R72, X23)."""
    gains = [1.7, 0.2, 0.1]
    values = np.arange(256, dtype=np.uint8)
    image = np.stack([values] * 3, axis=-1).reshape(16, 16, 3)
    changed = apply(RandomChannelLighting([(g, g) for g in gains]), image)
    expected = np.floor(np.minimum(image * np.array(gains), 255) + 0.5 + 1e-3)
    assert np.array_equal(changed, expected)


def test_one_range_draws_a_gain_for_each_channel() -> None:
    layer = RandomChannelLighting((0.5, 1.5))
    assert layer.total_uniforms == 4
    u = np.array([[0.0, 0.25, 0.5, 1.0]])
    assert layer.draw(u, 5, 5, np)["gain"].tolist() == [[0.5, 0.75, 1.0, 1.5]]


def test_images_with_more_channels_than_ranges_are_refused() -> None:
    message = "has ranges for 2 channels and the images have 3. Give a list"
    with pytest.raises(ValueError, match=message):
        RandomChannelLighting([(1, 2), (1, 2)])(np.zeros((1, 4, 4, 3), np.uint8))


@pytest.mark.parametrize("factors", [1.2, "ab", (), [(1, 2), 3], [(2, 1)], (2, 1), (-1, 1)])
def test_bad_ranges_are_refused(factors: Any) -> None:
    with pytest.raises((TypeError, ValueError), match="RandomChannelLighting: factors"):
        RandomChannelLighting(factors)
