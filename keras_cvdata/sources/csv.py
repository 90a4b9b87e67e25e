"""Images listed in a CSV file."""

from __future__ import annotations

import csv
import os
import threading
from array import array
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from keras_cvdata.labels import SEPARATOR
from keras_cvdata.sources.embedded import MAX_TEXT
from keras_cvdata.sources.strings import CompactStrings
from keras_cvdata.sources.table import (
    TableSource,
    find_column,
    label_names,
    make_labels,
    tidy_column,
)

_field_limit = threading.Lock()  # csv.field_size_limit is global to the process


class CSVSource(TableSource):
    r"""Images listed in a CSV file, one a row (R21 to R24).

    The file has one line of column names and is UTF-8. Besides standard CSV the handbook's spelling
    is read: values in single quotes, blanks after commas, and embedded pixels `[[1,2],[3,4]]`
    without quotes. Blanks around values do not count. Every location is a local path, a URL or
    embedded pixels (see `parse_pixels`). Further columns are kept in `columns`.

    Args:
        path: The file.
        image_column: Column with the locations; letter case does not count if no other column
            differs in case only.
        label_column: Column with the labels, several, or None for images without labels.
        root: Folder of relative paths, out of which no image may be read. With None relative paths
            start from the folder of the CSV file, and any path may be read.
        class_names: Classes in the order of their integers, for one label column, or by column;
            sorted names by default.
        label_kind: "class", "multilabel" (`a|b`, `1|0|1` or `[1, 0, 1]`), "hierarchical"
            (`cat/persian`) or "number", for all label columns or by column; by default seen from
            the values: integers from 0 on are classes with these numbers. Several columns of 0 and
            1 ("multilabel"), or of numbers ("number"), make one.
        label_separator: What stands between several labels in one value.
        separator: Character between values.
        allow: URL schemes that may be read.
        private_hosts: Allow URLs of this machine and of private networks.

    Raises:
        ValueError: The file cannot be read as such a table; the message names the line.

    Example:
        >>> import pathlib, tempfile
        >>> file = pathlib.Path(tempfile.mkdtemp()) / "pixels.csv"
        >>> _ = file.write_text("Label,location\n'cat',[[1,2],[3,4]]\n'dog',[[5,6],[7,8]]\n")
        >>> source = CSVSource(file)
        >>> source.class_names, source.fetch(1).tolist()
        (('cat', 'dog'), [[5, 6], [7, 8]])
    """

    def __init__(  # noqa: PLR0913 # the arguments of a public reader
        self,
        path: str | os.PathLike[str],
        *,
        image_column: str = "location",
        label_column: str | Sequence[str] | None = "label",
        root: str | os.PathLike[str] | None = None,
        class_names: Sequence[str] | Mapping[str, Sequence[str]] | None = None,
        label_kind: str | Mapping[str, str] | None = None,
        label_separator: str = SEPARATOR,
        separator: str = ",",
        allow: Sequence[str] = ("https",),
        private_hosts: bool = False,
    ) -> None:
        where = os.fspath(path)
        names, image, locations, cells, lines = _read_table(where, separator, image_column)
        chosen = [find_column(name, names, where) for name in label_names(label_column)]
        labels = make_labels(
            {name: cells[names.index(name)] for name in chosen},
            label_kind,
            class_names,
            lambda row: f"{where}, line {lines[row]}",
            label_separator,
            untyped=True,
        )
        columns = {
            name: tidy_column(values)
            for index, (name, values) in enumerate(zip(names, cells, strict=True))
            if index != image and name not in chosen
        }
        super().__init__(
            locations,
            labels,
            columns,
            where=where,
            root=Path(where).parent if root is None else root,
            confined=root is not None,
            remote={"allow": tuple(allow), "private_hosts": private_hosts},
        )


def _read_table(
    where: str, separator: str, image_column: str
) -> tuple[list[str], int, CompactStrings, list[list[str]], array[int]]:
    """Read names of the columns, which holds locations, these, all cells and the rows' lines."""
    if not Path(where).is_file():
        problem = "is not a file" if Path(where).exists() else "does not exist"
        raise FileNotFoundError(f"{where}: the CSV file {problem}. Check the path.")
    lines = array("Q")
    with _larger_fields(), Path(where).open(encoding="utf-8-sig", newline="") as file:
        rows = _rows(file, where, separator)
        line, names = next(rows, (1, []))
        _check_names(names, where, line)
        image = names.index(find_column(image_column, names, where))
        cells: list[list[str]] = [[] for _ in names]
        locations = CompactStrings.from_list(_gather(rows, names, image, cells, lines, where))
    if not len(locations):
        raise ValueError(f"{where}: the table has no rows below its column names.")
    return names, image, locations, cells, lines


def _gather(
    rows: Iterator[tuple[int, list[str]]],
    names: list[str],
    image: int,
    cells: list[list[str]],
    lines: array[int],
    where: str,
) -> Iterator[str]:
    """Yield the locations and put the other values into `cells`, each distinct text once."""
    distinct: dict[str, str] = {}
    for line, row in rows:
        if len(row) != len(names):
            raise ValueError(
                f"{where}, line {line}: expected {len(names)} values for the columns {names}; got "
                f"{len(row)}: {_shortened(row)}. Put values that hold the separator into double "
                'quotes ("...").'
            )
        if not row[image]:
            raise ValueError(
                f"{where}, line {line}: the location is empty. Give a path, a URL or pixels, or "
                "remove the row."
            )
        lines.append(line)
        for index, value in enumerate(row):
            if index != image:
                cells[index].append(distinct.setdefault(value, value))
        yield row[image]


def _rows(file: TextIO, where: str, separator: str) -> Iterator[tuple[int, list[str]]]:
    """Yield each row that is not blank with the line that it begins on."""
    taken: list[str] = []
    reader = csv.reader(
        _remembered(file, taken), delimiter=separator, skipinitialspace=True, strict=True
    )
    while True:
        line = reader.line_num + 1
        taken.clear()
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise ValueError(
                f"{where}, line {line}: the row that begins here cannot be read: {error}. Look "
                'for a double quote (") that is not closed; write a quote in a value twice ("").'
            ) from error
        except UnicodeDecodeError as error:
            raise ValueError(
                f"{where}, line {_undecodable_line(where)}: the text is not UTF-8. Save the file "
                "as UTF-8."
            ) from error
        if row:
            if any(_is_cut(value) for value in row):
                row = _single_quoted(taken, separator) or row
            yield line, [_unquoted(value) for value in _rejoined(row, separator)]


def _remembered(file: TextIO, taken: list[str]) -> Iterator[str]:
    for text in file:
        taken.append(text)
        yield text


def _is_cut(value: str) -> bool:
    """Say whether a value looks like the first part of one in single quotes."""
    return value[:1] == "'" and (len(value) == 1 or not value.rstrip().endswith("'"))


def _single_quoted(taken: list[str], separator: str) -> list[str] | None:
    """Split a row again with single quotes, which may hold the separator; None if that fails."""
    try:
        return next(
            csv.reader(
                taken, delimiter=separator, quotechar="'", skipinitialspace=True, strict=True
            )
        )
    except csv.Error:  # an apostrophe, not a quote
        return None


@contextmanager
def _larger_fields() -> Iterator[None]:
    """Let one field hold the pixels of an image, and leave the limit of others as it was."""
    with _field_limit:
        before = csv.field_size_limit(MAX_TEXT)
        try:
            yield
        finally:
            csv.field_size_limit(before)


def _undecodable_line(where: str) -> int:
    line = 0
    with Path(where).open("rb") as file:
        for data in file:
            line += 1
            try:
                data.decode("utf-8-sig")
            except UnicodeDecodeError:
                break
    return line


def _rejoined(values: list[str], separator: str) -> list[str]:
    """Put pixels together again that were cut at the commas inside their brackets."""
    joined: list[str] = []
    cut: list[str] = []
    depth = 0
    for value in values:
        if not cut and value[:1] != "[":
            joined.append(value)
            continue
        cut.append(value)
        depth += value.count("[") - value.count("]")
        if depth <= 0:
            joined.append(separator.join(cut))
            cut, depth = [], 0
    return joined + cut  # what never closes was no bracket, but text


def _unquoted(value: str) -> str:
    value = value.strip()
    if len(value) > 1 and value[0] == value[-1] == "'":
        return value[1:-1].replace("''", "'").strip()
    return value


def _check_names(names: list[str], where: str, line: int) -> None:
    if not names:
        raise ValueError(f"{where}: the file is empty. Its first line must name the columns.")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(
            f"{where}, line {line}: the column {twice[0]!r} is there {names.count(twice[0])} times "
            f"in {names}. Give every column its own name."
        )
    if len(names) == 1 and (other := next((mark for mark in ";\t|" if mark in names[0]), None)):
        raise ValueError(
            f"{where}, line {line}: the only column is {names[0]!r}, which holds {other!r}. Pass "
            f"separator={other!r}."
        )


def _shortened(row: list[str]) -> list[str]:
    return [value if len(value) < 40 else f"{value[:40]}..." for value in row[:10]]
