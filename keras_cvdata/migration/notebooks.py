"""Notebooks: their code cells as one script, with magics, and their JSON as it was written."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import NamedTuple

from keras_cvdata.migration.analysis import analyse
from keras_cvdata.migration.changes import Changes, Edit, Note
from keras_cvdata.migration.notes import UNREADABLE_CELL
from keras_cvdata.migration.script import ScriptError, parse, split_lines

_MAGIC = re.compile(r"\s*[%!?]|.*\?\s*$|[^=]*=\s*[%!]")  # of lines that Python refuses
_AROUND_PYTHON = ("%%time", "%%timeit", "%%capture", "%%prun")


class Cell(NamedTuple):
    """A changed code cell.

    Args:
        number: From 1 on, with the cells of text counted.
        before: Its source as it was.
        after: Its source as it is after the change.
    """

    number: int
    before: str
    after: str


class _Source(NamedTuple):
    """Source of a code cell, and the span of the JSON that holds it."""

    number: int
    text: str
    start: int
    end: int


def migrate_cells(text: str, named_axes: bool = False) -> tuple[str, list[Cell], list[Note]]:
    """Change the code cells of a notebook.

    They are one script, as a name that one cell defines is used in others.

    Args:
        text: The notebook's JSON.
        named_axes: As in `migrate_source`.

    Returns:
        The changed JSON, equal outside the changed lines; the changed cells; and the notes.

    Raises:
        ValueError: The text is no notebook of format 4.
    """
    sources = list(_code_cells(text))
    scripts, notes = [], []
    for source in sources:
        try:
            scripts.append(mask_magics(source.text))
        except ScriptError as error:
            scripts.append(_blank(source.text))
            message = UNREADABLE_CELL.format(error.reason)
            notes.append(Note(error.line, error.line, message, source.number))
    changes = analyse("\n".join(scripts), named_axes)
    start, cells, edits = 0, [], []
    for source in sources:
        end = start + len(source.text)
        after, found = changes.within(start, end).apply(source.text)
        notes += [note._replace(cell=source.number) for note in found]
        if after != source.text:
            cells.append(Cell(source.number, source.text, after))
            edits.append(Edit(source.start, source.end, _encode(text, source, after)))
        start = end + 1
    return Changes(edits).apply(text)[0], cells, sorted(notes, key=lambda note: note.cell or 0)


def mask_magics(source: str) -> str:
    """Put other text of the same length in the place of what only IPython understands.

    Only lines that Python refuses count: `% name` may go on with a string, and a line that ends in
    `?` may be in one.

    Args:
        source: Source of a cell.

    Returns:
        The source with `0` for a magic, or blanks if the whole cell is for another program.

    Raises:
        ScriptError: A line is neither Python nor a magic.
    """
    if source.lstrip().startswith("%%") and source.split(maxsplit=1)[0] not in _AROUND_PYTHON:
        return _blank(source)
    lines = split_lines(source)
    while True:
        try:
            parse("".join(lines))
        except ScriptError as error:
            number = error.line - 1
            if number >= len(lines) or not _MAGIC.match(lines[number]):
                raise
            _mask(lines, number)
        else:
            return "".join(lines)


def _mask(lines: list[str], number: int) -> None:
    """Mask a line, and those that a backslash adds to it."""
    line = lines[number]
    body = line.strip()
    lines[number] = line.replace(body, "0".ljust(len(body)))
    while body.endswith("\\") and number + 1 < len(lines):
        number += 1
        body = lines[number].strip()
        lines[number] = _blank(lines[number])


def _blank(text: str) -> str:
    return "".join(character if character in "\r\n" else " " for character in text)


def _code_cells(text: str) -> Iterator[_Source]:
    notebook = json.loads(text)
    cells = notebook.get("cells") if isinstance(notebook, dict) else None
    if not isinstance(cells, list):
        raise ValueError("expected a notebook of format 4, with a list of `cells`; save it as one.")
    parts = {key: start for key, start, _ in _items(text, _skip_blanks(text, 0))}
    places = _items(text, parts["cells"])
    for number, (cell, (_, at, _)) in enumerate(zip(cells, places, strict=True), 1):
        if isinstance(cell, dict) and cell.get("cell_type") == "code" and "source" in cell:
            source = cell["source"]
            spans = {key: (start, end) for key, start, end in _items(text, at)}
            yield _Source(
                number, source if isinstance(source, str) else "".join(source), *spans["source"]
            )


def _items(text: str, at: int) -> Iterator[tuple[str, int, int]]:
    """Keys (in an array empty ones) and spans of the values of the JSON object or array at `at`."""
    decode = json.JSONDecoder().raw_decode
    keyed = text[at] == "{"
    at = _skip_blanks(text, at + 1)
    while text[at] not in "}]":
        key = ""
        if keyed:
            key, at = decode(text, at)
            at = _skip_blanks(text, _skip_blanks(text, at) + 1)  # a colon
        end = decode(text, at)[1]
        yield key, at, end
        at = _skip_blanks(text, end)
        if text[at] == ",":
            at = _skip_blanks(text, at + 1)


def _skip_blanks(text: str, at: int) -> int:
    while text[at] in " \t\r\n":
        at += 1
    return at


def _encode(text: str, source: _Source, after: str) -> str:
    """Write a source in the form that it had, with unchanged lines as they were."""
    ascii_only = text.isascii()
    value = text[source.start : source.end]
    if value.startswith('"'):
        return json.dumps(after, ensure_ascii=ascii_only)
    spans = [(start, end) for _, start, end in _items(value, 0)]
    (first, end), last = spans[0], spans[-1][1]
    between = value[end : spans[1][0]] if len(spans) > 1 else f",{value[1:first]}"
    written = {json.loads(value[start:end]): value[start:end] for start, end in spans}
    lines = (
        written.get(line) or json.dumps(line, ensure_ascii=ascii_only)
        for line in split_lines(after)
    )
    return value[:first] + between.join(lines) + value[last:]
