"""The keywords that every sequence passes on to `Sequence`, for type checkers and for `help`."""

from __future__ import annotations

import difflib
import inspect
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal, Self, TypedDict

from keras_cvdata.statistics import Standardization
from keras_cvdata.types import Array, Range

# What other loaders of images for Keras call our keywords.
OTHER_NAMES = {
    "target_size": "image_size",
    "class_mode": "label_mode",
    "classes": "class_names",
    "labels": "label_mode",
    "x_col": "image_column",
    "y_col": "label_column",
    "keep_aspect_ratio": "crop_to_aspect_ratio",
    "preprocessing_function": "augment",
    "validate_filenames": "missing",
    "workers": "threads",
    "max_queue_size": "prefetch",
    "use_multiprocessing": "threads",
}


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
    rescale: str | float | Callable[[Array], Any] | None
    standardize: Standardization | Literal["samplewise"] | None
    dtype: str
    value_range: Range | None
    on_error: Literal["raise", "substitute", "skip"]
    threads: int | None
    processes: int | Literal["auto"] | None
    prefetch: int
    cache: str | os.PathLike[str] | None
    cache_bytes: int | None
    balance: bool | str
    drop_remainder: bool
    steps_per_epoch: int | None
    max_pixels: int | None
    verbose: int


class AnnotationOptions(SequenceOptions, total=False):
    """Keywords of sequences with masks or boxes."""

    targets: Sequence[str] | None
    mask_values: Mapping[int, int] | None
    mask_palette: Any
    ignore_value: int | None
    mask_fill_value: int | None
    bounding_box_format: str
    max_boxes: int | None
    min_visible: float


class ImageOptions(AnnotationOptions, total=False):
    """Keywords of sequences that leave the channels to `Sequence`."""

    color_mode: str


class SizedOptions(AnnotationOptions, total=False):
    """Keywords of sequences that leave the size to `Sequence`."""

    image_size: int | tuple[int, int] | None


def check_keywords(cls: type, given: Iterable[str]) -> None:
    """Refuse keywords that a sequence does not take, and say which were meant.

    Args:
        cls: The class of the sequence.
        given: Names of the keywords.

    Raises:
        TypeError: One of them is not known.
    """
    if not cls.__module__.startswith("keras_cvdata."):
        return  # a subclass may take keywords of its own
    parameters = inspect.signature(cls).parameters
    for name in given:
        if name in parameters or name in ("masks", "boxes"):
            continue
        near = OTHER_NAMES.get(name) or next(iter(difflib.get_close_matches(name, parameters)), "")
        meant = f" {near} is meant, perhaps." if near in parameters else ""
        raise TypeError(
            f"{cls.__name__} has no argument {name!r}.{meant} It takes {', '.join(parameters)}."
        )


def show_options(cls: type) -> None:
    """Let the signature and the docstring of a sequence show the keywords that it passes on.

    Where its constructor takes `**options`, the keywords of its base are listed in their place,
    with their defaults and what the base says of them.

    Args:
        cls: The class, which is changed.
    """
    if "__init__" not in vars(cls):
        return
    own = list(inspect.signature(vars(cls)["__init__"]).parameters.values())[1:]
    passed_on: list[inspect.Parameter] = []
    if own and own[-1].kind is inspect.Parameter.VAR_KEYWORD and cls.__base__ is not None:
        # A sequence makes masks and boxes, which `Sequence` takes as such, of its own arguments.
        named = {parameter.name for parameter in own} | {"masks", "boxes"}
        passed_on = [
            parameter
            for parameter in inspect.signature(cls.__base__).parameters.values()
            if parameter.kind is inspect.Parameter.KEYWORD_ONLY and parameter.name not in named
        ]
        cls.__doc__ = _with_entries(cls.__doc__, cls.__base__.__doc__, passed_on)
        own = own[:-1]
    cls.__signature__ = inspect.Signature([*own, *passed_on])  # type: ignore[attr-defined]


def _with_entries(doc: str | None, base: str | None, shown: list[inspect.Parameter]) -> str | None:
    """Put what `base` says of some arguments in the place of what `doc` says of `**options`."""
    start, _, end = (doc or "").partition("        **options:")
    if not end or not base:
        return doc
    after = _entries(end)[1]
    entries, _ = _entries(base.partition("    Args:\n")[2])
    return start + "".join(entries.get(parameter.name, "") for parameter in shown) + after


def _entries(text: str) -> tuple[dict[str, str], str]:
    """The entries of an `Args:` section by name, and the text after the section."""
    entries: dict[str, str] = {}
    name = ""
    lines = text.splitlines(keepends=True)
    for number, line in enumerate(lines):
        if not line.strip():
            return entries, "".join(lines[number:])
        if line.startswith("        ") and not line.startswith("         "):
            name = line.strip().partition(":")[0]
        entries[name] = entries.get(name, "") + line
    return entries, ""


class PassesOptionsOn:
    """Base of sequences, which pass keywords on: shows them in `help`, and checks their names."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        show_options(cls)

    def __new__(cls, *_: Any, **keywords: Any) -> Self:
        """Refuse unknown keywords before anything is read."""
        check_keywords(cls, keywords)
        made: Self = super().__new__(cls)
        return made
