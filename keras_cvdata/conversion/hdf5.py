"""Image collections as HDF5."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing
from itertools import chain, islice
from pathlib import Path
from typing import Any

import numpy as np

from keras_cvdata.conversion.files import as_file, only, plain_cells
from keras_cvdata.labels import Labels
from keras_cvdata.progress import track
from keras_cvdata.sources.base import Source
from keras_cvdata.sources.hdf5_layout import FORMAT
from keras_cvdata.types import Array, ImageError, Ints, Range

_PIECE = 1 << 24  # bytes copied at a time
_RESERVED = ("columns", "images", "encoded", "offsets", "order", "labels")


def write_hdf5(
    source: Source,
    path: Path,
    read: Callable[[int], bytes | Array],
    decoded: bool,
    verbose: int,
    value_range: Range | None = None,
) -> None:
    """Write a collection in the layout that `HDF5Source` reads without a lock.

    Args:
        source: The collection.
        path: File to write.
        read: Reads one image.
        decoded: Whether `read` gives pixels of one shape.
        verbose: 0 shows no progress.
        value_range: Lowest and highest value of float pixels, where known.

    Raises:
        ImageError: An image cannot be read, or differs from the others in shape or dtype.
    """
    import h5py

    groups = _groups(source)
    as_pixels = decoded or (source.image_shape is not None and source.dtype is not None)
    images = _images(source, [p for _, positions in groups for p in positions], read, verbose)
    with (
        closing(images),  # takes the progress bar away
        h5py.File(path, "w", libver="v108") as file,  # v108 on allows long lists of class names
    ):
        file.attrs["format"] = FORMAT
        file.attrs["version"] = 1
        made: dict[tuple[str, ...], Any] = {(): file}
        for labels, positions in groups:
            group = _group(made, labels)
            part = islice(images, len(positions))
            if as_pixels:
                dataset = _write_pixels(group, part, len(positions))
            else:
                dataset = _write_encoded(group, part, path.parent, source.max_pixels)
            if value_range is not None:
                dataset.attrs["value_range"] = value_range
            if labels:
                group["order"] = positions
            _write_columns(group, {key: c[positions] for key, c in source.columns.items()})
        column = only(source.labels)
        if column is not None and column.kind in ("class", "hierarchical"):
            names = column.names
            file.attrs["class_names"] = json.dumps(names[0] if len(names) == 1 else names)
        else:
            _write_labels(file, source.labels)
        file.attrs["complete"] = True


def _groups(source: Source) -> list[tuple[tuple[str, ...], Ints]]:
    """Path of labels and positions of each group; all in one without a path if not classes."""
    column = only(source.labels)
    if column is None or column.kind not in ("class", "hierarchical"):
        return [((), np.arange(len(source)))]
    codes = column.values.reshape(len(source), -1)
    paths, group_of = np.unique(codes, axis=0, return_inverse=True)
    by_group = np.argsort(group_of.reshape(-1), kind="stable")
    ends = np.cumsum(np.bincount(group_of.reshape(-1)))
    return [
        (tuple(names[code] for names, code in zip(column.names, path, strict=True)), positions)
        for path, positions in zip(paths, np.split(by_group, ends[:-1]), strict=True)
    ]


def _images(
    source: Source, positions: list[int], read: Callable[[int], bytes | Array], verbose: int
) -> Generator[tuple[str, bytes | Array]]:
    """Yield name and content of each image."""
    for position in track(positions, "Converting", verbose=verbose):
        yield source.name(position), read(position)


def _group(made: dict[tuple[str, ...], Any], labels: tuple[str, ...]) -> Any:
    """Make the group of a path of labels; the attributes hold the labels exactly."""
    if labels not in made:
        parent = _group(made, labels[:-1])
        made[labels] = parent.create_group(_free_name(labels[-1], parent))
        made[labels].attrs["label"] = labels[-1]
    return made[labels]


def _free_name(label: str, group: Any) -> str:
    """Spell a label so that it can name a member of a group."""
    name = label.replace("/", "_").replace("\0", "_").strip(".") or "_"
    while name in group or name in _RESERVED:
        name += "_"
    return name


def _write_pixels(group: Any, images: Iterator[tuple[str, bytes | Array]], count: int) -> Any:
    first_name, first = next(images)
    assert isinstance(first, np.ndarray)  # a source of known shape and dtype gives pixels
    first = first.reshape(*first.shape[:2], -1)
    dataset = group.create_dataset("images", (count, *first.shape), first.dtype)
    for index, (name, image) in enumerate(chain([(first_name, first)], images)):
        assert isinstance(image, np.ndarray)
        pixels = image.reshape(*image.shape[:2], -1)
        if pixels.shape != first.shape or pixels.dtype != first.dtype:
            raise ImageError(
                name,
                f"Expected {first.shape} of {first.dtype} like {first_name}; got {pixels.shape} of "
                f"{pixels.dtype}. Use color_mode='rgb', and keep 8-bit and 16-bit images apart.",
            )
        dataset[index] = pixels
    return dataset


def _write_encoded(
    group: Any, images: Iterator[tuple[str, bytes | Array]], folder: Path, max_pixels: int
) -> Any:
    """Write the bytes of the images as one blob, which needs its size first."""
    offsets = [0]
    with tempfile.TemporaryFile(dir=folder) as spool:
        for name, image in images:
            data, _ = as_file(image, name, max_pixels)
            spool.write(data)
            offsets.append(offsets[-1] + len(data))
        dataset = group.create_dataset("encoded", (offsets[-1],), np.uint8)
        spool.seek(0)
        for start in range(0, offsets[-1], _PIECE):
            piece = np.frombuffer(spool.read(_PIECE), np.uint8)
            dataset[start : start + len(piece)] = piece
    group["offsets"] = np.array(offsets)
    return dataset


def _write_columns(group: Any, columns: Mapping[str, Array]) -> None:
    if not columns:
        return
    below = group.create_group("columns")
    for name, column in columns.items():
        if column.dtype.kind in "biuf":
            dataset = below.create_dataset(_free_name(name, below), data=column)
        else:
            text = np.frombuffer(json.dumps(plain_cells(column)).encode(), np.uint8)
            dataset = below.create_dataset(_free_name(name, below), data=text)
            dataset.attrs["encoding"] = "json"
        dataset.attrs["name"] = name


def _write_labels(file: Any, labels: Mapping[str, Labels]) -> None:
    """Write labels that are no single class; several columns share a group."""
    parent = file if len(labels) == 1 else file.create_group("labels")
    for name, column in labels.items():
        key = "labels" if parent is file else _free_name(name, parent)
        dataset = parent.create_dataset(key, data=column.values)
        dataset.attrs["name"] = name
        dataset.attrs["kind"] = column.kind
        dataset.attrs["names"] = json.dumps(column.names)
