"""Labels recognised by their looks: cells of tables, and what `fit` takes as `y`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any, get_args

import numpy as np

from keras_cvdata.labels.cells import SEPARATOR, are_shares, read_cells
from keras_cvdata.labels.column import Kind, Labels, compact
from keras_cvdata.labels.joining import join_columns
from keras_cvdata.labels.making import (
    MOST_CLASSES,
    Where,
    are_integers,
    default_names,
    from_codes,
    from_levels,
    from_names,
    from_numbers,
    from_sets,
    is_list,
    is_missing,
    place,
)
from keras_cvdata.types import Array


def from_array(y: Any, class_names: Sequence[str] | None = None, kind: str | None = None) -> Labels:
    """Labels from what `fit` takes as `y`.

    Integers are codes as they are, so that `y` and predictions keep their meaning. One-hot rows
    become classes and are not encoded twice (R28). The order of a pandas categorical is kept.

    Args:
        y: (N,) or (N, 1) integers, text or booleans: classes. (N, C) of 0 and 1: classes where
            every row has exactly one 1, otherwise multi-label. Other floats: regression targets.
        class_names: Names of the classes in the order of their codes.
        kind: Kind that the labels must have, see `Labels.kind`; by default seen from the values.

    Returns:
        The labels.

    Raises:
        ValueError: The shape or a value is no label.

    Example:
        >>> from_array([[0, 1], [1, 0]]), from_array([3, 0]).class_names
        (2 classes, ('0', '1', '2', '3'))
    """
    if class_names is None and kind in (None, "class"):
        class_names = categories(y)
    try:
        array = _as_array(y)
    except ValueError:  # lists of unequal length: multi-label
        return infer(y, kind, class_names)
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim not in (1, 2):
        raise ValueError(
            f"Labels must have the shape (N,), (N, classes) or (N, targets); got {array.shape}."
        )
    if array.dtype.kind == "S":
        array = np.char.decode(array, "utf-8")
    if kind in ("class", "hierarchical") or array.dtype.kind not in "biuf":
        return infer(array.tolist(), kind, class_names)
    if kind == "number" or (array.ndim == 1 and array.dtype.kind == "f"):
        return from_numbers(array)
    return (
        from_codes(array, class_names) if array.ndim == 1 else _from_rows(array, class_names, kind)
    )


def from_arrays(
    columns: Mapping[str, Any],
    class_names: Sequence[str] | None = None,
    kinds: str | Mapping[str, str] | None = None,
) -> dict[str, Labels]:
    """Label columns from one array each, see `from_array`.

    Args:
        columns: The arrays by name.
        class_names: Names of the classes in the order of their codes.
        kinds: Kind of all columns, or by name. Of several columns "multilabel" and "number" make
            one, named "label".

    Returns:
        The columns by name.

    Raises:
        ValueError: A shape or a value is no label.

    Example:
        >>> from_arrays({"x": [0.5, 1], "y": [3, 4]}, kinds="number")
        {'label': numbers of shape (2, 2)}
    """
    if len(columns) > 1 and kinds in ("multilabel", "number"):
        one = None if kinds == "multilabel" else "number"
        made = {name: from_array(values, kind=one) for name, values in columns.items()}
        return {"label": join_columns(made, str(kinds), class_names)}
    by_name = kinds if isinstance(kinds, Mapping) else dict.fromkeys(columns, kinds)
    return {
        name: from_array(values, class_names, by_name.get(name)) for name, values in columns.items()
    }


def categories(column: Any) -> list[str] | None:
    """Class names of a pandas categorical in its order; None of all else.

    Integers are codes whatever their order: pandas and Parquet make categories of any column.

    Args:
        column: What may be a pandas categorical, or a series of one.

    Returns:
        The names, also of categories that do not occur.

    Example:
        >>> import pandas as pd
        >>> categories(pd.Categorical(["small", "large"], ["small", "large"]))
        ['small', 'large']
    """
    named = getattr(getattr(column, "dtype", None), "categories", None)
    return None if named is None or are_integers(named.tolist()) else list(map(str, named))


def infer(
    values: Sequence[Any],
    kind: str | None = None,
    class_names: Sequence[Any] | None = None,
    where: Where | None = None,
    separator: str = SEPARATOR,
    untyped: bool = False,
) -> Labels:
    """Labels from the cells of a table.

    Args:
        values: Cells: text, numbers or lists of them; see `read_cells` for text that is split.
        kind: Kind of the labels. By default lists are multi-label, numbers of which not all are
            integers from 0 on (also as text, "007" too) are numbers, everything else is classes.
            Lists of 0 and 1 of one length are multi-hot rows, and without a kind classes where all
            are one-hot.
        class_names: The classes in the order of their codes, for "hierarchical" one list per level.
            Integers that are no names index them.
        where: Says where a row is, for messages.
        separator: What stands between several labels in one cell of text.
        untyped: The table has no types, as CSV.

    Returns:
        The labels.

    Raises:
        ValueError: A cell is empty or is no label of its kind.

    Example:
        >>> infer([7, 10]).class_names[-2:], infer(["0.5", "1"]).kind
        (('9', '10'), 'number')
        >>> infer(["1|0|1", "0|0|1"], "multilabel").values.tolist()
        [[1, 0, 1], [0, 0, 1]]
    """
    known = class_names is not None
    values = read_cells(values, kind, separator, untyped=untyped, known=known)
    rows = _rows(values) if kind in (None, "multilabel") else None
    hot = _multi_hot(rows, class_names)
    if hot is not None:
        _check_filled(values, len(hot), where)
        return _from_rows(hot, class_names, kind)
    kind = kind or _kind_of(values, rows, known)
    if kind == "number":
        return from_numbers(values, where)
    if kind == "hierarchical" or (kind == "multilabel" and not are_integers(values)):
        make = from_levels if kind == "hierarchical" else from_sets
        return make(values, class_names, where)
    if kind not in ("class", "multilabel"):
        raise ValueError(f"The kind of labels must be one of {list(get_args(Kind))}; got {kind!r}.")
    return from_names(values, class_names, where)


def _from_rows(array: Array, class_names: Sequence[str] | None, kind: str | None) -> Labels:
    if not np.isin(array, (0, 1)).all():
        return from_numbers(array)
    names = default_names(array.shape[1], class_names)
    if kind is None and (array.sum(axis=1) == 1).all():
        return Labels("class", compact(array.argmax(axis=1), len(names)), (names,))
    return Labels("multilabel", array.astype(np.uint8), (names,))


def _rows(values: Sequence[Any]) -> Array | None:
    """Lists of one length, two or more, as an array (N, K); None where they are no such lists.

    Empty lists are left out.
    """
    lengths = [len(v) if isinstance(v, list | tuple | np.ndarray) else 1 for v in values]
    if len(set(lengths) - {0}) != 1 or max(lengths) < 2:
        return None
    lists = [v for v, length in zip(values, lengths, strict=True) if length]
    if _hold_names([row for row in lists if not isinstance(row, np.ndarray)]):
        return None  # in an array each name would take the memory of the longest
    try:
        rows = np.asarray(lists)
    except ValueError:  # lists in the lists
        return None
    return rows if rows.ndim == 2 else None


def _multi_hot(rows: Array | None, class_names: Sequence[Any] | None) -> Array | None:
    """Rows of 0 and 1, also as text; None if they are lists of names or classes.

    Lists of the classes 0 and 1 look the same only where every sample is of both.
    """
    if rows is None or (class_names is not None and len(class_names) != rows.shape[1]):
        return None
    if rows.dtype.kind == "U" and np.isin(rows, ("0", "1")).all():
        return rows.astype(np.uint8)
    return rows if rows.dtype.kind in "biuf" and np.isin(rows, (0, 1)).all() else None


def _as_array(y: Any) -> Array:
    """As `np.asarray`, but texts are objects: in an array each takes the memory of the longest."""
    if isinstance(y, list | tuple):
        if set(map(type, y)) <= {list, tuple}:
            if _kinds(y) == {str}:
                return np.asarray(y, object)
        elif str in (kinds := set(map(type, y))) and kinds <= {str, int, float, bool}:
            return np.asarray(list(map(str, y)), object)
    return np.asarray(y)


def _hold_names(lists: Sequence[Any]) -> bool:
    """Whether there is text other than 0 and 1 in lists, or lists in them."""
    kinds = _kinds(lists)
    if kinds & {list, tuple, dict, set, np.ndarray}:
        return True
    flags = {"0", "1", 0, 1}
    return str in kinds and not all(value in flags for row in lists for value in row)


def _kinds(lists: Sequence[Any]) -> set[type]:
    """Types of all values of lists."""
    return set(map(type, chain.from_iterable(lists)))


def _check_filled(values: Sequence[Any], count: int, where: Where | None) -> None:
    if count < len(values):
        row = next(row for row, value in enumerate(values) if len(value) == 0)
        raise ValueError(
            f"{place(where, row)}: the label is missing, where the other rows hold "
            f"{max(map(len, values))} values of 0 and 1. Fill it in or leave the row out."
        )


def _kind_of(values: Sequence[Any], rows: Array | None, known: bool) -> Kind:
    if any(map(is_list, values)):
        return "number" if rows is not None and rows.dtype.kind == "f" else "multilabel"
    if known:
        return "class"
    if are_integers(values):  # -1, or the number of a receipt, is no code
        return "class" if min(values) >= 0 and max(values) < MOST_CLASSES else "number"
    texts = {str(value) for value in values if not is_missing(value)}
    return "number" if are_shares(texts) else "class"
