"""Two disjoint parts of an image collection, for training and validation."""

from __future__ import annotations

from typing import Any

import numpy as np

from keras_cvdata.sources.base import Source
from keras_cvdata.sources.opening import open_source
from keras_cvdata.splits import split_positions
from keras_cvdata.types import Array


def split(
    data: Any,
    validation: float | str = "auto",
    stratify: bool = True,
    groups: str | Array | None = None,
    seed: int = 0,
) -> tuple[Any, Any]:
    """Split an image collection into a training and a validation part (R53 to R58).

    The parts are disjoint, depend on the arguments only, and keep row numbers. With `stratify`
    every class has its share on both sides, also of multi-label images; see `split_positions`.

    Args:
        data: A sequence, a source, or what `open_source` opens.
        validation: Share of the validation part, 0 to 1; "auto" takes 20 % below 1,000 images,
            10 % below 10,000 and 5 % from there on.
        stratify: Split every class by itself. Without classes (no labels, numbers, several label
            columns) the images are split as one.
        groups: What must stay on one side, such as the patient or the scene of an image: the name
            of a column, or one value for each image.
        seed: Selects the split.

    Returns:
        Training and validation part: two sequences for a sequence, of which the second neither
        augments nor shuffles; otherwise two sources.

    Raises:
        KeyError: There is no column of the name `groups`.
        ValueError: A class has too few images for both sides, or an argument is out of range.

    Warns:
        UserWarning: The validation part has no image of some classes.

    Example:
        >>> import numpy as np
        >>> x, y = np.zeros((10, 8, 8, 3), np.uint8), ["cat", "dog"] * 5
        >>> training, validation = split((x, y), 0.2)
        >>> len(training), len(validation)
        (8, 2)
    """
    source = open_source(data)
    codes, names = classes_of(source) if stratify else (None, None)
    training, validation_part = split_positions(
        len(source),
        validation,
        codes=codes,
        groups=_groups(source, groups),
        seed=seed,
        names=names,
    )
    parts = source.select(training), source.select(validation_part)
    if hasattr(data, "with_source"):
        return data.with_source(parts[0], training=True), data.with_source(parts[1], training=False)
    return parts


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


def _groups(source: Source, groups: str | Array | None) -> Array | None:
    if not isinstance(groups, str):
        return None if groups is None else np.asarray(groups)
    if groups in source.columns:
        return source.columns[groups]
    raise KeyError(f"No column {groups!r} to group by; {source!r} has {list(source.columns)}.")
