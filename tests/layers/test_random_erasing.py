"""RandomErasing: place and size of the rectangle, and what fills it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from keras_cvdata.layers import RandomErasing
from tests.distributions import assert_uniform, drawn

pytestmark = pytest.mark.backends


def test_one_rectangle_is_covered(apply: Any, image: np.ndarray) -> None:
    """A quarter of the area is half of each side; 10.5 rows are rounded up."""
    top = 1 if image.dtype == np.float32 else 255
    layer = RandomErasing(scale=(0.25, 0.25), fill_value=0.6, value_range=(0, 1), seed=3)
    result = apply(layer, image)
    covered = np.isclose(result, 0.6 * top, atol=1e-6)
    changed = (result != image).any(axis=2)
    rows, columns = changed.any(axis=1).nonzero()[0], changed.any(axis=0).nonzero()[0]
    assert (rows[-1] - rows[0] + 1, columns[-1] - columns[0] + 1) == (11, 17)
    assert covered[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].all()
    assert changed.sum() == 11 * 17


def test_noise_is_spread_evenly(apply: Any) -> None:
    layer = RandomErasing(scale=(1, 1), value_range=(-1, 1))
    assert_uniform(apply(layer, np.zeros((60, 60, 3), np.float32)), -1, 1)


def test_sides_and_places_are_drawn_evenly() -> None:
    """On an image so large that whole pixels do not matter."""
    size = 1_000_000
    rectangle = drawn(RandomErasing(scale=(0.1, 0.4)), size, size)["rectangle"] / size
    sides = rectangle[:, 2:] - rectangle[:, :2]
    for side, start in zip(sides.T, rectangle.T[:2], strict=True):
        assert_uniform(side**2, 0.1 - 1e-5, 0.4 + 1e-5)
        assert_uniform(start / (1 - side), 0, 1)
    area = sides.prod(axis=1)
    assert area.min() + 1e-5 >= 0.1
    assert area.max() <= 0.4 + 1e-5


def test_rectangles_stay_inside_and_reach_the_border() -> None:
    rectangle = drawn(RandomErasing(), 5, 7)["rectangle"]
    assert rectangle.min() == 0
    assert rectangle[:, 2].max() == 5
    assert rectangle[:, 3].max() == 7


def test_one_number_is_the_upper_end() -> None:
    assert RandomErasing(scale=0.3).get_config()["scale"] == (0, 0.3)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"scale": 1.5}, "scale .*from 0 to 1"),
        ({"scale": (0.5, 0.1)}, "scale .*lower end first"),
        ({"fill_value": 255}, "fill_value .*the value range, from 0 to 1"),
    ],
)
def test_bad_arguments_are_refused(options: Any, message: str) -> None:
    with pytest.raises(ValueError, match=f"RandomErasing: {message}"):
        RandomErasing(**options)
