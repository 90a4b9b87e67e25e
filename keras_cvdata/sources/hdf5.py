"""Images in an HDF5 file."""

from __future__ import annotations

import copy
import os
import threading
import zlib
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any, Self

import numpy as np

from keras_cvdata.sources.base import Source
from keras_cvdata.sources.boxes import Boxes
from keras_cvdata.sources.files import SharedFile
from keras_cvdata.sources.hdf5_about import read_about
from keras_cvdata.sources.hdf5_chunks import Chunks, readable
from keras_cvdata.sources.hdf5_guard import open_hdf5
from keras_cvdata.sources.hdf5_keys import Keys
from keras_cvdata.sources.hdf5_layout import read_layout
from keras_cvdata.sources.hdf5_segments import Segment
from keras_cvdata.types import Array, ImageError, Ints


class HDF5Source(Source):
    """Images in an HDF5 file (R26, R27).

    Read are a group per class, with the name of the class in its attribute `label` or `name` (or as
    name of the group), groups in groups as levels of a hierarchy, and flat files with `images` and
    `labels` (or `image` and `label`, `x` and `y`, `x_train` and `y_train`, `train_set_x` and
    `train_set_y`). Groups such as `train` and `test` are no classes: name one with `image_key`.

    A dataset in a group is a stack (count, height, width[, channels]), one image (height, width[,
    1, 3 or 4]) or, in one row of uint8, the bytes of an image file. Further attributes of a group
    become columns.

    Data that are not compressed, or deflated ("gzip") with or without shuffling, are read without
    the lock of the HDF5 library, from many threads at once; others through the library, those of
    `hdf5plugin` where that is installed (`pip install "keras-cvdata[hdf5]"`). Links, virtual
    datasets and external storage are refused.

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
        verify: Compare each image of a pack of `keras_cvdata.convert` with its checksum when it is
            read, which takes several times as long as reading pixels does; an audit does so always.

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
        verify: bool = False,
    ) -> None:
        self.path = os.fspath(path)
        other = nullcontext() if label_path is None else open_hdf5(os.fspath(label_path))
        with open_hdf5(self.path) as file, other as label_file:
            try:
                keys = Keys(image_key, label_key, label_file)
                layout = read_layout(file, self.path, keys, class_names, hierarchical, label_kind)
                count = len(layout.index_of)
                about = read_about(file, self.path, count) if layout.version > 1 else None
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
        self.about = about
        self.verify = verify
        if verify and about is None:
            raise ValueError(
                f"{self.path}: the file holds no checksums to verify. Leave out verify=True, or "
                "write it anew with keras_cvdata.convert."
            )
        self._set_common_shape()
        self._starts = np.array([segment.start or 0 for segment in self.segments], np.int64)
        self._plain = self.image_shape is not None and all(
            segment.start is not None and segment.spans is None and segment.dtype == self.dtype
            for segment in self.segments
        )
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
        self._chunks: dict[str, Chunks | None] = {}
        self._owner = os.getpid()
        self._lock = threading.Lock()

    def __getstate__(self) -> dict[str, Any]:
        state = self.__dict__.copy()
        for handle in ("_file", "_hdf5", "_chunks", "_owner", "_lock"):
            del state[handle]
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._close()

    def __len__(self) -> int:
        return len(self.index_of)

    def verified(self) -> Self:
        """Return the same samples, each compared with its checksum where the file holds them."""
        other = copy.copy(self)
        other.verify = self.about is not None
        return other

    @property
    def masks(self) -> Source | None:
        """Masks of the rows, where the file holds any."""
        return None if self.about is None or self.about.masks is None else PackedMasks(self)

    @property
    def boxes(self) -> Boxes | None:
        """Boxes of the rows, where the file holds any."""
        return None if self.about is None else self.about.boxes

    @property
    def box_format(self) -> str:
        """Format of the boxes."""
        return "xyxy" if self.about is None else self.about.box_format

    @property
    def shard(self) -> tuple[int, int] | None:
        """Which part of a collection this is, and of how many; None where it is all of it."""
        return None if self.about is None else self.about.shard

    def name(self, position: int) -> str:
        """Name of an image where it came from; else its file, path inside it and number there."""
        return self.address(position) if self.about is None else self.about.names[position]

    def address(self, position: int) -> str:
        """Address of one image: file, path inside it and number there."""
        segment = self._segment(position)
        return f"{self.path}{segment.address}[{self.index_of[position]}]"

    def location(self, position: int) -> str | None:  # noqa: ARG002
        """None: an image is no file of its own, even where it came from one."""
        return None

    def version(self, position: int) -> str:  # noqa: ARG002 # one file holds all
        """Size and time of last change of the file, as it was when it was listed."""
        return "{} {}".format(*self._version)

    def fetch(self, position: int) -> bytes | Array:
        """Read one image: its pixels, or the bytes of its file."""
        segment, index = self._segment(position), int(self.index_of[position])
        checksum = self.about.checksums[position] if self.verify and self.about else None
        return self._read(segment, index, position, checksum)

    def fetch_into(self, positions: Ints, out: Array) -> bool:
        """Read pixels straight into a batch, where they are stored as they are, in one piece."""
        size = out[0].nbytes
        if self.verify or not self._plain or self.image_shape != out.shape[1:]:
            return False
        starts = self._starts[self.segment_of[positions]] + self.index_of[positions] * size
        try:
            self._opened().read_each(out, starts)
        except (OSError, EOFError):
            return False
        return True

    def fetch_mask(self, position: int) -> bytes:
        """Read one mask as PNG; only of a file that holds masks."""
        assert self.about is not None
        assert self.about.masks is not None
        sums = self.about.mask_checksums if self.verify else None
        checksum = None if sums is None else sums[position]
        mask = self._read(self.about.masks, position, position, checksum)
        assert isinstance(mask, bytes)
        return mask

    def _read(
        self, segment: Segment, index: int, position: int, checksum: int | None
    ) -> bytes | Array:
        try:
            if segment.start is None:
                data = self._read_chunked(segment, index)
            else:
                data = self._read_plain(segment, segment.start, index)
        except (OSError, EOFError) as error:
            reason = (
                f"The HDF5 file {self.path} cannot be read: {error}. Check it, or convert it again."
            )
            raise ImageError(self.name(position), reason, position) from error
        if checksum is not None and _checksum(data) != checksum:
            reason = (
                f"Its bytes in {self.path} are no longer those that were written: the disk or a "
                "copy damaged them. Copy the file again, or convert the images again."
            )
            raise ImageError(self.name(position), reason, position)
        return data

    def _segment(self, position: int) -> Segment:
        return self.segments[int(self.segment_of[position])]

    def _read_plain(self, segment: Segment, start: int, index: int) -> bytes | Array:
        if segment.spans is not None:
            first, last = segment.spans[index].tolist()
            return self._read_into(np.empty(last - first, np.uint8), start + first).tobytes()
        pixels = np.empty(segment.shape, segment.dtype)
        self._read_into(pixels, start + index * pixels.nbytes)
        return _native(pixels)

    def _read_into(self, data: Array, start: int) -> Array:
        self._opened().read_into(data, start)
        return data

    def _opened(self) -> SharedFile:
        if self._file is None:
            with self._lock:
                if self._file is None:
                    self._file = self._open()
        return self._file

    def _read_chunked(self, segment: Segment, index: int) -> bytes | Array:
        first, last = index, index + 1
        if segment.spans is not None:
            first, last = segment.spans[index].tolist()
        elif segment.whole:
            last = segment.shape[0]
        chunks = self._chunks_of(segment)
        rows = None if chunks is None else chunks.rows(self._opened(), first, last)
        if rows is None:
            with self._lock:
                rows = self._library()[segment.address][first:last]
        if segment.spans is not None:
            return rows.tobytes()
        return _native(rows if segment.whole else rows[0])

    def _chunks_of(self, segment: Segment) -> Chunks | None:
        """Where the chunks of a dataset lie; None where only the library can read them."""
        if segment.address not in self._chunks:
            with self._lock:
                dataset = self._library()[segment.address]
                can = segment.as_stored and readable(dataset)
                self._chunks[segment.address] = Chunks(dataset) if can else None
        return self._chunks[segment.address]

    def _library(self) -> Any:
        """The file as the HDF5 library opens it; the caller holds the lock."""
        if self._hdf5 is None or self._owner != os.getpid():
            self._open()
            self._hdf5, self._owner = open_hdf5(self.path), os.getpid()
        return self._hdf5

    def _open(self) -> SharedFile:
        """Open the file, if it is still the one that was listed."""
        file = SharedFile(self.path)
        if _version(file.status()) != self._version:
            raise OSError("it was changed after its images were listed; open it anew")
        return file


def _version(status: os.stat_result) -> tuple[int, int]:
    return status.st_size, status.st_mtime_ns


def _checksum(data: bytes | Array) -> int:
    if isinstance(data, bytes):
        return zlib.crc32(data)
    return zlib.crc32(np.ascontiguousarray(data).reshape(-1).view(np.uint8).data)


def _native(pixels: Array) -> Array:
    return pixels.astype(pixels.dtype.newbyteorder("="), copy=False)


class PackedMasks(Source):
    """Masks of a pack.

    Args:
        images: The pack.
    """

    def __init__(self, images: HDF5Source) -> None:
        self.labels, self.columns = {}, {}
        self.images = images

    def __len__(self) -> int:
        return len(self.images)

    def fetch(self, position: int) -> bytes:
        """Read one mask."""
        return self.images.fetch_mask(position)

    def name(self, position: int) -> str:
        """Name of a mask, after that of its image."""
        return f"mask of {self.images.name(position)}"

    def location(self, position: int) -> str | None:  # noqa: ARG002
        """None: a mask is no file of its own."""
        return None
