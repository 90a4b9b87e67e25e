"""Measures that are kept in a file, so that an audit goes on where it was."""

from __future__ import annotations

import hashlib
import inspect
import os
import sqlite3
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from keras_cvdata import __version__
from keras_cvdata.audit import sample as sample_module
from keras_cvdata.audit.checks.base import Check
from keras_cvdata.audit.measuring import Measured, layout
from keras_cvdata.sources import Source
from keras_cvdata.types import Ints

_VERSION = 1


class Kept:
    """Measures of images in a file of SQLite, by path, size and time of change.

    Only images that are files of their own are kept: others have no time of change. Several
    processes may use one file.

    Args:
        path: File to read and write; made where it does not exist.
        checks: What is measured. Measures of other checks, or of other code, are not used.
        max_pixels: Number of pixels beyond which an image is refused; nor are those of another.

    Raises:
        ValueError: The file is something else, or cannot be written.
    """

    def __init__(
        self, path: str | os.PathLike[str], checks: Sequence[Check], max_pixels: int
    ) -> None:
        self.dtype = layout(checks)
        self.code = _fingerprint(checks, max_pixels)
        self.path = Path(path)
        self.began = time.time_ns()
        try:
            self.connection = sqlite3.connect(self.path, timeout=60)
            self.connection.execute(
                "CREATE TABLE IF NOT EXISTS measures (code TEXT, path BLOB, size INTEGER, "
                "changed INTEGER, content BLOB, reason TEXT, PRIMARY KEY (code, path))"
            )
            # It is found now, not after the first images, that nothing can be written.
            self.connection.execute(f"PRAGMA user_version = {_VERSION}")
        except sqlite3.Error as error:
            raise ValueError(
                f"cache={str(path)!r} is no file of kept measures, or cannot be written: {error}. "
                "Give the path of a new file in a folder that exists."
            ) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.connection.close()

    def load(self, source: Source, positions: Ints, measured: Measured) -> Ints:
        """Fill in what is kept.

        Args:
            source: The collection.
            positions: (M,) positions.
            measured: Measures of the whole collection, filled in place.

        Returns:
            Positions that are not kept.
        """
        missing = []
        query = "SELECT size, changed, content, reason FROM measures WHERE code = ? AND path = ?"
        for position in positions.tolist():
            name = source.name(position)
            kept = self.connection.execute(query, (self.code, _key(name))).fetchone()
            if kept is None or kept[:2] != _state_of(source.location(position)):
                missing.append(position)
                continue
            measured.values[position] = np.frombuffer(kept[2], self.dtype)[0]
            if kept[3] is not None:
                measured.reasons[position] = kept[3]
        return np.array(missing, np.int64)

    def store(self, source: Source, positions: Ints, measured: Measured) -> None:
        """Keep what was measured.

        Args:
            source: The collection.
            positions: (M,) positions.
            measured: Their measures.
        """
        rows = []
        for place, position in enumerate(positions.tolist()):
            name = source.name(position)
            state = _state_of(source.location(position))
            if state is not None and state[1] < self.began:  # not one that changes meanwhile
                content = measured.values[place].tobytes()
                rows.append((self.code, _key(name), *state, content, measured.reasons.get(place)))
        with self.connection:
            self.connection.executemany(
                "INSERT OR REPLACE INTO measures VALUES (?, ?, ?, ?, ?, ?)", rows
            )


def _key(name: str) -> bytes:
    """A name as a column takes it; names of files need not be Unicode."""
    return name.encode("utf-8", "surrogatepass")


def _state_of(location: str | None) -> tuple[int, int] | None:
    """Size and time of change of a file in nanoseconds; None for what is no file."""
    if location is None:
        return None
    try:
        status = os.stat(location)  # noqa: PTH116 # a path object takes as long again
    except (OSError, ValueError):
        return None
    return status.st_size, status.st_mtime_ns


def _fingerprint(checks: Sequence[Check], max_pixels: int) -> str:
    """Name of the code that measures, and of what it is told."""
    parts = [__version__, str(_VERSION), str(max_pixels), _source_of(sample_module.Sample)]
    for check in checks:
        used = {name: getattr(check, name) for name in check.settings}
        parts += [check.name, str(dict(check.measures)), _source_of(type(check)), repr(used)]
    return hashlib.blake2b("\n".join(parts).encode(), digest_size=16).hexdigest()


def _source_of(kind: type) -> str:
    try:
        return inspect.getsource(kind)
    except (OSError, TypeError):  # written at a prompt
        return kind.__qualname__
