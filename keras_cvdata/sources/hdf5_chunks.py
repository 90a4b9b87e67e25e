"""Chunks of an HDF5 file, read from many threads at once and without the lock of the library.

Chunks that are stored as they are, shuffled or deflated are read here; all others, and those that
were never written, by the library.
"""

from __future__ import annotations

import itertools
import math
import threading
import zlib
from typing import Any

import numpy as np

from keras_cvdata.sources.files import SharedFile
from keras_cvdata.types import Array

_DEFLATE, _SHUFFLE = 1, 2  # numbers of the filters of HDF5
_KEPT = 1 << 22  # bytes of a chunk that a thread keeps for the next image


class Chunks:
    """Where the chunks of a dataset lie, and what undoes their filters.

    Args:
        dataset: `h5py.Dataset`, chunked, with filters that `readable` allows.
    """

    def __init__(self, dataset: Any) -> None:
        self.shape, self.chunk, self.dtype = dataset.shape, dataset.chunks, dataset.dtype
        self.filters = _filters(dataset)
        grid = [-(-side // part) for side, part in zip(self.shape, self.chunk, strict=True)]
        self.places = np.full(grid, -1, np.int64)
        self.sizes = np.zeros(grid, np.int64)
        dataset.id.chunk_iter(self._note)
        self._last = threading.local()

    def _note(self, found: Any) -> None:
        at = tuple(o // part for o, part in zip(found.chunk_offset, self.chunk, strict=True))
        if not found.filter_mask:  # no filter was left out
            self.places[at], self.sizes[at] = found.byte_offset, found.size

    def rows(self, file: SharedFile, first: int, last: int) -> Array | None:
        """Read `dataset[first:last]`.

        Args:
            file: The file.
            first: First row.
            last: Row after the last.

        Returns:
            (last - first, ...) values; None where the library must read.

        Raises:
            OSError: A chunk is damaged.
        """
        out = np.empty((last - first, *self.shape[1:]), self.dtype)
        part = self.chunk[0]
        columns = range(first // part, -(-last // part))
        for at in itertools.product(columns, *map(range, self.places.shape[1:])):
            if self.places[at] < 0:
                return None
            values = self._read(file, at)
            begins = [number * side for number, side in zip(at, self.chunk, strict=True)]
            begin = max(first, begins[0])
            end = min(last, begins[0] + part)
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

    def _read(self, file: SharedFile, at: tuple[int, ...]) -> Array:
        """One chunk; the last one of a thread is not read again."""
        kept: tuple[Any, Array] | None = getattr(self._last, "chunk", None)
        if kept is not None and kept[0] == at:
            return kept[1]
        size = math.prod(self.chunk) * self.dtype.itemsize
        if self.sizes[at] > 2 * size + 1024:
            raise OSError("a chunk is damaged: it takes more room than what it holds")
        stored = np.empty(int(self.sizes[at]), np.uint8)
        file.read_into(stored, int(self.places[at]))
        data: Any = stored.data
        for code in reversed(self.filters):
            data = _inflated(data, size) if code == _DEFLATE else _unshuffled(data, self.dtype)
        if len(data) != size:
            raise OSError("a chunk is damaged: it is not as long as it must be")
        values = np.frombuffer(data, self.dtype).reshape(self.chunk)
        if size <= _KEPT:
            self._last.chunk = at, values
        return values


def readable(dataset: Any) -> bool:
    """Whether `Chunks` can read a dataset: no filters but shuffle and deflate, most chunks there.

    Args:
        dataset: `h5py.Dataset`.

    Returns:
        Whether it can.
    """
    known: tuple[list[int], ...] = ([], [_DEFLATE], [_SHUFFLE], [_SHUFFLE, _DEFLATE])
    if not dataset.chunks or _filters(dataset) not in known:
        return False
    grid = math.prod(-(-n // part) for n, part in zip(dataset.shape, dataset.chunks, strict=True))
    return bool(grid <= 64 + 2 * dataset.id.get_num_chunks())


def _filters(dataset: Any) -> list[int]:
    creation = dataset.id.get_create_plist()
    return [creation.get_filter(number)[0] for number in range(creation.get_nfilters())]


def _inflated(data: Any, size: int) -> bytes:
    """Inflate, but never beyond the size that a chunk has."""
    stream = zlib.decompressobj()
    try:
        result = stream.decompress(data, size)
    except zlib.error as error:
        raise OSError(f"a chunk is damaged: {error}") from error
    if not stream.eof and stream.decompress(stream.unconsumed_tail, 1):
        raise OSError("a chunk is damaged: it is longer than it must be")
    return result


def _unshuffled(data: Any, dtype: np.dtype[Any]) -> bytes:
    """Bring the bytes of each number together again; a rest that is no number stays as it is."""
    width = dtype.itemsize
    values = np.frombuffer(data, np.uint8)
    whole = len(values) // width * width
    parts = values[:whole].reshape(width, -1).T.tobytes()
    return parts + values[whole:].tobytes()
