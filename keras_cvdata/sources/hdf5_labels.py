"""What the groups of an HDF5 file say about their images: labels and attributes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from keras_cvdata.labels import Labels, from_levels, from_names, infer


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


def group_label(attributes: Any) -> str | int | None:
    """What the attributes of a group say that it shows; an integer is the code of a class."""
    value = attributes.get("label")
    if isinstance(value, np.integer):
        return int(value)
    return attribute_text(attributes, "label") or attribute_text(attributes, "name")


def attribute_text(attributes: Any, key: str) -> str | None:
    """An attribute as text; None where there is none."""
    value = attributes.get(key)
    return str(attribute_value(value)) if isinstance(value, str | bytes | np.generic) else None


def attribute_value(value: str | bytes | np.generic) -> Any:
    """Value of an attribute; text of fixed length comes as bytes."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value if isinstance(value, str) else value.item()
