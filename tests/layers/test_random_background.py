"""RandomBackground by its formula."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from keras_cvdata.layers import RandomBackground
from tests.distributions import assert_uniform, drawn

pytestmark = pytest.mark.backends


def test_what_is_like_the_border_changes(apply: Any, image: np.ndarray) -> None:
    scale = 255 if image.dtype == np.uint8 else 1
    frame = np.ones(image.shape[:2], int)
    frame[1:-1, 1:-1] = 0
    frame[:: frame.shape[0] - 1, :: frame.shape[1] - 1] = 2  # corners lie in a row and a column
    border = np.average(image.reshape(-1, 3), axis=0, weights=frame.ravel())
    unlike = np.abs(image - border).max(axis=-1, keepdims=True) / scale
    expected = image + np.clip(2 - unlike / 0.2, 0, 1) * (0.3 * scale - border)
    changed = apply(RandomBackground(0.2, levels=0.3, value_range=(0, 1)), image)
    limit = 0.51 if image.dtype == np.uint8 else 2e-6
    assert np.abs(changed - np.clip(expected, 0, scale)).max() <= limit


def test_things_stay_on_another_ground(apply: Any) -> None:
    """R95: the same bottle on another conveyor belt."""
    scene = np.full((30, 40, 4), (200, 180, 20, 255), np.uint8)
    scene[10:20, 15:25] = (10, 20, 120, 90)
    changed = apply(RandomBackground(levels=0.4), scene)
    thing = np.zeros((30, 40), bool)
    thing[10:20, 15:25] = True
    assert np.array_equal(changed[thing], scene[thing])
    assert (changed[~thing] == (102, 102, 102, 255)).all()


def test_colors_are_drawn_evenly() -> None:
    p = drawn(RandomBackground((0.05, 0.2), levels=(0.2, 0.9)))
    assert_uniform(p["tolerance"], 0.05, 0.2)
    for color in p["color"].T:
        assert_uniform(color, 0.2, 0.9)


@pytest.mark.parametrize(
    ("options", "message"),
    [({"tolerance": 0}, "tolerance .*from 0.001 to 1"), ({"levels": 1.5}, "levels .*from 0 to 1")],
)
def test_bad_ranges_are_refused(options: Any, message: str) -> None:
    with pytest.raises(ValueError, match=f"RandomBackground: {message}"):
        RandomBackground(**options)
