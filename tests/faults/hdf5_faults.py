"""HDF5 files that say what is not so, and what reading them is promised to give."""

from __future__ import annotations

import json
import os
import zlib
from functools import partial
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from tests.faults.fault import Fault

ZEROS = np.zeros((4, 8, 8, 3), np.uint8)
ONES = np.ones((4, 8, 8, 3), np.uint8)
CHUNKS = {"chunks": (1, 8, 8, 3), "compression": "gzip"}
GIB = 1 << 30


# What people do: open a file, read the first image and the last.


def read(path: Path, **options: Any) -> str:
    from keras_cvdata.sources import HDF5Source

    source = HDF5Source(path, **options)
    pixels = [source.fetch(position) for position in sorted({0, len(source) - 1})]
    values = [np.asarray(each).reshape(-1)[:3].tolist() for each in pixels if len(each)]
    return f"{len(source)} images, {values}, {source.labels}"


def read_untrusted(path: Path) -> str:
    return read(path, untrusted=True)


def read_where_the_labels_are_elsewhere(path: Path) -> str:
    return read(path, label_path=path.with_name("labels.h5"))


def _written(folder: Path, fill: Any, **options: Any) -> Path:
    path = folder / "a.h5"
    with h5py.File(path, "w", **options) as file:
        fill(file)
    return path


def _typed(file: Any, kind: Any, values: Any) -> None:
    space = h5py.h5s.create_simple(values.shape)
    h5py.Dataset(h5py.h5d.create(file.id, b"images", kind, space))[...] = values


# Silent wrong data.


def bfloat16(folder: Path) -> Path:
    kind = h5py.h5t.IEEE_F16LE.copy()
    kind.set_fields(15, 7, 8, 0, 7)
    kind.set_ebias(127)
    return _written(folder, lambda file: _typed(file, kind, np.full((2, 8, 8), 0.5, np.float32)))


def twelve_bits(folder: Path) -> Path:
    kind = h5py.h5t.STD_U16LE.copy()
    kind.set_precision(12)
    kind.set_offset(4)
    return _written(folder, lambda file: _typed(file, kind, np.full((2, 8, 8), 1234, np.uint16)))


def beyond_the_end(folder: Path) -> Path:
    path = _written(folder, lambda file: file.update(images=ZEROS, labels=[0, 1, 0, 1]))
    with h5py.File(path) as file:
        place = file["images"].id.get_offset()
    data, size = bytearray(path.read_bytes()), ZEROS.nbytes
    old = place.to_bytes(8, "little") + size.to_bytes(8, "little")
    at = data.rindex(old)
    data[at : at + 8] = (len(data) - 100).to_bytes(8, "little")
    path.write_bytes(data)
    return path


def never_written(folder: Path) -> Path:
    def fill(file: Any) -> None:
        file.create_dataset("images", ZEROS.shape, np.uint8, **CHUNKS)[1:] = 7

    return _written(folder, fill)


def labels_never_written(folder: Path) -> Path:
    def fill(file: Any) -> None:
        file["images"] = ONES
        file.create_dataset("labels", (4,), "u1", chunks=(2,))[:2] = 1

    return _written(folder, fill)


def plain(folder: Path) -> Path:
    return _written(folder, lambda file: file.update(images=ONES, labels=["a", "b"] * 2))


def read_while_it_is_written(path: Path) -> str:
    from keras_cvdata.sources import HDF5Source

    source = HDF5Source(path)
    source.fetch(0)
    with h5py.File(path, "r+") as file:
        file["images"][...] = 9
    os.utime(path, ns=(1, 1))  # whatever the clock of the file system
    return str(source.fetch(1))


def codes_beyond_names(folder: Path) -> Path:
    from keras_cvdata import convert

    labels = np.array([[1, 0], [1, 1], [0, 0], [0, 1]], np.uint8)
    path = Path(convert((ONES, labels), folder / "a.h5", verbose=0))
    with h5py.File(path, "r+") as file:
        file["labels"].attrs["names"] = json.dumps([["a"]])
    return path


# Limits.


def _deflated(size: int) -> bytes:
    """Many zeros, deflated."""
    stream, block = zlib.compressobj(9), bytes(1 << 24)
    first, again = (stream.compress(block) + stream.flush(zlib.Z_FULL_FLUSH) for _ in range(2))
    return first + again * (size // len(block))


def chunk_that_inflates(folder: Path, **options: Any) -> Path:
    def fill(file: Any) -> None:
        chunks = {"chunks": (1, 1024, 1024, 3), "compression": "gzip", **options}
        images = file.create_dataset("images", (2, 1024, 1024, 3), np.uint8, **chunks)
        images[1] = 1
        data = _deflated(4 * GIB)
        images.id.write_direct_chunk((0, 0, 0, 0), data + bytes(4 if options else 0))

    return _written(folder, fill)


chunk_that_inflates_before_a_checksum = partial(chunk_that_inflates, fletcher32=True)


def labels_that_inflate(folder: Path) -> Path:
    def fill(file: Any) -> None:
        shape = {"shape": (4,), "maxshape": (None,), "chunks": (1 << 22,)}
        labels = file.create_dataset("labels", dtype="u1", compression="gzip", **shape)
        labels.id.write_direct_chunk((0,), _deflated(4 * GIB))
        file["images"] = ONES

    return _written(folder, fill)


def _long(file: Any, name: str, count: int, dtype: str) -> Any:
    """A dataset of very many zeros, of which few were written."""
    part = 1 << 26
    data = file.create_dataset(name, (count,), dtype, chunks=(part,), compression="gzip")
    chunk = zlib.compress(bytes(part * data.dtype.itemsize), 9)
    for start in range(0, count, part):
        data.id.write_direct_chunk((start,), chunk)
    return data


def labels_longer_than_the_images(folder: Path) -> Path:
    def fill(file: Any) -> None:
        file["images"] = ONES
        _long(file, "labels", 1 << 31, "u1")

    return _written(folder, fill)


def column_longer_than_the_images(folder: Path) -> Path:
    def fill(file: Any) -> None:
        file["cat/images"] = ONES
        _long(file, "cat/columns/year", 1 << 31, "u1")

    return _written(folder, fill)


def very_many_images(folder: Path) -> Path:
    def fill(file: Any) -> None:
        shape, part = (1 << 31, 1, 1), 1 << 26
        data = file.create_dataset("images", shape, "u1", chunks=(part, 1, 1), compression="gzip")
        chunk = zlib.compress(bytes(part), 9)
        for start in range(0, shape[0], part):
            data.id.write_direct_chunk((start, 0, 0), chunk)

    return _written(folder, fill)


def rows_of_labels(folder: Path) -> Path:
    def fill(file: Any) -> None:
        file["images"] = ONES
        data = file.create_dataset(
            "labels", (4, 1 << 28), "u1", chunks=(1, 1 << 26), compression="gzip"
        )
        chunk = zlib.compress(bytes(1 << 26), 9)
        for row, start in np.ndindex(4, 4):
            data.id.write_direct_chunk((row, start << 26), chunk)

    return _written(folder, fill)


def cells_that_share_an_object(folder: Path) -> Path:
    count = 200_000

    def fill(file: Any) -> None:
        file["cat/images"] = np.zeros((count, 1, 1), np.uint8)
        file["cat/columns/text"] = ["x" * (8 << 20)] + ["y"] * (count - 1)

    path = _written(folder, fill)
    with h5py.File(path) as file:
        start = file["cat/columns/text"].id.get_offset()
    data = bytearray(path.read_bytes())
    data[start : start + 16 * count] = data[start : start + 16] * count
    path.write_bytes(data)
    return path


def attributes_that_share_an_object(folder: Path) -> Path:
    count = 2000

    def fill(file: Any) -> None:
        group = file.create_group("cat")
        group["images"] = ONES
        for number in range(count):
            group.attrs[f"a{number:04}"] = "x" * (8 << 20) if not number else "tiny"

    path = _written(folder, fill)
    data = bytearray(path.read_bytes())
    length = (8 << 20).to_bytes(4, "little")
    at = data.index(length, data.index(b"a0000"))
    cell = data[at : at + 16]
    for number in range(1, count):
        at = data.find(b"a%04d" % number)
        at = data.find((4).to_bytes(4, "little"), at + 5)
        while data[at + 4 : at + 12] == bytes(8) or data[at + 12 : at + 16] == bytes(4):
            at = data.find((4).to_bytes(4, "little"), at + 1)
        data[at : at + 16] = cell
    path.write_bytes(data)
    return path


def columns_of_each_group(folder: Path) -> Path:
    def fill(file: Any) -> None:
        for number in range(1000):
            group = file.create_group(f"{number}")
            group["images"] = np.zeros((1, 4, 4), np.uint8)
            for name in range(4):
                group.attrs[f"{number}-{name}"] = 1

    return _written(folder, fill)


def json_of_many_lists(folder: Path) -> Path:
    def fill(file: Any) -> None:
        file["cat/images"] = ONES
        text = np.frombuffer(b"[" + b"[]," * 20_000_000 + b"[]]", np.uint8)
        file.create_dataset("cat/columns/a", data=text, compression="gzip")
        file["cat/columns/a"].attrs["encoding"] = "json"

    return _written(folder, fill)


def one_image_of_65536_squared(folder: Path) -> Path:
    def fill(file: Any) -> None:
        side, part = 1 << 16, 1 << 13
        data = file.create_dataset(
            "images", (1, side, side), "u1", chunks=(1, part, part), compression="gzip"
        )
        chunk = zlib.compress(bytes(part * part), 9)
        for row, column in np.ndindex(side // part, side // part):
            data.id.write_direct_chunk((0, row * part, column * part), chunk)

    return _written(folder, fill)


def largest_image(folder: Path) -> Path:
    """As many bytes as an image may have by default, in chunks as large as they may be."""

    def fill(file: Any) -> None:
        chunks = {"chunks": (1, 4194, 8000), "compression": "gzip", "shuffle": True}
        data = file.create_dataset("images", (1, 8000, 8000), "f4", **chunks)
        for row in (0, 4194):
            data.id.write_direct_chunk((0, row, 0), zlib.compress(bytes(4194 * 8000 * 4), 1))

    return _written(folder, fill)


def chunk_of_200_megabytes(folder: Path) -> Path:
    def fill(file: Any) -> None:
        chunks = {"chunks": (50, 1000, 1000), "compression": "gzip"}
        data = file.create_dataset("images", (50, 1000, 1000), "f4", **chunks)
        data.id.write_direct_chunk((0, 0, 0), zlib.compress(bytes(200_000_000), 1))

    return _written(folder, fill)


def chunks_of_one_pixel(folder: Path) -> Path:
    def fill(file: Any) -> None:
        file.create_dataset("images", data=np.ones((1, 400, 400), np.uint8), chunks=(1, 1, 1))

    return _written(folder, fill, libver="latest")


LIMITS = (
    ("chunk-that-inflates", chunk_that_inflates, "ImageError: .*longer than it must be"),
    (
        "chunk-that-inflates-before-a-checksum",
        chunk_that_inflates_before_a_checksum,
        "ImageError: .*a chunk is damaged",
    ),
    ("labels-that-inflate", labels_that_inflate, "ValueError: .*/labels: .*longer than it must"),
    (
        "labels-longer-than-the-images",
        labels_longer_than_the_images,
        "ValueError: .*4 images in 'images', but 2147483648 values",
    ),
    (
        "column-longer-than-the-images",
        column_longer_than_the_images,
        "ValueError: .*4 images, but 2147483648 values in the column 'year'",
    ),
    ("very-many-images", very_many_images, "ValueError: .*/images: .*takes more than the"),
    ("rows-of-very-many-labels", rows_of_labels, "ValueError: .*/labels: .*takes more than the"),
    ("cells-that-share-an-object", cells_that_share_an_object, "200000 images"),
    (
        "attributes-that-share-an-object",
        attributes_that_share_an_object,
        "ValueError: .*attribute.*takes more than the",
    ),
    ("columns-of-each-group", columns_of_each_group, "ValueError: .*the columns: .*more than"),
    ("json-of-many-lists", json_of_many_lists, "ValueError: .*columns/a: .*takes more than the"),
    (
        "one-image-of-65536-squared",
        one_image_of_65536_squared,
        "ImageError: .*65536 x 65536 pixels.*raise max_pixels",
    ),
    ("largest-image-that-is-read", largest_image, r"1 images, \[\[0\.0, 0\.0, 0\.0\]\]"),
    (
        "chunk-of-200-megabytes",
        chunk_of_200_megabytes,
        r"ValueError: .*/images: its chunks .* chunks=\(1, 500, 500\)",
    ),
    ("chunks-of-one-pixel", chunks_of_one_pixel, "ValueError: .*lies in 160,000 chunks"),
)

FAULTS: tuple[Fault, ...] = (
    Fault("bfloat16", "hdf5", bfloat16, read, r"\[0\.5, 0\.5, 0\.5\]"),
    Fault("twelve-bits-with-an-offset", "hdf5", twelve_bits, read, r"\[1234, 1234, 1234\]"),
    Fault("data-beyond-the-end", "hdf5", beyond_the_end, read, "ValueError: .*/images: .*damaged"),
    Fault(
        "chunk-that-was-never-written",
        "hdf5",
        never_written,
        read,
        r"ImageError: .*\[0\].*never written",
        quick=True,
    ),
    Fault(
        "labels-that-were-never-written",
        "hdf5",
        labels_never_written,
        read,
        r"ValueError: .*/labels: .*rows 2 to 3.*never written",
    ),
    Fault(
        "rewritten-while-it-is-open",
        "hdf5",
        plain,
        read_while_it_is_written,
        r"ImageError: .*\[1\].*changed after its images were listed",
    ),
    Fault(
        "codes-beyond-their-names", "hdf5", codes_beyond_names, read, "ValueError: .*beyond the .1"
    ),
    *(Fault(name, "hdf5", make, read, expected) for name, make, expected in LIMITS),
)
