"""The keywords that every sequence takes."""

from __future__ import annotations

from typing import Any, Literal, TypedDict

from keras_cvdata.statistics import Standardization


class SequenceOptions(TypedDict, total=False):
    """Keywords that every sequence takes beside its own; `Sequence` says what they mean."""

    batch_size: int
    interpolation: str
    crop_to_aspect_ratio: bool
    pad_to_aspect_ratio: bool
    data_format: str | None
    shuffle: bool
    seed: int | None
    validation_split: float | Literal["auto"] | None
    subset: Literal["training", "validation"] | None
    augment: Any
    rescale: str | float | None
    standardize: Standardization | Literal["samplewise"] | None
    dtype: str
    on_error: Literal["raise", "substitute", "skip"]
    threads: int | None
    prefetch: int
    balance: bool
    drop_remainder: bool
    steps_per_epoch: int | None
    verbose: int


class ImageOptions(SequenceOptions, total=False):
    """Keywords of sequences that leave the channels to `Sequence`."""

    color_mode: str


class SizedOptions(SequenceOptions, total=False):
    """Keywords of sequences that leave the size to `Sequence`."""

    image_size: tuple[int, int] | None
