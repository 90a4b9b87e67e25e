"""Checks of the arguments of a sequence: say what came, what is expected and how to mend it."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Sequence
from typing import Any

from keras_cvdata.engine.plan import Output
from keras_cvdata.sources.base import Source
from keras_cvdata.splits import split_positions
from keras_cvdata.statistics import Standardization
from keras_cvdata.types import Array, ImageError

CHANNELS = {"grayscale": 1, "rgb": 3, "rgba": 4}


def check_count(name: str, value: Any, least: int = 1) -> int:
    """Return `value` as an integer of at least `least`."""
    try:
        number = operator.index(value)
    except TypeError:
        raise TypeError(
            f"{name} must be an integer; got {value!r} of type {type(value).__name__}."
        ) from None
    if number < least:
        raise ValueError(f"{name} must be at least {least}; got {number}.")
    return number


def check_choice(name: str, value: Any, choices: Sequence[Any]) -> None:
    """Refuse a value that is not one of the choices."""
    if value not in choices:
        raise ValueError(f"{name} must be one of {', '.join(map(repr, choices))}; got {value!r}.")


def check_size(value: Any) -> tuple[int, int]:
    """Return `image_size` as (height, width)."""
    try:
        height, width = value
    except (TypeError, ValueError):
        raise ValueError(
            f"image_size must be (height, width) in pixels, such as (224, 224); got {value!r}."
        ) from None
    return check_count("image_size height", height), check_count("image_size width", width)


def batch_shape(
    source: Source, image_size: tuple[int, int] | None, color_mode: str
) -> tuple[int, int, int]:
    """Shape (height, width, channels) of every image of a batch."""
    known = source.image_shape
    if image_size is None and known is None:
        raise ValueError(
            f"{source!r} may hold images of different sizes, so the batch needs one: give "
            "image_size=(height, width), for example (224, 224)."
        )
    height, width = check_size(image_size if image_size is not None else known[:2])  # type: ignore[index]
    if color_mode != "unchanged":
        return height, width, CHANNELS[color_mode]
    return height, width, known[2] if known else first_image(source).shape[2]


def first_image(source: Source) -> Array:
    """Read the first image that can be read."""
    for position in range(len(source)):
        try:
            return source.image(position, "unchanged")
        except ImageError as error:
            failure = error
    raise failure


def check_codes(purpose: str, source: Source) -> Array:
    """Class of each sample, for what cannot do without."""
    if source.codes is None:
        raise ValueError(
            f"{purpose} needs one column of classes; the labels are {dict(source.labels)!r}."
        )
    return source.codes


def part_of(source: Source, validation_split: Any, subset: Any, seed: int) -> Source:
    """The training or validation part of a source, or all of it without `validation_split`."""
    if validation_split is None and subset is None:
        return source
    check_choice("subset", subset, ("training", "validation"))
    if validation_split is None:
        raise ValueError(f"subset={subset!r} needs validation_split, such as 0.2 or 'auto'.")
    training, validation = split_positions(
        len(source), validation_split, codes=source.codes, seed=seed
    )
    return source.select(training if subset == "training" else validation)


def make_output(
    rescale: Any, standardize: Any, dtype: str, channels: int, layers: Iterable[Any]
) -> Output:
    """What the pixels of a batch are stored as, from the arguments of a sequence.

    Args:
        rescale: Argument of the sequence.
        standardize: Argument of the sequence.
        dtype: Argument of the sequence.
        channels: Channels of the batch; "auto" decides by them (R41).
        layers: The augmentation, whose effect a per-image normaliser must not undo (R77).

    Returns:
        The output of the chain.

    Raises:
        ValueError: The arguments contradict each other.
    """
    check_choice("dtype", dtype, ("float32", "float16", "uint8"))
    if isinstance(rescale, str):
        check_choice("rescale", rescale, ("unit", "signed", "auto"))
    if rescale == "auto":
        rescale = "unit" if channels == 1 else None
        standardize = None if channels == 1 else standardize or "samplewise"
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
    if standardize == "samplewise":
        check_not_undone(layers)
        return Output(dtype=dtype, samplewise=True)
    if isinstance(standardize, Standardization):
        return Output(dtype=dtype, mean=standardize.mean, std=standardize.std)
    if standardize is not None:
        raise TypeError(
            "standardize must be a fitted keras_cvdata.Standardization, 'samplewise' or None; "
            f"got {standardize!r}. Fit one with Standardization.fit(training_sequence)."
        )
    return Output(dtype=dtype, rescale=rescale)


def check_not_undone(layers: Iterable[Any]) -> None:
    """Refuse layers whose effect standardising each image by itself would take back (R77)."""
    undone = [layer for layer in layers if getattr(layer, "undone_by_samplewise", False)]
    if undone:
        raise ValueError(
            f"{undone[0]!r} changes brightness or contrast of the whole image, which "
            "standardize='samplewise' takes back for every image, so the layer would do nothing. "
            "Use a fitted Standardization (Standardization.fit(training_sequence)) or leave the "
            "layer out."
        )
