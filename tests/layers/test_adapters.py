"""What users may pass as augmentation."""

from __future__ import annotations

import importlib.util
import pickle
from typing import Any

import keras
import numpy as np
import pytest
from keras import ops

from keras_cvdata import ArraySequence
from keras_cvdata.layers import RandomFlip, RandomInvert, RandomRoll
from keras_cvdata.layers.adapters import Lambda
from keras_cvdata.layers.augment_argument import parse_layers

pytestmark = pytest.mark.backends


def test_layers_lists_and_models_are_flattened() -> None:
    """One layer, lists in lists and `keras.Sequential`, in the order of their action."""
    flip, invert, roll = RandomFlip(), RandomInvert(), RandomRoll()
    assert parse_layers(None) == []
    assert parse_layers(flip) == [flip]
    assert parse_layers([flip, (invert,), keras.Sequential([roll])]) == [flip, invert, roll]
    model = keras.Sequential([keras.Input((8, 8, 3), dtype="uint8"), flip, roll])
    assert parse_layers(model) == [flip, roll]


def test_functions_become_steps() -> None:
    flip = RandomFlip()
    first, second = parse_layers([np.flipud, flip])
    assert isinstance(first, Lambda)
    assert first.function is np.flipud
    assert repr(first) == f"Lambda({np.flipud!r})"
    assert second is flip
    assert parse_layers(first) == [first]


class Transform:
    """Stands for a transform of Albumentations: takes `image=`, returns a dict, can be seeded."""

    def set_random_seed(self, seed: int) -> None:
        self.random = np.random.default_rng(seed)

    def __call__(self, *, image: np.ndarray) -> dict[str, np.ndarray]:
        return {"image": image + self.random.integers(0, 100, dtype=np.uint8)}

    def __repr__(self) -> str:
        return "Transform()"


Transform.__module__ = "albumentations.core.composition"


def batches(augment: Any, threads: int = 1) -> np.ndarray:
    images = np.random.default_rng(0).integers(0, 100, (12, 16, 18, 3), np.uint8)
    seq = ArraySequence(
        images, augment=augment, batch_size=4, seed=3, threads=threads, dtype="uint8", verbose=0
    )
    return np.concatenate([*seq, *seq])


def seeded() -> dict[str, Any]:
    found: dict[str, Any] = {
        "stand-in": Transform(),
        "RandomFlip": keras.layers.RandomFlip("horizontal"),
        "RandomBrightness": keras.layers.RandomBrightness(0.5),
        "RandomColorJitter": keras.layers.RandomColorJitter((0, 255), 0.3, 0.3, 0.3),
        "in a model": keras.Sequential([keras.layers.RandomContrast(0.5)]),
    }
    if importlib.util.find_spec("albumentations"):  # it brings a second cv2, so no test requires it
        import albumentations

        found["Compose"] = albumentations.Compose(
            [albumentations.HorizontalFlip(), albumentations.RandomBrightnessContrast(p=1)]
        )
    return found


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(seeded()))
def test_transforms_of_others_are_seeded_for_each_sample(name: str) -> None:
    """Equal for any number of threads and again; each sample and epoch has its own draws."""
    once = batches(seeded()[name])
    assert np.array_equal(batches(seeded()[name], threads=4), once)
    assert len({image.tobytes() for image in once}) > 12
    assert "of type" not in repr(parse_layers(seeded()[name]))


def test_they_leave_a_pickle_as_they_were() -> None:
    layers = parse_layers([keras.layers.RandomBrightness(0.5, seed=1)])
    again = pickle.loads(pickle.dumps(layers))
    image = np.full((4, 4, 3), 90, np.uint8)
    assert np.array_equal(again[0].function(image, 7), layers[0].function(image, 7))


@pytest.mark.parametrize(
    ("augment", "message"),
    [
        (keras.layers.Rescaling(1 / 255), "'rescaling.*result is not uint8. Use rescale="),
        ([RandomFlip], r"holds the class RandomFlip; construct it: RandomFlip\(...\)"),
        ("flip", "must be a layer .* or a function of one uint8 image; got 'flip' of type str"),
        ([RandomFlip(), 3], "got 3 of type int"),
    ],
)
def test_other_things_are_refused(augment: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        parse_layers(augment)


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
