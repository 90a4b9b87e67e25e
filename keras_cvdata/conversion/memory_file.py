"""A file in memory of which only what was written takes room."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import numpy as np

from keras_cvdata.types import Array

_PAGE = 1 << 12  # bytes


class MemoryFile(io.RawIOBase):
    """What HDF5 writes around data that it is not given.

    HDF5 works on a file of its own, lays out datasets without touching their content, and writes
    the rest here. So the size of the data costs nothing, the rest can go to the disk by plain
    writes, and a full disk is an error of these writes and never one inside of HDF5, which may end
    the process.

    Example:
        >>> file = MemoryFile()
        >>> _ = file.seek(1 << 40), file.write(b"end")
        >>> [(start, bytes(piece)) for start, piece in file.pieces()]
        [(1099511627776, b'end')]
    """

    def __init__(self) -> None:
        super().__init__()
        self.size = 0
        self._position = 0
        self._pages: dict[int, tuple[Array, Array]] = {}  # bytes, and which of them were written

    def readable(self) -> bool:
        """Whether it can be read from."""
        return True

    def writable(self) -> bool:
        """Whether it can be written to."""
        return True

    def seekable(self) -> bool:
        """Whether it has a position that can be set."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Set the position."""
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self.size}[whence]
        self._position = start + offset
        return self._position

    def tell(self) -> int:
        """Return the position."""
        return self._position

    def truncate(self, size: int | None = None) -> int:
        """Set the size; the file only grows here."""
        self.size = self._position if size is None else size
        return self.size

    def write(self, data: Any) -> int:
        """Write at the position."""
        source = np.frombuffer(data, np.uint8)
        for number, inside, piece in self._parts(len(source)):
            page, written = self._page(number)
            page[inside] = source[piece]
            written[inside] = True
        self._position += len(source)
        self.size = max(self.size, self._position)
        return len(source)

    def readinto(self, target: Any) -> int:
        """Read from the position on; what was never written is zero."""
        view = np.frombuffer(target, np.uint8)
        count = max(min(len(view), self.size - self._position), 0)
        for number, inside, piece in self._parts(count):
            page = self._pages.get(number)
            view[piece] = 0 if page is None else page[0][inside]
        self._position += count
        return count

    def pieces(self) -> Iterator[tuple[int, memoryview]]:
        """Yield what was written, each piece with the number of its first byte, in their order."""
        for number in sorted(self._pages):
            page, written = self._pages[number]
            edges = np.flatnonzero(np.diff(written, prepend=False, append=False))
            for start, end in edges.reshape(-1, 2).tolist():
                yield number * _PAGE + start, page[start:end].data

    def _page(self, number: int) -> tuple[Array, Array]:
        if number not in self._pages:
            self._pages[number] = np.zeros(_PAGE, np.uint8), np.zeros(_PAGE, bool)
        return self._pages[number]

    def _parts(self, count: int) -> Iterator[tuple[int, slice, slice]]:
        """Yield pages that `count` bytes from the position on touch: number, and both places."""
        done = 0
        while done < count:
            number, start = divmod(self._position + done, _PAGE)
            length = min(_PAGE - start, count - done)
            yield number, slice(start, start + length), slice(done, done + length)
            done += length
