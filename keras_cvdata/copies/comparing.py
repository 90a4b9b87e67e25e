"""Pairs of images, compared by their hashes in all orientations."""

from __future__ import annotations

import numpy as np

from keras_cvdata.types import Array, Ints

PHASH_DISTANCE = 8  # bits of 64
DHASH_DISTANCE = 10  # bits of 64

PAIR = np.dtype(
    [("first", "i4"), ("second", "i4"), ("orientation", "i1"), ("phash", "i1"), ("dhash", "i1")]
)

INVERSE = np.array([0, 3, 2, 1, 4, 5, 6, 7])  # the orientation that undoes each of ORIENTATIONS


def nearest_ways(hashes: Array, first: Ints, second: Ints, phash: int, dhash: int) -> Ints:
    """In which of 16 ways each pair is nearest: one as it is, the other in any orientation.

    Args:
        hashes: (N, 8, 2) uint64 of `perceptual_hashes`.
        first: (P,) positions.
        second: (P,) positions.
        phash: Number of bits of the pHash up to which a way is near; those come first.
        dhash: The same of the dHash.

    Returns:
        (P,) of 0 to 7, the orientation in which `second` looks like `first`; or 8 and that in which
        `first` looks like `second`.
    """
    forth = hashes[first, :1] ^ hashes[second]
    back = hashes[second, :1] ^ hashes[first]
    apart = np.bitwise_count(np.concatenate([forth, back], axis=1))
    near = (apart[:, :, 0] <= phash) & (apart[:, :, 1] <= dhash)
    nearest: Ints = (apart.sum(axis=2, dtype=np.int64) + 999 * ~near).argmin(axis=1)
    return nearest


def as_pairs(hashes: Array, first: Ints, second: Ints, ways: Ints) -> Array:
    """Put pairs together with their distances.

    Args:
        hashes: (N, 8, 2) uint64 of `perceptual_hashes`.
        first: (P,) positions.
        second: (P,) positions.
        ways: (P,) of `nearest_ways`.

    Returns:
        (P,) of the dtype `PAIR`.
    """
    found = np.empty(len(first), PAIR)
    found["first"], found["second"] = first, second
    found["orientation"] = np.where(ways < 8, ways, INVERSE[ways - 8])
    upright, turned = np.where(ways < 8, [first, second], [second, first])
    found["phash"], found["dhash"] = np.bitwise_count(
        hashes[upright, 0] ^ hashes[turned, ways % 8]
    ).T
    return found
