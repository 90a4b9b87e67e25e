"""What MkDocs asks while it builds the site: pages that are made, and links between them."""

from __future__ import annotations

import os
import re
from functools import cache

os.environ.setdefault("KERAS_BACKEND", "numpy")  # nothing is computed

import drawing
import handbook
import reference
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page
from mkdocs.utils import get_relative_url

_PIECE = re.compile(r"(<[^>]+>)")
_NUMBER = re.compile(r"\b[RX]\d{1,2}\b")
_UNTOUCHED = {"a", "pre", "h1", "h2", "h3", "script", "style"}


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that are made, and the reference to the navigation."""
    made = {"handbook.md": handbook.page(), "floors.svg": drawing.svg(), **reference.pages()}
    for path, content in made.items():
        files.append(File.generated(config, path, content=content))
    for item in config.nav or []:
        if "Reference" in item:
            item["Reference"] = reference.navigation()
    return files


def on_page_markdown(markdown: str, page: Page, **_: object) -> str:
    """Hide the side bar where a page has no neighbours."""
    if "/" not in page.file.src_uri:
        page.meta["hide"] = ["navigation"]
    return markdown


def on_page_content(html: str, page: Page, config: MkDocsConfig, files: Files) -> str:  # noqa: ARG001
    """Link numbers to the handbook page, and names of classes to their page."""
    classes = _classes()
    inside: list[str] = []
    pieces = _PIECE.split(html)
    for i, piece in enumerate(pieces):
        tag = re.match(r"<(/?)(\w+)[^>]*?(/?)>", piece)
        if tag:
            _follow(inside, *tag.groups())
        elif _UNTOUCHED.intersection(inside):
            continue
        elif "code" not in inside:
            pieces[i] = _with_numbers(piece, page)
        elif pieces[i - 1 : i + 2 : 2] == ["<code>", "</code>"] and piece in classes:
            pieces[i] = _with_class(classes[piece], page)
    return "".join(pieces)


def _follow(inside: list[str], closes: str, tag: str, empty: str) -> None:
    """Keep account of the elements that are open."""
    if not closes and not empty:
        inside.append(tag)
    elif closes and tag in inside:
        while inside.pop() != tag:
            pass


def _with_numbers(text: str, page: Page) -> str:
    if page.file.src_uri == "handbook.md":
        return text
    url = _url(page, "handbook.md")
    return _NUMBER.sub(lambda m: f'<a href="{url}#{m[0].lower()}">{m[0]}</a>', text)


def _with_class(entry: reference.Entry, page: Page) -> str:
    if entry.page == page.file.src_uri:
        return entry.name
    return f'<a href="{_url(page, entry.page)}">{entry.name}</a>'


def _url(page: Page, path: str) -> str:
    target = re.sub(r"\.md$", ".html", path)
    return str(get_relative_url(target, page.file.dest_uri))


@cache
def _classes() -> dict[str, reference.Entry]:
    """Public classes by their name, and by the path where they are defined."""
    found = [entry for entry in reference.entries() if isinstance(entry.value, type)]
    by_path = {f"{e.value.__module__}.{e.value.__qualname__}": e for e in found}
    return {entry.name: entry for entry in found} | by_path
