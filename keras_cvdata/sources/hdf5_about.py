"""What a pack holds beside its images: their names, checksums, masks and boxes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np

from keras_cvdata.sources.boxes import Boxes
from keras_cvdata.sources.hdf5_guard import member_at, members
from keras_cvdata.sources.hdf5_segments import Segment, read_spans
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


def read_about(file: Any, where: str, count: int) -> About:
    """Read what a pack holds beside its images.

    Args:
        file: `h5py.File`.
        where: Name of the file for messages.
        count: Number of images.

    Returns:
        What there is.

    Raises:
        ValueError: It does not fit the images.
    """
    about = member_at(file, "about", where)
    found = dict(members(about, where))
    names = CompactStrings(found["names"][()], found["name_offsets"][()])
    checksums = found["crc32"][()]
    masks = mask_checksums = boxes = None
    box_format = "xyxy"
    if "masks" in found:
        blob = member_at(file, "bytes", where)
        spans = read_spans(found["masks"], len(blob), f"{where}/about/masks")
        masks = Segment("/bytes", len(spans), (), blob.dtype, blob.id.get_offset(), spans)
        mask_checksums = found["mask_crc32"][()]
    if "boxes" in found:
        offsets = found["box_offsets"][()]
        attributes = found["boxes"].attrs
        box_format = str(attributes["format"])
        class_names = tuple(json.loads(attributes["class_names"]))
        boxes = Boxes(offsets, found["boxes"][()], found["box_labels"][()], class_names)
    shard = None
    if "shard" in file.attrs:
        number, shards = file.attrs["shard"].tolist()
        shard = number, shards
    collection = str(file.attrs.get("collection", ""))
    result = About(names, checksums, masks, mask_checksums, boxes, box_format, shard, collection)
    _check(result, where, count)
    return result


def _check(about: About, where: str, count: int) -> None:
    lengths = {"names": len(about.names), "crc32": len(about.checksums)}
    if about.masks is not None and about.mask_checksums is not None:
        lengths |= {"masks": about.masks.count, "mask_crc32": len(about.mask_checksums)}
    if about.boxes is not None:
        offsets = about.boxes.offsets
        lengths["box_offsets"] = len(offsets) - 1
        ends = (len(about.boxes.boxes), len(about.boxes.labels))
        if np.any(np.diff(offsets) < 0) or (offsets[0], *ends) != (0, offsets[-1], offsets[-1]):
            lengths["boxes"] = -1
    for name, length in lengths.items():
        if length != count:
            raise ValueError(
                f"{where}/about/{name} does not fit the {count} images of the file. Convert the "
                "images again."
            )
