"""Several label columns as one target."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from keras_cvdata.labels.column import Labels
from keras_cvdata.labels.making import Where, checked_names, place
from keras_cvdata.labels.modes import list_names, reads_as
from keras_cvdata.types import Array, brief

_FLAGS = {"0": 0, "1": 1, "False": 0, "True": 1}


def join_columns(
    columns: Mapping[str, Labels],
    kind: str,
    class_names: Sequence[str] | None = None,
    where: Where | None = None,
) -> Labels:
    """Several columns of 0 and 1, or of numbers, as one column of K values a sample.

    Args:
        columns: The K columns by name.
        kind: "multilabel" for columns of 0 and 1, "number" for numbers.
        class_names: Other names than those of the columns.
        where: Says where a row is, for messages.

    Returns:
        Labels (N, K) of that kind, with the columns as names.

    Raises:
        ValueError: A value is neither 0 nor 1, or no number.

    Example:
        >>> edema, fracture = (Labels("number", np.array(v, np.float32)) for v in ([0, 1], [1, 1]))
        >>> joined = join_columns({"edema": edema, "fracture": fracture}, "multilabel")
        >>> joined.values.tolist(), joined.class_names
        ([[0, 1], [1, 1]], ('edema', 'fracture'))
    """
    read = _flags if kind == "multilabel" else _numbers
    joined = np.column_stack([read(name, column, where) for name, column in columns.items()])
    names = checked_names(tuple(columns) if class_names is None else class_names)
    if len(names) != joined.shape[1]:
        raise ValueError(
            f"The columns {list(columns)} hold {joined.shape[1]} values together, but there are "
            f"{len(names)} names: {list_names(names)}. Leave class_names out to name them by their "
            "columns."
        )
    return Labels("multilabel" if kind == "multilabel" else "number", joined, (names,))


def _flags(name: str, column: Labels, where: Where | None) -> Array:
    values = column.values
    if column.kind == "class":
        flags = np.array([_FLAGS.get(n, 2) for n in column.class_names])[values]
    elif column.kind == "number" and values.ndim == 1:
        flags = np.where(np.isin(values, (0, 1)), values, 2)
    else:
        flags = np.full(len(values), 2)
    if (flags == 2).any():
        row = int((flags == 2).argmax())
        value = column.class_names[values[row]] if column.kind == "class" else values[row].tolist()
        raise ValueError(
            f"{place(where, row)}: with label_mode='multilabel' each label column must hold 0 or "
            f"1; {brief(name)} holds {brief(value)}. Correct it, use label_mode='regression' for "
            "shares between 0 and 1, or give each column a mode of its own, as "
            f"label_mode={{{brief(name)}: 'multilabel', ...}} for lists of names."
        )
    return flags.astype(np.uint8)


def _numbers(name: str, column: Labels, where: Where | None) -> Array:
    if column.kind == "number":
        return column.values
    if column.kind == "class" and all(reads_as(n, float) for n in column.class_names):
        encoded = column.encode(np.arange(len(column)), "regression")
        assert isinstance(encoded, np.ndarray)
        return encoded
    raise ValueError(
        f"{place(where, 0)}: with label_mode='regression' each label column must hold numbers; "
        f"{brief(name)} holds {column!r}. Leave it out, or give each column a mode of its own, as "
        f"label_mode={{{brief(name)}: 'int', ...}}."
    )
