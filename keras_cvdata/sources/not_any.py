"""A class of images that show none of the classes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np

from keras_cvdata import stateless_random
from keras_cvdata.arguments import integer
from keras_cvdata.labels import Labels
from keras_cvdata.labels.column import compact
from keras_cvdata.sources.base import Source
from keras_cvdata.sources.joined import Joined
from keras_cvdata.sources.opening import open_images, open_source
from keras_cvdata.types import Ints


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
    pool = open_images(others)
    candidates = _strangers(pool, labels.class_names)
    count = _count(images, labels, len(candidates))
    order = stateless_random.permutation(len(candidates), seed)
    chosen = pool.select(candidates[np.sort(order[:count])])
    joined = Joined([source, chosen.limited(source.max_pixels)], _with_class(source, count, name))
    joined.not_any = name
    joined.notes = (*source.notes, f"{name!r}: {count} images of none of the classes")
    return joined


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


def _with_class(source: Source, count: int, name: str) -> dict[str, Labels]:
    """Labels of a source, and of `count` images of one more class behind them."""
    (key,) = source.labels
    labels = source.labels[key]
    names = (*labels.class_names, name)
    codes = np.append(labels.values.astype(np.int64), np.full(count, len(names) - 1))
    return {key: Labels("class", compact(codes, len(names)), (names,))}


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
