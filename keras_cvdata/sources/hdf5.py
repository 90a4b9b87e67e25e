"""Images in an HDF5 file."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np

from keras_cvdata.sources.base import Source
from keras_cvdata.sources.files import SharedFile
from keras_cvdata.sources.hdf5_guard import open_hdf5
from keras_cvdata.sources.hdf5_keys import Keys
from keras_cvdata.sources.hdf5_layout import Segment, read_layout
from keras_cvdata.types import Array, ImageError


class HDF5Source(Source):
    """Images in an HDF5 file (R26, R27).

    Read are a group per class, with the name of the class in its attribute `label` or `name` (or as
    name of the group), groups in groups as levels of a hierarchy, and flat files with `images` and
    `labels` (or `image` and `label`, `x` and `y`, `x_train` and `y_train`, `train_set_x` and
    `train_set_y`). Groups such as `train` and `test` are no classes: name one with `image_key`.

    A dataset in a group is a stack (count, height, width[, channels]), one image (height, width[,
    1, 3 or 4]) or, in one row of uint8, the bytes of an image file. Further attributes of a group
    become columns.

    Uncompressed data are read without the lock of the HDF5 library, from many threads at once.
    Links, virtual datasets and external storage are refused.

    Args:
        path: The file.
        image_key: Dataset of images by its path in the file, as "x_test" or "train/image"; or a
            group, as "train", of which the layout is read.
        label_key: Dataset of labels by its path, as "y_test" or "train/label": (N,), (N, 1) and
            (N, 1, 1, 1) integers, text or floats, or (N, C) rows.
        label_path: Another HDF5 file that holds the labels, in the order of the images.
        class_names: Classes in the order of their integers, for a hierarchy one list for each
            level; sorted names by default.
        hierarchical: Whether groups in groups are levels of the labels; with False the outermost
            group is the class. By default where there are such groups.
        label_kind: Kind that the labels of a flat file must have, "class", "multilabel" or
            "number"; by default seen from the values. Several datasets of labels in a group make
            one of "multilabel" (0 and 1) or "number".

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: The file is not HDF5, holds no images in these layouts, or refers elsewhere.

    Example:
        >>> import h5py, pathlib, tempfile
        >>> path = pathlib.Path(tempfile.mkdtemp()) / "pets.h5"
        >>> with h5py.File(path, "w") as file:
        ...     group = file.create_group("0")
        ...     group.attrs["label"] = "cat"
        ...     _ = group.create_dataset("pictures", data=np.zeros((2, 8, 8, 3), np.uint8))
        >>> source = HDF5Source(path)
        >>> len(source), source.class_names, source.image_shape
        (2, ('cat',), (8, 8, 3))
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        image_key: str | None = None,
        label_key: str | None = None,
        label_path: str | os.PathLike[str] | None = None,
        class_names: Sequence[str] | Sequence[Sequence[str]] | None = None,
        hierarchical: bool | None = None,
        label_kind: str | None = None,
    ) -> None:
        self.path = os.fspath(path)
        other = nullcontext() if label_path is None else open_hdf5(os.fspath(label_path))
        with open_hdf5(self.path) as file, other as label_file:
            try:
                keys = Keys(image_key, label_key, label_file)
                layout = read_layout(file, self.path, keys, class_names, hierarchical, label_kind)
            except (KeyError, OSError, RuntimeError) as error:  # of h5py, which names no file
                raise ValueError(
                    f"{self.path}: the file is damaged inside: {error}. Copy it again, or make it "
                    "anew, for example with keras_cvdata.convert."
                ) from error
        self.segments = layout.segments
        self.segment_of = layout.segment_of
        self.index_of = layout.index_of
        self.labels = layout.labels
        self.columns = layout.columns
        self.value_range = layout.value_range
        self._set_common_shape()
        self._version = _version(Path(self.path).stat())
        self._close()

    def _set_common_shape(self) -> None:
        kinds = {(segment.shape, segment.dtype) for segment in self.segments}
        shape, dtype = kinds.pop()
        if not kinds and shape:
            height, width, channels = (*shape, 1)[:3]
            self.image_shape = (height, width, channels)
            self.dtype = dtype.newbyteorder("=")

    def _close(self) -> None:
        self._file: SharedFile | None = None
        self._hdf5: Any = None
        self._owner = os.getpid()
        self._lock = threading.Lock()

    def __getstate__(self) -> dict[str, Any]:
        state = self.__dict__.copy()
        for handle in ("_file", "_hdf5", "_owner", "_lock"):
            del state[handle]
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._close()

    def __len__(self) -> int:
        return len(self.index_of)

    def name(self, position: int) -> str:
        """Address of one image: file, path inside it and number there."""
        segment = self._segment(position)
        return f"{self.path}{segment.address}[{self.index_of[position]}]"

    def version(self, position: int) -> str:  # noqa: ARG002 # one file holds all
        """Size and time of last change of the file, as it was when it was listed."""
        return "{} {}".format(*self._version)

    def fetch(self, position: int) -> bytes | Array:
        """Read one image: its pixels, or the bytes of its file."""
        segment = self._segment(position)
        index = int(self.index_of[position])
        try:
            if segment.start is None:
                return self._read_chunked(segment, index)
            return self._read_plain(segment, segment.start, index)
        except (OSError, EOFError) as error:
            reason = f"The HDF5 file cannot be read: {error}. Check it, or convert it again."
            raise ImageError(self.name(position), reason, position) from error

    def _segment(self, position: int) -> Segment:
        return self.segments[int(self.segment_of[position])]

    def _read_plain(self, segment: Segment, start: int, index: int) -> bytes | Array:
        if segment.offsets is not None:
            first, last = int(segment.offsets[index]), int(segment.offsets[index + 1])
            return self._read_into(np.empty(last - first, np.uint8), start + first).tobytes()
        pixels = np.empty(segment.shape, segment.dtype)
        self._read_into(pixels, start + index * pixels.nbytes)
        return _native(pixels)

    def _read_into(self, data: Array, start: int) -> Array:
        if self._file is None:
            with self._lock:
                if self._file is None:
                    self._file = self._open()
        self._file.read_into(data, start)
        return data

    def _read_chunked(self, segment: Segment, index: int) -> bytes | Array:
        with self._lock:
            if self._hdf5 is None or self._owner != os.getpid():
                self._open()
                self._hdf5, self._owner = open_hdf5(self.path), os.getpid()
            dataset = self._hdf5[segment.address]
            if segment.offsets is not None:
                first, last = segment.offsets[index : index + 2]
                return dataset[int(first) : int(last)].tobytes()  # type: ignore[no-any-return]
            return _native(dataset[()] if segment.whole else dataset[index])

    def _open(self) -> SharedFile:
        """Open the file, if it is still the one that was listed."""
        file = SharedFile(self.path)
        if _version(file.status()) != self._version:
            raise OSError("it was changed after its images were listed; open it anew")
        return file


def _version(status: os.stat_result) -> tuple[int, int]:
    return status.st_size, status.st_mtime_ns


def _native(pixels: Array) -> Array:
    return pixels.astype(pixels.dtype.newbyteorder("="), copy=False)
