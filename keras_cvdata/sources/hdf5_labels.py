"""What the groups of an HDF5 file say about their images: labels and attributes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from keras_cvdata.labels import Labels, from_levels, from_names, infer
from keras_cvdata.sources.hdf5_guard import inside
from keras_cvdata.types import Array

Names = tuple[tuple[str, ...], ...]

MEND = "Copy the file again, or convert the images again."


def path_labels(
    paths: Sequence[tuple[Any, ...]], class_names: Sequence[Any] | None, hierarchical: bool | None
) -> Labels:
    """Labels of groups.

    Args:
        paths: Labels of each group from the root on.
        class_names: One list, or one for each level.
        hierarchical: Whether groups in groups are levels; None: where there are any.

    Returns:
        The labels, one for each group.

    Raises:
        ValueError: The names do not fit the levels.
    """
    each_level = bool(class_names) and not isinstance(class_names[0], str)  # type: ignore[index]
    if hierarchical is None:
        hierarchical = any(len(path) > 1 for path in paths)
    if not hierarchical:
        outermost = class_names[0] if each_level else class_names  # type: ignore[index]
        return infer([path[0] for path in paths], "class", outermost)
    labels = from_levels(paths)
    if class_names is None:
        return labels
    if not each_level or len(class_names) != len(labels.names):
        raise ValueError(
            f"The groups have {len(labels.names)} levels, so class_names must be one list for "
            f"each; got {class_names!r}. Or pass hierarchical=False for the outermost groups only."
        )
    levels = [from_names([path[i] for path in paths], n) for i, n in enumerate(class_names)]
    codes = np.stack([level.values for level in levels], axis=1)
    return Labels("hierarchical", codes, tuple(level.class_names for level in levels))


def group_label(attributes: Mapping[str, Any]) -> str | int | None:
    """What the attributes of a group say that it shows; an integer is the code of a class.

    Args:
        attributes: See `Tables.attributes`.

    Returns:
        The label; None where they say none.
    """
    value = attributes.get("label")
    if isinstance(value, np.integer):
        return int(value)
    return text_of(value) or text_of(attributes.get("name"))


def text_of(value: Any) -> str | None:
    """An attribute as text; None where there is none."""
    return str(attribute_value(value)) if isinstance(value, str | bytes | np.generic) else None


def attribute_value(value: str | bytes | np.generic) -> Any:
    """Value of an attribute; text of fixed length comes as bytes."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value if isinstance(value, str) else value.item()


def read_names(text: Any, place: str) -> Names:
    """Read the class names of each level as a pack keeps them.

    Args:
        text: JSON of a list for each level.
        place: What holds it, for messages.

    Returns:
        The names.

    Raises:
        ValueError: It is no such text.
    """
    with inside(place):
        levels = json.loads(text)
    if not isinstance(levels, list) or not all(map(is_names, levels)):
        raise ValueError(f"{place}: expected lists of names as JSON. {MEND}")
    return tuple(map(tuple, levels))


def is_names(value: Any) -> bool:
    """Whether a value is a list of different texts."""
    texts = isinstance(value, list) and all(isinstance(name, str) for name in value)
    return texts and len(set(value)) == len(value)


def stored_labels(kind: Any, values: Array, names: Names, place: str) -> Labels:
    """Make the labels of a pack of what it holds, if it fits together.

    Args:
        kind: Kind of the labels.
        values: Their values.
        names: Class names of each level.
        place: Their dataset, for messages.

    Returns:
        The labels.

    Raises:
        ValueError: A code has no name, or something else does not fit.
    """
    if not _fits(kind, values, names):
        counts = [len(level) for level in names]
        raise ValueError(
            f"{place}: the values are no labels of the kind {kind!r}, or beyond the {counts} names "
            f"that the file has for them. {MEND}"
        )
    return Labels(kind, values, names)


def _fits(kind: Any, values: Array, names: Names) -> bool:
    if kind == "number":
        finite = values.dtype.kind == "f" and bool(np.isfinite(values).all())
        return finite and values.ndim in (1, 2)
    if values.dtype.kind not in "iu" or not names:
        return False
    counts = np.array([len(level) for level in names])
    if kind == "class":
        return values.ndim == len(names) == 1 and _below(values, counts[0])
    if kind == "multilabel":
        return values.shape[1:] == (counts[0],) and len(names) == 1 and _below(values, 2)
    return kind == "hierarchical" and values.shape[1:] == counts.shape and _below(values, counts)


def _below(values: Array, limit: Any) -> bool:
    return not np.any(values < 0) and not np.any(values >= limit)
