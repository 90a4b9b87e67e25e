"""A class of images that show none of the classes."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np

from keras_cvdata import stateless_random
from keras_cvdata.arguments import integer
from keras_cvdata.labels import Labels
from keras_cvdata.labels.column import compact
from keras_cvdata.sources.base import Source
from keras_cvdata.sources.directory import DirectorySource
from keras_cvdata.sources.opening import open_source
from keras_cvdata.types import Array, Ints


def not_any_class(
    data: Any,
    others: Any,
    *,
    name: str = "none",
    images: int | Literal["auto"] = "auto",
    seed: int = 0,
) -> Source:
    """Append a class of images that show none of the classes, chosen at random (R6).

    A classifier without it must call everything one of its classes. The new class is the last one,
    so the others keep their integers. The audit leaves it out of its rules on balance.

    Args:
        data: Images with one column of classes: a source, a sequence, or what `open_source` opens.
        others: Images of anything else, of the kind that the model will meet: a source, a folder
            with or without classes, an array. Those in a class of `data`, by name, are left out.
        name: Name of the new class.
        images: How many to choose; "auto" takes as many as the classes have on average, or all
            where there are fewer.
        seed: Selects the images.

    Returns:
        The source of all, with `Source.not_any` set to `name`. The rows of `data` stay, those of
        `others` come after them; further columns of `data` hold None where `others` lack them.

    Raises:
        TypeError: `images` is neither a number nor "auto".
        ValueError: `data` has no classes or has the new one, there are too few images, or float
            pixels of the two count from different blacks to different whites.

    Example:
        >>> pets = np.zeros((6, 8, 8, 3), np.uint8), ["cat", "dog", "cat", "dog", "cat", "dog"]
        >>> source = not_any_class(pets, np.full((50, 8, 8, 3), 255, np.uint8))
        >>> source.class_names, source.labels["label"].counts()
        (('cat', 'dog', 'none'), {'cat': 3, 'dog': 3, 'none': 3})

    Source: Handbook 2, part 5; R6.
    """
    source = open_source(data)
    labels = _classes(source, name)
    pool = _open_others(others)
    candidates = _strangers(pool, labels.class_names)
    count = _count(images, labels, len(candidates))
    order = stateless_random.permutation(len(candidates), seed)
    return WithNotAny(source, pool.select(candidates[np.sort(order[:count])]), name)


class WithNotAny(Source):
    """A source with one more class behind it; `not_any_class` makes it.

    Args:
        source: Images with one column of classes.
        others: Images of the new class.
        name: Name of the new class.
    """

    def __init__(self, source: Source, others: Source, name: str) -> None:
        self.source = source
        self.others = others.limited(source.max_pixels)
        self.not_any = name
        (key,) = source.labels
        labels = source.labels[key]
        names = (*labels.class_names, name)
        codes = np.append(labels.values.astype(np.int64), np.full(len(others), len(names) - 1))
        self.labels = {key: Labels("class", compact(codes, len(names)), (names,))}
        self.columns = {
            key: _joined(values, others.columns.get(key), len(others))
            for key, values in source.columns.items()
        }
        self.image_shape = _shared(source.image_shape, others.image_shape)
        self.dtype = _shared(source.dtype, others.dtype)
        self.value_range = _value_range(source, others)
        self.max_pixels = source.max_pixels
        self.notes = (*source.notes, f"{name!r}: {len(others)} images of none of the classes")

    def limited(self, max_pixels: int | None) -> Self:
        """Return the same samples with another limit of pixels."""
        other = super().limited(max_pixels)
        if other is not self:
            other.source = self.source.limited(max_pixels)
            other.others = self.others.limited(max_pixels)
        return other

    def __len__(self) -> int:
        return len(self.source) + len(self.others)

    def _part(self, position: int) -> tuple[Source, int]:
        beyond = position - len(self.source)
        return (self.source, position) if beyond < 0 else (self.others, beyond)

    def fetch(self, position: int) -> bytes | Array:
        """Read one sample of either part."""
        part, within = self._part(position)
        return part.fetch(within)

    def name(self, position: int) -> str:
        """Name of a sample in its part."""
        part, within = self._part(position)
        return part.name(within)

    @property
    def rows(self) -> Ints:
        """Rows of the first part, and those of the other counted on from the highest of them."""
        first = self.source.rows
        return np.append(first, first.max(initial=-1) + 1 + self.others.rows)


def _classes(source: Source, name: str) -> Labels:
    columns: Mapping[str, Labels] = source.labels
    labels = next(iter(columns.values())) if len(columns) == 1 else None
    if labels is None or labels.kind != "class" or not len(labels):
        raise ValueError(
            f"not_any_class needs images with one column of classes; got {source!r}. Choose the "
            "column (label_column=), or give every image of others the label yourself."
        )
    if name in labels.class_names:
        raise ValueError(
            f"There is a class {name!r} already. Give another name, or leave the class out first."
        )
    return labels


def _open_others(others: Any) -> Source:
    """Open what may be a folder of images without classes."""
    if isinstance(others, str | os.PathLike) and Path(others).is_dir():
        classless = not any(entry.is_dir() for entry in Path(others).iterdir())
        return DirectorySource(others, unlabelled=classless)
    return open_source(others)


def _strangers(others: Source, class_names: tuple[str, ...]) -> Ints:
    """Positions of images in none of the classes."""
    known = np.zeros(len(others), bool)
    for column in others.labels.values():
        if column.kind != "class":
            continue
        shared = [column.class_names.index(n) for n in class_names if n in column.class_names]
        known |= np.isin(column.values, shared)
    return np.flatnonzero(~known)


def _count(images: int | str, labels: Labels, available: int) -> int:
    if images == "auto":
        count = min(available, round(len(labels) / labels.num_classes))
    else:
        count = integer("images", images, 1, hint=" Or use 'auto'.")
    if count > available or not available:
        raise ValueError(
            f"others hold {available} images in none of the classes; {max(count, 1)} are needed. "
            "Give more of them, or a smaller number as images."
        )
    return count


def _joined(first: Array, second: Array | None, count: int) -> Array:
    """Values of a column of both parts; None where the second lacks it."""
    if second is None or first.dtype.kind != second.dtype.kind:
        first = first.astype(object)
        second = np.full(count, None) if second is None else second.astype(object)
    return np.concatenate([first, second])


def _shared(first: Any, second: Any) -> Any:
    return first if first == second else None


def _value_range(source: Source, others: Source) -> tuple[float, float] | None:
    ranges = {part.value_range for part in (source, others)} - {None}
    if len(ranges) > 1:
        raise ValueError(
            f"Pixels of data reach from {source.value_range} and those of others from "
            f"{others.value_range}, as (black, white). Bring them to one range."
        )
    return ranges.pop() if ranges else None
