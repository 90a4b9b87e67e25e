"""What the pixels of a batch are stored as: `rescale`, `standardize` and `dtype` of a sequence."""

from __future__ import annotations

import math
import numbers
from collections.abc import Iterable
from typing import Any

import numpy as np

from keras_cvdata.engine.output import Output
from keras_cvdata.layers import CompoundLayer
from keras_cvdata.sequences import checks
from keras_cvdata.statistics import Standardization
from keras_cvdata.types import full_scale


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
    checks.check_choice("dtype", dtype, ("float32", "float16", "uint8"))
    check_rescale(rescale)
    if rescale == "auto":
        rescale = None
        if standardize is None and image_shape[2] == 1:
            rescale = "unit"
        elif standardize is None:
            standardize = "samplewise"
    check_scales(rescale, standardize, dtype)
    if standardize == "samplewise":
        check_not_undone(layers)
        return Output(dtype=dtype, samplewise=True)
    if standardize is not None:
        check_statistics(standardize, image_shape)
        return Output(dtype=dtype, mean=standardize.mean, std=standardize.std)
    check_fits(dtype, rescale, source_dtype)
    return Output(dtype=dtype, rescale=rescale)


def check_rescale(rescale: Any) -> None:
    """Refuse a `rescale` that is neither a known word nor a factor."""
    if isinstance(rescale, str):
        checks.check_choice("rescale", rescale, ("unit", "signed", "auto"))
    elif rescale is not None:
        number = isinstance(rescale, numbers.Real) and not isinstance(rescale, bool)
        if not number or not math.isfinite(rescale) or rescale == 0:
            raise ValueError(
                "rescale must be None, 'unit', 'signed', 'auto' or a finite factor other than 0, "
                f"such as 1 / 255; got {rescale!r}."
            )


def check_scales(rescale: Any, standardize: Any, dtype: str) -> None:
    """Refuse two scales at once, and scales that whole numbers cannot hold."""
    if standardize is not None and rescale is not None:
        raise ValueError(
            f"standardize and rescale={rescale!r} both scale the pixels. Give one of the two; "
            "standardize works on the full scale of the source whatever its bit depth."
        )
    if dtype == "uint8" and (standardize is not None or rescale is not None):
        raise ValueError(
            "dtype='uint8' cannot hold rescaled or standardised pixels. Use dtype='float32', or "
            "leave rescale and standardize out and scale in the model (keras.layers.Rescaling)."
        )


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


def check_fits(dtype: str, rescale: Any, source_dtype: np.dtype[Any] | None) -> None:
    """Refuse float16, which ends at 65504, for pixels that go beyond it."""
    if dtype != "float16" or isinstance(rescale, str) or source_dtype is None:
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
