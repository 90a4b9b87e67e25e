"""The datasets of an HDF5 file that hold images, and where each image is in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from keras_cvdata.sources.hdf5_chunks import check_count, stored_as_read
from keras_cvdata.sources.hdf5_guard import inside
from keras_cvdata.sources.hdf5_keys import BESIDE_IMAGES, CHANNEL_COUNTS
from keras_cvdata.sources.hdf5_tables import Tables, dtype_of, place_of
from keras_cvdata.types import Array, Ints

_ROW = 32  # bytes of memory that an image takes in the index


@dataclass(frozen=True, slots=True)
class Segment:
    """A dataset that holds images.

    Attributes:
        address: Path of the dataset inside the file.
        count: Number of images.
        shape: Shape of one image, `()` for encoded ones.
        dtype: Dtype of the pixels.
        start: Byte of the file where the data begin, None where they are chunked or stored in
            another form than that of `dtype`.
        spans: (count, 2) where each encoded image starts in the dataset, and where it ends; None
            for pixels.
        whole: The dataset is one image, not a stack of them.
        slots: (count,) place of each image in a stack that has more; None where all are images.
        chunked: The data are in chunks.
    """

    address: str
    count: int
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    start: int | None
    spans: Array | None = None
    whole: bool = False
    slots: Array | None = None
    chunked: bool = False

    @property
    def indices(self) -> Ints:
        """Place of each image in the dataset."""
        return np.arange(self.count) if self.slots is None else self.slots.astype(np.int64)


def segments_of(
    datasets: Mapping[str, Any], place: str, blob: Any, tables: Tables
) -> list[Segment]:
    """Find the images among the datasets of a group.

    Args:
        datasets: Datasets of the group by name.
        place: Its address for messages.
        blob: Dataset that holds the encoded images of all groups, where there is one.
        tables: What reads datasets.

    Returns:
        The datasets that hold images.

    Raises:
        ValueError: A dataset holds none.
    """
    if "offsets" in datasets and (blob is not None or "encoded" in datasets):
        return [encoded(datasets, datasets.get("encoded", blob), f"{place}/encoded", tables)]
    return [
        _pixels(dataset, f"{place}/{name}", tables, datasets.get("slots"))
        for name, dataset in datasets.items()
        if name not in BESIDE_IMAGES
    ]


def encoded(datasets: Mapping[str, Any], blob: Any, place: str, tables: Tables) -> Segment:
    """Encoded images in one row of bytes.

    Args:
        datasets: Datasets of the group, with `offsets`.
        blob: The row of bytes.
        place: Its address for messages.
        tables: What reads datasets.

    Returns:
        Where the images are.

    Raises:
        ValueError: The offsets are missing or lead elsewhere.
    """
    if "offsets" not in datasets:
        raise ValueError(f"{place}: expected bytes in one row, with 'offsets' beside them.")
    return encoded_at(datasets["offsets"], blob, place, tables)


def encoded_at(offsets: Any, blob: Any, place: str, tables: Tables) -> Segment:
    """Encoded images or masks in one row of bytes, by their offsets.

    Args:
        offsets: Dataset of their offsets.
        blob: The row of bytes.
        place: Its address for messages.
        tables: What reads datasets.

    Returns:
        Where they are.

    Raises:
        ValueError: The offsets lead elsewhere, or it is no row of bytes.
    """
    if dtype_of(blob) != np.uint8 or blob.ndim != 1:
        raise ValueError(f"{place}: expected bytes in one row, with 'offsets' beside them.")
    spans = read_spans(tables.read(offsets), len(blob), place_of(offsets))
    return _segment(blob, tables, len(spans), (), spans=spans)


def read_spans(offsets: Array, size: int, place: str) -> Array:
    """Where parts of a row of bytes start and end.

    Args:
        offsets: (N + 1,) offsets, or (N, 2) starts and ends.
        size: Number of bytes in the row.
        place: Address of the offsets for messages.

    Returns:
        (N, 2) starts and ends.

    Raises:
        ValueError: They are no such thing.
    """
    if offsets.ndim == 1 and len(offsets):
        offsets = np.lib.stride_tricks.sliding_window_view(offsets, 2)
    if (
        offsets.ndim != 2
        or offsets.shape[1] != 2
        or offsets.dtype.kind not in "iu"
        or offsets.min(initial=0) < 0
        or offsets.max(initial=0) > size
        or np.any(offsets[:, 1] < offsets[:, 0])
    ):
        raise ValueError(
            f"{place}: 'offsets' must rise from 0 to at most {size}, the number of bytes. Convert "
            "the images again."
        )
    return offsets


def _pixels(dataset: Any, place: str, tables: Tables, slots: Any = None) -> Segment:
    """A dataset of a group: a stack of images, one image, or the bytes of one file."""
    dtype = dtype_of(dataset)
    if dataset.ndim == 1 and dtype == np.uint8:
        return _segment(dataset, tables, 1, (), spans=np.array([[0, len(dataset)]]))
    one_image = dataset.ndim == 2 or (dataset.ndim == 3 and dataset.shape[-1] in CHANNEL_COUNTS)
    if one_image and dtype.kind in "uf" and not place.endswith("/images"):
        return _segment(dataset, tables, 1, dataset.shape, whole=True)
    return stack(dataset, place, tables, slots)


def stack(dataset: Any, place: str, tables: Tables, slots: Any = None) -> Segment:
    """Images of one shape in one dataset.

    Args:
        dataset: (count, height, width[, channels]).
        place: Its address for messages.
        tables: What reads datasets.
        slots: Dataset with the places of the images, where not all of the stack are images.

    Returns:
        Where the images are.

    Raises:
        ValueError: The dataset holds no images.
    """
    dtype = dtype_of(dataset)
    known = dataset.ndim in (3, 4) and dtype.kind in "uf"
    if not known or 0 in dataset.shape[1:]:
        raise ValueError(
            f"{place}: expected images (count, height, width, channels) or (count, height, width) "
            f"as unsigned integers or floats; got {dataset.shape} of {dtype}. Keep what is "
            "no image in attributes, or store pixels as uint8."
        )
    if dataset.ndim == 4 and dataset.shape[1] in (1, 3) and dataset.shape[3] > 4:
        raise ValueError(
            f"{place}: {dataset.shape} looks like (count, channels, height, width). Store the "
            "channels last, with np.moveaxis(images, 1, -1)."
        )
    if slots is None:
        return _segment(dataset, tables, len(dataset), dataset.shape[1:])
    places = tables.read(slots)
    fits = places.ndim == 1 and places.dtype.kind in "iu"
    if not fits or np.any(places < 0) or np.any(places >= len(dataset)):
        raise ValueError(f"{place}: 'slots' must hold numbers from 0 to {len(dataset) - 1}.")
    return _segment(dataset, tables, len(places), dataset.shape[1:], slots=places)


def _segment(
    dataset: Any,
    tables: Tables,
    count: int,
    shape: tuple[int, ...],
    spans: Array | None = None,
    whole: bool = False,
    slots: Array | None = None,
) -> Segment:
    place = place_of(dataset)
    tables.charge(place, _ROW * count)
    with inside(place):
        tables.check_room(dataset)
        if dataset.chunks is not None and spans is None:
            axes = slice(0 if whole else 1, None)
            check_count(dataset.shape[axes], dataset.chunks[axes])
        as_stored = stored_as_read(dataset)
        start = dataset.id.get_offset() if as_stored and dataset.chunks is None else None
    shape = tuple(shape)
    chunked = dataset.chunks is not None
    return Segment(dataset.name, count, shape, dataset.dtype, start, spans, whole, slots, chunked)
