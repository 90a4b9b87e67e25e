"""Images listed in a JSON file."""

from __future__ import annotations

import json
import os
import re
from array import array
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any, NoReturn

from keras_cvdata.labels import SEPARATOR
from keras_cvdata.sources.columns import find_columns, label_names, shown
from keras_cvdata.sources.embedded import PixelRows, find_pixel_columns
from keras_cvdata.sources.strings import CompactStrings, SharedTexts
from keras_cvdata.sources.table import PathOptions, TableSource, make_labels, tidy_column
from keras_cvdata.sources.text_files import text_encoding, undecodable
from keras_cvdata.types import Array, brief, without_credentials

_BLANKS = re.compile(r"\s*+")
_BETWEEN = re.compile(r"\s*+(?:,\s*+)?")  # objects
# What was taken is never given up again (`++`): going back over a string takes a lot of memory.
_TOKEN = re.compile(
    r"""(?P<single>'(?:[^'\\]++|\\.)*+')|(?P<double>"(?:[^"\\]++|\\.)*+")"""
    r"""|(?P<open>[\[{])|(?P<close>[\]}])|[^\[\]{}'"]++"""
)
_OTHER_BLANKS = re.compile(r"[^\S \t\r\n]+")  # that JSON does not know
_NO_BRACKETS = re.compile(r"[^\[\]{}]+")
_MOST_LEVELS = 100  # of lists and objects in each other: more cannot go to another process
_SHALLOW = 2 * _MOST_LEVELS  # characters that hold no more than these
_HALF_PAIR = re.compile(r"\\u[dD][89a-fA-F]")
_CELLS = 1 << 23  # of columns that are made however few of them the objects fill,
_CELLS_EACH = 32  # and for each that is filled


class JSONSource(TableSource):
    """Images listed in a JSON file: an array of objects, or one object a line (R25).

    Besides standard JSON the handbook's spelling is read: strings in single quotes, commas missing
    between objects or left over at the end. A location is a local path, a URL, or the pixels as a
    nested list. Further keys are kept in `columns`, None where an object lacks one.

    Args:
        path: The file.
        image_column: Key of the locations; letter case does not count if no other key differs in
            case only. With `pixel_shape` also a list of keys or a pattern such as "pixel*": one
            key for each pixel.
        label_column: Key of the labels, several, or None for images without labels.
        root: Folder of relative paths, out of which no image may be read. With None relative paths
            start from the folder of the JSON file, and any path may be read.
        class_names: Classes in the order of their integers, for one label key, or by key; sorted
            names by default.
        label_kind: "class", "multilabel" (a list of names, or of 0 and 1), "hierarchical"
            (`cat/persian` or a list) or "number", for all label keys or by key; by default seen
            from the values: integers from 0 on are classes with these numbers. Several keys of 0
            and 1 ("multilabel"), or of numbers ("number"), make one.
        label_separator: What stands between several labels in one text.
        extension: Ending of files that the table names without it, as ".png" for ids.
        encoding: Encoding of the text, such as "cp1252" or "utf-16".
        missing: What to do where a local file does not exist: "raise" names it, "drop" leaves its
            row out and counts it in `summary`, "later" looks only when it is read. Each folder is
            listed once for it.
        pixel_shape: (height, width) or (height, width, channels) of images whose values stand in
            the table, row by row: in one cell, with blanks or commas between, or in one key for
            each. Whole numbers are 0 to 255, decimals 0 to 1.
        allow: URL schemes that may be read.
        private_hosts: Allow URLs of this machine and of private networks.

    Raises:
        ValueError: The file cannot be read as such a table; the message names the line.

    Example:
        >>> import pathlib, tempfile
        >>> file = pathlib.Path(tempfile.mkdtemp()) / "pixels.json"
        >>> _ = file.write_text("[{'label': 'cat', 'location': [[1, 2], [3, 4]]}]")
        >>> JSONSource(file).fetch(0).tolist()
        [[1, 2], [3, 4]]
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
        extension: str | None = None,
        encoding: str = "utf-8",
        missing: str = "raise",
        pixel_shape: Sequence[int] | None = None,
        allow: Sequence[str] = ("https",),
        private_hosts: bool = False,
    ) -> None:
        where = os.fspath(path)
        rows = _Rows(where, image_column, label_names(label_column), pixel_shape)
        locations = rows.read(text_encoding(encoding))
        if not len(locations):
            raise ValueError(f"{where}: the file lists no images.")
        super().__init__(
            locations,
            make_labels(
                rows.labels,
                label_kind,
                class_names,
                rows.place,
                label_separator,
            ),
            {
                name: tidy_column(values + [None] * (len(locations) - len(values)))
                for name, values in rows.columns.items()
            },
            where=where,
            root=Path(where).parent if root is None else root,
            confined=root is not None,
            remote={"allow": tuple(allow), "private_hosts": private_hosts},
            paths=PathOptions(extension, missing, rows.place),
        )


class _Rows:
    """Takes the objects of a file apart into locations, labels and further columns."""

    def __init__(
        self,
        where: str,
        image_column: str | Sequence[str],
        label_keys: list[str],
        pixel_shape: Sequence[int] | None,
    ) -> None:
        self.where = where
        self.image_column = image_column
        self.pixel_shape = pixel_shape
        self.labels: dict[str, list[Any]] = {key: [] for key in label_keys}
        self.columns: dict[str, list[Any]] = {}
        self.lines = array("Q")
        self._shared = SharedTexts()

    def place(self, row: int) -> str:
        """Where a row is, for messages."""
        return f"{self.where}, line {self.lines[row]}"

    def read(self, encoding: str) -> CompactStrings | Array:
        """Read everything; return the locations, or the pixels of the images."""
        images = self._images(encoding)
        if self.pixel_shape is None:
            return CompactStrings.from_list(map(self._as_text, images))
        pixels = PixelRows(self.pixel_shape)
        for row, image in enumerate(images):
            pixels.add(image, self.place(row))
        return pixels.pixels(self.place)

    def _images(self, encoding: str) -> Iterator[Any]:
        """Yield what stands for each image."""
        spelling: dict[tuple[str, ...], tuple[list[str], dict[str, str]]] = {}
        columns, lines, shared, filled = self.columns, self.lines, self._shared, 0
        for line, row in _objects(_read_text(self.where, encoding), self.where):
            keys = tuple(row)
            if keys not in spelling:
                spelling[keys] = self._spelling(keys, f"{self.where}, line {line}")
            image_keys, label_keys = spelling[keys]
            filled += len(row)
            image = [row.pop(key) for key in image_keys]
            for key, values in self.labels.items():
                values.append(shared(row.pop(label_keys[key], None)))
            for key, value in row.items():
                column = columns.setdefault(key, [])
                if len(column) < len(lines):
                    column.extend([None] * (len(lines) - len(column)))
                column.append(shared(value))
            lines.append(line)
            if len(row) < len(columns):
                self._check_filled(filled)
            yield image[0] if len(image) == 1 else image

    def _check_filled(self, filled: int) -> None:
        """Refuse objects with keys of their own: each makes a column as long as the table."""
        cells = len(self.columns) * len(self.lines)
        if cells > max(_CELLS, _CELLS_EACH * filled):
            raise ValueError(
                f"{self.place(-1)}: the objects have {len(self.columns):,} different keys so far, "
                f"such as {shown(list(self.columns))}, and most objects lack most of them. Give "
                "all objects the same keys; put further ones into an object or a list in one key."
            )

    def _spelling(self, keys: tuple[str, ...], place: str) -> tuple[list[str], dict[str, str]]:
        """How objects with these keys spell those of the image and of the labels."""
        images = find_pixel_columns(self.image_column, keys, place, self.pixel_shape, find_columns)
        labels = find_columns(list(self.labels), keys, place)
        return images, dict(zip(self.labels, labels, strict=True))

    def _as_text(self, location: Any) -> str:
        if isinstance(location, list):
            return json.dumps(location)
        if isinstance(location, int) and not isinstance(location, bool):  # an id
            return str(location)
        if isinstance(location, str) and location.strip():
            return location
        raise ValueError(
            f"{self.place(-1)}: the location must be a path, a URL or pixels as a nested list; got "
            f"{brief(location)}."
        )


def _read_text(where: str, encoding: str) -> str:
    file = Path(where)
    if not file.is_file():
        problem = "is not a file" if file.exists() else "does not exist"
        raise FileNotFoundError(f"{where}: the JSON file {problem}. Check the path.")
    try:
        return file.read_text(encoding)
    except UnicodeError as error:
        raise undecodable(where, encoding) from error


def _objects(text: str, where: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield each object with the line that it begins on."""
    position = _skip(text, 0)
    in_array = text.startswith("[", position)
    if not in_array and not text.startswith("{", position):
        _refuse(text, position, where, "expected an array of objects, [{...}, ...]")
    position = _skip(text, position + in_array)
    line, counted, loose, line_end = 1, 0, False, 0
    halves = "\\ud" in text or "\\uD" in text  # of surrogate pairs, perhaps
    while position < len(text):
        if in_array and text[position] == "]":
            position = _skip(text, position + 1)
            if position < len(text):
                _refuse(text, position, where, "expected nothing after the closing ]")
            return
        if 0 <= line_end < position:
            line, counted = line + text.count("\n", counted, position), position
            line_end = text.find("\n", position)
        row, position, loose = _object(text, position, where, loose, halves)
        yield line, row
        position = _skip(text, position, _BETWEEN)
    if in_array:
        _refuse(text, position, where, "expected a closing ]; the file may be cut short")


def _skip(text: str, position: int, what: re.Pattern[str] = _BLANKS) -> int:
    """Position of what follows the blanks."""
    blanks = what.match(text, position)
    assert blanks is not None  # it matches nothing as well
    return blanks.end()


def _object(
    text: str, position: int, where: str, loose: bool, halves: bool
) -> tuple[dict[str, Any], int, bool]:
    """Read the object at a position; return it, where it ends, and whether it is spelled loosely.

    After one such object the next is taken for another: the strict reader counts all lines before
    an error, which would make the time grow with the square of the length.
    """
    if text[position] != "{":
        _refuse(text, position, where, "expected an object, {...}")
    try:
        if loose:
            row, end, loose = _loose_or_strict(text, position)
        else:
            row, end = _DECODER.raw_decode(text, position)
        if (
            end - position > _SHALLOW
            and text.count("[", position, end) + text.count("{", position, end) > _MOST_LEVELS
            and _is_deep(row, text[position:end])
        ):
            raise ValueError(f"lists in lists are more than {_MOST_LEVELS} levels deep")
        if halves and _HALF_PAIR.search(text, position, end):
            json.dumps(row, ensure_ascii=False).encode("utf-8", "surrogateescape")
        return row, end, loose
    except (ValueError, RecursionError) as error:
        if not loose and isinstance(error, json.JSONDecodeError):
            return _object(text, position, where, True, halves)
        _refuse_object(text, position, where, error)


def _refuse_object(text: str, position: int, where: str, error: Exception) -> NoReturn:
    if isinstance(error, UnicodeEncodeError):
        half = brief(error.object[error.start])
        problem = f"the object holds {half}, half of a surrogate pair, which is no character"
    elif isinstance(error, json.JSONDecodeError):
        problem, position = f"{error.msg} in the object", max(error.pos, position)
    else:
        problem = f"the object cannot be read, {error}"
    _refuse(text, position, where, problem, error)


def _is_deep(row: dict[str, Any], text: str) -> bool:
    marks = _NO_BRACKETS.sub("", text)  # those in strings count, too, but take less time
    if max(accumulate(1 if mark in "[{" else -1 for mark in marks)) <= _MOST_LEVELS:
        return False
    values: list[Any] = [row]
    for _ in range(_MOST_LEVELS):
        inner = (each.values() if isinstance(each, dict) else each for each in values)
        values = [v for each in inner for v in each if isinstance(v, list | dict)]
    return bool(values)


def _loose_or_strict(text: str, position: int) -> tuple[dict[str, Any], int, bool]:
    if found := _loose_object(text, position):
        return (*found, True)
    return (*_DECODER.raw_decode(text, position), False)


def _loose_object(text: str, position: int) -> tuple[dict[str, Any], int] | None:
    """Read an object with single quotes or left-over commas by spelling it as JSON first."""
    tokens: list[str] = []
    depth = 0
    end = position
    while not tokens or depth:
        token = _TOKEN.match(text, end)
        if token is None:
            return None
        word, end, kind = token[0], token.end(), token.lastgroup
        if kind == "single":
            word = _double_quoted(word)
        elif kind == "open":
            depth += 1
        elif kind == "close":
            depth -= 1
            tokens[-1] = tokens[-1].rstrip().removesuffix(",")
        elif kind is None:
            word = _OTHER_BLANKS.sub(" ", word)
        tokens.append(word)
    try:
        return _DECODER.decode("".join(tokens)), end
    except json.JSONDecodeError:
        return None


def _double_quoted(word: str) -> str:
    return '"' + word[1:-1].replace("\\'", "'").replace('"', '\\"') + '"'


def _distinct_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    row = dict(pairs)
    if len(row) < len(pairs):
        counts = Counter(name for name, _ in pairs)
        twice = next(name for name, count in counts.items() if count > 1)
        raise ValueError(f"it holds the key {brief(twice)} {counts[twice]} times")
    return row


def _no_constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is no value of JSON (write null)")


_DECODER = json.JSONDecoder(object_pairs_hook=_distinct_keys, parse_constant=_no_constant)


def _refuse(
    text: str, position: int, where: str, problem: str, cause: Exception | None = None
) -> NoReturn:
    line = text.count("\n", 0, position) + 1
    found = repr(without_credentials(text[position : position + 999])[:30])
    if position >= len(text):
        found = "the end of the file"
    raise ValueError(
        f"{where}, line {line}: {problem}; got {found}. Correct the file, or write it with "
        "json.dump."
    ) from cause
