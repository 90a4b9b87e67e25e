"""Labels as the text of table cells: several in one cell, lists, and integers without a type."""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
from typing import Any

from keras_cvdata.labels.making import is_missing, print_integers
from keras_cvdata.labels.modes import reads_as
from keras_cvdata.types import brief

SEPARATOR = "|"  # between several labels in one cell of text

_ITEM = re.compile(r"""'([^']*)'|"([^"]*)"|([^\s,'"][^\s,]*)""")
_FLAGS = {"0": 0, "1": 1, "0.": 0, "1.": 1, "0.0": 0, "1.0": 1}
_SURE_MARKS = ",;|\t\n"  # hardly ever part of a name
_OTHER_MARKS = "/+& "


def read_cells(
    values: Sequence[Any],
    kind: str | None,
    separator: str = SEPARATOR,
    *,
    untyped: bool = False,
    known: bool = False,
) -> Sequence[Any]:
    """Bring the cells of a label column to names, numbers and lists of them.

    Text in brackets is a list, as "[0, 1, 1]", "['red', 'big']" or "[0. 1. 1.]", which is how
    NumPy and pandas write one into a table.

    Args:
        values: Cells: text, numbers, or lists of them.
        kind: Kind that the labels must have; "multilabel" and "number" split text at `separator`.
        separator: What stands between several labels in one cell.
        untyped: The table has no types, as CSV: text that prints like an integer is one, and
            "True" and "False" are booleans.
        known: The class names are given, so that names which are joined otherwise are refused.

    Returns:
        The cells; gaps stay as they are, but blank text of "multilabel" is an empty list.

    Raises:
        ValueError: The separator is no text.

    Warns:
        UserWarning: The names look joined by something else than `separator`.

    Example:
        >>> read_cells(["red|big", "[red]", ""], "multilabel")
        [['red', 'big'], ['red'], []]
        >>> read_cells(["7", "10"], None, untyped=True)
        [7, 10]
    """
    if not isinstance(separator, str) or not separator:
        raise ValueError(
            f"label_separator must be the text between labels, such as ','; got {separator!r}."
        )
    if kind in ("multilabel", "number"):
        return _split_cells(values, kind, separator, known)
    if kind is None and len(values) and all(_in_brackets(value) for value in values):
        return _split_cells(values, "multilabel", separator, known)
    if untyped and kind in (None, "class") and not known:
        return _typed(values)
    return values


def _split_cells(values: Sequence[Any], kind: str, separator: str, known: bool) -> list[Any]:
    several = kind == "multilabel"
    cells = [_parts(value, separator, always=several) for value in values]
    # What came as a list already has its types; parts of text have those of all parts together.
    texts = [i for i, value in enumerate(values) if isinstance(value, str)]
    parts = [part for i in texts if isinstance(cells[i], list) for part in cells[i]]
    if several and not known and not any(separator in values[i] for i in texts):
        whole = {part for i in texts if not _in_brackets(values[i]) for part in cells[i]}
        _warn_of_other_separator(whole, separator)
    typed = dict(zip(parts, _typed(parts), strict=True)) if several else {}
    if set(parts) <= set(_FLAGS):
        typed = _FLAGS
    elif several and not known and are_shares(set(parts)):
        typed = {part: float(part) for part in parts}
    for i in texts:
        if isinstance(cells[i], list):
            cells[i] = [typed.get(part, part) for part in cells[i]]
    return cells


def are_shares(texts: set[str]) -> bool:
    """Say whether all texts are numbers and not all integers; with leading zeros they are names."""
    whole = all(reads_as(text, int) for text in texts)
    return not whole and all(reads_as(text, float) for text in texts)


def _parts(value: Any, separator: str, always: bool) -> Any:
    """Take one cell of text apart; unless `always`, blanks and text that is one value stay."""
    if not isinstance(value, str) or (is_missing(value) and not always):
        return value
    if _in_brackets(value):
        return _items(value.strip()[1:-1])
    if separator not in value and not always:
        return value
    return [part.strip() for part in value.split(separator) if part.strip()]


def _items(text: str) -> list[str]:
    """Parts of a list: quoted, between commas, or between blanks as NumPy writes numbers."""
    if "," in text and not set("'\"") & set(text):
        return [part.strip() for part in text.split(",") if part.strip()]
    return [next(filter(None, found), "") for found in _ITEM.findall(text)]


def _in_brackets(value: Any) -> bool:
    if not isinstance(value, str):
        return False
    text = value.strip()
    return text[:1] + text[-1:] in ("[]", "()") and not set("[](){}") & set(text[1:-1])


def _typed(texts: Sequence[Any]) -> Sequence[Any]:
    """Read texts as integers or booleans if all of them print like that: "7", not "007"."""
    distinct = set(texts) if all(isinstance(text, str) for text in texts) else set()
    if distinct and print_integers(distinct):
        return list(map(int, texts))
    if distinct and distinct <= {"True", "False"}:
        return [text == "True" for text in texts]
    return texts


def _warn_of_other_separator(names: set[str], separator: str) -> None:
    for mark in _SURE_MARKS + _OTHER_MARKS:
        joined = [name for name in names if mark in name]
        if not joined or mark == separator:
            continue
        if mark in _SURE_MARKS or _are_fewer(names, mark):
            warnings.warn(
                f"The labels look joined by {mark!r}, as in {brief(min(joined))}, but are split at "
                f"{separator!r} only: pass label_separator={mark!r}. If these are names of "
                "classes, list them in class_names.",
                UserWarning,
                stacklevel=2,
            )
            return


def _are_fewer(names: set[str], mark: str) -> bool:
    """Whether the parts of names are fewer than the names."""
    parts: set[str] = set()
    for name in names:
        parts.update(part.strip() for part in name.split(mark))
        if len(parts) >= len(names):
            return False
    return True
