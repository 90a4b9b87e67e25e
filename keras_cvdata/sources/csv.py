"""Images listed in a CSV file."""

from __future__ import annotations

import csv
import os
import re
import threading
from array import array
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, TextIO

from keras_cvdata.labels import SEPARATOR
from keras_cvdata.sources.columns import check_different, find_columns, label_names, shown
from keras_cvdata.sources.embedded import MAX_TEXT, PIXELS, PixelRows, find_pixel_columns
from keras_cvdata.sources.strings import CompactStrings
from keras_cvdata.sources.table import PathOptions, TableSource, make_labels, tidy_column
from keras_cvdata.sources.text_files import text_encoding, undecodable
from keras_cvdata.types import Array, brief

_MOST_OF_LINE = MAX_TEXT  # characters
_NUMBER = re.compile(r"[\d.eE+-]+")
_OPENING = re.compile(r"(?:^|,) *+(\[++)")  # of pixels without quotes, in a line
_BLANKS_AFTER_COMMA = re.compile(", +")

_field_limit = threading.Lock()  # csv.field_size_limit is global to the process


class CSVSource(TableSource):
    r"""Images listed in a CSV file, one a row (R21 to R24).

    The file has one line of column names. Besides standard CSV the handbook's spelling
    is read: values in single quotes, blanks after commas, and embedded pixels `[[1,2],[3,4]]`
    without quotes. Blanks around values do not count. Every location is a local path, a URL or
    embedded pixels (see `parse_pixels`). Further columns are kept in `columns`.

    Args:
        path: The file.
        image_column: Column with the locations; letter case does not count if no other column
            differs in case only. With `pixel_shape` also a list of columns or a pattern such as
            "pixel*": one column for each pixel.
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
        extension: Ending of files that the table names without it, as ".png" for ids.
        encoding: Encoding of the text, such as "cp1252" or "utf-16".
        missing: What to do where a local file does not exist: "raise" names it, "drop" leaves its
            row out and counts it in `summary`, "later" looks only when it is read. Each folder is
            listed once for it.
        pixel_shape: (height, width) or (height, width, channels) of images whose values stand in
            the table, row by row: in one cell, with blanks or commas between, or in one column for
            each. Whole numbers are 0 to 255, decimals 0 to 1.
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
        image_column: str | Sequence[str] = "location",
        label_column: str | Sequence[str] | None = "label",
        root: str | os.PathLike[str] | None = None,
        class_names: Sequence[str] | Mapping[str, Sequence[str]] | None = None,
        label_kind: str | Mapping[str, str] | None = None,
        label_separator: str = SEPARATOR,
        separator: str = ",",
        extension: str | None = None,
        encoding: str = "utf-8",
        missing: str = "raise",
        pixel_shape: Sequence[int] | None = None,
        allow: Sequence[str] = ("https",),
        private_hosts: bool = False,
    ) -> None:
        where = os.fspath(path)
        table = _Table(where, separator, encoding)
        locations = table.read(image_column, pixel_shape)
        place = table.place
        cells = dict(zip(table.names, table.cells, strict=True))
        chosen = find_columns(label_names(label_column), cells, where)
        labels = make_labels(
            {name: cells[name] for name in chosen},
            label_kind,
            class_names,
            place,
            label_separator,
            untyped=True,
        )
        used = {*table.images, *chosen}
        columns = {name: tidy_column(cells[name]) for name in table.names if name not in used}
        super().__init__(
            locations,
            labels,
            columns,
            where=where,
            root=Path(where).parent if root is None else root,
            confined=root is not None,
            remote={"allow": tuple(allow), "private_hosts": private_hosts},
            paths=PathOptions(extension, missing, place),
        )


class _Table:
    """Takes a file apart into images, and cells of the other columns."""

    def __init__(self, where: str, separator: str, encoding: str) -> None:
        self.where = where
        self.separator = separator
        self.encoding = text_encoding(encoding)
        self.lines = array("Q")  # that the rows begin on
        self.names: list[str] = []
        self.images: list[str] = []
        self.cells: list[list[str]] = []

    def place(self, row: int) -> str:
        """Where a row is, for messages."""
        return f"{self.where}, line {self.lines[row]}"

    def read(
        self, image_column: str | Sequence[str], pixel_shape: Sequence[int] | None
    ) -> CompactStrings | Array:
        """Read everything; return the locations, or the pixels of the images."""
        where = self.where
        if not Path(where).is_file():
            problem = "is not a file" if Path(where).exists() else "does not exist"
            raise FileNotFoundError(f"{where}: the CSV file {problem}. Check the path.")
        with _larger_fields(), Path(where).open(encoding=self.encoding, newline="") as file:
            rows = self._rows(file)
            line, self.names = next(rows, (1, []))
            _check_names(self.names, where, line)
            self.images = find_pixel_columns(
                image_column, self.names, where, pixel_shape, find_columns
            )
            images = self._gather(rows)
            if pixel_shape is None:
                found: Any = CompactStrings.from_list(image[0] for image in images)
            else:
                pixels = PixelRows(pixel_shape)
                for row, image in enumerate(images):
                    pixels.add(image[0] if len(image) == 1 else image, self.place(row))
                found = pixels.pixels(self.place)
        if not len(self.lines):
            raise ValueError(f"{where}: the table has no rows below its column names.")
        return found  # type: ignore[no-any-return]

    def _gather(self, rows: Iterator[tuple[int, list[str]]]) -> Iterator[list[str]]:
        """Yield what stands for each image, and keep other values, each distinct text once."""
        distinct: dict[str, str] = {}
        names, where = self.names, self.where
        positions = {name: index for index, name in enumerate(names)}
        images = [positions[name] for name in self.images]
        others = sorted(set(range(len(names))).difference(images))
        self.cells = [[] for _ in names]
        for line, row in rows:
            if len(row) != len(names):
                raise ValueError(
                    f"{where}, line {line}: expected {len(names)} values for the columns "
                    f"{shown(names)}; got {len(row)}: {brief(row)}. Put values that hold the "
                    'separator into double quotes ("...").'
                )
            image = [row[index] for index in images]
            if "" in image:
                raise ValueError(
                    f"{where}, line {line}: the location is empty. Give a path, a URL or pixels, "
                    "or remove the row."
                )
            self.lines.append(line)
            for index in others:
                self.cells[index].append(distinct.setdefault(row[index], row[index]))
            yield image

    def _rows(self, file: TextIO) -> Iterator[tuple[int, list[str]]]:
        """Yield each row that is not blank with the line that it begins on."""
        taken: list[str] = []
        reader = csv.reader(
            self._lines(file, taken), delimiter=self.separator, skipinitialspace=True, strict=True
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
                    f"{self.where}, line {line}: the row that begins here cannot be read: {error}. "
                    'Look for a double quote (") that is not closed; write a quote in a value '
                    'twice ("").'
                ) from error
            except UnicodeError as error:
                raise undecodable(self.where, self.encoding) from error
            if row:
                yield line, _tidied(row, taken, self.separator)

    def _lines(self, file: TextIO, taken: list[str]) -> Iterator[str]:
        """Yield the lines, which `taken` gets as they are."""
        small = Path(self.where).stat().st_size < _MOST_OF_LINE
        for text in file if small else self._limited(file):
            taken.append(text)
            if "[" in text and '"' not in text and len(taken) == 1 and self.separator == ",":
                yield _quoted_pixels(text)
            else:
                yield text

    def _limited(self, file: TextIO) -> Iterator[str]:
        """Lines of a file that may hold an endless one."""
        for number, text in enumerate(iter(partial(file.readline, _MOST_OF_LINE), ""), 1):
            if len(text) == _MOST_OF_LINE:
                raise ValueError(
                    f"{self.where}, line {number}: it is longer than {_MOST_OF_LINE:,} characters. "
                    "Check that the file is a table, with ends of lines."
                )
            yield text


def _tidied(row: list[str], taken: list[str], separator: str) -> list[str]:
    """Values without blanks around them, and in the handbook's spelling."""
    if not any("'" in text or "[" in text for text in taken):
        return [value.strip() for value in row]
    if any(_is_cut(value) for value in row):
        row = _single_quoted(taken, separator) or row
    return [_unquoted(value) for value in _rejoined(row, separator)]


def _quoted_pixels(text: str) -> str:
    """Put pixels of a line into double quotes, which spares cutting them at each comma.

    The row becomes the same as without, in a fraction of the time and memory.
    """
    parts, start = [], 0
    for opening in _OPENING.finditer(text):
        begin = opening.start(1)
        if begin < start:
            continue  # inside of the pixels before
        end = text.find("]" * len(opening[1]), begin) + len(opening[1])
        pixels = text[begin:end]
        whole = text[end : end + 1] in ("", ",", "\r", "\n")
        if not whole or not PIXELS.fullmatch(pixels) or pixels.count("[") != pixels.count("]"):
            return text
        parts += [text[start:begin], '"', _BLANKS_AFTER_COMMA.sub(",", pixels), '"']
        start = end
    return "".join([*parts, text[start:]])


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
    mend = "Give every column its own name."
    if all(_NUMBER.fullmatch(name) for name in names):
        mend = (
            "That looks like a row of numbers: write a line of names above it, or pass "
            "pandas.read_csv(path, header=None) to the source or sequence of data frames."
        )
    check_different(names, f"{where}, line {line}", mend)
    if len(names) == 1 and (other := next((mark for mark in ";\t|" if mark in names[0]), None)):
        raise ValueError(
            f"{where}, line {line}: the only column is {brief(names[0])}, which holds {other!r}. "
            f"Pass separator={other!r}."
        )
