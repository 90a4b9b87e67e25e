"""Packs that are parts of one collection."""

from __future__ import annotations

import glob
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from keras_cvdata.arguments import integer
from keras_cvdata.labels import Labels
from keras_cvdata.sources.base import Source
from keras_cvdata.sources.boxes import Boxes
from keras_cvdata.sources.hdf5 import HDF5Source
from keras_cvdata.sources.joined import Joined

Paths: TypeAlias = str | os.PathLike[str] | Sequence[str | os.PathLike[str]]


class Shards(Joined):
    """Several packs as one collection, in the order of their parts.

    Args:
        packs: The packs. All parts of what `convert(shard=...)` wrote, or packs of equal classes.

    Raises:
        ValueError: Parts are missing, are there twice, are of different collections, or label
            differently.
    """

    def __init__(self, packs: Sequence[HDF5Source]) -> None:
        _check_parts(packs)
        self.packs = tuple(sorted(packs, key=lambda pack: pack.shard or (0, 0)))
        super().__init__(self.packs, _joined_labels(self.packs))

    @property
    def masks(self) -> Source | None:
        """Masks of the rows, where the packs hold any."""
        masks = [pack.masks for pack in self.packs]
        found = [each for each in masks if each is not None]
        return Joined(found, {}) if len(found) == len(masks) else None

    @property
    def boxes(self) -> Boxes | None:
        """Boxes of the rows, where the packs hold any."""
        found = [pack.boxes for pack in self.packs]
        boxes = [each for each in found if each is not None]
        if len(boxes) < len(found):
            return None
        counts = np.concatenate([np.diff(each.offsets) for each in boxes])
        return Boxes(
            np.concatenate([[0], np.cumsum(counts)]),
            np.concatenate([each.boxes for each in boxes]),
            np.concatenate([each.labels for each in boxes]),
            boxes[0].class_names,
        )

    @property
    def box_format(self) -> str:
        """Format of the boxes."""
        return self.packs[0].box_format


def is_several(data: Any) -> bool:
    """Whether paths, or a pattern such as "pets-*.h5", stand for several packs."""
    if isinstance(data, str | os.PathLike):
        text = os.fspath(data)
        return isinstance(text, str) and glob.has_magic(text) and not Path(text).exists()
    return isinstance(data, list | tuple) and all(isinstance(x, str | os.PathLike) for x in data)


def open_packs(paths: Paths, **options: Any) -> HDF5Source | Shards:
    """Open one HDF5 file, or several as one collection.

    Args:
        paths: Path, pattern such as "pets-*.h5", or list of paths.
        **options: Passed to `HDF5Source`.

    Returns:
        The source.

    Raises:
        FileNotFoundError: No file has such a name.
        ValueError: As `HDF5Source` and `Shards`.
    """
    if not is_several(paths):
        return HDF5Source(paths, **options)  # type: ignore[arg-type]
    pattern = isinstance(paths, str | os.PathLike)
    files = sorted(glob.glob(os.fspath(paths))) if pattern else list(paths)  # type: ignore[arg-type]  # noqa: PTH207
    if not files:
        raise FileNotFoundError(f"{paths}: no file has such a name. Check the pattern.")
    return Shards([HDF5Source(file, **options) for file in files])


def _check_parts(packs: Sequence[HDF5Source]) -> None:
    found = [pack.shard for pack in packs if pack.shard is not None]
    if not found:
        return
    count = found[0][1]
    missing = sorted({(number, count) for number in range(count)} - set(found))
    if missing or len(found) != count or len(packs) != count:
        paths = [pack.path for pack in packs]
        what = f"the parts {missing[:5]} are missing" if missing else "some parts are there twice"
        raise ValueError(f"{paths[:5]}: of {count} parts of a collection, {what}.")
    for pack in packs[1:]:
        if _collection(pack) != _collection(packs[0]):
            raise ValueError(
                f"{pack.path} and {packs[0].path} are parts of different collections, or were made "
                "with different settings. Make the older of them again."
            )


def _collection(pack: HDF5Source) -> str:
    return "" if pack.about is None else pack.about.collection


def _joined_labels(packs: Sequence[HDF5Source]) -> dict[str, Labels]:
    labels = {}
    for key, first in packs[0].labels.items():
        columns = [pack.labels.get(key) for pack in packs]
        for pack, column in zip(packs, columns, strict=True):
            if column is None or (column.kind, column.names) != (first.kind, first.names):
                raise ValueError(
                    f"{pack.path}: its labels {key!r} are not those of {packs[0].path}. Give "
                    "class_names= for both, or open them one by one."
                )
        values = np.concatenate([column.values for column in columns if column is not None])
        labels[key] = Labels(first.kind, values, first.names)
    return labels


def shard_path(path: Path, shard: tuple[int, int]) -> Path:
    """Path of one of the parts of a pack.

    Args:
        path: Path of the whole.
        shard: (k, n), number of the part from 0 on, and number of parts.

    Returns:
        The path.

    Raises:
        ValueError: There is no such part.

    Example:
        >>> print(shard_path(Path("pets.h5"), (1, 4)))
        pets-00001-of-00004.h5
    """
    number, shards = shard
    integer("shard: number of parts", shards, 1)
    if not 0 <= integer("shard: number of the part", number, 0) < shards:
        raise ValueError(
            f"shard must be (k, n) with k from 0 to n - 1; got {shard}. The parts of {shards} are "
            f"(0, {shards}) to ({shards - 1}, {shards})."
        )
    return path.with_stem(f"{path.stem}-{number:05}-of-{shards:05}")
