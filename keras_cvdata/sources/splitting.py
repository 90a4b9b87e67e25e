"""Disjoint parts of an image collection, for training, validation and testing."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from keras_cvdata.sources.base import Source
from keras_cvdata.sources.certificate import write_certificate
from keras_cvdata.sources.near_copies import Copies, find_copies
from keras_cvdata.sources.opening import open_source
from keras_cvdata.splits import fold_positions, part_positions, split_positions
from keras_cvdata.types import Array, Ints
from keras_cvdata.writing import check_writable, write_or_keep

NAMES = ("train", "validation", "test")  # of the parts of a split
NEAR_COPIES = "near-copies"


def split(
    data: Any,
    validation: float | str | Sequence[float] = "auto",
    stratify: bool = True,
    groups: str | Array | None = None,
    seed: int = 0,
    *,
    certificate: str | os.PathLike[str] | None = None,
    verbose: int = 1,
) -> tuple[Any, ...]:
    """Split an image collection into a training and a validation part, or more (R53 to R58).

    The parts are disjoint, depend on the arguments only, and keep row numbers. With `stratify`
    every class has its share in each part, also of multi-label images; see `split_positions`.

    Args:
        data: A sequence, a source, or what `open_source` opens.
        validation: Share of the validation part, 0 to 1; "auto" takes 20 % below 1,000 images,
            10 % below 10,000 and 5 % from there on. Or the shares of all parts, with sum 1, such as
            `(0.7, 0.15, 0.15)` for training, validation and test.
        stratify: Split every class by itself. Without classes (no labels, numbers, several label
            columns) the images are split as one.
        groups: What must stay in one part, such as the patient or the scene of an image: the name
            of a column, or one value for each image. "near-copies" reads all images and keeps
            copies together, also resized, compressed, mirrored and turned ones; those below 64
            pixels a side only where their pixels are equal.
        seed: Selects the split.
        certificate: With `groups="near-copies"`, JSON file to write: what was compared and how, the
            groups, the nearest pair across parts, and the images of each class in each part.
        verbose: 0 shows no progress of reading images.

    Returns:
        The parts, the training part first: sequences for a sequence, of which all but the first
        neither augment nor shuffle; otherwise sources.

    Raises:
        KeyError: There is no column of the name `groups`.
        ValueError: A class has too few images for all parts, or an argument is out of range.
        OSError: `certificate` cannot be written; `result` of an error at the end are the parts.

    Warns:
        UserWarning: A part has no image of some classes.

    Example:
        >>> import numpy as np
        >>> x, y = np.zeros((10, 8, 8, 3), np.uint8), ["cat", "dog"] * 5
        >>> training, validation = split((x, y), 0.2)
        >>> len(training), len(validation)
        (8, 2)
        >>> [len(part) for part in split((x, y), (0.6, 0.2, 0.2))]
        [6, 2, 2]
    """
    source = open_source(data)
    if certificate is not None:
        check_writable(certificate)
    copies = _copies(source, groups, verbose)
    if certificate is not None and copies is None:
        raise ValueError('certificate needs groups="near-copies", which it is about.')
    codes, names = classes_of(source) if stratify else (None, None)
    options: dict[str, Any] = {"codes": codes, "seed": seed, "names": names}
    options["groups"] = _groups(source, groups) if copies is None else copies.groups
    divide: Any = split_positions if np.ndim(validation) == 0 else part_positions
    positions: tuple[Ints, ...] = divide(len(source), validation, **options)
    found = tuple(_part(data, source, p, number == 0) for number, p in enumerate(positions))
    if certificate is not None and copies is not None:
        shares = np.asarray(validation).tolist()
        settings = {"validation": shares, "stratify": stratify, "seed": seed}
        parts = dict(zip(part_names(len(positions)), positions, strict=True))
        described = source, copies, parts, settings
        write_or_keep(lambda path: write_certificate(path, *described), certificate, found)
    return found


def folds(
    data: Any,
    k: int,
    stratify: bool = True,
    groups: str | Array | None = None,
    seed: int = 0,
    *,
    verbose: int = 1,
) -> Iterator[tuple[Any, Any]]:
    """Split an image collection k times, so that each image is in one validation part.

    Args:
        data: A sequence, a source, or what `open_source` opens.
        k: Number of folds, at least 2.
        stratify: Give each fold the same share of each class, also of multi-label images.
        groups: What must stay in one fold, as in `split`: a column, values, or "near-copies".
        seed: Selects the folds.
        verbose: 0 shows no progress of reading images.

    Returns:
        k pairs of a training and a validation part, made one after the other: sequences for a
        sequence, of which the second neither augments nor shuffles; otherwise sources.

    Raises:
        KeyError: There is no column of the name `groups`.
        ValueError: A class is in one fold only, or there are fewer images or groups than folds.

    Example:
        >>> import numpy as np
        >>> x, y = np.zeros((10, 8, 8, 3), np.uint8), ["cat", "dog"] * 5
        >>> [(len(training), len(validation)) for training, validation in folds((x, y), 5)]
        [(8, 2), (8, 2), (8, 2), (8, 2), (8, 2)]
    """
    source = open_source(data)
    codes, names = classes_of(source) if stratify else (None, None)
    together = groups_of(source, groups, verbose)
    fold = fold_positions(len(source), k, codes=codes, groups=together, seed=seed, names=names)
    return (
        (
            _part(data, source, np.flatnonzero(fold != number), training=True),
            _part(data, source, np.flatnonzero(fold == number), training=False),
        )
        for number in range(k)
    )


def part_names(parts: int) -> list[str]:
    """Names of the parts of a split: train, validation, test, part4, part5, ..."""
    return [*NAMES, *(f"part{number}" for number in range(4, parts + 1))][:parts]


def _part(data: Any, source: Source, positions: Ints, training: bool) -> Any:
    part = source.select(positions)
    return data.with_source(part, training=training) if hasattr(data, "with_source") else part


def classes_of(source: Source) -> tuple[Array | None, list[str] | None]:
    """What a split of a source is stratified by.

    Args:
        source: The collection.

    Returns:
        Class of each sample, or rows of 0 and 1 for multi-label samples, as `split_positions` takes
        them, and the names of the classes; None without exactly one column of classes.
    """
    columns = list(source.labels.values())
    if len(columns) != 1 or columns[0].kind == "number":
        return None, None
    column = columns[0]
    return (
        column.values if column.kind == "multilabel" else column.codes,
        list(column.counts()),
    )


def groups_of(source: Source, groups: str | Array | None, verbose: int = 1) -> Array | None:
    """What must stay together in a split of a source.

    Args:
        source: The collection.
        groups: Name of a column, one value for each image, or "near-copies": reads all images.
        verbose: 0 shows no progress of reading images.

    Returns:
        (N,) group of each sample, or None without groups.

    Raises:
        KeyError: There is no column of the name `groups`.
    """
    copies = _copies(source, groups, verbose)
    return _groups(source, groups) if copies is None else copies.groups


def _copies(source: Source, groups: str | Array | None, verbose: int) -> Copies | None:
    near_copies = isinstance(groups, str) and groups == NEAR_COPIES
    return find_copies(source, verbose) if near_copies else None


def _groups(source: Source, groups: str | Array | None) -> Array | None:
    if not isinstance(groups, str):
        return None if groups is None else np.asarray(groups)
    if groups in source.columns:
        return source.columns[groups]
    raise KeyError(
        f"No column {groups!r} to group by; {source!r} has {list(source.columns)}. "
        f"{NEAR_COPIES!r} keeps copies together."
    )
