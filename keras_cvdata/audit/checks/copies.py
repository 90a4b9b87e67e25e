"""Copies of images, exact and near, and what is wrong with them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np

from keras_cvdata.audit.checks.base import Check, Collection, Finding
from keras_cvdata.audit.sample import Sample
from keras_cvdata.copies.comparing import DHASH_DISTANCE, PHASH_DISTANCE
from keras_cvdata.copies.hashing import (
    ORIENTATIONS,
    SMALLEST_SIDE,
    packed,
    perceptual_hashes,
    unpacked,
)
from keras_cvdata.copies.listing import listed_pairs
from keras_cvdata.types import Array, Ints


class Copies(Check):
    """Finds images that are there twice, also compressed, resized, turned or mirrored.

    Exact copies are equal files, or equal pixels in different files. Near copies have perceptual
    hashes that differ in few bits, in any of eight orientations. Copies that have different labels,
    or are in different splits, are errors. Pictures without contrast have no hashes, and of small
    ones the hashes are alike though the pictures are not (on MNIST nearly all), so both are
    compared by their pixels only.

    Args:
        phash: Largest number of bits of 64 in which the pHashes of near copies differ, 0 to 14.
        dhash: The same of the dHash, 0 to 64.
        smallest: Shorter side in pixels below which near copies are not looked for.

    Example:
        >>> Copies(phash=4).phash
        4
    """

    name = "copies"
    kinds = ("exact_copy", "near_copy", "label_conflict", "leakage")
    needs = "pixels"
    measures: ClassVar = {"hashes": "(8,)u8", "file": "u8", "pixels": "u8"}
    origin = "C. Zauner, Implementation and Benchmarking of Perceptual Image Hash Functions, 2010"

    def __init__(
        self,
        *,
        phash: int = PHASH_DISTANCE,
        dhash: int = DHASH_DISTANCE,
        smallest: int = SMALLEST_SIDE,
    ) -> None:
        self.phash = phash
        self.dhash = dhash
        self.smallest = smallest

    def look(self, sample: Sample) -> Sequence[Any]:
        """Hash the shapes, the bytes of a file, and the pixels."""
        data = sample.payload
        file = _digest(data) if isinstance(data, bytes) else 0
        pixels = np.ascontiguousarray(sample.pixels)
        return packed(perceptual_hashes(sample.small_luma)), file, _digest(pixels.data, sample.size)

    def findings(self, collection: Collection) -> Iterable[Finding]:
        """Pair the images."""
        pixels, file = collection.measures["pixels"], collection.measures["file"]
        first = _first_of_equals(pixels, collection.readable)
        later = np.flatnonzero(first != np.arange(len(first)))
        for position in later.tolist():
            other = int(first[position])
            same = bool(file[position]) and file[position] == file[other]
            yield from _told(
                collection,
                Finding(
                    "exact_copy",
                    "warning",
                    "the file is equal, byte for byte" if same else "all pixels are equal",
                    "remove it",
                    position=position,
                    other=other,
                    score=0.0,
                ),
            )
        small = collection.readable & (
            np.minimum(collection.height, collection.width) < self.smallest
        )
        yield from self._without_hashes(int(small.sum()), int(collection.readable.sum()))
        hashes = unpacked(collection.measures["hashes"])
        hashes[small] = 0
        hashes[later] = 0
        yield from self._near(collection, hashes)

    def _near(self, collection: Collection, hashes: Array) -> Iterable[Finding]:
        for pair in listed_pairs(hashes, phash=self.phash, dhash=self.dhash).tolist():
            other, position, orientation, phash, dhash = pair
            turned = "" if orientation == 0 else f", {ORIENTATIONS[orientation]}"
            by_others = phash > self.phash or dhash > self.dhash
            more = "; other copies lie between them" if by_others else ""
            yield from _told(
                collection,
                Finding(
                    "near_copy",
                    "warning",
                    f"it looks like the other image{turned}: {phash} bits of the pHash and {dhash} "
                    f"of the dHash differ{more}",
                    'keep one of them, or both on one side: cvd.split(..., groups="near-copies")',
                    position=position,
                    other=other,
                    score=float(phash + dhash),
                    threshold=float(self.phash + self.dhash),
                ),
            )

    def _without_hashes(self, small: int, readable: int) -> Iterable[Finding]:
        """Say of which images near copies are not looked for."""
        if small:
            all_small = small == readable
            some = "1 image is" if small == 1 else f"{small} images are"
            images = "the images are" if all_small else some
            yield Finding(
                "near_copy",
                "note",
                f"{images} smaller than {self.smallest} pixels a side, where images look alike "
                "that are not: only copies with equal pixels are looked for",
                "look at pairs by embeddings, if near copies of small images matter",
                score=float(small),
                threshold=float(self.smallest),
                looked=False,
            )


def _digest(data: Any, size: tuple[int, int] | None = None) -> int:
    """64 bits of BLAKE2b, other than 0."""
    whole = hashlib.blake2b(b"" if size is None else f"{size}".encode(), digest_size=8)
    whole.update(data)
    return int.from_bytes(whole.digest(), "little") or 1


def _first_of_equals(digests: Array, among: Array) -> Ints:
    """(N,) position of the first image of equal digest; of the others their own."""
    first = np.arange(len(digests))
    positions = np.flatnonzero(among)
    _, places, numbers = np.unique(digests[positions], return_index=True, return_inverse=True)
    first[positions] = positions[places[numbers]]
    return first


def _told(collection: Collection, pair: Finding) -> Iterable[Finding]:
    """The finding of a pair, and what makes it worse."""
    yield pair
    position, other = pair.position, pair.other
    assert position is not None
    assert other is not None
    for column in collection.source.labels.values():
        differ = column.values[position] != column.values[other]
        if column.kind != "number" and np.any(differ):
            yield replace(
                pair,
                check="label_conflict",
                severity="error",
                message=f"{pair.message}, but their labels differ",
                action="look at both and correct the label, or remove both",
            )
            break
    splits = collection.splits
    if splits is not None and splits[position] != splits[other]:
        names = [collection.split_names[splits[place]] for place in (position, other)]
        yield replace(
            pair,
            check="leakage",
            severity="error",
            message=f"{pair.message}; one is in {names[0]!r}, the other in {names[1]!r}",
            action='split anew, cvd.split(..., groups="near-copies"), or remove one of them',
        )
