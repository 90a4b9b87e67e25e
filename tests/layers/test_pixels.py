"""Which pixels layers take: floats of known range, and whole numbers that count by their depth."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import ops

import keras_cvdata as cvd
from keras_cvdata import layers
from keras_cvdata.engine.chain import Chain
from keras_cvdata.layers.pixels import check_pixels
from tests.cases import LAYERS, LayerCase
from tests.layers.rows import for_each

pytestmark = pytest.mark.backends

BRIGHT = np.random.default_rng(0).uniform(0, 255, (2, 28, 37, 3)).astype("float32")
NEEDY = [
    case
    for case in {str(case): case for case in LAYERS if case.needs_range}.values()
    if not case.made_of
]


def called(layer: Any, images: np.ndarray) -> None:
    layer(ops.convert_to_tensor(images))


def mapped(layer: Any, images: np.ndarray) -> None:
    list(tf.data.Dataset.from_tensors(images).map(layer))


def applied(layer: Any, images: np.ndarray) -> None:
    cvd.apply([layer], images[0])


def in_a_sequence(layer: Any, images: np.ndarray) -> None:
    cvd.ArraySequence(images, augment=[layer], verbose=0)[0]


WAYS = [called, mapped, applied, in_a_sequence]


@for_each(NEEDY)
@pytest.mark.parametrize("way", WAYS)
def test_floats_beyond_1_are_refused_on_every_way(
    way: Callable[[Any, np.ndarray], None], case: LayerCase
) -> None:
    """Mixes of colours and kernels took 0 to 255 as 0 to 1, and nobody was told."""
    for layer in (case.layer(**case.options), layers.Pipeline([case.layer(**case.options)])):
        with pytest.raises(ValueError, match=r"value_range=\("):
            way(layer, BRIGHT)


@pytest.mark.parametrize(
    "layer",
    [
        layers.RandomRotation(0.1, fill_mode="constant", fill_value=0.5),
        layers.RandomElasticTransform(fill_mode="constant", fill_value=1),
        layers.Pad(2, fill_value=1),
        layers.Resizing(9, 9, pad_to_aspect_ratio=True, fill_value=0.2),
        layers.GridMask(fill_value=0.5),
        layers.RandomErasing(),
        layers.RandomErasing(fill_value=1),
    ],
    ids=str,
)
@pytest.mark.parametrize(
    "way", [called, pytest.param(mapped, marks=pytest.mark.slow), applied, in_a_sequence]
)
def test_what_fills_needs_a_range_unless_with_0(
    way: Callable[[Any, np.ndarray], None], layer: Any
) -> None:
    with pytest.raises(ValueError, match=r"value_range=\("):
        way(layer, BRIGHT)
    black = type(layer).from_config({**layer.get_config(), "fill_value": 0.0})
    way(black, BRIGHT)


@pytest.mark.parametrize("dtype", ["int8", "int32", "uint32", "int16", "bool"])
@pytest.mark.parametrize("layer", [layers.RandomFlip(), layers.RandomBrightness()], ids=str)
def test_other_whole_numbers_are_refused_when_called(layer: Any, dtype: str) -> None:
    """In `tf.data` on JAX and PyTorch they were taken as floats of unknown range."""
    images = np.ones((1, 8, 8, 3), dtype)
    if dtype != "uint32" or keras.backend.backend() != "torch":
        with pytest.raises(TypeError, match=rf"uint8, uint16 or floats; got {dtype}"):
            called(layer, images)
    with pytest.raises(TypeError, match=rf"uint8, uint16 or floats; got {dtype}"):
        mapped(layer, images)


def test_the_range_may_stand_in_any_of_several_layers() -> None:
    chain = [layers.RandomSaturation(0.2), layers.RandomBrightness(0.1, value_range=(0, 255))]
    called(layers.Pipeline(chain), BRIGHT)
    applied(layers.Pipeline(chain), BRIGHT)


def test_the_message_names_the_part() -> None:
    inner = layers.RandomSharpness(0.3)
    layer = layers.Pipeline([layers.RandomFlip(), inner], name="both")
    with pytest.raises(ValueError, match=r"both was called on float32.*RandomSharpness.*\(0, 1\)"):
        check_pixels(layer, Chain([layer]), "float32")
    check_pixels(layer, Chain([layer]), "uint16")
