"""Files of what took long to compute, which is not lost where they cannot be written."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any


class NotWrittenError(OSError):
    """A file of what took long to compute cannot be written.

    Attributes:
        result: What was computed.
    """

    result: Any = None


def write_or_keep(
    write: Callable[[Any], object], path: str | os.PathLike[str], result: Any
) -> None:
    """Write a file; where that fails, write it to the temporary folder of the system and say so.

    Use it at the end of what took long.

    Args:
        write: Writes the file, given its path.
        path: The path.
        result: What was computed, for the error.

    Raises:
        NotWrittenError: The file cannot be written; the message says where it is now.

    Example:
        >>> from keras_cvdata.writing import write_text
        >>> write_or_keep(lambda path: write_text(path, "0.93"), "none/accuracy.txt", 0.93)
        Traceback (most recent call last):
        keras_cvdata.writing.keeping.NotWrittenError: none/accuracy.txt: ... It is kept as ...
    """
    try:
        write(path)
    except OSError as error:
        spare = _spare(write, Path(path).name)
        kept = f"It is kept as {spare}. " if spare else ""
        kept += "What was computed is `result` of this error (in notebooks: sys.last_value.result)."
        if error.errno is None:
            failure = NotWrittenError(f"{error} {kept}")
        else:
            reason = f"{str(error.strerror).removesuffix('.')}. {kept}"
            failure = NotWrittenError(error.errno, reason, error.filename or os.fspath(path))
        failure.result = result
        raise failure from error


def _spare(write: Callable[[Any], object], name: str) -> Path | None:
    """Where a file could be written instead; None where it could not."""
    with suppress(OSError):
        folder = Path(tempfile.mkdtemp(prefix="keras-cvdata-"))
        try:
            write(folder / name)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        return folder / name
    return None
