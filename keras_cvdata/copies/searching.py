"""Search for all pairs of near hashes, exact and not quadratic."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import combinations
from typing import NamedTuple

import numpy as np

from keras_cvdata.arguments import integer
from keras_cvdata.copies.comparing import (
    DHASH_DISTANCE,
    PAIR,
    PHASH_DISTANCE,
    as_pairs,
    nearest_ways,
)
from keras_cvdata.copies.hashing import has_hashes
from keras_cvdata.types import Array, Ints

_BANDS = ((0, 21), (21, 21), (42, 22))  # first bit and number of bits of each third of a pHash
_BLOCK = 1 << 16  # images that are looked up at once
_CHUNK = 1 << 18  # candidates that are compared at once


def search_pairs(
    hashes: Array,
    *,
    phash: int = PHASH_DISTANCE,
    dhash: int = DHASH_DISTANCE,
    linking: bool = False,
    sides: Array | None = None,
) -> Iterator[Array]:
    """Find all pairs of images of which one, as it is, looks like the other in any orientation.

    Both hashes must be near. Each pair comes once, in the orientation in which it is nearest.
    Images whose hashes are all equal count as one: each is paired with the first of them only,
    which stands for all. Images without hashes are in no pair.

    A pHash is cut into three bands. Of two that differ in at most 8 bits, one band differs in at
    most 2, so that all candidates stand in tables under the bands of one with up to 2 bits changed.
    A million different images take about half a minute of one core, and 0.7 GB.

    Args:
        hashes: (N, 8, 2) uint64 of `perceptual_hashes`.
        phash: Largest number of different bits of the pHash, 0 to 14. Beyond 8 the search is slow.
        dhash: Largest number of different bits of the dHash, 0 to 64.
        linking: Give only as many pairs as hold their groups together, at most one less than
            images: 20,000 pictures of one motif have 200 million pairs.
        sides: (N,) part that each image is in, to find pairs of different parts only.

    Yields:
        Parts of the result, (P,) of the dtype `PAIR`: the positions `first` < `second`; the
        `orientation` in which `second` looks like `first`; the numbers of bits that differ.

    Raises:
        ValueError: The hashes have another shape or dtype, or a distance is out of range.

    Example:
        >>> from keras_cvdata.copies.hashing import perceptual_hashes
        >>> images = np.random.default_rng(0).integers(0, 256, (9, 32, 32), np.uint8)
        >>> images[5] = images[2, ::-1]  # a copy, upside down
        >>> (found,) = search_pairs(perceptual_hashes(images))
        >>> found.tolist()
        [(2, 5, 6, 0, 0)]

    Source: M. Norouzi et al., Fast Exact Search in Hamming Space with Multi-Index Hashing, 2014.
    """
    hashes = np.asarray(hashes)
    if hashes.dtype != np.uint64 or hashes.ndim != 3 or hashes.shape[1:] != (8, 2):
        raise ValueError(
            f"hashes must be uint64 of shape (N, 8, 2), as perceptual_hashes makes them; got "
            f"{hashes.dtype} of {hashes.shape}."
        )
    limits = _distance("phash", phash, 14), _distance("dhash", dhash, 64)
    there = np.flatnonzero(has_hashes(hashes))
    parts = np.zeros(len(hashes), np.int64) if sides is None else np.asarray(sides)
    kept, equal = _equal(hashes, there, parts)
    if len(equal) and sides is None:
        yield equal
    search = _Search(hashes[kept], *limits, None if sides is None else parts[kept])
    for found in search.linking_pairs() if linking else search.all_pairs():
        if not len(found):
            continue
        found["first"], found["second"] = kept[found["first"]], kept[found["second"]]
        yield found


def near_pairs(
    hashes: Array,
    *,
    phash: int = PHASH_DISTANCE,
    dhash: int = DHASH_DISTANCE,
    linking: bool = False,
    sides: Array | None = None,
) -> Array:
    """All pairs of `search_pairs` at once, sorted.

    Args:
        hashes: (N, 8, 2) uint64 of `perceptual_hashes`.
        phash: Largest number of different bits of the pHash, 0 to 14.
        dhash: Largest number of different bits of the dHash, 0 to 64.
        linking: Give only as many pairs as hold their groups together, at most one less than
            images: 20,000 pictures of one motif have 200 million pairs.
        sides: (N,) part that each image is in, to find pairs of different parts only.

    Returns:
        (P,) of the dtype `PAIR`, by `first`, then `second`; 11 bytes a pair.

    Example:
        >>> len(near_pairs(np.zeros((4, 8, 2), np.uint64)))  # no picture has contrast
        0
    """
    found = list(search_pairs(hashes, phash=phash, dhash=dhash, linking=linking, sides=sides))
    pairs = np.concatenate([np.empty(0, PAIR), *found])
    return pairs[np.lexsort((pairs["second"], pairs["first"]))]


def groups(n: int, pairs: Array | Iterable[Array]) -> Ints:
    """Put together what pairs connect, also by way of others.

    Args:
        n: Number of images.
        pairs: What `near_pairs` or `search_pairs` gave.

    Returns:
        (n,) int64: position of the first image of the group that each image belongs to.

    Example:
        >>> pairs = np.array([(1, 3, 0, 0, 0), (3, 4, 0, 0, 0)], PAIR)
        >>> groups(5, pairs).tolist()
        [0, 1, 2, 1, 1]
    """
    first = np.arange(n)
    for part in [pairs] if isinstance(pairs, np.ndarray) else pairs:
        _unite(first, np.stack([part["first"], part["second"]]))
    return _roots(first, np.arange(n))


def _unite(first: Ints, ends: Array) -> Ints:
    """Put groups together by (2, P) pairs, and say which of the pairs were needed for it.

    Each element of `first` leads, in one or several steps, to the first image of its group.
    """
    used: list[Ints] = [np.empty(0, np.int64)]
    waiting = np.arange(ends.shape[1])
    while len(waiting):
        roots = _roots(first, ends[:, waiting])
        apart = roots[0] != roots[1]
        waiting, roots = waiting[apart], roots[:, apart]
        later, one_each = np.unique(roots.max(axis=0), return_index=True)
        used.append(waiting[one_each])
        first[later] = roots.min(axis=0)[one_each]
    return np.concatenate(used)


def _roots(first: Ints, images: Array) -> Ints:
    """The first image of each one's group; the way to it becomes one step."""
    roots = first[images]
    while (roots != (nearer := first[roots])).any():
        roots = nearer
    first[images] = roots
    return roots


def _distance(name: str, value: int, most: int) -> int:
    if integer(name, value, 0) > most:
        raise ValueError(f"{name} must be a number of bits from 0 to {most}; got {value}.")
    return value


def _equal(hashes: Array, there: Ints, parts: Array) -> tuple[Ints, Array]:
    """Images with different hashes, and the pairs of the others with the first of their equals.

    Images in another of the `parts` than their first count as different.
    """
    upright = hashes[there, 0]
    order = there[np.lexsort((upright[:, 1], upright[:, 0]))]
    starts = np.ones(len(order), bool)
    starts[1:] = (hashes[order[1:], 0] != hashes[order[:-1], 0]).any(axis=1)
    first = order[np.flatnonzero(starts)[np.cumsum(starts) - 1]]
    same = (order != first) & (parts[order] == parts[first])
    same &= (hashes[order] == hashes[first]).all(axis=(1, 2))
    pairs = np.zeros(int(same.sum()), PAIR)
    pairs["first"], pairs["second"] = first[same], order[same]
    return np.sort(order[~same]), pairs


class _Band(NamedTuple):
    """One band of all pHashes: where each of its values stands among the sorted entries."""

    shift: int
    bits: int
    radius: int

    def values(self, phashes: Array) -> Array:
        mask = np.uint64((1 << self.bits) - 1)
        return (phashes >> np.uint64(self.shift) & mask).astype(np.int64)

    def changes(self) -> Iterator[int]:
        """What the bands of near hashes may differ in, as numbers to combine by exclusive or."""
        for count in range(self.radius + 1):
            for places in combinations(range(self.bits), count):
                yield sum(1 << place for place in places)


class _Search:
    """Pairs among images with different hashes.

    Args:
        hashes: (N, 8, 2) uint64.
        phash: Largest distance of the pHash.
        dhash: Largest distance of the dHash.
        sides: (N,) part of each image, where only pairs of different parts count.
    """

    def __init__(self, hashes: Array, phash: int, dhash: int, sides: Array | None) -> None:
        self.hashes, self.sides = hashes, sides
        self.entries, self.dhashes = np.ascontiguousarray(hashes.reshape(-1, 2).T)
        self.phash, self.dhash = phash, dhash
        # One third of the bits differs in a third of the distance, rounded down.
        radii = [(phash + 1 + place) // 3 - 1 for place in range(3)]
        self.bands = [
            _Band(*band, radius) for band, radius in zip(_BANDS, radii, strict=True) if radius >= 0
        ]

    def all_pairs(self) -> Iterator[Array]:
        """Each pair once: from the first band that agrees, in its nearest way."""
        for number, band in enumerate(self.bands):
            for image, entry in self._candidates(band):
                changed = self.entries[image * 8] ^ self.entries[entry]
                new = np.ones(len(image), bool)
                for earlier in self.bands[:number]:
                    new &= np.bitwise_count(earlier.values(changed)) > earlier.radius
                yield self._pairs(image[new], entry[new], once=True)

    def linking_pairs(self) -> Iterator[Array]:
        """As many pairs as hold the groups together."""
        first = np.arange(len(self.hashes))
        for band in self.bands:
            for image, entry in self._candidates(band):
                used = _unite(first, np.stack([image, entry // 8]))
                yield self._pairs(image[used], entry[used], once=False)

    def _candidates(self, band: _Band) -> Iterator[tuple[Ints, Ints]]:
        """Images and near entries (an image in an orientation) that agree in a band."""
        values = band.values(self.entries)
        order = np.argsort(values)
        ends = np.cumsum(np.bincount(values, minlength=1 << band.bits))
        phashes = self.entries[order]
        upright = np.argsort(values[::8])
        values = values[::8][upright]
        for start in range(0, len(upright), _BLOCK):
            images = upright[start : start + _BLOCK]
            mine = self.entries[images * 8]
            for change in band.changes():
                wanted = values[start : start + _BLOCK] ^ change
                stops = ends[wanted]
                counts = stops - np.where(wanted, ends[wanted - 1], 0)
                for at, where in self._near(mine, stops, counts, phashes):
                    image, entry = images[at], order[where]
                    both = self._near_dhashes(image, entry)
                    yield image[both], entry[both]

    def _near_dhashes(self, image: Ints, entry: Ints) -> Array:
        """Which of them are near by the dHash as well, and two images that may be paired."""
        apart = np.bitwise_count(self.hashes[image, 0, 1] ^ self.dhashes[entry])
        near: Array = (apart <= self.dhash) & (image != entry // 8)
        if self.sides is not None:
            near &= self.sides[image] != self.sides[entry // 8]
        return near

    def _near(
        self, mine: Array, stops: Ints, counts: Ints, phashes: Array
    ) -> Iterator[tuple[Ints, Ints]]:
        """Of each image and each of its candidates, those whose pHashes are near, in chunks."""
        sums = np.cumsum(counts)
        begin = 0
        while begin < len(mine):
            done = sums[begin - 1] if begin else 0
            end = max(begin + 1, int(np.searchsorted(sums, done + _CHUNK, side="right")))
            part = slice(begin, end)
            total = int(sums[end - 1] - done)
            where = np.repeat(stops[part] - sums[part] + done, counts[part]) + np.arange(total)
            apart = np.bitwise_count(phashes[where] ^ np.repeat(mine[part], counts[part]))
            near = np.flatnonzero(apart <= self.phash)
            if len(near):
                yield begin + np.searchsorted(sums[part], near + done, side="right"), where[near]
            begin = end

    def _pairs(self, image: Ints, entry: Ints, once: bool) -> Array:
        """Pairs in their nearest ways; `once` leaves out those that were found in another way."""
        other = entry // 8
        first, second = np.minimum(image, other), np.maximum(image, other)
        ways = nearest_ways(self.hashes, first, second, self.phash, self.dhash)
        if once:
            mine = ways == np.where(image == first, entry % 8, 8 + entry % 8)
            first, second, ways = first[mine], second[mine], ways[mine]
        return as_pairs(self.hashes, first, second, ways)
