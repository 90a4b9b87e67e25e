"""Memory that processes share, without a name that could be left behind."""

from __future__ import annotations

import mmap
import os
import sys
import tempfile
import threading
import weakref
from typing import IO, NamedTuple

import numpy as np

from keras_cvdata.types import Array

# Blocks whose memory is kept for later at most.
_SPARE = 4


class Block(NamedTuple):
    """A part of the shared file.

    Attributes:
        offset: Its first byte.
        size: Number of its bytes.
    """

    offset: int
    size: int

    def open(self, descriptor: int) -> mmap.mmap:
        """Map it into the memory of this process."""
        return mmap.mmap(descriptor, self.size, offset=self.offset)


class SharedBuffers:
    r"""Lends memory of a file that has no name, so that processes which inherit it see the same.

    The memory of a block is lent again once nobody holds an array of it. The file lies in memory
    where the system has such files, and vanishes with the last process that holds it, however that
    ends.

    Attributes:
        descriptor: Of the file, for a process that inherits it.

    Example:
        >>> buffers = SharedBuffers()
        >>> block, memory = buffers.lend(100)
        >>> memory[:] = 7
        >>> bytes(block.open(buffers.descriptor)[:2])
        b'\x07\x07'
    """

    def __init__(self) -> None:
        file = _nameless_file()
        weakref.finalize(self, file.close)
        self.descriptor = file.fileno()
        # The garbage collector may give memory back in the midst of `lend`, on the same thread.
        self._lock = threading.RLock()
        self._size = 0
        self._free: list[tuple[Block, mmap.mmap]] = []  # those with memory are the last

    def lend(self, size: int) -> tuple[Block, Array]:
        """Lend memory.

        Args:
            size: Number of bytes.

        Returns:
            The block, and (size,) uint8 whose values are yet to be written; the block is lent as
            long as this array or anything made of its `data` lives.
        """
        with self._lock:
            block, memory = self._take(max(size, 1))
        lent = np.frombuffer(memory, np.uint8)[:size]
        weakref.finalize(lent, self._give_back, block, memory).atexit = False
        return block, lent

    def _take(self, size: int) -> tuple[Block, mmap.mmap]:
        for position in reversed(range(len(self._free))):
            if size <= self._free[position][0].size <= 2 * size:
                return self._free.pop(position)
        whole = -(-size // mmap.ALLOCATIONGRANULARITY) * mmap.ALLOCATIONGRANULARITY
        block = Block(self._size, whole)
        self._size += whole
        os.ftruncate(self.descriptor, self._size)
        return block, block.open(self.descriptor)

    def _give_back(self, block: Block, memory: mmap.mmap) -> None:
        with self._lock:
            self._free.append((block, memory))
            for _, idle in self._free[:-_SPARE]:
                _empty(idle)

    def clear(self) -> None:
        """Let go of the memory that nobody holds."""
        with self._lock:
            for _, idle in self._free:
                _empty(idle)


def _empty(memory: mmap.mmap) -> None:
    """Give the pages back to the system; the block stays."""
    if sys.platform == "linux":
        memory.madvise(mmap.MADV_REMOVE)


def _nameless_file() -> IO[bytes]:
    if sys.platform == "linux":
        return os.fdopen(os.memfd_create("keras_cvdata"), "r+b")
    return tempfile.TemporaryFile()
