"""Encodings of tables that are text."""

from __future__ import annotations

import codecs
from pathlib import Path


def text_encoding(name: str) -> str:
    """Codec of an encoding; a mark at the start of a UTF-8 file is passed over.

    Args:
        name: What the user calls the encoding.

    Returns:
        Name of the codec.

    Raises:
        ValueError: There is no such encoding.

    Example:
        >>> text_encoding("UTF-8"), text_encoding("latin1")
        ('utf-8-sig', 'iso8859-1')
    """
    try:
        codec = codecs.lookup(name)
        "".encode(name)  # there are codecs of other things, such as "zip"
    except (LookupError, TypeError, ValueError):
        raise ValueError(
            f"encoding must be one that Python knows, such as 'utf-8', 'cp1252' or 'utf-16'; got "
            f"{name!r}."
        ) from None
    return "utf-8-sig" if codec.name == "utf-8" else codec.name


def undecodable(where: str, encoding: str) -> ValueError:
    """The error for a file that is not in its encoding, with the line.

    Args:
        where: The file.
        encoding: Codec that failed.

    Returns:
        The error.
    """
    data = Path(where).read_bytes()
    line = 1
    try:
        data.decode(encoding)
    except UnicodeDecodeError as error:
        line += data[: error.start].decode(encoding, "ignore").count("\n")
    except UnicodeError:  # UTF-16 and UTF-32 without their mark
        pass
    called = encoding.removesuffix("-sig").upper()
    return ValueError(
        f"{where}, line {line}: the text is not {called}. Pass its encoding, such as "
        "encoding='cp1252' or 'utf-16', or save the file as UTF-8."
    )
