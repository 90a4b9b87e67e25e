"""Names and messages as text of a terminal or of a page, whatever they hold."""

from __future__ import annotations

import html

from keras_cvdata.types import one_line


def printable(text: str) -> str:
    r"""Write characters that would steer a terminal as escapes, but keep ends of lines.

    Args:
        text: Any text.

    Returns:
        The text.

    Example:
        >>> print(printable("cat\x1b[31m"))
        cat\x1b[31m
    """
    return "\n".join(map(one_line, text.split("\n")))


def text(value: str) -> str:
    """Any text as HTML.

    Args:
        value: Any text.

    Returns:
        HTML that shows it, also inside an attribute.

    Example:
        >>> text('<b title="x">')
        '&lt;b title=&quot;x&quot;&gt;'
    """
    return html.escape(printable(value))
