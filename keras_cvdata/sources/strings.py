"""Millions of strings as two arrays."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keras_cvdata.types import Array, brief

_BLOCK = 1 << 16  # strings, or bytes of text, that are worked on together


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

        Raises:
            ValueError: A string holds half of a surrogate pair, which no file name can.
        """
        texts, lengths, strings = [], [], iter(strings)
        while some := _encoded(islice(strings, _BLOCK)):
            texts.append(b"".join(some))
            lengths.append(np.fromiter(map(len, some), np.uint32, len(some)))
        return cls._of(texts, lengths)

    @classmethod
    def from_terminated(cls, parts: Iterable[bytes]) -> CompactStrings:
        r"""Pack strings that stand one after the other, far faster than one by one.

        Args:
            parts: UTF-8 text in which each string ends with a zero character.

        Returns:
            The packed strings.

        Example:
            >>> list(CompactStrings.from_terminated([b"a/1.jpg\0a/2.jpg\0", b"b/1.jpg\0"]))
            ['a/1.jpg', 'a/2.jpg', 'b/1.jpg']
        """
        texts, lengths = [], []
        for part in _joined(parts):
            ends = np.flatnonzero(np.frombuffer(part, np.uint8) == 0)
            texts.append(part.replace(b"\0", b""))
            lengths.append(np.diff(ends, prepend=-1).astype(np.uint32) - np.uint32(1))
        return cls._of(texts, lengths)

    @classmethod
    def _of(cls, texts: list[bytes], lengths: list[Array]) -> CompactStrings:
        """Put text together that is cut into pieces, and let go of each piece on the way."""
        total = sum(map(len, texts))
        offsets = np.zeros(sum(map(len, lengths)) + 1, np.min_scalar_type(max(total, 65_536)))
        start, end = 0, 0
        for some in lengths:
            ends = np.cumsum(some, dtype=np.uint64) + offsets[end]
            offsets[end + 1 : end + 1 + len(some)] = ends
            end += len(some)
        blob = np.empty(total, np.uint8)
        texts.reverse()
        while texts:
            text = texts.pop()
            blob[start : start + len(text)] = np.frombuffer(text, np.uint8)
            start += len(text)
        blob.flags.writeable = False
        return cls(blob, offsets)

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
        for first in range(1, len(self) + 1, _BLOCK):
            for stop in self.offsets[first : first + _BLOCK].tolist():
                yield str(blob[start:stop], "utf-8", "surrogateescape")
                start = stop

    def take(self, positions: Array) -> CompactStrings:
        """Select strings.

        Args:
            positions: (M,) integers.

        Returns:
            The strings at `positions`, in that order.
        """
        texts, lengths = [], []
        for first in range(0, len(positions), _BLOCK):
            some = np.asarray(positions[first : first + _BLOCK], np.int64)
            starts = self.offsets[some].astype(np.int64)
            sizes = self.offsets[some + 1].astype(np.int64) - starts
            shifts = starts - (np.cumsum(sizes) - sizes)
            texts.append(self.blob[np.arange(sizes.sum()) + np.repeat(shifts, sizes)].tobytes())
            lengths.append(sizes.astype(np.uint32))
        return self._of(texts, lengths)


class SharedTexts:
    """Gives one object for equal texts, so that a column of a few texts takes 8 bytes a row.

    Texts beyond the first 65,536 different ones are left as they are: a column of names has no
    equal ones, and remembering them all would cost more than they do.

    Example:
        >>> share = SharedTexts()
        >>> share("a b") is share(" ".join("ab"))
        True
    """

    def __init__(self) -> None:
        self._texts: dict[str, str] = {}

    def __call__(self, value: Any) -> Any:
        """The value, or an equal text of before."""
        if type(value) is not str:
            return value
        if len(self._texts) < _BLOCK:
            return self._texts.setdefault(value, value)
        return self._texts.get(value, value)


def _encoded(strings: Iterable[str]) -> list[bytes]:
    try:
        return [text.encode("utf-8", "surrogateescape") for text in strings]
    except UnicodeEncodeError as error:
        raise ValueError(
            f"The text {brief(error.object)} holds half of a surrogate pair, which is no character "
            "and in no file name. Correct it where it comes from."
        ) from None


def _joined(parts: Iterable[bytes]) -> Iterator[bytes]:
    """Join small parts, so that each that is looked at is worth it."""
    some, size = [], 0
    for part in parts:
        some.append(part)
        size += len(part)
        if size >= _BLOCK:
            yield b"".join(some)
            some, size = [], 0
    yield b"".join(some)
