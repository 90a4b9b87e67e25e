"""A certificate that no copies of an image are in different parts of a split."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from keras_cvdata.copies.comparing import DHASH_DISTANCE, PHASH_DISTANCE
from keras_cvdata.copies.hashing import ORIENTATIONS, SMALLEST_SIDE
from keras_cvdata.copies.nearest import FEW, nearest_across
from keras_cvdata.sources.base import Source
from keras_cvdata.sources.near_copies import Compared, Copies
from keras_cvdata.types import Ints
from keras_cvdata.writing import write_text


def write_certificate(
    path: str | os.PathLike[str],
    source: Source,
    copies: Copies,
    parts: Mapping[str, Ints],
    settings: Mapping[str, Any],
) -> None:
    """Write what was compared, how, and how near images of different parts come.

    Args:
        path: JSON file to write.
        source: The whole collection.
        copies: What `find_copies` found in it.
        parts: Positions of each part, by its name.
        settings: Arguments of the split.
    """
    sides = np.zeros(len(source), np.int64)
    for number, positions in enumerate(parts.values()):
        sides[positions] = number
    compared = np.bincount(copies.compared, minlength=len(Compared)).tolist()
    sizes = np.bincount(copies.groups, minlength=len(source))
    content = {
        "images": len(source),
        "hashes": "64-bit pHash and 64-bit dHash of 32 x 32 grey pixels, in 8 orientations",
        "thresholds": {"phash": PHASH_DISTANCE, "dhash": DHASH_DISTANCE, "unit": "bits"},
        "compared": {
            "by_hashes": compared[Compared.HASHES],
            "by_equal_pixels": {
                f"below {SMALLEST_SIDE} pixels a side": compared[Compared.PIXELS_AS_SMALL],
                "without contrast": compared[Compared.PIXELS_AS_FLAT],
            },
            "unreadable": compared[Compared.NOTHING],
        },
        "groups": {
            "all": int((sizes > 0).sum()),
            "of_several_images": int((sizes > 1).sum()),
            "images_in_them": int(sizes[sizes > 1].sum()),
            "divided": int((sides != sides[copies.groups]).sum()),
        },
        "nearest_pair_across_parts": _nearest(source, copies, sides, list(parts)),
        "split": dict(settings),
        "parts": {name: _counts(source.select(positions)) for name, positions in parts.items()},
    }
    text = json.dumps(content, indent=2, ensure_ascii=False)
    write_text(path, text + "\n", errors="backslashreplace")


def _nearest(
    source: Source, copies: Copies, sides: Ints, names: Sequence[str]
) -> dict[str, Any] | str:
    pair = nearest_across(copies.hashes, sides)
    if pair is None and len(source) > FEW:
        return f"none with a pHash within {PHASH_DISTANCE} bits"
    if pair is None:
        return "none, as no two parts have images with hashes"
    return {
        "images": [
            {"name": source.name(int(position)), "part": names[sides[position]]}
            for position in (pair["first"], pair["second"])
        ],
        "orientation_of_the_second": ORIENTATIONS[pair["orientation"]],
        "phash": int(pair["phash"]),
        "dhash": int(pair["dhash"]),
    }


def _counts(part: Source) -> dict[str, Any]:
    columns = part.labels.items()
    classes = {name: counts for name, column in columns if (counts := column.counts())}
    return {"images": len(part), "classes": classes}
