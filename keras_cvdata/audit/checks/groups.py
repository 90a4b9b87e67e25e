"""Images by class, and what columns of the collection say of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from keras_cvdata.audit.checks.base import Collection
from keras_cvdata.labels import Labels
from keras_cvdata.types import Array, Ints

MAX_VALUES = 30  # values of a column of categories; one with more holds something else
_YES = ("true", "yes", "y", "1", "1.0", "with")
_MISSING = ("nan", "<na>", "nat")
_NO = ("false", "no", "n", "0", "0.0", "without", "none")


class Group(NamedTuple):
    """Images that belong together.

    Attributes:
        name: Name of the class; None for the whole collection.
        members: (M,) positions, readable images only.
    """

    name: str | None
    members: Ints


class Categories(NamedTuple):
    """A column of categories.

    Attributes:
        codes: (N,) int64 places in `names`, -1 where the column says nothing.
        names: The values, sorted, in small letters.
    """

    codes: Ints
    names: tuple[str, ...]


def groupings(collection: Collection) -> list[list[Group]]:
    """Sort the readable images by class.

    Args:
        collection: The collection.

    Returns:
        For each column of labels that has classes, its groups: one for each class, for each path
        of a hierarchy; an image of several classes is in several groups. Names of one of several
        columns begin with the column. Empty where there are no classes.
    """
    columns = collection.source.labels
    found = []
    for key, column in columns.items():
        if column.kind != "number":
            prefix = f"{key}/" if len(columns) > 1 else ""
            found.append(_by_class(column, collection.readable, prefix))
    return found


def without_extra(groups: Sequence[Group], collection: Collection) -> list[Group]:
    """Leave out the class of images that show none of the classes (R6).

    Args:
        groups: Groups of a column.
        collection: The collection.

    Returns:
        The other groups.
    """
    extra = extra_class(collection)
    return [group for group in groups if group.name != extra or extra is None]


def extra_class(collection: Collection) -> str | None:
    """Name of the class of images that show none of the classes (R6).

    Args:
        collection: The collection.

    Returns:
        The name, or None without one.
    """
    return collection.source.not_any


def _by_class(column: Labels, readable: Array, prefix: str) -> list[Group]:
    positions = np.flatnonzero(readable)
    if column.kind == "multilabel":
        return [
            Group(prefix + name, positions[column.values[positions, place] > 0])
            for place, name in enumerate(column.class_names)
        ]
    names, codes = _codes(column)
    codes = np.asarray(codes[positions], np.int64)
    order = np.argsort(codes, kind="stable")
    ends = np.cumsum(np.bincount(codes, minlength=len(names)))[:-1]
    parts = np.split(positions[order], ends)
    return [Group(prefix + name, part) for name, part in zip(names, parts, strict=True)]


def _codes(column: Labels) -> tuple[Sequence[str], Array]:
    if column.kind == "class":
        return column.class_names, column.values
    paths, codes = np.unique(column.values, axis=0, return_inverse=True)
    names = [
        "/".join(level[code] for level, code in zip(column.names, path, strict=True))
        for path in paths.tolist()
    ]
    return names, codes.reshape(-1)


def attribute_columns(collection: Collection, attribute: str) -> dict[str, Categories]:
    """Columns that say something of the images.

    Args:
        collection: The collection.
        attribute: What they say, such as "color".

    Returns:
        The categories of each column, by its name; empty without one.
    """
    asked = collection.attributes.get(attribute, ())
    names = [asked] if isinstance(asked, str) else asked
    return {name: categories(collection.source.columns[name]) for name in names}


def categories(values: Array) -> Categories:
    """Read a column of categories.

    Args:
        values: (N,) text, numbers or truth values; None, NaN and empty text say nothing.

    Returns:
        The categories.

    Example:
        >>> categories(np.array(["Red", "green ", "", None], object))
        Categories(codes=array([ 1,  0, -1, -1]), names=('green', 'red'))
    """
    texts = ["" if value is None else str(value).strip().lower() for value in values.tolist()]
    known = ["" if text in _MISSING else text for text in texts]
    names, codes = np.unique(np.array(known, str), return_inverse=True)
    shift = int(len(names) > 0 and names[0] == "")
    return Categories(codes.astype(np.int64) - shift, tuple(names[shift:].tolist()))


def features(name: str, column: Categories) -> dict[str, Categories]:
    """Read a column as features that an image has or has not.

    Args:
        name: Name of the column.
        column: Truth values (also 0 and 1, yes and no, with and without), which make one feature
            named after the column; or names of features, each image with one or, as "none", "no" or
            nothing, without.

    Returns:
        Categories "without" and "with" of each feature, by its name.
    """
    known = [value for value in column.names if value in _YES + _NO]
    if len(known) == len(column.names):
        present = np.array([value in _YES for value in column.names] + [False])
        codes = np.where(column.codes < 0, -1, present[column.codes])
        return {name: Categories(codes, ("without", "with"))}
    return {
        value: Categories((column.codes == code).astype(np.int64), ("without", "with"))
        for code, value in enumerate(column.names)
        if value not in known
    }


def name_some(names: Sequence[str], most: int = 5) -> str:
    """Join names for a message.

    Args:
        names: The names.
        most: How many to name.

    Returns:
        The first of them, and how many more there are.

    Example:
        >>> name_some(["cat 3", "dog 4", "fox 9"], most=2)
        'cat 3, dog 4 and 1 more'
    """
    rest = len(names) - most
    return ", ".join(names[:most]) + (f" and {rest} more" if rest > 0 else "")
