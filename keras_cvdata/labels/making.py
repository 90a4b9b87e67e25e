"""Label columns from names, paths, lists, numbers and arrays."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any, get_args

import numpy as np

from keras_cvdata.labels.column import Kind, Labels, compact
from keras_cvdata.labels.modes import list_names, reads_as
from keras_cvdata.types import Array

Where = Callable[[int], str]

_MOST_CLASSES = 1_000_000  # an integer beyond it is a measurement or an identifier, not a class


def from_names(
    values: Sequence[Any], class_names: Sequence[str] | None = None, where: Where | None = None
) -> Labels:
    """Labels from one class name a sample.

    Args:
        values: Class names; integers stand for their digits.
        class_names: The classes in the order of their codes; by default all that occur, sorted as
            text, or as numbers where all are integers.
        where: Says where a row is, for messages.

    Returns:
        Labels of kind "class".

    Raises:
        ValueError: A label is missing or is not in `class_names`.

    Example:
        >>> from_names(["b", "a"]).counts()
        {'a': 1, 'b': 1}
    """
    try:
        seen = {value: str(value) for value in set(values) if not is_missing(value)}
    except TypeError:  # lists and dicts cannot be in a set
        row = next(row for row, value in enumerate(values) if not _is_hashable(value))
        raise _no_name(values[row], row, where) from None
    names = sorted_names(seen.values()) if class_names is None else _checked_names(class_names)
    index = {name: code for code, name in enumerate(names)}
    codes = {value: index[name] for value, name in seen.items() if name in index}
    try:
        found = np.fromiter(map(codes.__getitem__, values), np.int64, len(values))
    except KeyError:
        row = next(row for row, value in enumerate(values) if value not in codes)
        raise _bad_label(values[row], row, names, where) from None
    return Labels("class", compact(found, len(names)), (names,))


def from_levels(
    values: Sequence[Sequence[str] | str],
    class_names: Sequence[Sequence[str]] | None = None,
    where: Where | None = None,
) -> Labels:
    """Labels from one path through a hierarchy a sample, such as species and breed (R16, R19).

    Args:
        values: `("cat", "persian")` or `"cat/persian"`, all with the same number of levels.
        class_names: One list of classes per level; by default all that occur, sorted.
        where: Says where a row is, for messages.

    Returns:
        Labels of kind "hierarchical", with the names of each level sorted.

    Raises:
        ValueError: A path is missing, has another number of levels than the first, or holds a class
            that is not in `class_names`.

    Example:
        >>> from_levels(["dog/boxer", "cat/persian"]).encode([0, 1], "hierarchical")
        (array([1, 0], dtype=uint16), array([0, 1], dtype=uint16))
    """
    if not len(values):
        return Labels("hierarchical", np.empty((0, 1), np.uint16), ((),))
    paths = [value.split("/") if isinstance(value, str) else value for value in values]
    for row, path in enumerate(paths):
        if is_missing(values[row]) or not _is_list(path):
            raise _no_name(values[row], row, where)
        if len(path) != len(paths[0]):
            raise ValueError(
                f"{_place(where, row)}: every label needs {len(paths[0])} levels like the first, "
                f"{'/'.join(map(str, paths[0]))!r}; got {values[row]!r}. Complete the path, or "
                "read one level only."
            )
    names = [None] * len(paths[0]) if class_names is None else class_names
    if len(names) != len(paths[0]) or any(isinstance(known, str) for known in names):
        raise ValueError(
            f"The labels have {len(paths[0])} levels, so class_names must be {len(paths[0])} lists "
            f"of names; got {class_names!r}."
        )
    levels = [
        from_names(*level, where) for level in zip(zip(*paths, strict=True), names, strict=True)
    ]
    codes = np.stack([level.values for level in levels], axis=1)
    return Labels("hierarchical", codes, tuple(level.class_names for level in levels))


def from_sets(
    values: Sequence[Iterable[Any] | str],
    class_names: Sequence[str] | None = None,
    where: Where | None = None,
) -> Labels:
    """Labels from any number of class names a sample (multi-label).

    Args:
        values: Lists of class names; text stands for a list of one, an empty list for no class.
        class_names: The classes in the order of their columns; by default all that occur, sorted.
        where: Says where a row is, for messages.

    Returns:
        Labels of kind "multilabel".

    Raises:
        ValueError: A list is missing, or a class is not in `class_names`.

    Example:
        >>> from_sets([["red", "ripe"], [], ["ripe"]]).values.tolist()
        [[1, 1], [0, 0], [0, 1]]
    """
    for row, value in enumerate(values):
        if is_missing(value) or not isinstance(value, Iterable):
            raise _no_name(value, row, where)
    lists = [[value] if isinstance(value, str) else list(value) for value in values]
    rows = np.repeat(np.arange(len(lists)), [len(names) for names in lists])
    flat = from_names(
        [name for names in lists for name in names], class_names, lambda i: _place(where, rows[i])
    )
    hot = np.zeros((len(lists), flat.num_classes), np.uint8)
    hot[rows, flat.values] = 1
    return Labels("multilabel", hot, flat.names)


def from_numbers(values: Any, where: Where | None = None) -> Labels:
    """Labels from one number, or one list of K numbers, a sample (regression, R16).

    Args:
        values: (N,) or (N, K) finite numbers, also as text.
        where: Says where a row is, for messages.

    Returns:
        Labels of kind "number", float32.

    Raises:
        ValueError: A value is missing, no number, or not finite.

    Example:
        >>> from_numbers(["1.5", "2"]).values
        array([1.5, 2. ], dtype=float32)
    """
    try:
        numbers = np.asarray(values, np.float32)
    except (TypeError, ValueError):
        rows = [_number(value, row, where) for row, value in enumerate(values)]
        shapes = [row.shape for row in rows]
        if len(set(shapes)) > 1:
            row = next(row for row, shape in enumerate(shapes) if shape != shapes[0])
            raise _not_finite(values[row], row, where) from None
        numbers = np.stack(rows)
    bad = ~np.isfinite(numbers).all(axis=tuple(range(1, numbers.ndim)))
    if bad.any():
        row = int(bad.argmax())
        raise _not_finite(values[row], row, where)
    return Labels("number", numbers)


def from_array(y: Any, class_names: Sequence[str] | None = None) -> Labels:
    """Labels from what `fit` takes as `y`.

    Integers are codes as they are, so that `y` and predictions keep their meaning. One-hot rows
    become classes and are not encoded twice (R28).

    Args:
        y: (N,) or (N, 1) integers, text or booleans: classes. (N, C) of 0 and 1: classes where
            every row has exactly one 1, otherwise multi-label. Other floats: regression targets.
        class_names: Names of the classes in the order of their codes.

    Returns:
        The labels.

    Raises:
        ValueError: The shape or a value is no label.

    Example:
        >>> from_array([[0, 1], [1, 0]]), from_array([3, 0]).class_names
        (2 classes, ('0', '1', '2', '3'))
    """
    try:
        array = np.asarray(y)
    except ValueError:  # lists of unequal length: multi-label
        return infer(y, class_names=class_names)
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim not in (1, 2):
        raise ValueError(
            f"Labels must have the shape (N,), (N, classes) or (N, targets); got {array.shape}."
        )
    if array.dtype.kind == "S":
        array = np.char.decode(array, "utf-8")
    if array.dtype.kind not in "biuf":
        return infer(array.tolist(), class_names=class_names)
    if array.ndim == 1 and array.dtype.kind != "f":
        return _from_codes(array, class_names)
    return from_numbers(array) if array.ndim == 1 else _from_rows(array, class_names)


def infer(
    values: Sequence[Any],
    kind: str | None = None,
    class_names: Sequence[Any] | None = None,
    where: Where | None = None,
) -> Labels:
    """Labels from the cells of a table.

    Args:
        values: Cells: text, numbers or lists of them.
        kind: Kind of the labels. By default lists are multi-label, numbers of which not all are
            integers (also as text, "007" too) are numbers, and everything else is classes.
        class_names: The classes in the order of their codes, for "hierarchical" one list per level.
            Integers that are no names index them.
        where: Says where a row is, for messages.

    Returns:
        The labels.

    Raises:
        ValueError: A cell is empty or is no label of its kind.

    Example:
        >>> infer(["7", "10", "7"]).class_names, infer(["0.5", "1"]).kind
        (('7', '10'), 'number')
    """
    kind = kind or _kind_of(values)
    if kind == "multilabel":
        return from_sets(values, class_names, where)
    if kind == "number":
        return from_numbers(values, where)
    if kind == "hierarchical":
        return from_levels(values, class_names, where)
    if kind != "class":
        raise ValueError(f"The kind of labels must be one of {list(get_args(Kind))}; got {kind!r}.")
    texts = {str(value) for value in values if not is_missing(value)}
    if class_names is not None and texts.isdisjoint(class_names) and _are_integers(texts):
        class_names = _checked_names(class_names)
        numbers = from_names(values, [str(code) for code in range(len(class_names))], where)
        return Labels("class", numbers.values, (class_names,))
    return from_names(values, class_names, where)


def _from_codes(codes: Array, class_names: Sequence[str] | None) -> Labels:
    outside = (codes < 0) | (codes >= (_MOST_CLASSES if class_names is None else len(class_names)))
    if outside.any():
        row = int(outside.argmax())
        known = "" if class_names is None else f" below the {len(class_names)} class_names"
        raise ValueError(
            f"row {row}: integer labels must count classes from 0{known}; got {codes[row]}. "
            "Renumber them (np.unique(y, return_inverse=True)[1]), or pass floats for regression."
        )
    names = _default_names(int(codes.max()) + 1 if len(codes) else 0, class_names)
    return Labels("class", compact(codes, len(names)), (names,))


def _from_rows(array: Array, class_names: Sequence[str] | None) -> Labels:
    if not np.isin(array, (0, 1)).all():
        return from_numbers(array)
    names = _default_names(array.shape[1], class_names)
    if (array.sum(axis=1) == 1).all():
        return Labels("class", compact(array.argmax(axis=1), len(names)), (names,))
    return Labels("multilabel", array.astype(np.uint8), (names,))


def _default_names(count: int, class_names: Sequence[str] | None) -> tuple[str, ...]:
    if class_names is None:
        return tuple(map(str, range(count)))
    names = _checked_names(class_names)
    if len(names) < count:
        raise ValueError(f"The labels have {count} classes, class_names {len(names)}.")
    return names


def _checked_names(class_names: Sequence[str]) -> tuple[str, ...]:
    names = tuple(class_names)
    if isinstance(class_names, str) or len(set(names)) != len(names):
        raise ValueError(f"class_names must be a list of different names; got {class_names!r}.")
    return names


def _kind_of(values: Sequence[Any]) -> Kind:
    if any(map(_is_list, values)):
        return "multilabel"
    texts = {str(value) for value in values if not is_missing(value)}
    whole = all(reads_as(text, int) for text in texts)  # with leading zeros they name classes
    return "number" if not whole and all(reads_as(text, float) for text in texts) else "class"


def sorted_names(names: Iterable[str]) -> tuple[str, ...]:
    """Order class names as their integers follow: as text, or as numbers if all are integers.

    Every format has this one order, so that a folder and a table made from it agree; and labels
    that are numbers keep them as codes where none is missing.

    Args:
        names: The names, in any order.

    Returns:
        Each name once.

    Example:
        >>> sorted_names(["10", "9"]), sorted_names(["b10", "b9"])
        (('9', '10'), ('b10', 'b9'))
    """
    unique = set(names)
    return tuple(sorted(unique, key=int) if _are_integers(unique) else sorted(unique))


def _are_integers(texts: Iterable[str]) -> bool:
    """Say whether all texts are integers as Python prints them: "7", not "007"."""
    return all(reads_as(text, int) and str(int(text)) == text for text in texts)


def _number(value: Any, row: int, where: Where | None) -> Array:
    try:
        return np.asarray(np.nan if is_missing(value) else value, np.float32)
    except (TypeError, ValueError):
        raise _not_finite(value, row, where) from None


def _is_hashable(value: Any) -> bool:
    try:
        hash(value)
    except TypeError:
        return False
    return True


def _is_list(value: Any) -> bool:
    return isinstance(value, (list, tuple, set, frozenset, np.ndarray))


def is_missing(value: Any) -> bool:
    """Say whether a cell of a table is a gap: None, NaN, blank, or what pandas has for it."""
    if isinstance(value, (float, np.floating)):
        return math.isnan(value)
    if isinstance(value, str):
        return not value.strip()
    return value is None or type(value).__name__ in ("NAType", "NaTType")  # of pandas


def _bad_label(value: Any, row: int, names: Sequence[str], where: Where | None) -> ValueError:
    if is_missing(value):
        return ValueError(
            f"{_place(where, row)}: the label is missing. Fill it in or leave the row out."
        )
    return ValueError(
        f"{_place(where, row)}: the label {value!r} is not in class_names, {list_names(names)}. "
        "Add it there, correct the label, or leave class_names out to take all labels that occur."
    )


def _no_name(value: Any, row: int, where: Where | None) -> ValueError:
    if is_missing(value):
        return _bad_label(value, row, (), where)
    return ValueError(
        f"{_place(where, row)}: the label must be a name, or for several labels or levels a list "
        f"of names; got {value!r}. Correct the row or leave it out."
    )


def _not_finite(value: Any, row: int, where: Where | None) -> ValueError:
    return ValueError(
        f"{_place(where, row)}: a regression target must be a finite number, or as many as in the "
        f"other rows; got {value!r}. Correct the row or leave it out."
    )


def _place(where: Where | None, row: int) -> str:
    return f"row {row}" if where is None else where(row)
