"""Normalize, alone, in chains and in sequences."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from keras import ops

from keras_cvdata.engine import opencv
from keras_cvdata.engine.chain import Chain
from keras_cvdata.engine.output import Output
from keras_cvdata.layers import (
    AutoContrast,
    Normalize,
    OneOf,
    RandomBrightness,
    RandomFlip,
    RandomInvert,
)
from keras_cvdata.sequences import ArraySequence
from tests.executors import uniforms, with_opencv, with_tensors

PIXELS = np.random.default_rng(0).integers(0, 256, (4, 20, 30, 3), np.uint8)
MEAN, STD = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
EXACT = (PIXELS / 255 - MEAN) / STD

pytestmark = pytest.mark.backends


@pytest.mark.parametrize("carry_out", [with_opencv, with_tensors])
def test_subtracts_and_divides(carry_out: Any) -> None:
    """uint8 in, float32 out, by the statistics of ImageNet (R39)."""
    result = carry_out(Chain([Normalize()]), PIXELS, np.empty((4, 0)))
    assert result.dtype == np.float32
    assert np.allclose(result, EXACT, rtol=0, atol=4e-6)


@pytest.mark.parametrize("carry_out", [with_opencv, with_tensors])
def test_one_number_serves_all_channels(carry_out: Any) -> None:
    x = np.random.default_rng(1).random((2, 5, 6, 5), np.float32) * 2 - 1
    chain = Chain([Normalize(0.5, [0.25], value_range=(-1, 1))])
    result = carry_out(chain, x, np.empty((2, 0)))
    assert np.allclose(result, ((x + 1) / 2 - 0.5) / 0.25, rtol=0, atol=4e-6)


def test_is_one_look_up_with_the_curves_before() -> None:
    layers = [RandomFlip(), RandomBrightness(0.1), AutoContrast(), RandomInvert(), Normalize()]
    chain = Chain(layers)
    u = uniforms(chain, 4)
    assert len(chain.plan(u, 20, 30, 3).uint8_steps) == 2
    one, other = with_opencv(chain, PIXELS, u), with_tensors(chain, PIXELS, u)
    assert np.allclose(one, other, rtol=0, atol=4e-6)


@pytest.mark.parametrize(
    "output",
    [
        Output("float32", "unit"),
        Output("float32", 0.5),
        Output("float32", samplewise=True),
        Output("float32", mean=MEAN, std=STD),
        Output("uint8"),
    ],
)
def test_other_scales_beside_it_are_refused(output: Output) -> None:
    with pytest.raises(ValueError, match=r"Normalize\(\) already scales.*Leave out rescale"):
        Chain([Normalize()], output=output)


@pytest.mark.parametrize("layers", [[Normalize(), RandomFlip()], [Normalize(), Normalize()]])
def test_must_be_the_last_layer(layers: Any) -> None:
    with pytest.raises(ValueError, match=r"Normalize\(\).*must be the last layer"):
        Chain(layers)


def test_must_act_on_every_image() -> None:
    chain = Chain([OneOf([RandomFlip(), Normalize()])])
    with pytest.raises(ValueError, match=r"Normalize\(\) must act on every image"):
        chain.plan(uniforms(chain, 2), 20, 30, 3)
    with pytest.raises(TypeError, match="has no argument 'rate'"):
        Normalize(rate=0.5)  # type: ignore[call-arg]


@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_serves_a_sequence(dtype: str) -> None:
    sequence = ArraySequence(
        PIXELS, augment=[Normalize()], dtype=dtype, shuffle=False, label_mode=None, verbose=0
    )
    batch = sequence[0]
    assert batch.dtype == dtype
    assert np.allclose(batch, EXACT, rtol=0, atol=4e-6 if dtype == "float32" else 2e-3)
    with pytest.raises(ValueError, match="already scales the pixels"):
        ArraySequence(PIXELS, augment=[Normalize()], rescale="unit", label_mode=None, verbose=0)


def test_stays_in_validation() -> None:
    sequence = ArraySequence(
        np.concatenate([PIXELS] * 10),
        augment=[RandomFlip(), Normalize()],
        validation_split=0.5,
        subset="validation",
        label_mode=None,
        verbose=0,
    )
    (batch,) = sequence
    from_each = np.abs(batch[:, None] - EXACT[None]).max(axis=(2, 3, 4))
    assert from_each.min(axis=1).max() <= 4e-6


def test_serves_a_model() -> None:
    model = keras.Sequential([keras.Input((20, 30, 3), dtype="uint8"), Normalize()])
    assert keras.backend.standardize_dtype(model.outputs[0].dtype) == "float32"
    assert np.allclose(model.predict(PIXELS, verbose=0), EXACT, rtol=0, atol=4e-6)


def test_images_of_other_channels_are_refused() -> None:
    with pytest.raises(ValueError, match="has statistics for 3 channels and the images have 1"):
        Normalize()(ops.convert_to_tensor(PIXELS[..., :1]))


def test_float_images_need_a_range_in_a_chain() -> None:
    chain = Chain([Normalize()])
    image = np.zeros((4, 4, 3), np.float32)
    with pytest.raises(ValueError, match="range is not known"):
        opencv.render(image, chain.plan(np.empty((1, 0)), 4, 4, 3), 0, np.empty_like(image))


@pytest.mark.parametrize(
    ("mean", "std", "message"),
    [
        (0.5, 0, "std must be above 0"),
        ([0.5, 0.5], [1, 1, 1], "2 means and 3 standard deviations"),
        ("x", 1, "mean must be a number or a list"),
        ([], 1, "mean must be a number or a list"),
        (0.5, [1, None], "std must be a number or a list"),
        (float("nan"), 1, "mean must be a number"),
    ],
)
def test_bad_statistics_are_refused(mean: Any, std: Any, message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        Normalize(mean, std)
