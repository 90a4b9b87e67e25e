"""An HDF5 file as the HDF5 library reads it, in this process."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any, NamedTuple

from keras_cvdata.sources.hdf5_about import About, read_about
from keras_cvdata.sources.hdf5_chunks import Chunks
from keras_cvdata.sources.hdf5_guard import open_hdf5
from keras_cvdata.sources.hdf5_keys import Keys
from keras_cvdata.sources.hdf5_layout import Layout, read_layout
from keras_cvdata.sources.hdf5_tables import Tables
from keras_cvdata.types import Array

Version = tuple[int, int]  # size and time of last change


class Question(NamedTuple):
    """What of a file is listed.

    Attributes:
        image_key: See `HDF5Source`, as the others.
        label_key: Likewise.
        label_path: Likewise.
        class_names: Likewise.
        hierarchical: Likewise.
        label_kind: Likewise.
    """

    image_key: str | None = None
    label_key: str | None = None
    label_path: str | None = None
    class_names: Sequence[Any] | None = None
    hierarchical: bool | None = None
    label_kind: str | None = None


class Index(NamedTuple):
    """What a file holds.

    Attributes:
        layout: Images, labels and columns.
        about: What belongs to the images of a pack; None in files of others.
    """

    layout: Layout
    about: About | None


def list_file(path: str, question: Question) -> Index:
    """List the images and labels of a file.

    Args:
        path: The file.
        question: What is listed.

    Returns:
        What it holds.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: The file is damaged, or holds no images in a known layout.
    """
    label_path = question.label_path
    other = nullcontext() if label_path is None else open_hdf5(label_path)
    tables = Tables()
    with open_hdf5(path) as file, other as label_file:
        try:
            keys = Keys(question.image_key, question.label_key, label_file)
            layout = read_layout(file, tables, keys, *question[3:])
            about = None
            if layout.version > 1:
                about = read_about(file, tables, len(layout.index_of))
        except Exception as error:
            raise _told(error, path) from error
    return Index(layout, about)


def _told(error: Exception, path: str) -> ValueError:
    """Name the file in what the library, NumPy or the labels say."""
    if isinstance(error, ValueError):
        return error if str(error).startswith(path) else ValueError(f"{path}: {error}")
    if isinstance(error, MemoryError):
        return ValueError(f"{path}: there is not enough memory to list its images.")
    return ValueError(
        f"{path}: the file is damaged inside: {type(error).__name__}: {error}. Copy it again, or "
        "make it anew, for example with keras_cvdata.convert."
    )


class Library:
    """A file that was listed, as the library reads it, for one caller at a time.

    Args:
        path: The file.
        version: Its version when it was listed.
    """

    def __init__(self, path: str, version: Version) -> None:
        self._path, self._version = path, version
        self._file: Any = None
        self._owner = os.getpid()

    def chunks(self, address: str) -> Chunks:
        """Where the chunks of a dataset lie.

        Args:
            address: Path of the dataset in the file.

        Returns:
            The chunks.

        Raises:
            OSError: They are damaged, or the file is another.
        """
        return Chunks(self._opened()[address], self._version[0])

    def rows(self, address: str, first: int, last: int) -> Array:
        """Read rows of a dataset.

        Args:
            address: Path of the dataset in the file.
            first: First row.
            last: Row after the last.

        Returns:
            (last - first, ...) values.

        Raises:
            OSError: They cannot be read, or the file is another.
        """
        rows: Array = self._opened()[address][first:last]
        return rows

    def _opened(self) -> Any:
        if self._file is None or self._owner != os.getpid():
            if version_of(Path(self._path).stat()) != self._version:
                raise OSError(CHANGED)
            self._file, self._owner = open_hdf5(self._path), os.getpid()
        return self._file


CHANGED = "it was changed after its images were listed; open it anew"


def version_of(status: os.stat_result) -> Version:
    """What tells one content of a file from another."""
    return status.st_size, status.st_mtime_ns
