"""What the pixels of a batch are stored as: `rescale`, `standardize` and `dtype` of a sequence."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from keras_cvdata.arguments import choice
from keras_cvdata.engine.output import Output
from keras_cvdata.layers import CompoundLayer
from keras_cvdata.statistics import EPSILON, Standardization
from keras_cvdata.types import full_scale

_MODES = ("caffe", "torch", "tf")
_WORDS = ("unit", "signed", "auto", *_MODES)
# Mean and deviation of red, green and blue, in parts of the full scale.
_STATISTICS = {
    "caffe": ((123.68 / 255, 116.779 / 255, 103.939 / 255), (1 / 255,) * 3),
    "torch": ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
}


def make_output(
    rescale: Any,
    standardize: Any,
    dtype: str,
    image_shape: tuple[int, int, int],
    source_dtype: np.dtype[Any] | None,
    layers: Iterable[Any],
) -> Output:
    """What the pixels of a batch are stored as, from the arguments of a sequence.

    Args:
        rescale: Argument of the sequence.
        standardize: Argument of the sequence.
        dtype: Argument of the sequence.
        image_shape: (height, width, channels) of the batch; "auto" decides by the channels (R41).
        source_dtype: Dtype of the pixels before, where known.
        layers: The augmentation, whose effect a per-image normaliser must not undo (R77).

    Returns:
        The output of the chain.

    Raises:
        ValueError: The arguments contradict each other.
    """
    choice("dtype", dtype, ("float32", "float16", "uint8"))
    check_rescale(rescale)
    if callable(rescale) or rescale in _MODES:
        check_alone(rescale, standardize, dtype, layers)
        if callable(rescale):  # of `rescale_function`, which takes 0 to 255
            return Output("float32", span=(0.0, 255.0))
        return of_mode(rescale, dtype, image_shape[2])
    if rescale == "auto":
        rescale = None
        if standardize is None and image_shape[2] == 1:
            rescale = "unit"
        elif standardize is None:
            standardize = "samplewise"
    if standardize == "samplewise":
        check_not_undone(layers)
        return Output(dtype, rescale, samplewise=True)
    if standardize is not None:
        check_statistics(standardize, image_shape)
        return Output(dtype, rescale, standardize.mean, standardize.std)
    output = Output(dtype, rescale)
    check_fits(output, source_dtype)
    return output


def check_rescale(rescale: Any) -> None:
    """Refuse words that say no scale, and classes in the place of what is made of them."""
    if isinstance(rescale, str) and rescale not in _WORDS:
        raise ValueError(
            f"rescale must be None, one of {', '.join(map(repr, _WORDS))}, a factor, "
            "or a function of float batches such as keras.applications.vgg16.preprocess_input; got "
            f"{rescale!r}."
        )
    if isinstance(rescale, type):
        raise TypeError(
            f"rescale is the class {rescale.__name__}; construct it: {rescale.__name__}(...)."
        )


def check_alone(rescale: Any, standardize: Any, dtype: str, layers: Iterable[Any]) -> None:
    """Refuse what would scale the pixels beside a function or a mode of `keras.applications`."""
    if standardize is not None:
        raise ValueError(
            f"standardize and rescale={rescale!r} both scale the pixels. Give one of the two."
        )
    if dtype == "uint8":
        raise ValueError(
            f"dtype='uint8' cannot hold what rescale={rescale!r} makes. Use dtype='float32'."
        )
    for part in final_outputs(layers):
        raise ValueError(
            f"{part!r} already scales the pixels, so rescale={rescale!r} would get others than it "
            "expects. Leave one of the two out."
        )


def final_outputs(layers: Iterable[Any]) -> list[Any]:
    """The parts of layers that say what the batch holds, such as `Normalize`."""
    return [part for layer in layers for part in layer.flatten() if part.form == "output"]


def of_mode(mode: str, dtype: str, channels: int) -> Output:
    """What `keras.applications.imagenet_utils.preprocess_input` makes of pixels in a mode.

    Args:
        mode: "tf" for -1 to 1; "torch" for 0 to 1 by the statistics of ImageNet; "caffe" for 0 to
            255 in BGR less the mean of ImageNet.
        dtype: Dtype of the batch.
        channels: Number of channels of the images.

    Returns:
        The output of the chain.

    Raises:
        ValueError: The statistics do not fit the channels.
    """
    if mode == "tf":
        return Output(dtype, "signed")
    if channels != 3:
        raise ValueError(
            f"rescale={mode!r} has statistics of red, green and blue, so it needs images of 3 "
            f"channels; these have {channels}. Use color_mode='rgb'."
        )
    mean, std = _STATISTICS[mode]
    # `Output` adds EPSILON to what it divides by.
    return Output(dtype, mean=np.array(mean), std=np.array(std) - EPSILON, reverse=mode == "caffe")


def check_statistics(standardize: Any, image_shape: tuple[int, int, int]) -> None:
    """Refuse what is no fitted statistics, or was fitted on images of another form."""
    if not isinstance(standardize, Standardization):
        raise TypeError(
            "standardize must be a fitted keras_cvdata.Standardization, 'samplewise' or None; "
            f"got {standardize!r}. Fit one with Standardization.fit(training_sequence)."
        )
    for name, array in (("mean", standardize.mean), ("std", standardize.std)):
        shape = np.shape(array)
        if len(shape) > 3 or any(
            own not in (1, wanted)
            for own, wanted in zip(shape[::-1], image_shape[::-1], strict=False)
        ):
            raise ValueError(
                f"The {name} of standardize has shape {shape}, which does not fit images of "
                f"(height, width, channels) = {image_shape}. Fit it on images of the same "
                "image_size and color_mode: Standardization.fit(training_sequence)."
            )


def check_fits(output: Output, source_dtype: np.dtype[Any] | None) -> None:
    """Refuse float16, which ends at 65504, for pixels that go beyond it."""
    rescale = output.rescale
    if output.dtype != "float16" or isinstance(rescale, str) or source_dtype is None:
        return
    largest = full_scale(source_dtype) * abs(1 if rescale is None else rescale)
    limit = float(np.finfo(np.float16).max)
    if largest > limit:
        raise ValueError(
            f"Pixels of {source_dtype} with rescale={rescale} reach {largest:g}, and "
            f"dtype='float16' becomes infinite beyond {limit:g}. Use rescale='unit', or "
            "dtype='float32'."
        )


def check_not_undone(layers: Iterable[Any]) -> None:
    """Refuse layers whose effect standardising each image by itself would take back (R77)."""
    for layer in layers:
        if isinstance(layer, CompoundLayer):
            check_not_undone(layer.layers)
        if not layer.undone_by_samplewise:
            continue
        raise ValueError(
            f"{layer!r} changes brightness or contrast of the whole image, which "
            "standardize='samplewise' takes back for every image, so the layer would do nothing. "
            "Use a fitted Standardization (Standardization.fit(training_sequence)) or leave the "
            "layer out."
        )
