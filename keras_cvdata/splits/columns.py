"""Columns of classes and groups, checked and numbered."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from keras_cvdata.types import Array, Ints


def called_classes(codes: Iterable[Any], names: Sequence[str] | None) -> list[str]:
    """What messages call each class."""
    return [f"Class {str(code if names is None else names[code])!r}" for code in codes]


def checked(name: str, values: Array, n: int) -> Array:
    """Refuse a column of another length."""
    values = np.asarray(values)
    if values.ndim not in (1, 2 if name == "codes" else 1) or len(values) != n:
        raise ValueError(
            f"{name} must have one value for each of the {n} samples; got shape {values.shape}."
        )
    return values


def numbered(name: str, values: Array, n: int) -> tuple[list[Any], Ints]:
    """Number the different values of a column of n entries from 0."""
    values = checked(name, values, n)
    if values.dtype == object:  # text with gaps: None and NaN do not sort
        values = values.astype(str)
    found, numbers = np.unique(values, return_inverse=True)
    return found.tolist(), numbers.astype(np.int64)


def check_sides(counts: Array, called: Sequence[str], unit: str, parts: int = 2) -> None:
    """Refuse classes that have fewer samples or groups than the split has parts."""
    if counts.size and counts.min() < parts:
        name = called[int(counts.argmin())]
        unit += "" if counts.min() == 1 else "s"
        where = "on both sides of the split" if parts == 2 else f"in each of the {parts} parts"
        raise ValueError(
            f"{name} has {counts.min()} {unit} only, so it cannot be {where}. "
            "Add images of it, leave it out, or split without stratify and groups."
        )
