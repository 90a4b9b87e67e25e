"""The nearest pair of images in different parts of a collection."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from keras_cvdata.copies.comparing import INVERSE, PAIR, PHASH_DISTANCE
from keras_cvdata.copies.hashing import has_hashes
from keras_cvdata.copies.searching import search_pairs
from keras_cvdata.types import Array

FEW = 5_000  # images of which all are compared with all
_BLOCK = 1 << 20  # comparisons at once


def nearest_across(hashes: Array, sides: Array) -> Array | None:
    """Find the pair across sides whose two hashes together differ in the fewest bits.

    Up to `FEW` images, all are compared. Of more, only pairs whose pHashes differ in at most
    `PHASH_DISTANCE` bits are looked for.

    Args:
        hashes: (N, 8, 2) uint64 of `perceptual_hashes`.
        sides: (N,) part that each image is in.

    Returns:
        One element of the dtype `PAIR`, the first of several; None where there is none.

    Example:
        >>> from keras_cvdata.copies.hashing import perceptual_hashes
        >>> images = np.random.default_rng(0).integers(0, 256, (9, 32, 32), np.uint8)
        >>> images[5] = images[2] // 2 * 2
        >>> nearest_across(perceptual_hashes(images), np.arange(9) > 4).tolist()
        (2, 5, 0, 0, 0)
    """
    found: Iterable[Array]
    if len(hashes) > FEW:
        found = search_pairs(hashes, phash=PHASH_DISTANCE, dhash=64, sides=sides)
    else:
        found = _each_nearest(hashes, np.asarray(sides))
    best: Array | None = None
    for pairs in found:
        bits = pairs["phash"] + pairs["dhash"]
        pair = pairs[np.lexsort((pairs["second"], pairs["first"], bits))[0]]
        if best is None or _rank(pair) < _rank(best):
            best = pair
    return best


def _rank(pair: Array) -> tuple[int, ...]:
    first, second, _, phash, dhash = pair.tolist()
    return phash + dhash, first, second


def _each_nearest(hashes: Array, sides: Array) -> list[Array]:
    """The nearest image of another side, for each image as it is."""
    there = np.flatnonzero(has_hashes(hashes))
    hashes, sides = hashes[there], sides[there]
    found = []
    step = max(1, _BLOCK // max(1, 8 * len(there)))
    for start in range(0, len(there), step):
        block = slice(start, start + step)
        apart = np.bitwise_count(hashes[block, None, :1] ^ hashes)
        bits = apart.sum(axis=3, dtype=np.int16)
        bits[sides[block, None] == sides] = 999
        image = np.arange(len(bits))
        other, turn = np.divmod(bits.reshape(len(bits), -1).argmin(axis=1), 8)
        across = sides[start + image] != sides[other]
        image, other, turn = image[across], other[across], turn[across]
        pairs = np.empty(len(image), PAIR)
        ordered = start + image < other
        pairs["first"] = there[np.where(ordered, start + image, other)]
        pairs["second"] = there[np.where(ordered, other, start + image)]
        pairs["orientation"] = np.where(ordered, turn, INVERSE[turn])
        pairs["phash"], pairs["dhash"] = apart[image, other, turn].T
        found += [pairs] if len(pairs) else []
    return found
