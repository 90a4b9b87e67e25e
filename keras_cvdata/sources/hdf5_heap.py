"""Text of variable length, whose cells say where in the global heap of an HDF5 file it lies."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

import numpy as np

from keras_cvdata.sources.files import SharedFile
from keras_cvdata.types import Array

CELL = np.dtype([("length", "<u4"), ("address", "<u8"), ("number", "<u4")])

_HEAD = struct.Struct("<4sB3xQ")  # of a collection: signature, version, size
_OBJECT = struct.Struct("<HHIQ")  # number, references, reserved, size
_NOWHERE = 2**64 - 1


class Heap:
    """Reads text that cells refer to, each collection and each text once.

    The library would go round for ever where an object says that it takes no room, and beyond its
    memory where a cell is shorter than its object.

    Args:
        file: The file.
        size: Bytes of it.
        base: Where addresses count from.
        charge: Takes what is read from a budget.
    """

    def __init__(
        self, file: SharedFile, size: int, base: int, charge: Callable[[int], None]
    ) -> None:
        self._file, self._size, self._base, self._charge = file, size, base, charge
        self._collections: dict[int, tuple[memoryview, dict[int, tuple[int, int]]]] = {}

    def texts(self, cells: Array) -> Array:
        """Read text.

        Args:
            cells: Of `CELL`.

        Returns:
            The texts, in the shape of the cells.

        Raises:
            OSError: A cell or the heap is damaged.
            UnicodeDecodeError: A text is no UTF-8.
        """
        flat = cells.reshape(-1)
        keys = zip(*(flat[name].tolist() for name in CELL.names or ()), strict=True)
        found: dict[tuple[int, int, int], str] = {}
        out = np.empty(len(flat), object)
        for row, key in enumerate(keys):
            text = found.get(key)
            if text is None:
                text = found[key] = self._text(*key)
            out[row] = text
        return out.reshape(cells.shape)

    def _text(self, length: int, address: int, number: int) -> str:
        if not length or address in (0, _NOWHERE):
            return ""
        data, objects = self._collection(address)
        start, size = objects.get(number, (0, 0))
        if length > size:
            raise OSError(f"text of {length} bytes, where the heap holds {size}")
        self._charge(64 + length)
        return bytes(data[start : start + length]).partition(b"\0")[0].decode()

    def _collection(self, address: int) -> tuple[memoryview, dict[int, tuple[int, int]]]:
        """Bytes of a collection, and start and size of each object in them."""
        if address not in self._collections:
            head = self._read(address, _HEAD.size)
            signature, version, size = _HEAD.unpack(head)
            if signature != b"GCOL" or version != 1:
                raise OSError(f"there is no heap at {address}")
            data = self._read(address, size)
            self._collections[address] = data, _objects(data)
        return self._collections[address]

    def _read(self, address: int, size: int) -> memoryview:
        start = self._base + address
        if start + size > self._size:
            raise OSError("the heap reaches beyond the end of the file")
        self._charge(size)
        data = np.empty(size, np.uint8)
        self._file.read_into(data, start)
        return data.data


def _objects(data: Any) -> dict[int, tuple[int, int]]:
    found, at = {}, _HEAD.size
    while at + _OBJECT.size <= len(data):
        number, _, _, size = _OBJECT.unpack_from(data, at)
        if not number:  # the rest is free
            break
        start = at + _OBJECT.size
        found[number] = start, min(size, len(data) - start)
        at = start + -(-size // 8) * 8
    return found
