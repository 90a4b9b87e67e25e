"""Checks of arguments: what they take, what they return, and what they say."""

from __future__ import annotations

import json
import math

import keras
import numpy as np
import pytest

from keras_cvdata import arguments, layers
from keras_cvdata.arguments import Interval, Signed, Steps


@pytest.mark.parametrize("value", [5, np.int64(5), np.uint8(5)])
def test_integers_of_any_kind_are_read(value):
    assert arguments.integer("n", value, 1) == 5
    assert type(arguments.integer("n", value)) is int


@pytest.mark.parametrize("value", [True, 5.0, "5", None, np.array([5])])
def test_no_integer_is_refused_with_its_type(value):
    with pytest.raises(TypeError, match=r"batch_size must be an integer; got .* of type"):
        arguments.integer("batch_size", value)


def test_positions_count_from_both_ends():
    assert [arguments.position("batch", i, 4, "batches") for i in (0, 3, -1, -4)] == [0, 3, 3, 0]
    for outside in (4, -5):
        with pytest.raises(IndexError, match=f"Batch {outside} is outside the 4 batches"):
            arguments.position("batch", outside, 4, "batches")


@pytest.mark.parametrize("value", [7.5, True, 0, (1, 2, 3), None, "12"])
def test_sizes_are_pairs(value):
    for square in (True, False):
        with pytest.raises((ValueError, TypeError), match="image_size"):
            arguments.size(value, square=square)
    assert arguments.size([3, np.int64(4)]) == arguments.size(np.array([3, 4])) == (3, 4)


def test_one_number_is_a_square_where_it_is_allowed():
    assert arguments.size(np.int32(224), square=True) == (224, 224)
    with pytest.raises(ValueError, match=r"such as \(224, 224\); got 7"):
        arguments.size(7)


def test_shares_and_probabilities_are_called_by_their_name():
    assert arguments.probability("rate", 1) == 1.0
    for value in (-0.1, 1.1, math.nan, True, "x"):
        with pytest.raises(ValueError, match="rate must be a share from 0 to 1"):
            arguments.probability("rate", value, "share")


@pytest.mark.parametrize(
    "law", [Interval(-2.0, 3.0), Steps(0.0, 30.0, 4), Signed(-30.0, 30.0, 1), Signed(0.1, 0.5, 3)]
)
def test_a_range_of_any_distribution_comes_back_from_its_configuration(law):
    """Also through JSON, where tuples become lists."""
    config = json.loads(json.dumps(law.to_config()))
    again = arguments.interval("x", config, unit="1")
    assert again == law
    assert type(again) is type(law)
    u = np.linspace(0, 0.999, 50)
    np.testing.assert_array_equal(again.at(u), law.at(u))


@pytest.mark.backends
@pytest.mark.parametrize("law", [Steps(-0.3, 0.3, 3), Signed(-0.4, 0.4, 1)])
def test_layers_keep_distributions_when_they_are_saved(law, tmp_path):
    """A layer that draws one of a few values does not become one that draws all between."""
    layer = layers.RandomTranslation(law, 0)
    again = layers.RandomTranslation.from_config(layer.get_config())
    assert again.height_factor == law
    model = keras.Sequential([keras.Input((8, 8, 3)), layer])
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras").layers[-1]
    assert loaded.height_factor == law
    assert eval(repr(again), {"RandomTranslation": layers.RandomTranslation}).height_factor == law


def test_what_is_no_known_distribution_is_refused():
    with pytest.raises(TypeError, match=r"x must be a pair \(low, high\)"):
        arguments.interval("x", {"distribution": "normal", "mean": 0}, unit="1")
