"""Rows of tables: what each format can hold of labels and columns, and how it is written."""

from __future__ import annotations

import csv
import json
import math
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from keras_cvdata.labels import SEPARATOR, Labels, infer, is_missing
from keras_cvdata.sources.base import Source
from keras_cvdata.types import Array


def only(labels: Mapping[str, Labels]) -> Labels | None:
    """Return the label column if there is exactly one."""
    return next(iter(labels.values())) if len(labels) == 1 else None


def plain_cells(column: Array) -> list[Any]:
    """Cells of a further column as every format can hold them.

    Args:
        column: (N,) values of any kind.

    Returns:
        The values; of a column of mixed kinds dates and the like become text, gaps None.
    """
    return (
        [_plain(value) for value in column.tolist()] if column.dtype.hasobject else column.tolist()
    )


def _plain(value: Any) -> Any:
    if isinstance(value, str | list | dict):
        return value
    if is_missing(value):
        return None
    return value if isinstance(value, int | float) else str(value)


def columns_of(source: Source, path: Path) -> dict[str, Sequence[Any]]:
    """Labels and further columns as the cells of a table, but for the locations of images.

    Args:
        source: The collection.
        path: Table that they are for.

    Returns:
        The cells by the names of the columns; a name that is taken gets a `_` behind it.

    Raises:
        ValueError: A label holds the sign that joins labels, or a text is no Unicode.
    """
    table: dict[str, Sequence[Any]] = {"location": ()}
    for name, column in source.labels.items():
        table[_free(name, table)] = _label_cells(column)
    for name, values in source.columns.items():
        table[_free(name, table)] = plain_cells(values)
    del table["location"]
    check_unicode("The name", [path.name, *table], path)
    for name, column in source.labels.items():
        classes = [each for names in column.names for each in names]
        check_unicode(f"The class of {name!r}", classes, path)
    for name in source.columns:
        check_unicode(f"A value of {name!r}", table.get(name, ()), path)
    return table


def check_unicode(what: str, values: Iterable[Any], path: Path, errors: str = "strict") -> None:
    """Refuse texts that a file cannot hold, as names of folders that are no UTF-8.

    Args:
        what: What the texts are, for messages.
        values: The texts, or what JSON holds.
        path: File that is to be written.
        errors: "surrogateescape" where it holds the bytes of such names, else "strict".

    Raises:
        ValueError: A text holds a single surrogate.
    """
    for value in values:
        try:
            text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            text.encode("utf-8", errors)
        except UnicodeEncodeError:
            raise ValueError(
                f"{what} {value!r} is no Unicode, so {path.name!r} cannot hold it. Rename it"
                + (", or convert to HDF5." if errors == "strict" else ".")
            ) from None


def _free(name: str, taken: Mapping[str, Any]) -> str:
    while name in taken:
        name += "_"
    return name


def _label_cells(column: Labels) -> list[Any]:
    if column.kind == "number":  # the shortest text that reads back as the same float32
        return (
            [[float(str(number)) for number in row] for row in column.values]
            if (column.values.ndim == 2)
            else [float(str(number)) for number in column.values]
        )
    separator = {"hierarchical": "/", "multilabel": SEPARATOR}.get(column.kind)
    for name in (name for names in column.names for name in names):
        if separator and separator in name:
            raise ValueError(
                f"The class {name!r} holds {separator!r}, which joins labels in a table. Rename "
                "it, or convert to HDF5."
            )
    digits = column.class_names == tuple(map(str, range(column.num_classes)))
    rows = column.kind == "multilabel" and column.num_classes > 1
    if digits and (rows or column.kind == "class"):  # numbers stay what they are
        return list(column.values.tolist())
    if column.kind == "multilabel":
        return [
            [name for name, there in zip(column.class_names, row, strict=True) if there]
            for row in column.values.tolist()
        ]
    codes = column.values.reshape(len(column), -1).tolist()
    return [
        "/".join(names[code] for names, code in zip(column.names, path, strict=True))
        for path in codes
    ]


def warn_of_numbering(source: Source, path: Path) -> None:
    """Say so where a table, which holds the names of classes that occur, gives other numbers.

    Args:
        source: The collection.
        path: The table.
    """
    for name, column in source.labels.items():
        _warn_of_numbering(name, column, path)


def _warn_of_numbering(name: str, column: Labels, path: Path) -> None:
    if column.kind == "number":
        return
    csv_file, cells = path.suffix.lower() == ".csv", _label_cells(column)
    texts = [_cell(cell) for cell in cells] if csv_file else cells
    kind = None if column.kind == "class" else column.kind
    if infer(texts, kind, untyped=csv_file).names != column.names:
        names = column.names if column.kind == "hierarchical" else column.class_names
        shown = repr(list(names)) if len(names) <= 20 else "list(source.class_names)"
        warnings.warn(
            f"{path} holds the names of the classes that occur, not their numbers. Pass "
            f"class_names={shown} when reading the column {name!r}, or classes are numbered "
            "otherwise than here.",
            UserWarning,
            stacklevel=3,
        )


def check_names(source: Source) -> None:
    """Refuse classes that a CSV file would give back under another name, perhaps that of another.

    A reader passes over blanks around values and over single quotes (R24).

    Args:
        source: The collection.

    Raises:
        ValueError: There is such a class.
    """
    for name in (name for column in source.labels.values() for n in column.names for name in n):
        if name != name.strip() or (len(name) > 1 and name[0] == name[-1] == "'"):
            raise ValueError(
                f"The class {name!r} begins or ends with a blank, or stands in single quotes, "
                "which CSV does not keep. Rename it, or convert to HDF5 or JSON."
            )


def write_rows(locations: Sequence[str], columns: Mapping[str, Sequence[Any]], path: Path) -> None:
    """Write a table.

    Args:
        locations: Where the image of each row is.
        columns: Its other cells, see `columns_of`.
        path: File to write: `.csv`, `.json`, or any other for JSON Lines.
    """
    table = {"location": locations, **columns}
    rows = (dict(zip(table, row, strict=True)) for row in zip(*table.values(), strict=True))
    if path.suffix.lower() == ".csv":
        _write_csv(rows, path)
    else:
        _write_json(rows, path, lines=path.suffix.lower() != ".json")


def _write_csv(rows: Iterator[dict[str, Any]], path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        for number, row in enumerate(rows):
            if number == 0:
                writer.writerow(row)
            writer.writerow(map(_cell, row.values()))


def _cell(value: Any) -> Any:
    if isinstance(value, list) and all(isinstance(part, str | float) for part in value):
        return SEPARATOR.join(map(str, value))
    return value if value is None or isinstance(value, str | int | float) else json.dumps(value)


def _json_cell(value: Any) -> Any:
    return None if isinstance(value, float) and math.isnan(value) else value  # JSON has no NaN


def _write_json(rows: Iterator[dict[str, Any]], path: Path, lines: bool) -> None:
    before, between, after = ("", "\n", "\n") if lines else ("[\n", ",\n", "\n]\n")
    with path.open("w", encoding="utf-8") as file:
        file.write(before)
        for number, row in enumerate(rows):
            file.write(between if number else "")
            json.dump(
                {key: _json_cell(cell) for key, cell in row.items()}, file, ensure_ascii=False
            )
        file.write(after)
