"""Near pairs as a person wants to see them: all of small groups, and few of large ones."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from keras_cvdata.copies.comparing import (
    DHASH_DISTANCE,
    PAIR,
    PHASH_DISTANCE,
    as_pairs,
    nearest_ways,
)
from keras_cvdata.copies.searching import groups, search_pairs
from keras_cvdata.types import Array, Ints

MOST = 20  # images of a group of which all pairs are listed


def listed_pairs(
    hashes: Array, *, phash: int = PHASH_DISTANCE, dhash: int = DHASH_DISTANCE
) -> Array:
    """List near pairs, at most about ten for each image.

    In a group of up to `MOST` images, these are all pairs of near hashes. In a larger one each
    image is paired with the first, however far the two are apart: they are connected by others. In
    both cases no near pair is left where the second image of each pair is taken away.

    Args:
        hashes: (N, 8, 2) uint64 of `perceptual_hashes`.
        phash: Largest number of different bits of the pHash, 0 to 14.
        dhash: Largest number of different bits of the dHash, 0 to 64.

    Returns:
        (P,) of the dtype `PAIR`, by `first`, then `second`.

    Example:
        >>> from keras_cvdata.copies.hashing import perceptual_hashes
        >>> images = np.random.default_rng(0).integers(0, 256, (99, 32, 32), np.uint8)
        >>> images[40:43] = images[7]
        >>> images[60:] = images[60]
        >>> pairs = listed_pairs(perceptual_hashes(images))
        >>> pairs[["first", "second"]].tolist()[:8]
        [(7, 40), (7, 41), (7, 42), (40, 41), (40, 42), (41, 42), (60, 61), (60, 62)]
        >>> len(pairs)
        44
    """
    links = search_pairs(hashes, phash=phash, dhash=dhash, linking=True)
    found = []
    for first, second, whole in _candidates(groups(len(hashes), links)):
        pairs = as_pairs(hashes, first, second, nearest_ways(hashes, first, second, phash, dhash))
        near = (pairs["phash"] <= phash) & (pairs["dhash"] <= dhash)
        found.append(pairs if whole else pairs[near])
    pairs = np.concatenate([np.empty(0, PAIR), *found])
    return pairs[np.lexsort((pairs["second"], pairs["first"]))]


def _candidates(together: Ints) -> Iterator[tuple[Ints, Ints, bool]]:
    """Pairs to compare, of all groups of one size at once, and whether they are all listed."""
    order = np.argsort(together, kind="stable")
    sizes = np.bincount(together, minlength=len(together))[together[order]]
    for size in range(2, MOST + 1):
        members = order[sizes == size].reshape(-1, size)
        if len(members):
            first, second = np.triu_indices(size, 1)
            yield members[:, first].ravel(), members[:, second].ravel(), False
    large = order[sizes > MOST]
    large = large[large != together[large]]
    if len(large):
        yield together[large], large, True
