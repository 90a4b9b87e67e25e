"""Groups of copies among the images of a collection."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from keras_cvdata import codec
from keras_cvdata.copies.comparing import PAIR
from keras_cvdata.copies.hashing import SMALLEST_SIDE, has_hashes, perceptual_hashes, thumbnail
from keras_cvdata.copies.searching import groups, search_pairs
from keras_cvdata.progress import track
from keras_cvdata.sources.base import Source, black_and_white, fetch
from keras_cvdata.types import Array, ImageError, Ints

_CHUNK = 32  # images that one task reads
_REDUCED_SIDE = 128  # pixels; a JPEG is decoded smaller where its shorter side keeps as many


class Compared(IntEnum):
    """By what an image is compared with the others."""

    HASHES = 0
    PIXELS_AS_SMALL = 1
    PIXELS_AS_FLAT = 2
    NOTHING = 3


@dataclass(frozen=True, eq=False)
class Copies:
    """Which images of a collection are copies of each other.

    Args:
        hashes: (N, 8, 2) uint64 of `perceptual_hashes`, 0 where there are none.
        compared: (N,) of `Compared`.
        groups: (N,) int64 position of the first image of the group that each image belongs to.
    """

    hashes: Array
    compared: Array
    groups: Ints


def find_copies(source: Source, verbose: int = 1) -> Copies:
    """Find exact and near copies, also mirrored and turned ones; each image is read once.

    Images are compared by `perceptual_hashes`; those below 64 pixels a side, and those without
    contrast, by equal pixels. An image that cannot be read is a group of its own.
    It works on threads, or on what `joblib.parallel_config` says.

    Args:
        source: The collection.
        verbose: 0 shows no progress.

    Returns:
        The groups, and by what they were found.

    Raises:
        ValueError: Nothing says what black and white are in float pixels beyond 0 to 1.

    Example:
        >>> from keras_cvdata.sources import open_source
        >>> x = np.random.default_rng(0).integers(0, 256, (4, 70, 70, 3), np.uint8)
        >>> x[3] = x[1, ::-1]
        >>> find_copies(open_source(x), verbose=0).groups.tolist()
        [0, 1, 2, 1]
    """
    found = list(_looked_at(source, verbose))
    hashes = np.concatenate([np.zeros((0, 8, 2), np.uint64), *(part[0] for part in found)])
    digests = np.concatenate([np.zeros(0, np.uint64), *(part[1] for part in found)])
    compared = np.concatenate([np.zeros(0, np.uint8), *(part[2] for part in found)])
    equal = _equal(digests, np.isin(compared, [Compared.PIXELS_AS_SMALL, Compared.PIXELS_AS_FLAT]))
    return Copies(hashes, compared, groups(len(source), _all(hashes, equal)))


def _all(hashes: Array, equal: Array) -> Iterator[Array]:
    yield equal
    yield from search_pairs(hashes, linking=True)


def _equal(digests: Array, these: Array) -> Array:
    """Pairs of images of equal pixels with the first of them."""
    positions = np.flatnonzero(these)
    _, first, number = np.unique(digests[positions], return_index=True, return_inverse=True)
    pairs = np.zeros(len(positions), PAIR)
    pairs["first"], pairs["second"] = positions[first][number], positions
    others: Array = pairs[pairs["first"] != pairs["second"]]
    return others


def _looked_at(source: Source, verbose: int) -> Iterator[tuple[Array, Array, Array]]:
    import joblib
    from joblib.parallel import get_active_backend

    n_jobs = joblib.cpu_count() if get_active_backend()[1] is None else None
    starts = range(0, len(source), _CHUNK)
    tasks = (joblib.delayed(_look)(source, range(len(source))[s : s + _CHUNK]) for s in starts)
    parallel = joblib.Parallel(n_jobs, prefer="threads", return_as="generator")
    yield from track(parallel(tasks), "Comparing images", total=len(starts), verbose=verbose)


def _look(source: Source, positions: Sequence[int]) -> tuple[Array, Array, Array]:
    """Hashes, digests and what to compare, of some images."""
    hashes = np.zeros((len(positions), 8, 2), np.uint64)
    digests = np.zeros(len(positions), np.uint64)
    compared = np.full(len(positions), Compared.NOTHING, np.uint8)
    for place, position in enumerate(positions):
        try:
            payload, name = fetch(source, position), source.name(position)
            grey, side = _grey(payload, name, source)
            if side >= SMALLEST_SIDE:
                hashes[place] = perceptual_hashes(thumbnail(grey))
            if has_hashes(hashes[place]):
                compared[place] = Compared.HASHES
                continue
            digests[place] = _digest(codec.read(payload, name=name, max_pixels=source.max_pixels))
            small = side < SMALLEST_SIDE
            compared[place] = Compared.PIXELS_AS_SMALL if small else Compared.PIXELS_AS_FLAT
        except ImageError:
            continue
    return hashes, digests, compared


def _grey(payload: bytes | Array, name: str, source: Source) -> tuple[Array, int]:
    """Grey pixels as uint8, of a large JPEG fewer, and the shorter side of the whole image."""
    header, reduce = None, 1
    side = min(np.shape(payload)[:2], default=0)
    if isinstance(payload, bytes):
        header = codec.sniff(payload, name, max_pixels=source.max_pixels)
        side = min(header.height, header.width)
        while header.format == "jpeg" and reduce < 8 and side >= 2 * reduce * _REDUCED_SIDE:
            reduce *= 2
    grey = codec.read(payload, "grayscale", reduce=reduce, name=name, header=header)
    if grey.dtype.kind == "u":
        return (grey // (257 if grey.dtype == np.uint16 else 1)).astype(np.uint8), side
    low, high = black_and_white(source, grey, name)
    return np.clip((grey - low) * (255 / (high - low)), 0, 255).astype(np.uint8), side


def _digest(pixels: Array) -> np.uint64:
    whole = hashlib.blake2b(f"{pixels.shape}{pixels.dtype}".encode(), digest_size=8)
    whole.update(pixels.data)
    return np.uint64(int.from_bytes(whole.digest(), "little"))
