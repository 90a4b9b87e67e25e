"""RandomShadow by its formula."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from keras_cvdata.layers import RandomShadow
from tests.distributions import assert_uniform, drawn

pytestmark = pytest.mark.backends


def test_a_strip_is_darker(apply: Any, image: np.ndarray) -> None:
    """Of 21 x 34 pixels: the strip is 10.5 wide and 2.1 right of the centre, at 30 degrees."""
    layer = RandomShadow(0.7, width=0.5, softness=0.2, degrees=30, place=0.1, value_range=(0, 1))
    y, x = np.mgrid[:21, :34]
    beside = (x - 16.5) * np.cos(np.pi / 6) + (y - 10) * np.sin(np.pi / 6) - 2.1
    covered = np.clip((5.25 - np.abs(beside)) / 4.2 + 0.5, 0, 1)
    expected = image * (1 - 0.7 * covered[..., None])
    assert 0.1 < covered.mean() < 0.6
    limit = 0.51 if image.dtype == np.uint8 else 1e-6
    assert np.abs(apply(layer, image) - expected).max() <= limit


def test_all_is_drawn_evenly() -> None:
    p = drawn(RandomShadow((0.1, 0.9), degrees=(10, 50)))
    for name, low, high in (
        ("darkness", 0.1, 0.9),
        ("width", 0.2, 0.8),
        ("softness", 0.02, 0.3),
        ("degrees", 10, 50),
        ("place", -0.4, 0.4),
    ):
        assert_uniform(p[name], low, high)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"darkness": 1.5}, "darkness .*from 0 to 1"),
        ({"width": -1}, "width .*shorter sides"),
        ({"softness": 0}, "softness .*shorter sides"),
        ({"degrees": 400}, "degrees .*from -360 to 360"),
        ({"place": 2}, "place .*from -1 to 1"),
    ],
)
def test_bad_ranges_are_refused(options: Any, message: str) -> None:
    with pytest.raises(ValueError, match=f"RandomShadow: {message}"):
        RandomShadow(**options)
