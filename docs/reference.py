"""Pages of the reference: one for every public name, so that a new one has its page by itself."""

from __future__ import annotations

import inspect
from importlib import import_module
from types import ModuleType
from typing import Any, NamedTuple

ROOMS = {
    "keras_cvdata": "The package",
    "keras_cvdata.sequences": "Sequences",
    "keras_cvdata.layers": "Layers",
    "keras_cvdata.sources": "Sources",
    "keras_cvdata.preprocessing.image": "Old code",
    "keras_cvdata.migration": "Migration",
}
"""The modules whose `__all__` is public, and their titles."""


class Entry(NamedTuple):
    """A public name and its page.

    Attributes:
        name: The name.
        value: What it names.
        rooms: The modules that have it, the one whose page it stands on first.
        page: Path of the page in `docs`.
    """

    name: str
    value: Any
    rooms: tuple[str, ...]
    page: str


def folder(room: str) -> str:
    """Folder of the pages of a module."""
    inner = room.partition(".")[2]
    return f"reference/{inner.replace('.', '/') or 'package'}"


def entries() -> list[Entry]:
    """All public names, those of one module together."""
    found: dict[str, tuple[Any, list[str]]] = {}
    for room in ROOMS:
        module = import_module(room)
        for name in module.__all__:
            value = getattr(module, name)
            # The same name may mean different things, such as a layer and a function, and two
            # names the same.
            same = (k for k, (v, _) in found.items() if v is value and k.split(".")[-1] == name)
            key = next(same, f"{room}.{name}")
            found.setdefault(key, (value, []))[1].insert(0, room)
    return sorted(
        (_entry(key.split(".")[-1], value, tuple(rooms)) for key, (value, rooms) in found.items()),
        key=lambda entry: (list(ROOMS).index(entry.rooms[0]), _group(entry), entry.name.lower()),
    )


def _entry(name: str, value: Any, rooms: tuple[str, ...]) -> Entry:
    if isinstance(value, ModuleType):
        return Entry(name, value, rooms, f"{folder(value.__name__)}/index.md")
    return Entry(name, value, rooms, f"{folder(rooms[0])}/{name}.md")


def pages() -> dict[str, str]:
    """Path in `docs` and Markdown of every page."""
    listed = entries()
    made = {entry.page: _page(entry) for entry in listed}
    made |= {f"{folder(room)}/index.md": _index(room, listed) for room in ROOMS}
    made["reference/index.md"] = _contents()
    return made


def navigation() -> list[Any]:
    """The reference as MkDocs wants it in `nav`."""
    listed = entries()
    tree: list[Any] = ["reference/index.md"]
    for room, title in ROOMS.items():
        groups: dict[str, list[Any]] = {}
        for entry in listed:
            if entry.rooms[0] == room and not isinstance(entry.value, ModuleType):
                groups.setdefault(_group(entry), []).append({entry.name: entry.page})
        inner = [*groups.pop("", []), *({group: found} for group, found in groups.items())]
        tree.append({title: [f"{folder(room)}/index.md", *inner]})
    return tree


def _group(entry: Entry) -> str:
    """Sub-package of a layer, by which the many of them are listed."""
    parts = getattr(entry.value, "__module__", "").split(".")
    if entry.rooms[0] != "keras_cvdata.layers":
        return ""
    return parts[2] if len(parts) > 3 else "base classes"


def _page(entry: Entry) -> str:
    title = f"{entry.rooms[0]}.{entry.name}"
    module = getattr(entry.value, "__module__", "")
    if not callable(entry.value):
        return f"# {title}\n\n`{entry.value!r}`\n"
    if not _is_own(entry.value):
        return f"# {title}\n\nThis is `{module}.{entry.name}`, as Keras documents it.\n"
    lines = [f"::: {module}.{entry.value.__qualname__}", "    options:", f"      heading: {title}"]
    if len(entry.rooms) > 1:
        others = ", ".join(f"`{room}.{entry.name}`" for room in entry.rooms[1:])
        lines += ["", f"Also {others}."]
    return "\n".join(lines) + "\n"


def _is_own(value: Any) -> bool:
    """Whether a class or function is from here, not handed on from Keras."""
    return getattr(value, "__module__", "keras_cvdata").split(".")[0] == "keras_cvdata"


def _index(room: str, listed: list[Entry]) -> str:
    module = import_module(room)
    own = [entry for entry in listed if room in entry.rooms]
    lines = [f"# {ROOMS[room]}", "", f"`{room}`: {inspect.getdoc(module)}", ""]
    for group in dict.fromkeys(map(_group, own)):
        lines += [f"## {group.capitalize()}", ""] if group else []
        lines += ["| name | |", "|---|---|"]
        for entry in own:
            if _group(entry) == group:
                link = _relative(f"{folder(room)}/index.md", entry.page)
                lines.append(f"| [`{entry.name}`]({link}) | {_summary(entry)} |")
        lines.append("")
    return "\n".join(lines)


def _contents() -> str:
    lines = ["# Reference", "", "One page for every public name, made from the docstrings.", ""]
    lines += ["| module | |", "|---|---|"]
    for room, title in ROOMS.items():
        link = _relative("reference/index.md", f"{folder(room)}/index.md")
        lines.append(f"| [{title}]({link}) | `{room}` |")
    return "\n".join(lines) + "\n"


def _relative(start: str, target: str) -> str:
    return "../" * start.count("/") + target


def _summary(entry: Entry) -> str:
    if isinstance(entry.value, str):
        return f"`{entry.value!r}`"
    if not _is_own(entry.value):
        return "That of Keras."
    text = inspect.getdoc(entry.value) or ""
    return " ".join(text.split("\n\n")[0].split()).replace("|", "\\|")
