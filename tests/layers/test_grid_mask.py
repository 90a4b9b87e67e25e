"""GridMask by its formula."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from keras_cvdata.engine.chain import Chain
from keras_cvdata.layers import GridMask
from tests.distributions import assert_uniform, drawn
from tests.executors import uniforms, with_opencv, with_tensors

pytestmark = pytest.mark.backends


def test_pixels_are_covered_where_the_formula_says() -> None:
    images = np.random.default_rng(0).integers(1, 255, (6, 33, 47, 3), np.uint8)
    layer = GridMask(fill_value=1.0)
    chain = Chain([layer])
    u = uniforms(chain, 6)
    p = layer.draw(u, 33, 47, np)
    y, x = np.mgrid[:33, :47]
    expected = images.copy()
    for i in range(6):
        d, side, a, b = (int(p[name][i]) for name in ("unit", "covered", "top", "left"))
        expected[i][((y - a) % d < side) & ((x - b) % d < side)] = 255
    assert np.array_equal(with_opencv(chain, images, u), expected)
    assert np.array_equal(with_tensors(chain, images, u), expected)


def test_half_of_each_side_covers_a_quarter(apply: Any) -> None:
    covered = apply(GridMask(0.25, 0.5), np.full((80, 120, 3), 255, np.uint8)) == 0
    assert covered.mean() == pytest.approx(0.25)


def test_period_ratio_and_offsets_are_drawn_evenly() -> None:
    """On an image so large that whole pixels do not matter."""
    p = drawn(GridMask((0.2, 0.5), (0.3, 0.6)), 1_000_000, 2_000_000)
    assert_uniform(p["unit"] / 1e6, 0.2, 0.5)
    assert_uniform(p["covered"] / p["unit"], 0.3 - 1e-5, 0.6 + 1e-5)
    assert_uniform(p["top"] / p["unit"], 0, 1)
    assert_uniform(p["left"] / p["unit"], 0, 1)


def test_a_period_is_at_least_two_pixels() -> None:
    p = drawn(GridMask(0.01), 5, 5)
    assert (p["unit"] == 2).all()
    assert set(p["top"].tolist()) == {0, 1}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"unit": 0}, "unit .*shares"),
        ({"ratio": 1.1}, "ratio .*from 0 to 1"),
        ({"fill_value": -1}, "fill_value .*from 0 to 1"),
    ],
)
def test_bad_arguments_are_refused(options: Any, message: str) -> None:
    with pytest.raises(ValueError, match=f"GridMask: {message}"):
        GridMask(**options)
