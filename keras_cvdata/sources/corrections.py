"""Labels that a person corrected in a spreadsheet, and images that are to go."""

from __future__ import annotations

import csv
import difflib
import hashlib
import io
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from keras_cvdata.labels import SEPARATOR, Labels
from keras_cvdata.labels.column import compact
from keras_cvdata.types import Array, Ints, brief
from keras_cvdata.writing import replacing_file

if TYPE_CHECKING:
    from keras_cvdata.sources.base import Source

COLUMNS = ("row", "path", "label", "check", "score", "suggestion", "new_label", "remove")
COLLECTION = "collection"  # column that says which collection the list was made for
_NEEDED = ("row", "path", "label", "new_label", "remove")
_YES, _NO = {"x", "1", "yes", "y", "true", "remove"}, {"", "0", "no", "n", "false"}
_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # how a cell begins that a spreadsheet calculates


class Corrected(NamedTuple):
    """What corrections make of a collection.

    Attributes:
        kept: (M,) positions that are not removed.
        labels: Label columns of all positions.
        changed: Number of labels that are others now.
    """

    kept: Ints
    labels: dict[str, Labels]
    changed: int


@dataclass(frozen=True)
class _Line:
    """One line of the list."""

    where: str
    row: int
    path: str
    label: str
    new_label: str
    remove: bool
    collection: str


class Doubt(NamedTuple):
    """One image that a person is to look at.

    Attributes:
        row: Its row number.
        path: Its name.
        label: Its label, see `label_text`.
        check: What is doubtful.
        score: What was measured, as text.
        suggestion: The class that is likely, or what to do.
    """

    row: int
    path: str
    label: str
    check: str
    score: str
    suggestion: str


def write_doubts(path: str | os.PathLike[str], source: Source, doubts: Iterable[Doubt]) -> int:
    """Write the list that `corrected` reads, with empty columns for what a person says.

    Args:
        path: CSV file to write.
        source: The collection that the rows are of.
        doubts: The images.

    Returns:
        Number of images in the list.
    """
    made_for = fingerprint(source)
    number = 0
    # A mark at the start tells spreadsheets that it is UTF-8.
    with replacing_file(path) as draft, draft.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*COLUMNS, COLLECTION])
        for doubt in doubts:
            writer.writerow([doubt.row, *map(to_cell, doubt[1:]), "", "", made_for])
            number += 1
    return number


def corrected(source: Source, path: str | os.PathLike[str], new_classes: bool = False) -> Corrected:
    """Apply corrections to a collection.

    Args:
        source: The collection.
        path: The list, see `Source.correct`.
        new_classes: Make new classes of labels that are none yet.

    Returns:
        What is kept, with its labels.

    Raises:
        ValueError: The list is broken or belongs to another collection, or a label is no class.
    """
    lines = list(_read(Path(path)))
    _check_agree(lines)
    positions = _positions_of(source, {line.row for line in lines})
    _check_belongs(source, positions, lines)
    removed = [p for line in lines if line.remove for p in positions[line.row]]
    kept = np.setdiff1d(np.arange(len(source)), np.array(removed, np.int64))
    new = [line for line in lines if line.new_label.strip()]
    if not new:
        return Corrected(kept, dict(source.labels), 0)
    if len(source.labels) != 1 or _column(source).kind not in ("class", "multilabel"):
        raise ValueError(
            f"{new[0].where}: new labels can be given to one column of classes, or of several "
            f"classes an image; {source!r} has other labels. Correct them where they come from."
        )
    ((name, old),) = source.labels.items()
    labels = _relabelled(old, positions, new, new_classes)
    told = {position for line in new for position in positions[line.row]}
    changed = sum(_text(old, position) != _text(labels, position) for position in told)
    return Corrected(kept, {name: labels}, changed)


def label_text(source: Source, position: int) -> str:
    """Label of one image as the list spells it; "" where there is not exactly one column."""
    return _text(_column(source), position) if len(source.labels) == 1 else ""


def _text(column: Labels, position: int) -> str:
    value = column.values[position]
    if column.kind == "class":
        return column.class_names[int(value)]
    if column.kind == "multilabel":
        return SEPARATOR.join(column.class_names[code] for code in np.flatnonzero(value))
    if column.kind == "hierarchical":
        return "/".join(names[code] for names, code in zip(column.names, value, strict=True))
    return str(value)


def fingerprint(source: Source) -> str:
    """Number of images and a digest of their names, wherever the collection lies."""
    digest = hashlib.blake2b(digest_size=6)
    for position in range(len(source)):
        digest.update(_end_of(source.name(position)).encode() + b"\0")
    return f"{len(source)} images {digest.hexdigest()}"


def to_cell(text: str) -> str:
    """Text that a spreadsheet neither calculates nor chokes on."""
    plain = _plain(text)
    return f"'{plain}" if plain.startswith(_FORMULA) else plain


def _from_cell(cell: str) -> str:
    return cell[1:] if cell[:1] == "'" and cell[1:].startswith(_FORMULA) else cell


def _plain(text: str) -> str:
    """Names of files need not be Unicode."""
    return text.encode("utf-8", "backslashreplace").decode()


def _end_of(name: str) -> str:
    """The last two parts of a path, which stay when a collection is moved."""
    return "/".join(_plain(name).replace("\\", "/").rsplit("/", 2)[-2:])


def _column(source: Source) -> Labels:
    return next(iter(source.labels.values()))


def _read(path: Path) -> Iterator[_Line]:
    text = _text_of(path)
    heading = text.partition("\n")[0]
    delimiter = max(",;\t", key=heading.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        rows = [(reader.line_num, cells) for cells in reader]
    except csv.Error as error:
        raise ValueError(f"{path}, line {reader.line_num}: this is no CSV: {error}.") from error
    names = [name.strip().casefold() for name in rows[0][1]] if rows else []
    missing = [name for name in _NEEDED if name not in names]
    if missing:
        raise ValueError(
            f"{path} has no column {missing[0]!r}, so it is no list of corrections. Take one of "
            f"`AuditReport.review_list`; it has the columns {', '.join(COLUMNS)}."
        )
    for number, cells in rows[1:]:
        if any(cell.strip() for cell in cells):
            yield _line(f"{path}, line {number}", dict(zip(names, cells, strict=False)))


def _text_of(path: Path) -> str:
    data = path.read_bytes()
    wide = data.startswith((b"\xff\xfe", b"\xfe\xff"))  # what Excel calls Unicode text
    try:
        return data.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise ValueError(
            f"{path}, line {line}: the text is not UTF-8. Save the table as 'CSV UTF-8'."
        ) from None


def _line(where: str, cells: dict[str, str]) -> _Line:
    text = {name: _from_cell(cells.get(name, "")) for name in (*_NEEDED, COLLECTION)}
    number = _number(text["row"])
    if number is None or not number.is_integer():
        raise ValueError(f"{where}: row must be the number of an image; got {brief(text['row'])}.")
    row = int(number)
    remove = text["remove"].strip().casefold()
    if remove not in _YES | _NO:
        raise ValueError(
            f"{where} (row {row}): remove must be x or empty; got {brief(text['remove'])}. A new "
            "label belongs into new_label."
        )
    if remove in _YES and text["new_label"].strip():
        raise ValueError(
            f"{where} (row {row}): it says both remove and the new label "
            f"{brief(text['new_label'])}. Leave one of them."
        )
    return _Line(
        f"{where} (row {row})",
        row,
        text["path"],
        text["label"],
        text["new_label"],
        remove in _YES,
        text[COLLECTION].strip(),
    )


def _positions_of(source: Source, rows: set[int]) -> dict[int, list[int]]:
    """Positions of the images with these numbers."""
    numbers = source.rows
    found: dict[int, list[int]] = {}
    for position in np.flatnonzero(np.isin(numbers, list(rows))).tolist():
        found.setdefault(int(numbers[position]), []).append(position)
    return found


def _check_belongs(source: Source, positions: dict[int, list[int]], lines: Sequence[_Line]) -> None:
    """Refuse a list whose rows are other images, before anything is changed."""
    listed = next((line.collection for line in lines if line.collection), None)
    own = fingerprint(source) if listed else None
    other = f" It was made for {listed}; this collection has {own}." if listed != own else ""
    for line in lines:
        found = positions.get(line.row)
        if not found:
            raise ValueError(f"{line.where}: {source!r} has no such row.{other}")
        name, label = source.name(found[0]), label_text(source, found[0])
        if _end_of(name) != _end_of(line.path):
            raise ValueError(
                f"{line.where}: the list says {brief(line.path)}, but this row is {brief(name)}: "
                f"the list was made for other images.{other}"
            )
        if source.labels and not _same(line.label, _plain(label)):
            raise ValueError(
                f"{line.where}: the list says the label {brief(line.label)}, but it is "
                f"{brief(label)}: the labels have changed since.{other} Make a new list."
            )
    if other:
        raise ValueError(
            f"{lines[0].where.partition(',')[0]} was made for another collection.{other} If the "
            f"rows are right all the same, delete the column {COLLECTION!r}."
        )


def _check_agree(lines: Sequence[_Line]) -> None:
    """Refuse two lines that say different things of one image; lines may also say nothing."""
    said: dict[int, _Line] = {}
    for line in lines:
        if line.remove or line.new_label.strip():
            before = said.setdefault(line.row, line)
            if (line.remove, line.new_label.strip()) != (before.remove, before.new_label.strip()):
                raise ValueError(f"{line.where}: {before.where} says something else. Leave one.")


def _same(cell: str, label: str) -> bool:
    """Whether a spreadsheet may have made the cell of this label: 7 of 007, TRUE of True."""
    cell, label = cell.strip(), label.strip()
    if cell == label:
        return True
    if label in ("True", "False"):
        return cell.casefold() == label.casefold()
    number = _number(cell)
    return number is not None and number == _number(label)


def _keys(text: str, *, cell: bool = False) -> list[str | float]:
    """What a cell and a label share where they are the same, see `_same`."""
    keys: list[str | float] = [f"text {text}"]
    if text in ("True", "False") or cell:
        keys.append(f"truth {text.casefold()}")
    number = _number(text)
    return keys if number is None else [*keys, number]


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _relabelled(
    old: Labels, positions: dict[int, list[int]], lines: Sequence[_Line], new_classes: bool
) -> Labels:
    classes = _Classes(old.class_names, new_classes)
    codes_of = {
        line.row: [classes.code(part, line.where) for part in _parts(old, line)] for line in lines
    }
    values = _widened(old, len(classes.names))
    for row, codes in codes_of.items():
        for position in positions[row]:
            if old.kind == "class":
                values[position] = codes[0]
            else:
                values[position] = 0
                values[position, codes] = 1
    return Labels(old.kind, values, (tuple(classes.names),))


def _widened(old: Labels, classes: int) -> Array:
    if old.kind == "class":
        return compact(old.values.copy(), classes)
    return np.pad(old.values, ((0, 0), (0, classes - old.values.shape[1])))


def _parts(old: Labels, line: _Line) -> list[str]:
    if old.kind == "class":
        return [line.new_label]
    return [part for part in line.new_label.split(SEPARATOR) if part.strip()]


class _Classes:
    """Classes by the names that cells have for them.

    Args:
        names: The classes.
        may_grow: Make new classes of other names.
    """

    def __init__(self, names: Sequence[str], may_grow: bool) -> None:
        self.names = list(names)
        self.may_grow = may_grow
        self._codes: dict[str, int] = {}
        self._alike: dict[str | float, set[int]] = {}
        for code, name in enumerate(names):
            self._learn(_plain(name), code)

    def _learn(self, name: str, code: int) -> None:
        self._codes[name] = code
        for key in _keys(name.strip()):
            self._alike.setdefault(key, set()).add(code)

    def code(self, cell: str, where: str) -> int:
        """Number of a class, which is added where it is new and may be."""
        found = self._codes.get(cell, self._codes.get(cell.strip()))
        if found is None:
            same = (self._alike.get(key, set()) for key in _keys(cell.strip(), cell=True))
            alike: set[int] = set().union(*same)
            found = alike.pop() if len(alike) == 1 else self._new(cell.strip(), where)
            self._learn(cell, found)
        return found

    def _new(self, name: str, where: str) -> int:
        if not self.may_grow:
            raise self._unknown(name, where)
        self.names.append(name)
        return len(self.names) - 1

    def _unknown(self, name: str, where: str) -> ValueError:
        near = difflib.get_close_matches(name, self._codes, 1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        shown = ", ".join(self.names[:20]) + (", ..." if len(self.names) > 20 else "")
        return ValueError(
            f"{where}: the new label {brief(name)} is no class; there are {shown}.{hint} Correct "
            "it, or pass new_classes=True to make a class of it."
        )
