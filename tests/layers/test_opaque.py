"""What users may pass as augmentation."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from keras import ops

from keras_cvdata.engine import opencv
from keras_cvdata.engine.plan import Chain
from keras_cvdata.layers import RandomFlip, RandomInvert, RandomRoll
from keras_cvdata.layers.opaque import Opaque, as_layers

pytestmark = pytest.mark.backends


def test_layers_lists_and_models_are_flattened() -> None:
    """One layer, lists in lists and `keras.Sequential`, in the order of their action."""
    flip, invert, roll = RandomFlip(), RandomInvert(), RandomRoll()
    assert as_layers(None) == []
    assert as_layers(flip) == [flip]
    assert as_layers([flip, (invert,), keras.Sequential([roll])]) == [flip, invert, roll]
    model = keras.Sequential([keras.Input((8, 8, 3), dtype="uint8"), flip, roll])
    assert as_layers(model) == [flip, roll]


def test_functions_become_steps() -> None:
    flip = RandomFlip()
    first, second = as_layers([np.flipud, flip])
    assert isinstance(first, Opaque)
    assert first.function is np.flipud
    assert repr(first) == f"Opaque({np.flipud!r})"
    assert second is flip
    assert as_layers(first) == [first]


def test_transforms_of_albumentations_are_called_by_name() -> None:
    """They take `image=` and return a dictionary; a class of the same form stands for them."""

    class Transform:
        def __call__(self, *, image: np.ndarray) -> dict[str, np.ndarray]:
            return {"image": image[::-1].copy()}

        def __repr__(self) -> str:
            return "Transform()"

    Transform.__module__ = "albumentations.core.composition"
    (layer,) = as_layers(Transform())
    image = np.random.default_rng(0).integers(0, 256, (6, 5, 3), np.uint8)
    out = np.empty_like(image)
    opencv.render(image, Chain([layer]).plan(np.empty((1, 0)), 6, 5, 3), 0, out)
    assert np.array_equal(out, image[::-1])
    assert repr(layer) == "Opaque(Transform())"


@pytest.mark.parametrize(
    ("augment", "message"),
    [
        (keras.layers.RandomFlip(), "holds the Keras layer 'random_flip.*Use its namesake"),
        ([RandomFlip], r"holds the class RandomFlip; construct it: RandomFlip\(...\)"),
        ("flip", "must be a layer .* or a function of one uint8 image; got 'flip' of type str"),
        ([RandomFlip(), 3], "got 3 of type int"),
    ],
)
def test_other_things_are_refused(augment: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        as_layers(augment)


def test_layers_act_on_symbols() -> None:
    """In a functional model, with shapes that are known later."""
    inputs = keras.Input((None, None, 3), dtype="uint8")
    outputs = RandomFlip("horizontal", rate=1.0)(inputs)
    assert outputs.shape == (None, None, None, 3)
    assert outputs.dtype == "uint8"
    assert RandomFlip().compute_output_shape((None, 8, 8, 3)) == (None, 8, 8, 3)
    x = np.random.default_rng(0).integers(0, 256, (2, 6, 5, 3), np.uint8)
    y = keras.Model(inputs, outputs)(ops.convert_to_tensor(x), training=True)
    assert np.array_equal(ops.convert_to_numpy(y), x[:, :, ::-1])
