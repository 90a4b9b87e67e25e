"""The frame of a page that needs nothing else: style and scripts are inside, no request leaves."""

from __future__ import annotations

import base64
import hashlib
import html
from collections.abc import Iterable, Sequence
from importlib.resources import files
from string import Template
from urllib.parse import urlencode

from keras_cvdata import __version__
from keras_cvdata.pages.escaping import printable, text


def frame(title: str, about: str, main: Iterable[str], first: str, style: str = "") -> str:
    """Make a page.

    Its policy forbids a browser to load anything but pictures that stand inside the page, and to
    run any script but the one of this package, whatever a name may hold.

    Args:
        title: Heading, as text.
        about: One line below it, as text.
        main: Sections of the page as HTML, see `section`.
        first: `key` of the section that a reader of the keyboard may skip to, such as "findings".
        style: Further rules of CSS.

    Returns:
        The text of an HTML file.

    Example:
        >>> made = frame("Review", "9 images", [section("mistakes", "Mistakes", "<p>2</p>")], "top")
        >>> "default-src 'none'; img-src data:; style-src 'sha256-" in made
        True
    """
    content = list(main)
    filtered = any('<form id="filters"' in part for part in content)
    style = _file("page.css") + style
    script = (_file("filters.js") if filtered else "") + _file("theme.js")
    return Template(_file("page.html")).substitute(
        policy=_policy(style, script),
        title=text(title),
        about=text(about),
        style=style,
        script=script,
        main="\n".join(content),
        first=first,
        footer=f"Written by keras_cvdata {__version__}. This page loads nothing from elsewhere.",
    )


def section(key: str, heading: str, *content: str) -> str:
    """Make a section of a page with its heading.

    Args:
        key: Name of the section for links, letters, digits and hyphens only.
        heading: Heading, as text.
        *content: HTML.

    Returns:
        HTML.
    """
    inside = "\n".join(content)
    return (
        f'<section aria-labelledby="h-{key}">\n<h2 id="h-{key}">{text(heading)}</h2>\n{inside}\n'
        "</section>"
    )


def filtered(heading: str, told: str, selects: Iterable[str], content: str) -> str:
    """Make the section "findings": cards that a reader may filter. A page has one at most.

    Cards are elements of the class "finding" with a `data-` attribute for each filter; groups of
    them have the class "group".

    Args:
        heading: Heading, as text.
        told: What is shown, as HTML.
        selects: Filters, see `select`.
        content: Groups of cards as HTML.

    Returns:
        HTML.
    """
    choices = "\n".join(selects)
    return (
        '<section id="findings" aria-labelledby="h-findings" tabindex="-1">\n'
        f'<h2 id="h-findings">{text(heading)}</h2>\n<p>{told}</p>\n<form id="filters" hidden>\n'
        f'{choices}\n<button type="reset">Show all</button>\n'
        f'<output id="count" aria-live="polite"></output>\n</form>\n{content}\n</section>'
    )


def select(name: str, values: Sequence[str]) -> str:
    """Make a filter.

    Args:
        name: What it filters by, the name of a `data-` attribute.
        values: What it may be, as text.

    Returns:
        HTML.
    """
    options = "".join(f'<option value="{text(v)}">{text(v)}</option>' for v in values)
    return (
        f'<label>{name.capitalize()} <select name="{name}"><option value="">all</option>'
        f"{options}</select></label>"
    )


def link(name: str, value: str) -> str:
    """Make a link that sets a filter.

    Args:
        name: What it filters by.
        value: What to show, as text.

    Returns:
        HTML.

    Example:
        >>> link("class", "cat & dog")
        '<a href="#class=cat+%26+dog">cat &amp; dog</a>'
    """
    return f'<a href="#{html.escape(urlencode({name: printable(value)}))}">{text(value)}</a>'


def table(
    columns: Sequence[str],
    rows: Iterable[Sequence[str]],
    numbers: Sequence[int] = (),
    caption: str = "",
    named: bool = False,
) -> str:
    """Make a table, which scrolls by itself where it is wider than a phone.

    Args:
        columns: Headings as text; "" heads a drawing.
        rows: Cells as HTML.
        numbers: Places of columns of numbers, which are set to the right.
        caption: What is shown, as text.
        named: Say that the first cell of a row is its name.

    Returns:
        HTML.
    """
    right = [' class="number"' if place in numbers else "" for place in range(len(columns))]
    heads = [
        f'<th scope="col"{end}>{text(column)}</th>' if column else "<td></td>"
        for column, end in zip(columns, right, strict=True)
    ]
    lines = [_row(cells, right, named) for cells in rows]
    told = f"<caption>{text(caption)}</caption>" if caption else ""
    return (
        f'<div class="wide"><table>{told}<thead><tr>{"".join(heads)}</tr></thead><tbody>\n'
        + "\n".join(lines)
        + "\n</tbody></table></div>"
    )


def _row(cells: Sequence[str], right: Sequence[str], named: bool) -> str:
    made = [f"<td{end}>{cell}</td>" for cell, end in zip(cells, right, strict=True)]
    if named:
        made[0] = f'<th scope="row">{cells[0]}</th>'
    return f"<tr>{''.join(made)}</tr>"


def _policy(style: str, script: str) -> str:
    """What a browser may do: show this page, and nothing else, whatever a name may hold."""
    hashes = (
        base64.b64encode(hashlib.sha256(part.encode()).digest()).decode()
        for part in (style, script)
    )
    style_hash, script_hash = hashes
    return (
        f"default-src 'none'; img-src data:; style-src 'sha256-{style_hash}'; "
        f"script-src 'sha256-{script_hash}'; base-uri 'none'; form-action 'none'"
    )


def _file(name: str) -> str:
    return (files("keras_cvdata.pages") / name).read_text(encoding="utf-8")
