"""Chunks of an HDF5 file, read from many threads at once and without the lock of the library.

Chunks that are stored as they are, shuffled, deflated or with checksums are read here, all others
by the library, after a look at what they would inflate to.
"""

from __future__ import annotations

import itertools
import math
import threading
import zlib
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from keras_cvdata.sources.files import SharedFile
from keras_cvdata.types import Array

MAX_CHUNKS = 1 << 16  # that one image may lie in

_DEFLATE, _SHUFFLE, _FLETCHER = 1, 2, 3  # numbers of the filters of HDF5
_OWN = (_DEFLATE, _SHUFFLE, _FLETCHER)
_SUM = 4  # bytes of a checksum
_KEPT = 1 << 22  # bytes of a chunk that a thread keeps for the next image
_BLOCK = 1 << 16  # numbers that a checksum adds up together

At = tuple[int, ...]  # number of a chunk along each axis


class RefusedError(OSError):
    """What is not read of a file that need not be damaged."""


def never_written(what: str) -> RefusedError:
    """Refuse what the library would fill in as if it were data.

    Args:
        what: What there is not, with its verb.

    Returns:
        The error.
    """
    return RefusedError(
        f"{what} never written, and the HDF5 library would give the fill value there, mostly 0. "
        "Writing was cut short, or left out what shall be that value: write the rest, or store the "
        "fill value itself (with h5py: data[...] = data[...])"
    )


class Chunks:
    """Where the chunks of a dataset lie, and what undoes their filters.

    Args:
        dataset: `h5py.Dataset`, chunked.
        file_size: Bytes of its file.
        dtype: What is stored, where it is not what the library makes of it.

    Attributes:
        library: Only the library can read them.

    Raises:
        RefusedError: Most chunks were never written.
        OSError: Chunks lie outside of the file or of the dataset.
    """

    def __init__(self, dataset: Any, file_size: int, dtype: Any = None) -> None:
        self.shape, self.chunk = dataset.shape, dataset.chunks
        self.dtype = dataset.dtype if dtype is None else dtype
        self.filters = _filters(dataset)
        foreign = any(code not in _OWN for code, _ in self.filters)
        self.library = foreign or (dtype is None and not stored_as_read(dataset))
        grid = [-(-side // part) for side, part in zip(self.shape, self.chunk, strict=True)]
        written = dataset.id.get_num_chunks()
        if math.prod(grid) > 64 + 2 * written:
            raise never_written(f"{math.prod(grid) - written} of {math.prod(grid)} chunks were")
        self.places = np.full(grid, -1, np.int64)
        self.sizes = np.zeros(grid, np.int64)
        self.masks = np.zeros(grid, np.uint32)
        try:
            dataset.id.chunk_iter(self._note)
        except (IndexError, OverflowError) as error:
            raise OSError("chunks lie outside of the dataset") from error
        if (self.places + self.sizes).max(initial=0) > file_size:
            raise OSError("chunks lie beyond the end of the file")
        self._last = threading.local()

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "_last"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._last = threading.local()

    def _note(self, found: Any) -> None:
        at = tuple(o // part for o, part in zip(found.chunk_offset, self.chunk, strict=True))
        self.places[at], self.sizes[at] = found.byte_offset, found.size
        self.masks[at] = found.filter_mask

    def rows(self, file: SharedFile, first: int, last: int) -> Array:
        """Read `dataset[first:last]`.

        Args:
            file: The file.
            first: First row.
            last: Row after the last.

        Returns:
            (last - first, ...) values.

        Raises:
            RefusedError: A chunk was never written.
            OSError: A chunk is damaged.
        """
        out = np.empty((last - first, *self.shape[1:]), self.dtype)
        for at in self._touched(first, last):
            values = self._read(file, at)
            begins = [number * side for number, side in zip(at, self.chunk, strict=True)]
            begin = max(first, begins[0])
            end = min(last, begins[0] + self.chunk[0])
            inner = tuple(
                slice(start, min(start + side, whole))
                for start, side, whole in zip(
                    begins[1:], self.chunk[1:], self.shape[1:], strict=True
                )
            )
            cut = tuple(slice(0, each.stop - each.start) for each in inner)
            out[(slice(begin - first, end - first), *inner)] = values[
                (slice(begin - begins[0], end - begins[0]), *cut)
            ]
        return out

    def check(self, file: SharedFile, first: int, last: int) -> None:
        """Look at the chunks of `dataset[first:last]` before the library reads them.

        Args:
            file: The file.
            first: First row.
            last: Row after the last.

        Raises:
            RefusedError: A chunk was never written.
            OSError: A chunk is damaged, or inflates to more than it holds.
        """
        deflated = any(code == _DEFLATE for code, _ in self.filters)
        for at in self._touched(first, last):
            self._find(at)
            if deflated:
                self._undo(file, at)

    def count(self, first: int, last: int) -> int:
        """Number of the chunks of `dataset[first:last]`."""
        part = self.chunk[0]
        return int(-(-last // part) - first // part) * math.prod(self.places.shape[1:])

    def _touched(self, first: int, last: int) -> Iterator[At]:
        part = self.chunk[0]
        columns = range(first // part, -(-last // part))
        return itertools.product(columns, *map(range, self.places.shape[1:]))

    def _find(self, at: At) -> tuple[int, int]:
        """Place and size of a chunk."""
        place, size = int(self.places[at]), int(self.sizes[at])
        if place < 0:
            first = at[0] * self.chunk[0]
            last = min(first + self.chunk[0], self.shape[0]) - 1
            raise never_written(f"the chunk {at}, of the rows {first} to {last}, was")
        if size > 2 * self.nominal + 1024:
            raise OSError("a chunk is damaged: it takes more room than what it holds")
        return place, size

    @property
    def nominal(self) -> int:
        """Bytes of a chunk without filters."""
        return int(math.prod(self.chunk) * self.dtype.itemsize)

    def _read(self, file: SharedFile, at: At) -> Array:
        """One chunk; the last one of a thread is not read again."""
        kept: tuple[Any, Array] | None = getattr(self._last, "chunk", None)
        if kept is not None and kept[0] == at:
            return kept[1]
        data, size = self._undo(file, at), self.nominal
        if len(data) != size:
            raise OSError("a chunk is damaged: it is not as long as it must be")
        values = np.frombuffer(data, self.dtype).reshape(self.chunk)
        if size <= _KEPT:
            self._last.chunk = at, values
        return values

    def _undo(self, file: SharedFile, at: At) -> Any:
        """Undo the filters of a chunk, up to the last that only the library knows."""
        place, size = self._find(at)
        stored = np.empty(size, np.uint8)
        file.read_into(stored, place)
        data: Any = stored.data
        for number in reversed(range(len(self.filters))):
            code, width = self.filters[number]
            if self.masks[at] >> number & 1:
                continue
            if code == _DEFLATE:
                data = _inflated(data, self._most(number))
            elif code == _SHUFFLE:
                data = _unshuffled(data, width or self.dtype.itemsize)
            elif code == _FLETCHER:
                data = _summed(data)
            else:
                break
        return data

    def _most(self, number: int) -> int:
        """Bytes of a chunk as a filter was given them, at most."""
        before = [code for code, _ in self.filters[:number]]
        if any(code not in _OWN for code in before):
            return 2 * self.nominal + 1024
        return self.nominal + _SUM * before.count(_FLETCHER)


def check_order(filters: Sequence[int]) -> None:
    """Refuse filters of which nobody can tell what they inflate to.

    Args:
        filters: Their numbers, in the order in which they were applied.

    Raises:
        RefusedError: One that only the library knows takes what was deflated.
    """
    foreign = [number for number, code in enumerate(filters) if code not in _OWN]
    if foreign and _DEFLATE in filters[: foreign[-1]]:
        raise RefusedError(
            f"the filters {list(filters)} stand in an order that is not supported. Store it with "
            "gzip alone, or as the last of them"
        )


def check_count(shape: Sequence[int], chunk: Sequence[int]) -> None:
    """Refuse images in very many chunks.

    Args:
        shape: Shape of an image.
        chunk: Shape of a chunk along its axes.

    Raises:
        RefusedError: There are too many.
    """
    count = math.prod(-(-side // part) for side, part in zip(shape, chunk, strict=True))
    if count > MAX_CHUNKS:
        raise RefusedError(
            f"each image lies in {count:,} chunks; at most {MAX_CHUNKS:,} are read. Store it in "
            "larger ones"
        )


def stored_as_read(dataset: Any) -> bool:
    """Whether the bytes of a dataset, apart from filters, are those of its dtype.

    Args:
        dataset: `h5py.Dataset`.

    Returns:
        Whether they are: a type may have fewer bits than its bytes, or be a float of a kind that
        NumPy has not.
    """
    import h5py

    return bool(dataset.id.get_type() == h5py.h5t.py_create(dataset.dtype, logical=True))


def _filters(dataset: Any) -> list[tuple[int, int]]:
    """Number and first value of each filter."""
    creation = dataset.id.get_create_plist()
    found = map(creation.get_filter, range(creation.get_nfilters()))
    return [(code, values[0] if values else 0) for code, _, values, _ in found]


def _inflated(data: Any, size: int) -> bytes:
    """Inflate, but never beyond the size that a chunk has."""
    stream = zlib.decompressobj()
    try:
        result = stream.decompress(data, size)
        if not stream.eof and stream.decompress(stream.unconsumed_tail, 1):
            raise OSError("a chunk is damaged: it is longer than it must be")
    except zlib.error as error:
        raise OSError(f"a chunk is damaged: {error}") from error
    return result


def _unshuffled(data: Any, width: int) -> Any:
    """Bring the bytes of each number together again; a rest that is no number stays as it is."""
    if width == 1:
        return data
    values = np.frombuffer(data, np.uint8)
    whole = len(values) // width * width
    parts = values[:whole].reshape(width, -1).T.tobytes()
    return parts + values[whole:].tobytes() if whole < len(values) else parts


def _summed(data: Any) -> Any:
    """Take the checksum off; it is Fletcher's of 16-bit numbers, of which files have two forms."""
    body, found = data[:-_SUM], data[-_SUM:]
    sums = int.from_bytes(found[:2], "little"), int.from_bytes(found[2:], "little")
    turned = int.from_bytes(found[:2], "big"), int.from_bytes(found[2:], "big")
    expected = _fletcher(body)
    if all(tuple(s % 65_535 for s in each) != expected for each in (sums, turned)):
        raise OSError("a chunk is damaged: its checksum is another")
    return body


def _fletcher(body: Any) -> tuple[int, int]:
    numbers = np.frombuffer(body, ">u2", len(body) // 2)
    first = second = 0
    for start in range(0, len(numbers), _BLOCK):
        block = numbers[start : start + _BLOCK].astype(np.int64)
        second += first * len(block) + int(block @ np.arange(len(block), 0, -1))
        first += int(block.sum())
    if len(body) % 2:
        first += body[-1] << 8
        second += first
    return first % 65_535, second % 65_535
