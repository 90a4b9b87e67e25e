"""Changes of a text as edits of spans, so that everything outside them stays as it is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple


class Edit(NamedTuple):
    """Text to put in the place of the characters from `start` to `end`."""

    start: int
    end: int
    text: str


class Finding(NamedTuple):
    """Something to say about the line of the character `at`."""

    at: int
    text: str


class Note(NamedTuple):
    """A line whose behaviour differs or that needs a hand.

    Args:
        line: Its number in the text as it was, from 1 on; in a notebook within the cell.
        line_after: Its number in the text as it is after the change.
        text: What differs, or what to do.
        cell: Number of the cell of a notebook, from 1 on, with those of text counted.
    """

    line: int
    line_after: int
    text: str
    cell: int | None = None


@dataclass
class Changes:
    """What to change in a text, and what to say about it."""

    edits: list[Edit] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    def within(self, start: int, end: int) -> Changes:
        """What concerns a part of the text, counted from its first character."""
        return Changes(
            [
                Edit(edit.start - start, edit.end - start, edit.text)
                for edit in self.edits
                if start <= edit.start <= end
            ],
            [Finding(at - start, text) for at, text in self.findings if start <= at <= end],
        )

    def apply(self, text: str) -> tuple[str, list[Note]]:
        """Give the changed text, and each thing to say once per line."""
        parts, reached = [], 0
        edits = _outermost(self.edits)
        for edit in edits:
            parts += [text[reached : edit.start], edit.text]
            reached = edit.end
        notes: dict[Note, None] = {}  # in order, without repetitions
        for at, message in sorted(self.findings):
            line = text.count("\n", 0, at) + 1
            moved = sum(_added_lines(text, edit) for edit in edits if edit.start < at)
            notes[Note(line, line + moved, message)] = None
        return "".join([*parts, text[reached:]]), list(notes)


def _outermost(edits: Iterable[Edit]) -> list[Edit]:
    """Order edits by place, without repetitions and without those inside another one."""
    kept: list[Edit] = []
    for edit in sorted(dict.fromkeys(edits), key=lambda e: (e.start, e.start < e.end, -e.end)):
        if not kept or edit.start >= kept[-1].end:
            kept.append(edit)
    return kept


def _added_lines(text: str, edit: Edit) -> int:
    return edit.text.count("\n") - text.count("\n", edit.start, edit.end)
