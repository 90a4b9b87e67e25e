"""Random fields with a structure, as functions of two numbers: clouds and blots.

All of them run on NumPy and on tensors, and read between the points of lattices of hashed numbers
by formulas without jumps, so that last bits do not show.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from keras_cvdata.engine.array_api import Tensor, cast
from keras_cvdata.engine.kernels.hashing import halves_batch, normals, words_batch
from keras_cvdata.types import Array

_POINTS = 128
_BLOTS = 128
# What an image shows of a map that repeats: 224 pixels of 256 in the published plasma.
_SHOWN = 0.875


def plasma(seed: Tensor, decay: Tensor, height: Tensor, width: Tensor, xp: Any) -> Tensor:
    """Make clouds by the diamond-square algorithm, on a map of 128 x 128 points.

    Every halving puts a point into the middle of every square and of every side, which is the mean
    of its four neighbours and something random, `decay**2` times less each time. The map is then
    read linearly, and its numbers are spread from 0 to 1.

    Args:
        seed: (B, 2) int32.
        decay: (B,) 1 and up; the larger, the smoother.
        height: Height of the images in pixels.
        width: Width of the images in pixels.
        xp: `numpy` or `keras.ops`.

    Returns:
        (B, height, width) float32 from 0 to 1, both of which every image reaches.

    Example:
        >>> seed, decay = np.array([[7, 8]], np.int32), np.array([2.0])
        >>> field = plasma(seed, decay, 20, 30, np)
        >>> field.shape, float(field.min()), float(field.max())
        ((1, 20, 30), 0.0, 1.0)
    """
    share = 1 / cast(decay * decay, "float32", xp)[:, None, None]
    weight = xp.ones_like(share)
    random = 2 * _unit(words_batch(_POINTS**2, seed, xp), xp) - 1
    random = xp.reshape(random, (-1, _POINTS, _POINTS))
    points = random * 0
    at, half = np.arange(_POINTS, dtype=np.int32), _POINTS // 2
    while half:
        before, after = (at - half) % _POINTS, (at + half) % _POINTS
        odd, even = at % (2 * half) == half, at % (2 * half) == 0
        above = _sum_of(points, (before, after), 1, xp)
        middles = _sum_of(above, (before, after), 2, xp) / 4 + weight * random
        points = xp.where(odd[:, None] & odd, middles, points)
        across = _sum_of(points, (before, after), 2, xp)
        sides = (_sum_of(points, (before, after), 1, xp) + across) / 4 + weight * random
        points = xp.where(odd[:, None] & even | even[:, None] & odd, sides, points)
        weight, half = weight * share, half // 2
    field = _spread(points, _SHOWN * _POINTS, height, width, xp)
    lowest = xp.min(field, axis=(1, 2), keepdims=True)
    highest = xp.max(field, axis=(1, 2), keepdims=True)
    return (field - lowest) / xp.maximum(highest - lowest, 1e-6)


def blots(seed: Tensor, down: Tensor, across: Tensor, xp: Any) -> Tensor:
    """Make blots: normal numbers on a lattice, and normally distributed everywhere between.

    Args:
        seed: (B, 2) int32.
        down: (B, height, width) places in units of the lattice, which repeats after 128.
        across: Likewise.
        xp: `numpy` or `keras.ops`.

    Returns:
        (B, height, width) float32 of mean 0 and standard deviation 1.

    Example:
        >>> at = np.arange(6, dtype=np.float32)[None, None, :] / 5
        >>> blots(np.array([[7, 8]], np.int32), at * 0, at, np).round(1)
        array([[[-1. , -1.1, -1.4, -1.5, -1.3, -1.2]]], dtype=float32)
    """
    lattice = xp.take(normals(), halves_batch(_BLOTS**2, seed, xp), axis=0)
    first = cast(xp.arange(xp.shape(seed)[0]), "int32", xp)[:, None, None] * _BLOTS**2
    (top, upper, lower), (left, near, far) = (_between(at, xp) for at in (down, across))
    flat = xp.reshape(lattice, (-1,))

    def read(row: int, column: int) -> Tensor:
        place = xp.bitwise_and(top + row, _BLOTS - 1) * _BLOTS
        return xp.take(flat, first + place + xp.bitwise_and(left + column, _BLOTS - 1), axis=0)

    value = upper * (near * read(0, 0) + far * read(0, 1))
    value = value + lower * (near * read(1, 0) + far * read(1, 1))
    return value / xp.sqrt((upper * upper + lower * lower) * (near * near + far * far))


def _between(at: Tensor, xp: Any) -> tuple[Tensor, Tensor, Tensor]:
    """Give the lattice point before a place, and the weights of it and of the next."""
    first = xp.floor(at)
    away = at - first
    share = away * away * (3 - 2 * away)
    return cast(first, "int32", xp), 1 - share, share


def exceeded_by(share: Tensor, xp: Any) -> Tensor:
    """Give the (B,) normal numbers that a share of all normal numbers exceeds.

    Args:
        share: (B,) 0 to 1.
        xp: `numpy` or `keras.ops`.

    Returns:
        (B,) float32; beyond all numbers for a share of 0, and below all for 1.

    Example:
        >>> exceeded_by(np.array([0.0, 0.1587, 0.5]), np).round(2)
        array([5.32, 1.  , 0.  ], dtype=float32)
    """
    number = cast(xp.floor((1 - share) * 65535 + 0.5), "int32", xp)
    limit = xp.take(normals(), number, axis=0)
    return xp.where(share <= 0, limit + 1, xp.where(share >= 1, limit - 1, limit))


def _sum_of(points: Tensor, places: tuple[Array, Array], axis: int, xp: Any) -> Tensor:
    first, second = places
    return xp.take(points, first, axis=axis) + xp.take(points, second, axis=axis)


def _unit(words: Tensor, xp: Any) -> Tensor:
    """Turn words into float32 of 0 to 1 by their upper 24 bits."""
    upper = xp.bitwise_and(xp.right_shift(words, 8), 2**24 - 1)
    return cast(upper, "float32", xp) * np.float32(2.0**-24)


def _spread(lattice: Tensor, cells: float, height: Tensor, width: Tensor, xp: Any) -> Tensor:
    """Read a lattice linearly, with so many cells along the longer side."""
    longer = cast(xp.maximum(height, width), "float32", xp)
    for axis, side in ((1, height), (2, width)):
        place = cast(xp.arange(side), "float32", xp) * (np.float32(cells) / longer)
        first = xp.floor(place)
        share = (place - first)[:, None] if axis == 1 else place - first
        first = cast(first, "int32", xp)
        near, far = (xp.take(lattice, first + i, axis=axis) for i in (0, 1))
        lattice = near * (1 - share) + far * share
    return lattice
