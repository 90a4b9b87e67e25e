"""Label columns from names, paths through a hierarchy, sets of names, and numbers."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from keras_cvdata.labels.column import Labels, compact
from keras_cvdata.labels.modes import list_names, reads_as
from keras_cvdata.labels.spelling import warn_of_equal_looks
from keras_cvdata.types import Array, brief

Where = Callable[[int], str]

MOST_CLASSES = 1_000_000  # an integer beyond it is a measurement or an identifier, not a class
_MOST_LEVELS = 100
# Bytes of rows of 0 and 1 that are made whatever the number of labels, and for each label: up to
# some size one in 2,000 may be there, beyond it one in hundred.
_FEW_CELLS, _FEW_EACH = 1 << 24, 2048
_MOST_CELLS, _CELLS_EACH = 1 << 28, 128


def from_names(
    values: Sequence[Any], class_names: Sequence[str] | None = None, where: Where | None = None
) -> Labels:
    """Labels from one class name a sample.

    Args:
        values: Class names. Where all are integers they are codes as they are, from 0 on; all
            booleans are the classes False and True.
        class_names: The classes in the order of their codes; by default all that occur, sorted as
            text. Integers that are no names index them.
        where: Says where a row is, for messages.

    Returns:
        Labels of kind "class".

    Raises:
        ValueError: A label is missing, is not in `class_names`, or is an integer that is no code.

    Example:
        >>> from_names(["b", "a"]).counts(), from_names([0, 3]).class_names
        ({'a': 1, 'b': 1}, ('0', '1', '2', '3'))
    """
    try:
        distinct = set(values)
    except TypeError:  # lists and dicts cannot be in a set
        row = next(row for row, value in enumerate(values) if not _is_hashable(value))
        raise _no_name(values[row], row, where) from None
    if class_names is None and are_integers(distinct):
        return from_codes(np.asarray(values), None, where)
    seen = {value: str(value) for value in distinct if not is_missing(value)}
    if class_names is None and seen and {type(value) for value in seen} <= {bool, np.bool_}:
        class_names = ("False", "True")
    if class_names is None:
        names = sorted_names(seen.values())
        warn_of_equal_looks(names)
    else:
        names = checked_names(class_names)
    index = {name: code for code, name in enumerate(names)}
    if index.keys().isdisjoint(seen.values()) and print_integers(seen.values()):
        index = {str(code): code for code in range(len(names))}
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
        (array([1, 0], dtype=int32), array([0, 1], dtype=int32))
    """
    if not len(values):
        return Labels("hierarchical", np.empty((0, 1), np.uint16), ((),))
    paths = [value.split("/") if isinstance(value, str) else value for value in values]
    for row, path in enumerate(paths):
        if is_missing(values[row]) or not is_list(path):
            raise _no_name(values[row], row, where)
        if len(path) != len(paths[0]):
            raise ValueError(
                f"{place(where, row)}: every label needs {len(paths[0])} levels like the first, "
                f"{brief('/'.join(map(str, paths[0])))}; got {brief(values[row])}. Complete the "
                "path, or read one level only."
            )
    names = [None] * len(paths[0]) if class_names is None else class_names
    if len(names) != len(paths[0]) or any(isinstance(known, str) for known in names):
        raise ValueError(
            f"{_all(where)}: the labels have {len(paths[0])} levels, so class_names must be "
            f"{len(paths[0])} lists of names; got {brief(class_names)}."
        )
    levels = _read_levels(paths, names, where)
    codes = np.stack([level.values for level in levels], axis=1)
    return Labels("hierarchical", codes, tuple(level.class_names for level in levels))


def _read_levels(
    paths: Sequence[Sequence[str]], names: Sequence[Sequence[str] | None], where: Where | None
) -> list[Labels]:
    """Labels of each level; integers with gaps may not make many millions of classes together."""
    if len(paths[0]) > _MOST_LEVELS:
        raise ValueError(
            f"{place(where, 0)}: the label has {len(paths[0]):,} levels; at most {_MOST_LEVELS} "
            f"are read. Correct it; got {brief(paths[0])}."
        )
    levels: list[Labels] = []
    for level in zip(zip(*paths, strict=True), names, strict=True):
        levels.append(from_names(*level, where))
        if sum(made.num_classes for made in levels) > MOST_CLASSES + len(paths) * len(levels):
            raise ValueError(
                f"{_all(where)}: the levels have more than {MOST_CLASSES:,} classes together, most "
                "of which do not occur: their integers leave gaps. Renumber them from 0 on, or "
                "write names."
            )
    return levels


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
        ValueError: A list is missing, holds an integer twice, a number that is no integer, or a
            class that is not in `class_names`.

    Example:
        >>> from_sets([["red", "ripe"], [], ["ripe"]]).values.tolist()
        [[1, 1], [0, 0], [0, 1]]
    """
    for row, value in enumerate(values):
        if is_missing(value) or not isinstance(value, Iterable):
            raise _no_name(value, row, where)
    lists = [[value] if isinstance(value, str) else list(value) for value in values]
    for row, numbers in enumerate(lists):
        _check_codes(numbers, row, where)
    rows = np.repeat(np.arange(len(lists)), [len(names) for names in lists])
    flat = from_names(
        [name for names in lists for name in names], class_names, lambda i: place(where, rows[i])
    )
    if class_names is None:
        _check_cells(len(lists), flat.num_classes, len(rows), where)
    hot = np.zeros((len(lists), flat.num_classes), np.uint8)
    hot[rows, flat.values] = 1
    return Labels("multilabel", hot, flat.names)


def _check_cells(samples: int, classes: int, labels: int, where: Where | None) -> None:
    """Refuse rows of 0 and 1 that would take far more memory than the labels that they are of."""
    most = max(_FEW_CELLS, min(_MOST_CELLS, _FEW_EACH * labels), _CELLS_EACH * labels)
    if samples * classes > most:
        raise ValueError(
            f"{_all(where)}: {samples:,} samples with {classes:,} classes, and {labels:,} labels "
            f"in all, would take {samples * classes / 1e6:,.0f} MB as rows of 0 and 1. If each "
            "text is one label, use label_mode='int'; merge or leave out rare labels; or list the "
            "classes in class_names to have that many."
        )


def _check_codes(numbers: list[Any], row: int, where: Where | None) -> None:
    """Refuse what can only be a row of 0 and 1, or of shares, that went wrong."""
    if any(
        isinstance(number, float | np.floating) and not is_missing(number) for number in numbers
    ):
        raise ValueError(
            f"{place(where, row)}: {brief(numbers)} holds numbers that are no classes. Use "
            "label_mode='regression' for shares between 0 and 1, or write classes as integers or "
            "text."
        )
    if len(numbers) > 1 and are_integers(numbers) and len(set(numbers)) < len(numbers):
        raise ValueError(
            f"{place(where, row)}: {brief(numbers)} holds a class twice. Rows of 0 and 1 must have "
            "one length, in all rows; lists of classes must hold each once."
        )


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
    with np.errstate(over="ignore"):  # infinite, which is said below
        numbers = _as_floats(values, where)
    bad = ~np.isfinite(numbers).all(axis=tuple(range(1, numbers.ndim)))
    if bad.any():
        row = int(bad.argmax())
        raise _not_finite(values[row], row, where)
    return Labels("number", numbers)


def from_codes(
    codes: Array, class_names: Sequence[str] | None = None, where: Where | None = None
) -> Labels:
    """Labels from integers that are codes as they are, so that predictions keep their meaning.

    Args:
        codes: (N,) integers from 0 on.
        class_names: Names of the classes in the order of their codes; by default their digits.
        where: Says where a row is, for messages.

    Returns:
        Labels of kind "class".

    Raises:
        ValueError: An integer is negative, has no name, or is too large for a class.

    Example:
        >>> from_codes(np.array([1, 0]), ["cat", "dog"]).counts()
        {'cat': 1, 'dog': 1}
    """
    outside = (codes < 0) | (codes >= (MOST_CLASSES if class_names is None else len(class_names)))
    if outside.any():
        row = int(outside.argmax())
        known = "" if class_names is None else f" below the {len(class_names)} class_names"
        raise ValueError(
            f"{place(where, row)}: integer labels must count classes from 0{known}; got "
            f"{brief(codes[row : row + 1].tolist()[0])}. Renumber them (np.unique(y, "
            "return_inverse=True)[1]), list all of them in class_names in the order that they "
            "shall have, or use label_mode='regression'."
        )
    names = default_names(int(codes.max()) + 1 if len(codes) else 0, class_names)
    return Labels("class", compact(codes, len(names)), (names,))


def default_names(count: int, class_names: Sequence[str] | None) -> tuple[str, ...]:
    """Names of `count` classes: their digits, or those that are given."""
    if class_names is None:
        return tuple(map(str, range(count)))
    names = checked_names(class_names)
    if len(names) < count:
        raise ValueError(f"The labels have {count} classes, class_names {len(names)}.")
    return names


def checked_names(class_names: Sequence[str]) -> tuple[str, ...]:
    """Refuse names that are no list, or not all different."""
    names = tuple(class_names)
    if isinstance(class_names, str) or len(set(names)) != len(names):
        raise ValueError(
            f"class_names must be a list of different names; got {brief(class_names)}."
        )
    return names


def sorted_names(names: Iterable[str]) -> tuple[str, ...]:
    """Order class names as their integers follow: as text, in every format, as Keras does.

    Args:
        names: The names, in any order.

    Returns:
        Each name once.

    Example:
        >>> sorted_names(["2", "10", "1"])
        ('1', '10', '2')
    """
    return tuple(sorted(set(names)))


def are_integers(values: Iterable[Any]) -> bool:
    """Say whether values are integers, not booleans or text; of none it is not so."""
    kinds = set(map(type, values))
    return bool(kinds) and all(issubclass(k, int | np.integer) and k is not bool for k in kinds)


def print_integers(texts: Iterable[str]) -> bool:
    """Say whether all texts are integers as Python prints them: "7", not "007"."""
    return all(reads_as(text, int) and str(int(text)) == text for text in texts)


def _as_floats(values: Any, where: Where | None) -> Array:
    try:
        return np.asarray(values, np.float32)
    except (TypeError, ValueError, OverflowError):
        rows = [_number(value, row, where) for row, value in enumerate(values)]
        shapes = [row.shape for row in rows]
        if len(set(shapes)) > 1:
            row = next(row for row, shape in enumerate(shapes) if shape != shapes[0])
            raise _not_finite(values[row], row, where) from None
        return np.stack(rows)


def _number(value: Any, row: int, where: Where | None) -> Array:
    try:
        return np.asarray(np.nan if is_missing(value) else value, np.float32)
    except (TypeError, ValueError, OverflowError):
        raise _not_finite(value, row, where) from None


def _is_hashable(value: Any) -> bool:
    try:
        hash(value)
    except TypeError:
        return False
    return True


def is_list(value: Any) -> bool:
    """Say whether a label is several values."""
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
            f"{place(where, row)}: the label is missing. Fill it in or leave the row out."
        )
    return ValueError(
        f"{place(where, row)}: the label {brief(value)} is not in class_names, "
        f"{list_names(names)}. Add it there, correct the label, or leave class_names out to take "
        "all labels that occur."
    )


def _no_name(value: Any, row: int, where: Where | None) -> ValueError:
    if is_missing(value):
        return _bad_label(value, row, (), where)
    return ValueError(
        f"{place(where, row)}: the label must be a name, or for several labels or levels a list "
        f"of names; got {brief(value)}. Correct the row or leave it out."
    )


def _not_finite(value: Any, row: int, where: Where | None) -> ValueError:
    return ValueError(
        f"{place(where, row)}: a regression target must be a finite number, or as many as in the "
        f"other rows; got {brief(value)}. Correct the row or leave it out."
    )


def _all(where: Where | None) -> str:
    return f"{place(where, 0)} and all rows after it"


def place(where: Where | None, row: int) -> str:
    """Where a row is, for messages."""
    return f"row {row}" if where is None else where(row)
