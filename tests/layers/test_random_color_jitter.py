"""RandomColorJitter against its four layers in a row."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

import keras_cvdata as cvd
from keras_cvdata.engine.chain import Chain
from keras_cvdata.layers import (
    RandomBrightness,
    RandomColorJitter,
    RandomContrast,
    RandomHue,
    RandomSaturation,
)
from tests.distributions import assert_share, assert_uniform
from tests.executors import with_opencv, with_tensors

PIXELS = np.random.default_rng(0).integers(0, 256, (6, 20, 30, 3), np.uint8)
FACTORS = {
    "brightness_factor": 0.2,
    "contrast_factor": 0.3,
    "saturation_factor": 0.4,
    "hue_factor": 0.1,
}

pytestmark = pytest.mark.backends


@pytest.mark.parametrize("carry_out", [with_opencv, with_tensors])
def test_is_its_four_layers_in_a_row(carry_out: Any) -> None:
    u = np.random.default_rng(1).random((6, 4))
    layers = [RandomBrightness(0.2), RandomContrast(0.3), RandomSaturation(0.4), RandomHue(0.1)]
    expected = carry_out(Chain(layers), PIXELS, u)
    jitter = RandomColorJitter(**FACTORS)
    assert np.array_equal(carry_out(Chain([jitter]), PIXELS, u), expected)


def test_what_is_not_given_is_left_out(apply: Any) -> None:
    jitter = RandomColorJitter(saturation_factor=(0, 0))
    assert jitter.total_uniforms == 1
    assert np.array_equal(apply(jitter, PIXELS[0]), apply(RandomSaturation((0, 0)), PIXELS[0]))
    assert np.array_equal(apply(RandomColorJitter(), PIXELS[0]), PIXELS[0])
    assert np.array_equal(apply(RandomColorJitter(), PIXELS[0, ..., :1]), PIXELS[0, ..., :1])
    assert np.array_equal(apply(RandomColorJitter(rate=0.5), PIXELS[0]), PIXELS[0])


def test_gray_images_are_served_without_colour_and_refused_with(apply: Any) -> None:
    gray = PIXELS[0, ..., :1]
    jitter = RandomColorJitter(brightness_factor=(0.2, 0.2))
    assert np.array_equal(apply(jitter, gray), apply(RandomBrightness((0.2, 0.2)), gray))
    with pytest.raises(ValueError, match=r"works on colours.*have 1.*color_mode='rgb'"):
        RandomColorJitter(saturation_factor=(0, 0))(gray)


def test_all_act_or_none(apply: Any) -> None:
    u = np.random.default_rng(1).random((10_000, 5))
    jitter = RandomColorJitter(**FACTORS, rate=0.3)
    p = jitter.draw(u, 5, 5, np)
    assert_share(p["active"], 0.3)
    assert all(each["active"] is p["active"] for each in jitter.flatten_parameters(p))
    assert_uniform(p["brightness"], -0.2, 0.2)
    assert_uniform(p["contrast"], 0.7, 1.3)
    assert_uniform(p["saturation"] / (1 + p["saturation"]), 0, 0.4)
    assert_uniform(p["hue"], -0.05, 0.05)
    assert np.array_equal(apply(RandomColorJitter(**FACTORS, rate=0.0), PIXELS[0]), PIXELS[0])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"brightness_factor": 2}, "RandomBrightness: factor"),
        ({"hue_factor": (1, 0)}, "RandomHue: factor .*lower end first"),
    ],
)
def test_bad_factors_are_refused(arguments: Any, message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        RandomColorJitter(**arguments)


def test_parameters_in_any_order_make_the_same_image() -> None:
    """As JSON with sorted keys brings them, and compiled functions of JAX."""
    layer = RandomColorJitter(
        brightness_factor=0.3, contrast_factor=0.5, saturation_factor=(0.2, 0.9), hue_factor=0.4
    )
    image = np.random.default_rng(5).integers(0, 256, (9, 11, 3), np.uint8)
    expected, parameters = cvd.apply(layer, image, seed=3)
    again = cvd.replay(layer, image, json.loads(json.dumps(parameters, sort_keys=True)))
    assert np.array_equal(again, expected)
