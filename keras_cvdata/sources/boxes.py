"""Bounding boxes of all samples as a few arrays."""

from __future__ import annotations

import contextlib
import json
from array import array
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from keras_cvdata.labels import sorted_names
from keras_cvdata.sources.box_rows import ADVICE
from keras_cvdata.types import Array, Ints, brief

_LARGEST_SIDE = float(np.finfo(np.float32).max)
_LARGEST_CLASS = int(np.iinfo(np.int32).max)


class Boxes:
    """Boxes of each row with their classes, held as arrays.

    Args:
        offsets: (N + 1,) where the boxes of each row start, and the end.
        boxes: (M, 4) float32, the boxes of all rows.
        labels: (M,) int32 class of each box.
        class_names: Names of the classes; empty where the boxes are labelled by integers.

    Example:
        >>> boxes = Boxes.from_cells(['[[1, 2, 5, 6, "cat"]]', "[]"])
        >>> boxes.row(0)[0].tolist(), boxes.class_names, len(boxes.row(1)[0])
        ([[1.0, 2.0, 5.0, 6.0]], ('cat',), 0)
    """

    def __init__(
        self, offsets: Ints, boxes: Array, labels: Array, class_names: tuple[str, ...] = ()
    ) -> None:
        self.offsets = offsets
        self.boxes = boxes
        self.labels = labels
        self.class_names = class_names

    @classmethod
    def from_cells(
        cls,
        cells: Iterable[Any],
        where: Callable[[int], str] = "row {}".format,
        class_names: Sequence[str] | None = None,
    ) -> Boxes:
        """Read the cells of a column: lists of boxes, or the same as JSON text.

        A box is four numbers, or four numbers and a class (a name, or an integer from 0 on), or an
        object with `box` and `label`. Without a class it is of class 0.

        Args:
            cells: One cell a row; None and empty text mean no boxes.
            where: Says where a row is, for messages.
            class_names: Names of the classes in the order of their integers; by default the names
                that are found, sorted, which may differ from file to file.

        Returns:
            The boxes.

        Raises:
            ValueError: A cell holds something else, or a box is of no class of `class_names`.
        """
        counts: list[int] = []
        found = array("d")
        labels: list[Any] = []
        for row, cell in enumerate(cells):
            boxes = _read_cell(cell, where(row))
            counts.append(len(boxes))
            for sides, label in boxes:
                found.extend(sides)
                labels.append(label)
        offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        names = _names(labels) if class_names is None else _given(class_names)
        codes = {name: code for code, name in enumerate(names)}
        for number, label in enumerate(labels):
            if names and label not in (codes if isinstance(label, str) else range(len(names))):
                row = int(np.searchsorted(offsets, number, "right")) - 1
                raise ValueError(
                    f"{where(row)}: a box is of class {brief(label)}, and box_class_names is "
                    f"{brief(list(names))}. Add the class, or correct the box."
                )
        numbers = np.array([codes.get(label, label) for label in labels], np.int32)
        return cls(offsets, np.array(found).astype(np.float32).reshape(-1, 4), numbers, names)

    @property
    def max_per_row(self) -> int:
        """Number of boxes of the row that has the most."""
        return int(np.diff(self.offsets).max(initial=0))

    def row(self, row: int) -> tuple[Array, Array]:
        """Boxes (K, 4) and labels (K,) of a row."""
        start, stop = self.offsets[row], self.offsets[row + 1]
        return self.boxes[start:stop], self.labels[start:stop]


def _names(labels: Sequence[Any]) -> tuple[str, ...]:
    """Class names, where the boxes are labelled by names."""
    named = {label for label in labels if isinstance(label, str)}
    if named and len(named) != len(set(labels)):
        raise ValueError("Some boxes are labelled by names and some by integers. Use one of them.")
    return tuple(sorted_names(named))


def _given(class_names: Sequence[str]) -> tuple[str, ...]:
    if isinstance(class_names, str) or len(set(class_names)) != len(class_names):
        raise ValueError(
            f"box_class_names must be a list of different names; got {brief(class_names)}."
        )
    return tuple(class_names)


def _read_cell(cell: Any, where: str) -> list[tuple[list[float], Any]]:
    if isinstance(cell, str):
        try:
            cell = json.loads(cell) if cell.strip() else []
        except (ValueError, RecursionError) as error:
            raise ValueError(f"{where}: the boxes are no JSON: {error}.") from None
    if cell is None:
        return []
    if not isinstance(cell, list | tuple | np.ndarray):
        raise ValueError(f"{where}: boxes must be a list; got {brief(cell)}.")
    if len(cell) in (4, 5) and all(isinstance(side, int | float | np.number) for side in cell[:4]):
        raise ValueError(
            f"{where}: boxes must be a list of boxes, but this cell is one box, {brief(cell)}. "
            f"{ADVICE}"
        )
    return [_read_box(box, where) for box in cell]


def _read_box(box: Any, where: str) -> tuple[list[float], Any]:
    numbers: list[float] = []
    label: Any = None
    with contextlib.suppress(TypeError, ValueError, OverflowError):
        values = [*box.get("box", ()), box.get("label", 0)] if isinstance(box, dict) else box
        *sides, label = [*values, 0] if len(values) == 4 else values
        numbers = [float(side) for side in sides] if len(sides) == 4 else []
    known = isinstance(label, str) or (
        isinstance(label, int | np.integer) and 0 <= label <= _LARGEST_CLASS
    )
    if not numbers or not known or not all(abs(side) <= _LARGEST_SIDE for side in numbers):
        raise ValueError(
            f"{where}: a box must be four finite numbers and a class, such as "
            f'[10, 20, 50, 60, "cat"]; got {brief(box)}.'
        )
    return numbers, label
