"""Millions of strings as two arrays."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from keras_cvdata.types import Array


class CompactStrings:
    """An unchanging list of strings, held as one UTF-8 blob and the offsets into it.

    A Python list costs about 100 bytes a path and slows down pickling and the garbage collector;
    this costs the bytes of the text plus 4 bytes a string (8 beyond 4 GiB of text). File names that
    are not valid UTF-8 survive (surrogateescape).

    Args:
        blob: (M,) uint8, all strings one after the other.
        offsets: (N + 1,) unsigned integers, where each string starts, and the end.

    Example:
        >>> names = CompactStrings.from_list(["cat/1.jpg", "dog/2.jpg"])
        >>> len(names), names[1]
        (2, 'dog/2.jpg')
    """

    __slots__ = ("blob", "offsets")

    def __init__(self, blob: NDArray[np.uint8], offsets: Array) -> None:
        self.blob = blob
        self.offsets = offsets

    @classmethod
    def from_list(cls, strings: Iterable[str]) -> CompactStrings:
        """Pack strings; an iterator is read once and never held as a list.

        Args:
            strings: The strings, in order.

        Returns:
            The packed strings.
        """
        blob = bytearray()
        ends = bytearray()
        for text in strings:
            blob += text.encode("utf-8", "surrogateescape")
            ends += len(blob).to_bytes(8, "little")
        offsets = np.concatenate([np.zeros(1, "<u8"), np.frombuffer(ends, "<u8")])
        return cls(np.frombuffer(bytes(blob), np.uint8), _narrow(offsets))

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, position: int) -> str:
        size = len(self)
        if not -size <= position < size:
            raise IndexError(f"Position {position} is outside {size} strings.")
        position %= size
        start, stop = self.offsets[position], self.offsets[position + 1]
        return self.blob[start:stop].tobytes().decode("utf-8", "surrogateescape")

    def __iter__(self) -> Iterator[str]:
        blob, start = self.blob.data, 0
        for stop in self.offsets[1:].tolist():
            yield str(blob[start:stop], "utf-8", "surrogateescape")
            start = stop

    def take(self, positions: Array) -> CompactStrings:
        """Select strings.

        Args:
            positions: (M,) integers.

        Returns:
            The strings at `positions`, in that order.
        """
        positions = np.asarray(positions, np.int64)
        starts = self.offsets[positions].astype(np.int64)
        lengths = self.offsets[positions + 1].astype(np.int64) - starts
        offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])
        source = np.arange(offsets[-1]) + np.repeat(starts - offsets[:-1], lengths)
        return CompactStrings(self.blob[source], _narrow(offsets))


def _narrow(offsets: Array) -> Array:
    """Halve the offsets where 32 bits hold them."""
    return offsets.astype(np.uint32 if offsets[-1] <= np.iinfo(np.uint32).max else np.uint64)
