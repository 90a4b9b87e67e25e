"""The contract of every source: random access to samples, without Keras."""

from __future__ import annotations

import abc
import copy
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Self

import numpy as np

from keras_cvdata import codec
from keras_cvdata.arguments import integer
from keras_cvdata.codec.limits import MAX_PIXELS
from keras_cvdata.labels import Labels
from keras_cvdata.sources.corrections import corrected
from keras_cvdata.types import NO_MEMORY, Array, ImageError, Ints, Range, one_line


class Source(abc.ABC):
    """A collection of images with labels, addressed by position.

    A source lists its samples once and reads one on demand. It is picklable, keeps no open file
    across a pickle, may be read from many threads at once, and never changes. `source[i]` is
    `(image, label)`, which makes it a Grain source and a torch map-style dataset as it is.

    Attributes:
        labels: The label columns by name; empty, as by default, for images without labels, one
            entry named `"label"` for a single column. `keras_cvdata.labels` makes them.
        columns: Further columns of the table (licence, attributes), each with one value a sample;
            none by default.
        image_shape: `(height, width, channels)` where all images are known to share it.
        dtype: Dtype of the pixels where known before reading (arrays, HDF5), else `None`.
        value_range: Lowest and highest pixel value of float pixels, else `None`.
        notes: What else to say of the collection in its summary, one line each.
        max_pixels: Number of pixels beyond which an encoded image is refused, see `limited`.
        not_any: Name of the class of images that show none of the classes, see `not_any_class`.
    """

    labels: Mapping[str, Labels] = MappingProxyType({})
    columns: Mapping[str, Array] = MappingProxyType({})
    image_shape: tuple[int, int, int] | None = None
    dtype: np.dtype[Any] | None = None
    value_range: Range | None = None
    notes: tuple[str, ...] = ()
    max_pixels: int = MAX_PIXELS
    not_any: str | None = None

    @abc.abstractmethod
    def __len__(self) -> int:
        """Number of samples."""

    @abc.abstractmethod
    def fetch(self, position: int) -> bytes | Array:
        """Read one sample.

        Args:
            position: Position of the sample, from 0.

        Returns:
            The encoded file as `bytes`, or pixels of shape (H, W, C) or (H, W).

        Raises:
            ImageError: The image cannot be read; the message names it and says why.
        """

    def fetch_into(self, positions: Ints, out: Array) -> bool:  # noqa: ARG002
        """Read samples straight into a batch, where a source can do that faster than one by one.

        Args:
            positions: Positions of the samples, (B,).
            out: (B, height, width, channels) of the dtype of the source, contiguous; its content
                counts only where the samples were read.

        Returns:
            Whether they were read. Where not, `fetch` says what hinders.
        """
        return False

    def fetch_together(self, positions: Ints) -> Array | None:  # noqa: ARG002 # a default
        """Read several samples at once, where that is cheaper than one by one.

        Args:
            positions: Positions of the samples, (B,) integers from 0.

        Returns:
            Their pixels (B, H, W, C) or (B, H, W), which nobody else writes to; None, as by
            default, where each must be fetched by itself, also of no samples at all.
        """
        return None

    @abc.abstractmethod
    def name(self, position: int) -> str:
        """Name of a sample for messages: path, URL or address inside a file."""

    def location(self, position: int) -> str | None:
        """Path of the file, or URL, that is just what `fetch` reads; None where there is none."""
        name = self.name(position)
        return name if Path(name).is_file() else None

    def version(self, position: int) -> str | None:  # noqa: ARG002 # others need it
        """What tells the content of a sample from what its name stood for before, or will later.

        Images are kept in a cache under their name and version. Of files it is their size and time
        of last change, of a URL nothing, so that an address counts as its content.

        Args:
            position: Position of the sample, from 0.

        Returns:
            The version; `None`, as by default, where nothing says so, and nothing is kept. It is
            found in far less time than it takes to read the sample.
        """
        return None

    @property
    def rows(self) -> Ints:
        """Number of each sample, (N,) int64, that stays with it through every selection."""
        return np.arange(len(self), dtype=np.int64)

    @property
    def class_names(self) -> tuple[str, ...]:
        """Names of the classes of the only label column, in the order of their integers."""
        if len(self.labels) != 1:
            raise ValueError(f"{self!r} has {len(self.labels)} label columns, not one.")
        return next(iter(self.labels.values())).class_names

    @property
    def codes(self) -> Array | None:
        """Class of each sample, (N,) integers; None without exactly one column of classes.

        The class of multi-label samples is their combination of labels; those that are there once
        count as the most frequent one.
        """
        columns = list(self.labels.values())
        if len(columns) != 1 or columns[0].kind == "number":
            return None
        codes = columns[0].codes
        if columns[0].kind != "multilabel" or not len(codes):
            return codes
        counts = np.bincount(codes)
        return np.where(counts[codes] == 1, codes.dtype.type(counts.argmax()), codes)

    def image(self, position: int, color_mode: str = "rgb") -> Array:
        """Read and decode one image as (height, width, channels)."""
        payload, name = fetch(self, position), self.name(position)
        return codec.read(payload, color_mode, name=name, max_pixels=self.max_pixels)

    def __getitem__(self, position: int) -> tuple[Array, Any]:
        if not -len(self) <= position < len(self):
            raise IndexError(f"Position {position} is outside {self!r} of {len(self)} samples.")
        position %= len(self)
        values = {key: column.at(position) for key, column in self.labels.items()}
        label = values if len(values) > 1 else next(iter(values.values()), None)
        return self.image(position), label

    def select(self, positions: Array) -> Source:
        """Return the samples at `positions`, which keep their row numbers."""
        return Subset(self, positions)

    def limited(self, max_pixels: int | None) -> Self:
        """Return the same samples with another limit of pixels.

        Args:
            max_pixels: Number of pixels beyond which an encoded image is refused, so that damaged
                and hostile files do not fill the memory; files of more than 8 bytes a pixel, but at
                least 64 MiB, are refused as well. OpenCV reads 2**30 at most. None changes nothing.

        Returns:
            The source, which is this one where nothing changes.
        """
        if max_pixels is None or max_pixels == self.max_pixels:
            return self
        other = copy.copy(self)
        other.max_pixels = integer("max_pixels", max_pixels, 1)
        return other

    def verified(self) -> Self:
        """Return the same samples, each compared on reading with a checksum where there is one."""
        return self

    def filter(
        self, predicate: Callable[[Mapping[str, Any]], bool] | None = None, **equals: Any
    ) -> Source:
        """Return the samples whose columns satisfy a predicate and equal the given values.

        Args:
            predicate: Takes the columns of one sample as a mapping; keeps it where true.
            **equals: Column name and wanted value, or a list of wanted values.

        Returns:
            The selection, which keeps row numbers.

        Raises:
            KeyError: A named column does not exist.
        """
        keep = np.ones(len(self), bool)
        for key, wanted in equals.items():
            if key not in self.columns:
                raise KeyError(f"No column {key!r} to filter on; there are {list(self.columns)}.")
            keep &= np.isin(self.columns[key], np.atleast_1d(wanted))
        if predicate is not None:
            for position in np.flatnonzero(keep):
                keep[position] = predicate({k: v[position] for k, v in self.columns.items()})
        return self.select(np.flatnonzero(keep))

    def correct(self, path: str | os.PathLike[str], new_classes: bool = False) -> Source:
        r"""Return the samples with labels that a person corrected, without what was removed (R13).

        Files and tables stay as they are. A sequence goes on with the result by
        `seq.with_source(seq.source.correct(path))`.

        Args:
            path: CSV as `AuditReport.review_list` writes it, and as a spreadsheet saves it again:
                with commas, semicolons or tabs. `new_label` holds the right class (several as
                `red|big`, none as `|`), `remove` an x; lines may be missing. Rows, paths and labels
                must be those of this collection, which may have been moved as a whole.
            new_classes: Make classes of labels that are none yet, after those there are.

        Returns:
            The corrected samples, which keep their row numbers.

        Raises:
            ValueError: The list belongs to another collection, a new label is no class, or a line
                cannot be understood.

        Example:
            >>> import pathlib, tempfile
            >>> from keras_cvdata.sources import open_source
            >>> source = open_source((np.zeros((3, 8, 8, 3), np.uint8), ["cat", "dog", "dog"]))
            >>> file = pathlib.Path(tempfile.mkdtemp()) / "review.csv"
            >>> lines = "row,path,label,new_label,remove", "0,x[0],cat,dog,", "2,x[2],dog,,x"
            >>> _ = file.write_text("\n".join(lines))
            >>> print(source.correct(file).summary())
            Found 2 images
              label: 2 classes, 1 without images (cat 0, dog 2)
              corrected: 1 label, 1 image removed
        """
        found = corrected(self, path, new_classes)
        view = Subset(self, found.kept)
        view.labels = {key: column.take(found.kept) for key, column in found.labels.items()}
        removed = len(self) - len(view)
        view.notes += (
            f"corrected: {found.changed} label{'s' * (found.changed != 1)}, {removed} "
            f"image{'s' * (removed != 1)} removed",
        )
        return view

    def summary(self) -> str:
        """Number of images, and of each class (R20); of many classes the range; and the notes."""
        lines = [f"Found {len(self)} images"]
        for name, column in self.labels.items():
            counts = column.counts()
            if len(counts) > 20:
                each = f"{min(counts.values())} to {max(counts.values())} images each"
            else:
                each = ", ".join(f"{one_line(label)} {n}" for label, n in counts.items())
            empty = sum(not n for n in counts.values())
            without = f", {empty} without images" if empty else ""
            lines += [f"  {name}: {len(counts)} classes{without} ({each})"] if counts else []
        return "\n".join([*lines, *(f"  {note}" for note in self.notes)])

    def __repr__(self) -> str:
        kinds = ", ".join(f"{key}: {column!r}" for key, column in self.labels.items())
        return f"{type(self).__name__}({len(self)} images{', ' if kinds else ''}{kinds})"


class Subset(Source):
    """Some samples of another source; each keeps its row number.

    Args:
        source: The source that is selected from.
        positions: Positions in `source`, (M,) integers.
    """

    def __init__(self, source: Source, positions: Array) -> None:
        self.source = source
        self.positions = np.asarray(positions, np.int64)
        self.labels = {key: column.take(self.positions) for key, column in source.labels.items()}
        self.columns = {key: column[self.positions] for key, column in source.columns.items()}
        self.image_shape = source.image_shape
        self.dtype = source.dtype
        self.value_range = source.value_range
        self.notes = source.notes
        self.max_pixels = source.max_pixels
        self.not_any = source.not_any

    def limited(self, max_pixels: int | None) -> Self:
        """Return the same samples with another limit of pixels."""
        other = super().limited(max_pixels)
        if other is not self:
            other.source = self.source.limited(max_pixels)
        return other

    def verified(self) -> Self:
        """Return the same samples, each compared with its checksum."""
        other = copy.copy(self)
        other.source = self.source.verified()
        return other

    def __len__(self) -> int:
        return len(self.positions)

    def fetch(self, position: int) -> bytes | Array:
        """Read one sample of the selection."""
        return self.source.fetch(int(self.positions[position]))

    def fetch_into(self, positions: Ints, out: Array) -> bool:
        """Read samples of the selection straight into a batch."""
        return self.source.fetch_into(self.positions[positions], out)

    def fetch_together(self, positions: Ints) -> Array | None:
        """Read several samples of the selection at once."""
        if type(self).fetch is not Subset.fetch:
            return None  # a subclass reads them in a way of its own
        return self.source.fetch_together(self.positions[positions])

    def name(self, position: int) -> str:
        """Name of a sample of the selection."""
        return self.source.name(int(self.positions[position]))

    def location(self, position: int) -> str | None:
        """File or URL of a sample of the selection."""
        return self.source.location(int(self.positions[position]))

    def version(self, position: int) -> str | None:
        """Version of a sample of the selection."""
        return self.source.version(int(self.positions[position]))

    @property
    def rows(self) -> Ints:
        """Row numbers of the selected samples in the original source."""
        return self.source.rows[self.positions]


def black_and_white(source: Source, pixels: Array, name: str) -> Range:
    """Say what black and white are in float pixels; 0 and 1 where nothing says so.

    Args:
        source: The source.
        pixels: Float pixels of one image.
        name: Name of the image.

    Returns:
        The two values.

    Raises:
        ValueError: Pixels of an array or a dataset are beyond 0 to 1, and nothing says so.
    """
    if source.value_range is None and source.dtype is not None and source.dtype.kind == "f":
        low, high = float(pixels.min()), float(pixels.max())
        if low < 0 or high > 1:
            raise ValueError(
                f"{name}: the pixels are floats from {low:g} to {high:g}, and nothing says which "
                "are black and white. Open an array by open_source(x, value_range=(0, 255)); a "
                "dataset of HDF5 says so by its attribute 'value_range'."
            )
    return source.value_range or (0.0, 1.0)


_PAYLOADS = bytes, np.ndarray  # making the union of both for each image takes longer than asking


def fetch(source: Source, position: int) -> bytes | Array:
    """Read one sample, and refuse by name what a source must not return.

    Args:
        source: The source.
        position: Position of the sample, from 0.

    Returns:
        What `source.fetch` returned; memory that holds bytes, such as a part of a mapped file, as
        bytes.

    Raises:
        TypeError: It is neither bytes nor an array.
    """
    try:
        payload: Any = source.fetch(position)
    except MemoryError as error:
        raise ImageError(source.name(position), NO_MEMORY) from error
    if isinstance(payload, _PAYLOADS):
        return payload
    if isinstance(payload, bytearray | memoryview):
        return bytes(payload)
    read = " Read the file first." if isinstance(payload, str | os.PathLike) else ""
    raise TypeError(
        f"{type(source).__name__}.fetch must return an encoded image as bytes, or pixels as an "
        f"array of NumPy (height, width, channels); for sample {position} it returned "
        f"{'None' if payload is None else f'a {type(payload).__name__}'}.{read}"
    )
