"""Why a remote file is not read, in words that no server can put into our mouth."""

from __future__ import annotations

from collections.abc import Callable

from keras_cvdata.types import one_line

_LONGEST = 80  # characters of a name or a phrase that a server chose
_LONGEST_REASON = 500


class RefusedError(Exception):
    """A request that another attempt cannot mend."""


class AnsweredError(RefusedError):
    """A request that the server refuses, which is up."""


class FailedError(Exception):
    """A request that another attempt may mend, perhaps after a pause asked for by the server."""

    def __init__(self, reason: str, pause: float = 0.0) -> None:
        super().__init__(reason)
        self.pause = pause


def as_meant(text: str) -> str:
    """Undo that `http.client` takes all for Latin-1, also what is UTF-8.

    Args:
        text: A header or a phrase.

    Returns:
        The text, decoded anew where it was UTF-8.
    """
    try:
        return text.encode("latin-1").decode()
    except UnicodeError:
        return text


def quoted(text: str, longest: int = _LONGEST) -> str:
    r"""Show what a server sent: in one line, not too long, and without what steers a terminal.

    Args:
        text: What was sent.
        longest: Number of characters beyond which the rest is left out.

    Returns:
        The text, with escapes in place of all that does not print.

    Example:
        >>> print(quoted("Gone\x1b[31m away"))
        Gone\x1b[31m away
    """
    text = as_meant(text)
    shown = text[:longest] + ("..." if len(text) > longest else "")
    return one_line(shown)


def reason_of(error: BaseException, hide: Callable[[str], str] = str) -> str:
    """What an error says, or else what it is, as `quoted` shows it.

    Args:
        error: The error, whose words may be those of a server.
        hide: Leaves out what must not be shown.

    Returns:
        At most some hundred characters.
    """
    return quoted(hide(str(error)) or type(error).__name__, _LONGEST_REASON)
