"""RandomSnow by its formula and by the shares that it covers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from keras_cvdata.layers import RandomSnow
from tests.distributions import assert_uniform, drawn

pytestmark = pytest.mark.backends


def test_images_become_whiter(apply: Any, image: np.ndarray) -> None:
    unit = image / (255 if image.dtype == np.uint8 else 1)
    gray = unit @ np.array([0.299, 0.587, 0.114])
    expected = 0.7 * unit + 0.3 * np.maximum(unit, 1.5 * gray[..., None] + 0.5)
    expected = np.clip(expected, 0, 1) * (255 if image.dtype == np.uint8 else 1)
    layer = RandomSnow(0, whiteness=0.3, value_range=(0, 1))
    limit = 0.51 if image.dtype == np.uint8 else 2e-6
    assert np.abs(apply(layer, image) - expected).max() <= limit


@pytest.mark.parametrize("cover", [0.1, 0.4])
def test_flakes_cover_a_share_in_two_layers(apply: Any, cover: float) -> None:
    layer = RandomSnow(cover, size=2, length=4, whiteness=0, value_range=(0, 1), seed=3)
    flakes = apply(layer, np.zeros((250, 250, 3), np.float32))
    assert np.array_equal(flakes[..., 0], flakes[..., 2])
    assert np.allclose(flakes, flakes[::-1, ::-1], atol=1e-6)
    assert (flakes > 0).mean() == pytest.approx(1 - (1 - cover) ** 2, rel=0.1)


def test_flakes_are_streaks_in_the_direction_of_falling(apply: Any) -> None:
    black = np.zeros((200, 200, 1), np.float32)
    layer = RandomSnow(0.3, size=2, length=20, degrees=0, whiteness=0, value_range=(0, 1), seed=3)
    down, across = (np.abs(np.diff(apply(layer, black), axis=axis)).mean() for axis in (0, 1))
    assert across > 4 * down


def test_all_is_drawn_evenly() -> None:
    p = drawn(RandomSnow())
    assert_uniform(p["brightness"], 0.2, 0.5)
    assert_uniform(p["size"], 2, 4)
    assert_uniform(p["length"], 8, 16)
    assert_uniform(p["whiteness"], 0.1, 0.3)
    assert_uniform(p["degrees"], -45, 45)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"cover": 1.1}, "cover .*from 0 to 1"),
        ({"size": 0}, "size .*pixels"),
        ({"whiteness": (0.5, 0.2)}, "whiteness .*lower end"),
    ],
)
def test_bad_ranges_are_refused(options: Any, message: str) -> None:
    with pytest.raises(ValueError, match=f"RandomSnow: {message}"):
        RandomSnow(**options)
