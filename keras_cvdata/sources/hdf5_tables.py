"""What belongs to the images of an HDF5 file, read within a budget of memory.

A small file can say that it holds gigabytes: chunks inflate, and cells of text share one object.
Labels, columns, offsets and attributes are read here only, after it is known what they take.
"""

from __future__ import annotations

import json
import math
import os
from typing import Any

import numpy as np

from keras_cvdata.sources.files import SharedFile
from keras_cvdata.sources.hdf5_chunks import Chunks
from keras_cvdata.sources.hdf5_guard import inside
from keras_cvdata.sources.hdf5_heap import CELL, Heap
from keras_cvdata.types import Array, brief

FREE = 128 << 20  # bytes of memory for whatever a small file holds
SHARE = 2  # bytes of memory for each byte of a file

_OBJECT = 64  # bytes that an object of Python takes
_MOST_VALUES = 64  # of an attribute


class Tables:
    """Reads datasets and attributes as a whole, until they take too much."""

    def __init__(self) -> None:
        self.limit = self.left = FREE
        self._files: dict[str, tuple[SharedFile, int]] = {}

    def read(self, dataset: Any) -> Array:
        """Read a dataset of numbers or text.

        Args:
            dataset: `h5py.Dataset`.

        Returns:
            Its values; text of variable length as objects.

        Raises:
            ValueError: It holds something else, is damaged, or takes too much memory.
        """
        place = place_of(dataset)
        with inside(place):
            dtype = dtype_of(dataset)
            is_text = dtype.hasobject and dtype.kind == "O"
            if dtype.kind not in "biufSO" or dataset.shape is None:
                raise ValueError(
                    f"{place}: expected numbers or text; got {dtype}. Store numbers or "
                    "text, or name other datasets with image_key= and label_key=."
                )
            self.charge(place, dataset.nbytes)
            self.check_room(dataset)
            return self._text(dataset, place) if is_text else self._numbers(dataset)

    def _numbers(self, dataset: Any) -> Array:
        if dataset.chunks is None:
            values: Array = dataset[()]
            return values
        file, size = self._file(dataset)
        chunks = Chunks(dataset, size)
        if chunks.library:
            chunks.check(file, 0, len(dataset))
            return dataset[()]  # type: ignore[no-any-return]
        return chunks.rows(file, 0, len(dataset))

    def _text(self, dataset: Any, place: str) -> Array:
        cells = self._cells(dataset)
        if cells is not None:
            file, size = self._file(dataset)
            base = dataset.file.userblock_size
            return Heap(file, size, base, lambda some: self.charge(place, some)).texts(cells)
        found = np.empty(dataset.shape, object)
        reader = dataset.asstr()
        for index in np.ndindex(*dataset.shape):
            found[index] = text = reader[index]
            self.charge(place, _OBJECT + len(text))
        return found

    def _cells(self, dataset: Any) -> Array | None:
        """Where each text lies; None where only the library knows."""
        if dataset.file.id.get_create_plist().get_sizes() != (8, 8):
            return None
        file, size = self._file(dataset)
        if dataset.chunks is not None:
            chunks = Chunks(dataset, size, CELL)
            if chunks.library:
                chunks.check(file, 0, len(dataset))
                return None
            return chunks.rows(file, 0, len(dataset))
        start = dataset.id.get_offset()
        if start is None:
            return None
        cells = np.empty(dataset.shape, CELL)
        file.read_into(cells, start)
        return cells

    def json(self, dataset: Any) -> Any:
        """Read JSON that is stored as bytes.

        Args:
            dataset: `h5py.Dataset` of uint8 in one row.

        Returns:
            What it says.

        Raises:
            ValueError: It is damaged, or takes too much memory.
        """
        data, place = self.read(dataset), place_of(dataset)
        with inside(place):
            marks = sum(int(np.count_nonzero(data == ord(mark))) for mark in "[{,:")
            self.charge(place, len(data) + _OBJECT * marks)
            return json.loads(data.tobytes())

    def attribute(self, holder: Any, name: str) -> Any:
        """Read an attribute.

        Args:
            holder: `h5py.File`, `h5py.Group` or `h5py.Dataset`.
            name: Its name.

        Returns:
            A number, text, or a small array of them; None where there is none of that name or
            it is empty or something else.

        Raises:
            ValueError: It is damaged, or takes too much memory.
        """
        with inside(place_of(holder)):
            return self._attribute(holder, name) if name in holder.attrs else None

    def _attribute(self, holder: Any, name: str) -> Any:
        import h5py

        place = f"{place_of(holder)}: the attribute {brief(name)}"
        with inside(place):
            stored = holder.attrs.get_id(name)
            if stored.get_type().get_class() not in _plain_classes():
                return None  # a type of types takes long to become a dtype
            if stored.get_space().get_simple_extent_type() == h5py.h5s.NULL:
                return None
            if math.prod(stored.shape) > _MOST_VALUES:
                return None
            self.charge(place, stored.dtype.itemsize * math.prod(stored.shape) + _OBJECT)
            value = holder.attrs[name]
            if isinstance(value, str | bytes):
                self.charge(place, len(value))
            return value

    def attributes(self, holder: Any) -> dict[str, Any]:
        """Read all attributes that are one number or text each.

        Args:
            holder: `h5py.Group`.

        Returns:
            Their values by name.
        """
        with inside(place_of(holder)):
            names = list(holder.attrs)
        found = {name: self._attribute(holder, name) for name in names}
        return {n: v for n, v in found.items() if isinstance(v, str | bytes | np.generic)}

    def charge(self, place: str, size: int) -> None:
        """Take from the budget.

        Args:
            place: What for, for the message.
            size: Bytes of memory.

        Raises:
            ValueError: The budget does not suffice.
        """
        self.left -= size
        if self.left < 0:
            raise ValueError(
                f"{place}: with it, what belongs to the images takes more than the "
                f"{self.limit >> 20:,} MiB of memory that a file of this size may need. Store it "
                "more briefly (classes as uint8 or uint16 in place of rows of 0 and 1), or make "
                "the file anew."
            )

    def check_room(self, dataset: Any) -> None:
        """Refuse a dataset that says that it takes more than its file has.

        Args:
            dataset: `h5py.Dataset`.

        Raises:
            ValueError: It does.
        """
        size = self._file(dataset)[1]
        start = 0 if dataset.chunks is not None else dataset.id.get_offset() or 0
        stored = dataset.id.get_storage_size()
        if stored > size - start:
            raise ValueError(
                f"{place_of(dataset)}: its {stored:,} bytes reach beyond the end of the file, "
                "which was cut short or is damaged. Copy the file again, or make it anew."
            )

    def size(self, dataset: Any) -> int:
        """Number of bytes of the file of a dataset."""
        return self._file(dataset)[1]

    def _file(self, dataset: Any) -> tuple[SharedFile, int]:
        name = file_name(dataset)
        if name not in self._files:
            file = SharedFile(name)
            size = file.status().st_size
            self._files[name] = file, size
            self.limit += SHARE * size
            self.left += SHARE * size
        return self._files[name]


def dtype_of(dataset: Any) -> np.dtype[Any]:
    """Type of a dataset in NumPy.

    Args:
        dataset: `h5py.Dataset`.

    Returns:
        The type.

    Raises:
        ValueError: NumPy has none, as for dates and for integers of 3 bytes.
    """
    try:
        return dataset.dtype  # type: ignore[no-any-return]
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"{place_of(dataset)}: NumPy has no type for what is stored ({error}). Store it as "
            "integers or floats of at most 64 bits."
        ) from error


def place_of(member: Any) -> str:
    """Address of a member for messages: its file and its path there."""
    return f"{file_name(member)}{member.name}"


def _plain_classes() -> tuple[int, ...]:
    from h5py import h5t

    return h5t.INTEGER, h5t.FLOAT, h5t.STRING, h5t.ENUM


def file_name(member: Any) -> str:
    """Name of the file of a member, which `member.file.filename` takes ten times as long for."""
    import h5py

    return os.fsdecode(h5py.h5f.get_name(member.id))
