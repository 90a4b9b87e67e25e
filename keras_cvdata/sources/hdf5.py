"""Images in an HDF5 file."""

from __future__ import annotations

import copy
import math
import os
import threading
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np

from keras_cvdata.codec.limits import max_bytes
from keras_cvdata.sources.base import Source
from keras_cvdata.sources.boxes import Boxes
from keras_cvdata.sources.files import SharedFile
from keras_cvdata.sources.hdf5_child import LibraryProcess, list_in_child
from keras_cvdata.sources.hdf5_chunks import MAX_CHUNKS, Chunks
from keras_cvdata.sources.hdf5_library import CHANGED, Library, Question, list_file, version_of
from keras_cvdata.sources.hdf5_segments import Segment
from keras_cvdata.types import Array, ImageError, Ints

BYTES_PER_PIXEL = 4  # that an image of `max_pixels` may take


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
        untrusted: Let another process, with limits of time and memory, do what needs the HDF5
            library. Files that were made to do harm crash the library, or have it never end; then
            that process ends, and an error names the file. It costs about half a second once, and
            nothing where data are stored plain or deflated. No sandbox: what a file makes the
            other process do is done with your rights.

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

    def __init__(  # noqa: PLR0913 # the arguments of a public source
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
        untrusted: bool = False,
    ) -> None:
        self.path = os.fspath(path)
        self._untrusted = untrusted
        labels = None if label_path is None else os.fspath(label_path)
        question = Question(image_key, label_key, labels, class_names, hierarchical, label_kind)
        read = list_in_child if untrusted else list_file
        self._version = version_of(Path(self.path).stat()) if Path(self.path).is_file() else (0, 0)
        layout, about = read(self.path, question)
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
        read = LibraryProcess if self._untrusted else Library
        self._library: Library | LibraryProcess = read(self.path, self._version)
        self._chunks: dict[str, Chunks] = {}
        self._lock = threading.Lock()

    def __getstate__(self) -> dict[str, Any]:
        state = self.__dict__.copy()
        for handle in ("_file", "_library", "_chunks", "_lock"):
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
        if self._excess(out.shape[1:], size):
            return False
        starts = self._starts[self.segment_of[positions]] + self.index_of[positions] * size
        try:
            file = self._opened()
            file.read_each(out, starts)
            self._check_version(file)
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
        excess = self._excess(*self._extent(segment, index))
        if excess:
            raise ImageError(self.name(position), excess, position)
        try:
            if segment.start is None:
                data = self._read_chunked(segment, index)
            else:
                data = self._read_plain(segment, segment.start, index)
            self._check_version(self._opened())
        except Exception as error:  # the library and NumPy say damage in many ways
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
        rows = self._rows(segment, first, last)
        if segment.spans is not None:
            return rows.tobytes()
        return _native(rows if segment.whole else rows[0])

    def _rows(self, segment: Segment, first: int, last: int) -> Array:
        """Read rows of a dataset by its chunks, or where that cannot be by the library."""
        chunks = None
        if segment.chunked:
            chunks = self._chunks_of(segment.address)
            if chunks.count(first, last) > MAX_CHUNKS:
                raise OSError(f"an image lies in more than {MAX_CHUNKS:,} chunks")
            if not chunks.library:
                return chunks.rows(self._opened(), first, last)
            chunks.check(self._opened(), first, last)
        with self._lock:
            return self._library.rows(segment.address, first, last)

    def _chunks_of(self, address: str) -> Chunks:
        """Where the chunks of a dataset lie."""
        if address not in self._chunks:
            with self._lock:
                self._chunks[address] = self._library.chunks(address)
        return self._chunks[address]

    def _extent(self, segment: Segment, index: int) -> tuple[tuple[int, ...], int]:
        """Shape of an image, `()` of encoded ones, and its bytes."""
        if segment.spans is not None:
            first, last = segment.spans[index].tolist()
            return (), last - first
        return segment.shape, math.prod(segment.shape) * segment.dtype.itemsize

    def _excess(self, shape: tuple[int, ...], size: int) -> str:
        """What an image has too much of, before it is read."""
        most = BYTES_PER_PIXEL * self.max_pixels if shape else max_bytes(self.max_pixels)
        pixels = math.prod(shape[:2])
        if (not shape or pixels <= self.max_pixels) and size <= most:
            return ""
        what = f"{shape[0]} x {shape[1]} pixels, " if shape else ""
        return (
            f"The image has {what}{size:,} bytes; at most {self.max_pixels:,} pixels and "
            f"{most:,} bytes are read. Store it smaller, or raise max_pixels."
        )

    def _open(self) -> SharedFile:
        """Open the file, if it is still the one that was listed."""
        file = SharedFile(self.path)
        self._check_version(file)
        return file

    def _check_version(self, file: SharedFile) -> None:
        """Refuse what was read of a file that has been written to."""
        if version_of(file.status()) != self._version:
            raise OSError(CHANGED)


def _checksum(data: bytes | Array) -> int:
    if isinstance(data, bytes):
        return zlib.crc32(data)
    return zlib.crc32(np.ascontiguousarray(data).reshape(-1).view(np.uint8).data)


def _native(pixels: Array) -> Array:
    """Bring the bytes of numbers to the order of the machine, in their place."""
    native = pixels.dtype.newbyteorder("=")
    return pixels if native == pixels.dtype else pixels.byteswap(inplace=True).view(native)


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
