"""The words that every part of the package shares: array types and the one data error."""

from __future__ import annotations

import re
import reprlib
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[Any]
Ints: TypeAlias = NDArray[np.int64]
Floats: TypeAlias = NDArray[np.floating[Any]]
Range: TypeAlias = tuple[float, float]

Empty: TypeAlias = Callable[[tuple[int, ...], Any], Array]
"""Gives memory of a shape and a dtype, as `numpy.empty` does; others use theirs again."""


NO_MEMORY = (
    "There is not enough memory for it. Use fewer threads, a smaller batch_size or prefetch, or "
    "save the image smaller."
)
_SLASHES = re.compile(":/+")
_END_OF_HOST = re.compile("[/?#]|$")


def without_credentials(url: str) -> str:
    """Leave user and password out of an address that is to be shown.

    Args:
        url: Any text. The user alone is taken for secret in addresses of `http` and `https`, where
            it may be a token; elsewhere it may be the container or the bucket of a file.

    Returns:
        The text, with `***` in their place.

    Example:
        >>> without_credentials("https://joe:secret@example.com/a@2x.jpg")
        'https://***@example.com/a@2x.jpg'
    """
    slashes = _SLASHES.search(url) if "@" in url else None
    if slashes is None:
        return url
    scheme, rest = url[: slashes.start()], url[slashes.end() :]
    place = rest[: _END_OF_HOST.search(rest).start()]  # type: ignore[union-attr] # it has an end
    user, at, host = place.rpartition("@")
    if at:
        if ":" not in user and not scheme.lower().endswith(("http", "https")):
            return url
        end = host + rest[len(place) :]
    else:
        name, _, port = place.partition(":")
        if name.startswith("[") or not port.strip("0123456789"):
            return url
        end = rest.rpartition("@")[2]  # a password of which `/`, `?` or `#` is not escaped
    return f"{scheme}{slashes[0]}***@{end}"


class _Brief(reprlib.Repr):
    def repr_str(self, x: str, level: int) -> str:
        return super().repr_str(without_credentials(x), level)


_BRIEF = _Brief()
_BRIEF.maxstring = _BRIEF.maxother = 200
_BRIEF.maxlong = 100
_BRIEF.maxlist = _BRIEF.maxtuple = _BRIEF.maxset = _BRIEF.maxdict = 20
_LONGEST_NAME = 4096  # characters of a name in a message


def brief(value: Any) -> str:
    """A value for a message: as `repr`, but short, however long or deep it is, and no password.

    Args:
        value: Anything that came from outside.

    Returns:
        The text.

    Example:
        >>> brief("cat"), len(brief("cat" * 1000))
        ("'cat'", 200)
    """
    try:
        return _BRIEF.repr(value)
    except ValueError:  # integers of more digits than Python writes
        return f"a {type(value).__name__}"


def one_line(text: str) -> str:
    r"""Write ends of lines, and what else would steer a terminal or is no Unicode, as escapes.

    Args:
        text: Any text, such as the name of a file.

    Returns:
        The text.

    Example:
        >>> print(one_line("cat\n\x1b[31m.jpg"))
        cat\n\x1b[31m.jpg
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


class ImageError(ValueError):
    """One image that cannot be read or used.

    Its message is one line, whatever the name holds.

    Args:
        name: Path, URL or address inside a file of the image; user and password are left out.
        reason: What is wrong with it and how to mend it.
        row: Row of the image in its source, where known.

    Example:
        >>> print(ImageError("cats/1.jpg", "the file is empty", row=3))
        cats/1.jpg (row 3): the file is empty
    """

    def __init__(self, name: str, reason: str, row: int | None = None) -> None:
        name = without_credentials(name)
        super().__init__(name, reason, row)
        self.name = name
        self.reason = reason
        self.row = row

    def __str__(self) -> str:
        where = "" if self.row is None else f" (row {self.row})"
        name = one_line(self.name[:_LONGEST_NAME])
        if max(len(name), len(self.name)) > _LONGEST_NAME:
            name = f"{name[:200]}..."
        return f"{name}{where}: {one_line(self.reason)}"


def full_scale(dtype: np.dtype[Any]) -> float:
    """Value that stands for full brightness in pixels of a dtype.

    Unsigned integers count up to their largest value (255, 65535); floats are taken as 0 to 1
    (R36, R37, X5).

    Args:
        dtype: Dtype of the pixels.

    Returns:
        The value of a fully bright pixel.

    Raises:
        TypeError: The dtype is neither an unsigned integer nor a float.

    Example:
        >>> full_scale(np.dtype("uint16"))
        65535.0
    """
    if dtype.kind == "u":
        return float(256**dtype.itemsize - 1)
    if dtype.kind == "f":
        return 1.0
    raise TypeError(
        f"Pixels must be unsigned integers (uint8, uint16) or floats; got {dtype}. "
        "Convert them, for example with `x.astype('uint8')`."
    )
