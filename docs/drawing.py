"""The floors of the package as a picture, drawn from the contracts of import-linter."""

from __future__ import annotations

import re
import tomllib
from html import escape
from pathlib import Path

ROOT = Path(__file__).parents[1]
_WIDTH, _HEIGHT, _GAP = 880, 34, 10
_STYLE = """
  text { font: 14px sans-serif; fill: #1a1a1a; }
  .note { font-size: 12px; fill: #555; }
  .page { fill: #fff; }
  .floor { fill: #f3f4f7; }
  .room { fill: #dbe4f5; stroke: #5b6ea6; }
  .free { fill: #dff0e0; stroke: #4b8a53; }
"""


def floors() -> list[list[str]]:
    """Rooms of each floor that exist, the highest floor first."""
    (contract,) = (c for c in _contracts() if c["id"] == "direction")
    package = ROOT / "keras_cvdata"
    there = {path.stem for path in package.iterdir() if path.suffix == ".py" or path.is_dir()}
    rows = [re.findall(r"\w+", layer) for layer in contract["layers"]]
    return [kept for row in rows if (kept := [room for room in row if room in there])]


def without_framework() -> set[str]:
    """Rooms that load no deep-learning framework."""
    (contract,) = (c for c in _contracts() if c["id"] == "no-framework")
    return {module.removeprefix("keras_cvdata.") for module in contract["source_modules"]}


def _contracts() -> list[dict[str, list[str]]]:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    contracts: list[dict[str, list[str]]] = settings["tool"]["importlinter"]["contracts"]
    return contracts


def svg() -> str:
    """The picture: one row for each floor; upper rooms may import lower ones."""
    rows, free = floors(), without_framework()
    step = _HEIGHT + 2 * _GAP
    height = len(rows) * step + 40
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img">',
        f"<title>Floors of keras_cvdata</title><style>{_STYLE}</style>",
        f'<rect class="page" width="{_WIDTH}" height="{height}"/>',
    ]
    for number, rooms in enumerate(rows):
        top = number * step
        parts.append(_box("floor", 0, top + _GAP / 2, _WIDTH, step - _GAP))
        width = (_WIDTH - _GAP) / len(rooms) - _GAP
        for place, room in enumerate(rooms):
            left = _GAP + place * (width + _GAP)
            parts.append(_box("free" if room in free else "room", left, top + _GAP, width, _HEIGHT))
            middle = left + width / 2
            parts.append(_text("", middle, top + _GAP + _HEIGHT / 2 + 5, room, "middle"))
    foot = len(rows) * step
    parts.append(_box("free", _GAP, foot + 10, 18, 18))
    parts.append(_text("note", _GAP + 26, foot + 24, "loads no deep-learning framework", "start"))
    note = "a room may import what lies below it, never above"
    parts.append(_text("note", _WIDTH - _GAP, foot + 24, note, "end"))
    return "\n".join([*parts, "</svg>", ""])


def _box(kind: str, left: float, top: float, width: float, height: float) -> str:
    size = f'width="{width:g}" height="{height:g}"'
    return f'<rect class="{kind}" x="{left:g}" y="{top:g}" {size} rx="4"/>'


def _text(kind: str, left: float, top: float, text: str, anchor: str) -> str:
    at = f'x="{left:g}" y="{top:g}" text-anchor="{anchor}"'
    return f'<text class="{kind}" {at}>{escape(text)}</text>'
