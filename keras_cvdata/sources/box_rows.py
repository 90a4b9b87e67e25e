"""Tables with a row for each box instead of each image: how to tell them, and what to do."""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from keras_cvdata.sources.strings import CompactStrings
from keras_cvdata.types import Array, brief

_LOOKED_AT = 2000  # rows

ADVICE = (
    "A row must be an image with the list of its boxes. With pandas: "
    "`frame['boxes'] = frame[[LEFT, TOP, RIGHT, BOTTOM, CLASS]].values.tolist()`, then "
    "`table = frame.groupby(IMAGE)['boxes'].apply(list).reset_index()` and "
    "`DataFrameSequence(table, image_column=IMAGE, box_column='boxes', label_mode=None)`."
)


def warn_of_box_rows(
    locations: CompactStrings | Sequence[Any] | Array, columns: Mapping[str, Array]
) -> None:
    """Warn where the same images come again and again, with four numbers each.

    Args:
        locations: Location of the image of each row.
        columns: Further columns of the table by name.
    """
    count = min(len(locations), _LOOKED_AT)
    first = [locations[row] for row in range(count)]
    texts = {location for location in first if isinstance(location, str)}
    if len(texts) == count or not texts:
        return
    sides = sides_of_boxes({name: column[:count] for name, column in columns.items()})
    if sides:
        warnings.warn(
            f"The first {count} rows name {len(texts)} different images, with the sides of a box "
            f"each in {', '.join(map(brief, sides))}: it seems that each row is a box, and images "
            f"will be served once for each. {ADVICE}",
            UserWarning,
            stacklevel=4,
        )


def sides_of_boxes(columns: Mapping[str, Array]) -> list[str]:
    """Find four neighbouring columns that hold boxes, or one of lists of four numbers.

    Args:
        columns: Columns of a table by name.

    Returns:
        Their names; empty where there are none.

    Example:
        >>> ends = {"x1": [1, 0], "y1": [2, 9], "x2": [5, 4], "y2": [6, 10], "n": [0, 0]}
        >>> sides_of_boxes({name: np.array(column) for name, column in ends.items()})
        ['x1', 'y1', 'x2', 'y2']
    """
    names = list(columns)
    for name in names:
        if all(map(_is_box, columns[name])):
            return [name]
    for start in range(len(names) - 3):
        four = [columns[name] for name in names[start : start + 4]]
        sized = "w" in names[start + 2].lower() and "h" in names[start + 3].lower()
        if all(column.dtype.kind in "iuf" for column in four) and _are_sides(four, sized):
            return names[start : start + 4]
    return []


def _are_sides(four: list[Array], sized: bool) -> bool:
    """Whether they are left, top, right and bottom; or left, top, width and height."""
    a, b, c, d = four
    beyond = (0, 0) if sized else (a, b)
    return bool(
        (a >= 0).all() and (b >= 0).all() and (c > beyond[0]).all() and (d > beyond[1]).all()
    )


def _is_box(cell: Any) -> bool:
    if isinstance(cell, str) and cell.lstrip().startswith("["):
        try:
            cell = json.loads(cell)
        except ValueError:
            return False
    is_list = isinstance(cell, list | tuple | np.ndarray) and len(cell) == 4
    return is_list and all(isinstance(side, int | float | np.number) for side in cell)


def without_header(names: Sequence[str]) -> str:
    """Say that names of columns look like a first row of boxes; empty where they do not.

    Args:
        names: Names of columns.

    Returns:
        What to do.

    Example:
        >>> without_header(["a.jpg", "1", "2", "30", "40", "cat"])[:44]
        ' It seems to have a box in each row, and no '
    """
    numbers = [name.strip().replace(".", "", 1).isdigit() for name in names]
    if not any(all(numbers[start : start + 4]) for start in range(len(names) - 3)):
        return ""
    return (
        " It seems to have a box in each row, and no line of names: read it with "
        f"`frame = pandas.read_csv(path, header=None)`. {ADVICE}"
    )
