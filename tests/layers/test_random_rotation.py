"""RandomRotation against numpy.rot90 and Keras."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from keras import ops

from keras_cvdata.layers import RandomRotation
from tests.distributions import assert_uniform, drawn

pytestmark = pytest.mark.backends


@pytest.mark.parametrize("quarters", [-1, 0, 1, 2])
def test_quarter_turns_equal_rot90(apply: Any, square: np.ndarray, quarters: int) -> None:
    layer = RandomRotation((quarters / 4, quarters / 4), fill_mode="constant")
    limit = 0 if square.dtype == np.uint8 else 2e-5
    turned = apply(layer, square).astype(np.float32)
    assert np.abs(turned - np.rot90(square, quarters)).max() <= limit


@pytest.mark.parametrize("fill_mode", ["nearest", "constant"])
def test_means_what_keras_means(apply: Any, fill_mode: str) -> None:
    """Same unit, direction and centre."""
    image = np.random.default_rng(0).random((20, 31, 3), np.float32)
    options = {"factor": (0.07, 0.07), "fill_mode": fill_mode}
    theirs = keras.layers.RandomRotation(**options, data_format="channels_last")
    expected = ops.convert_to_numpy(theirs(ops.convert_to_tensor(image[None]), training=True))[0]
    difference = np.abs(apply(RandomRotation(**options), image) - expected)
    assert np.quantile(difference, 0.99) <= 1e-4


def test_degrees_are_another_unit() -> None:
    u = np.array([[0.0], [0.5], [1.0]])
    by_degrees = RandomRotation(degrees=(-36, 72)).draw(u, 9, 9, np)["degrees"]
    assert np.allclose(by_degrees, [-36, 18, 72])
    assert np.allclose(RandomRotation((-0.1, 0.2)).draw(u, 9, 9, np)["degrees"], by_degrees)
    assert np.allclose(RandomRotation().draw(u, 9, 9, np)["degrees"], [-30, 0, 30])


def test_draws_follow_their_law() -> None:
    assert_uniform(drawn(RandomRotation((-0.1, 0.3)))["degrees"], -36, 108)


def test_units_exclude_each_other() -> None:
    with pytest.raises(TypeError, match="takes factor or degrees, not both"):
        RandomRotation(0.1, degrees=30)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"factor": (-5, 0.1)}, "factor must be a pair.* in full turns, from -1 to 1"),
        ({"factor": 30}, "factor must be .* from -1 to 1; got 30"),
        ({"factor": (0.2, 0.1)}, "lower end first"),
        ({"degrees": 400}, "degrees must be .* from -360 to 360"),
    ],
)
def test_bad_ranges_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"RandomRotation: .*{message}"):
        RandomRotation(**options)
