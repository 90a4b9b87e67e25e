"""RandomRangeLighting in closed form."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from keras_cvdata.layers import RandomRangeLighting

pytestmark = pytest.mark.backends


def test_every_range_has_its_factor(apply: Any) -> None:
    """A factor for each range of pixel values; edges belong to the range above (R73)."""
    edges, factors = (0, 64 / 255, 1 / 3, 1), (3.0, 1.0, 0.5)
    values = np.arange(256, dtype=np.uint8).reshape(16, 16, 1)
    expected = values * np.array(factors)[np.digitize(values, [64, 85])]
    expected = np.floor(np.minimum(expected, 255) + 0.5 + 1e-3)
    assert np.array_equal(apply(RandomRangeLighting(edges, factors), values), expected)


def test_draws_a_factor_for_each_range() -> None:
    layer = RandomRangeLighting((0, 0.5, 1), ((0, 2), 1.5))
    assert layer.draw(np.array([[0.25, 0.9]]), 5, 5, np)["gain"].tolist() == [[0.5, 1.5]]


@pytest.mark.parametrize(
    ("edges", "factors", "message"),
    [
        ((0, 85, 255), (1, 1), r"rising numbers from 0 to 1.*Divide uint8 limits by 255"),
        ((0.1, 1), (1,), "rising numbers from 0 to 1"),
        ((0, 0.5, 0.5, 1), (1, 1, 1), "rising numbers"),
        ((1,), (), "rising numbers"),
        (("a", "b"), (1,), "rising numbers"),
        (0.5, (1,), "rising numbers"),
        ((0, 0.5, 1), (1,), r"must hold 2 factors, one for each range.*got 1"),
        ((0, 1), 1.0, "must hold one factor for each range; got 1.0"),
        ((0, 1), ((2, 1),), r"factors\[0\] must be a pair.* lower end first"),
    ],
)
def test_bad_arguments_are_refused(edges: Any, factors: Any, message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        RandomRangeLighting(edges, factors)
