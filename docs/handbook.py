"""The numbers of the handbook (R1, X1, ...), and the tests and modules that name them."""

from __future__ import annotations

import ast
import re
import tomllib
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parents[1]
STATES = {
    "done": "Done",
    "partly": "Partly done",
    "not_yet": "Not yet",
    "no_code": "No code",
}
_NAMED = re.compile(r"\b([RX])(\d{1,2})\b(?:\s+to\s+\1(\d{1,2})\b)?")


def table() -> dict[str, dict[str, str]]:
    """Meaning of each number, by its state."""
    return tomllib.loads((ROOT / "docs" / "handbook.toml").read_text())


def numbers(text: str) -> set[str]:
    """Numbers that a text names, those between the ends of `R1 to R3` too."""
    return {
        f"{letter}{number}"
        for letter, first, last in _NAMED.findall(text)
        for number in range(int(first), int(last or first) + 1)
    }


def named_in(folder: str) -> dict[str, dict[str, list[str]]]:
    """For each number the files of a folder that name it, and in each the functions."""
    found: dict[str, dict[str, list[str]]] = defaultdict(dict)
    for path in sorted((ROOT / folder).rglob("*.py")):
        text = path.read_text()
        if not numbers(text):
            continue
        name = path.relative_to(ROOT).as_posix()
        rest = text.splitlines()
        for function, first, last in _functions(text):
            for number in numbers("\n".join(rest[first:last])):
                found[number].setdefault(name, []).append(function)
            rest[first:last] = [""] * (last - first)
        for number in numbers("\n".join(rest)):
            found[number].setdefault(name, [])
    return found


def _functions(text: str) -> list[tuple[str, int, int]]:
    """Name of each test, and the lines that it takes, decorators included."""
    return [
        (node.name, min(n.lineno for n in (node, *node.decorator_list)) - 1, node.end_lineno or 0)
        for node in ast.parse(text).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    ]


def page() -> str:
    """The page as Markdown."""
    tests, code, known = named_in("tests"), named_in("keras_cvdata"), table()
    counts = ", ".join(f"{title.lower()}: {len(known[key])}" for key, title in STATES.items())
    lines = [
        "# Handbook",
        "",
        "The package implements parts 5 to 8 of a handbook on image data for computer vision. Its "
        "rules have the numbers R1 to R96, the mistakes in its examples X1 to X32; docstrings and "
        "tests name them. This page is made from the tests and from `docs/handbook.toml`: a number "
        "is done when a test that exercises it names it.",
        "",
        f"{counts[0].upper()}{counts[1:]}.",
        "",
    ]
    for key, title in STATES.items():
        lines += [f"## {title}", ""]
        for number, meaning in sorted(known[key].items(), key=_order):
            lines += [f"### {number} {{ #{number.lower()} }}", "", meaning, ""]
            lines += _places("Tested", tests[number]) + _places("Named", code[number])
    return "\n".join(lines)


def _order(item: tuple[str, str]) -> tuple[str, int]:
    return item[0][0], int(item[0][1:])


def _places(verb: str, found: dict[str, list[str]]) -> list[str]:
    lines = []
    for name, functions in found.items():
        listed = ", ".join(f"`{function}`" for function in functions)
        lines.append(f"- {verb} in `{name}`{': ' if listed else ''}{listed}")
    return [*lines, ""] if lines else []
