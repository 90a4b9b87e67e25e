"""What a pack holds beside its images: their names, checksums, masks and boxes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from keras_cvdata.sources.boxes import Boxes
from keras_cvdata.sources.hdf5_guard import inside, member_at, members
from keras_cvdata.sources.hdf5_labels import MEND, read_names, text_of
from keras_cvdata.sources.hdf5_segments import Segment, encoded_at
from keras_cvdata.sources.hdf5_tables import Tables, place_of
from keras_cvdata.sources.strings import CompactStrings
from keras_cvdata.types import Array


@dataclass(frozen=True)
class About:
    """What belongs to the images of a pack, by their rows.

    Attributes:
        names: Names of the images where they came from.
        checksums: (N,) CRC-32 of the bytes of each image.
        masks: Where the masks are, where there are any.
        mask_checksums: (N,) CRC-32 of the bytes of each mask.
        boxes: The boxes, where there are any.
        box_format: Their format.
        shard: Number of this part of a collection, and of all parts; None where it is all of it.
        collection: What the parts of one collection have in common; "" where nothing is known.
    """

    names: CompactStrings
    checksums: Array
    masks: Segment | None = None
    mask_checksums: Array | None = None
    boxes: Boxes | None = None
    box_format: str = "xyxy"
    shard: tuple[int, int] | None = None
    collection: str = ""


def read_about(file: Any, tables: Tables, count: int) -> About:
    """Read what a pack holds beside its images.

    Args:
        file: `h5py.File`.
        tables: What reads its datasets and attributes.
        count: Number of images.

    Returns:
        What there is.

    Raises:
        ValueError: It does not fit the images.
    """
    where = file.filename
    found = dict(members(member_at(file, "about", where), where))
    with inside(f"{where}/about"):
        names = CompactStrings(tables.read(found["names"]), tables.read(found["name_offsets"]))
        checksums = tables.read(found["crc32"])
    masks = mask_checksums = boxes = None
    box_format = "xyxy"
    if "masks" in found:
        blob = member_at(file, "bytes", where)
        masks = encoded_at(found["masks"], blob, f"{where}/bytes", tables)
        with inside(f"{where}/about"):
            mask_checksums = tables.read(found["mask_crc32"])
    if "boxes" in found:
        boxes, box_format = _boxes(found, tables)
    collection = text_of(tables.attribute(file, "collection")) or ""
    shard = _shard(file, tables)
    result = About(names, checksums, masks, mask_checksums, boxes, box_format, shard, collection)
    _check(result, where, count)
    return result


def _boxes(found: Mapping[str, Any], tables: Tables) -> tuple[Boxes, str]:
    dataset = found["boxes"]
    place = place_of(dataset)
    box_format = text_of(tables.attribute(dataset, "format"))
    names = read_names(f"[{tables.attribute(dataset, 'class_names')}]", place)[0]
    with inside(place):
        offsets, labels = tables.read(found["box_offsets"]), tables.read(found["box_labels"])
    corners = tables.read(dataset)
    numbers = labels.ndim == 1 and labels.dtype.kind in "iu" and not np.any(labels < 0)
    if not numbers or (names and np.any(labels >= len(names))):
        raise ValueError(f"{place}: classes of boxes are beyond the {len(names)} names. {MEND}")
    if box_format is None or corners.dtype.kind != "f" or corners.shape != (len(labels), 4):
        raise ValueError(f"{place}: expected four numbers for each box, and their format. {MEND}")
    return Boxes(offsets, corners, labels, names), box_format


def _shard(file: Any, tables: Tables) -> tuple[int, int] | None:
    shard = tables.attribute(file, "shard")
    if shard is None:
        return None
    found = np.asarray(shard)
    if found.shape != (2,) or found.dtype.kind not in "iu" or not 0 <= found[0] < found[1]:
        raise ValueError(f"{file.filename}: the attribute 'shard' is no part of a whole. {MEND}")
    return int(found[0]), int(found[1])


def _check(about: About, where: str, count: int) -> None:
    blob = about.names.blob
    rises = blob.ndim == 1 and blob.dtype == np.uint8 and _rises(about.names.offsets, blob)
    lengths = {"names": len(about.names) if rises else -1, "crc32": _length(about.checksums)}
    if about.masks is not None and about.mask_checksums is not None:
        lengths |= {"masks": about.masks.count, "mask_crc32": _length(about.mask_checksums)}
    if about.boxes is not None:
        offsets = about.boxes.offsets
        lengths["box_offsets"] = len(offsets) - 1
        if not _rises(offsets, about.boxes.boxes) or offsets[-1] != len(about.boxes.boxes):
            lengths["boxes"] = -1
    for name, length in lengths.items():
        if length != count:
            raise ValueError(
                f"{where}/about/{name} does not fit the {count} images of the file. Convert the "
                "images again."
            )


def _rises(offsets: Array, of: Array) -> bool:
    """Whether offsets start with 0, never fall, and end within what they lead into."""
    if offsets.ndim != 1 or offsets.dtype.kind not in "iu" or not len(offsets):
        return False
    falls = bool(np.any(offsets[1:] < offsets[:-1]))
    return not falls and offsets[0] == 0 and bool(offsets[-1] <= len(of))


def _length(numbers: Array) -> int:
    return len(numbers) if numbers.ndim == 1 and numbers.dtype.kind in "iu" else -1
