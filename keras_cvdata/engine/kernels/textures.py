"""Random fields with a structure, as functions of two numbers: clouds and blots.

All of them run on NumPy and on tensors, and read between the points of lattices of hashed numbers
by formulas without jumps, so that last bits do not show.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from keras_cvdata.engine.array_api import Tensor, cast
from keras_cvdata.engine.kernels.hashing import words_batch

_HALVINGS = 7
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
    random = 2 * _unit(words_batch(4**_HALVINGS - 1, seed, xp), xp) - 1
    points = weight * 0
    for halving in range(_HALVINGS):
        side = 2**halving
        own = weight[..., None] * xp.reshape(
            random[:, side * side - 1 : 4 * side * side - 1], (-1, 3, side, side)
        )
        points = _halved(points, own, side, xp)
        weight = weight * share
    field = _spread(points, _SHOWN * 2**_HALVINGS, height, width, xp)
    lowest = xp.min(field, axis=(1, 2), keepdims=True)
    highest = xp.max(field, axis=(1, 2), keepdims=True)
    return (field - lowest) / xp.maximum(highest - lowest, 1e-6)


def _halved(points: Tensor, random: Tensor, side: int, xp: Any) -> Tensor:
    """Double the points of a map (B, side, side) that repeats, see `plasma`."""
    pairs = points + xp.roll(points, -1, axis=1)
    middles = (pairs + xp.roll(pairs, -1, axis=2)) / 4 + random[:, 0]
    beside = points + xp.roll(points, -1, axis=2) + middles + xp.roll(middles, 1, axis=1)
    below = pairs + middles + xp.roll(middles, 1, axis=2)
    even = xp.stack([points, beside / 4 + random[:, 1]], axis=3)
    odd = xp.stack([below / 4 + random[:, 2], middles], axis=3)
    return xp.reshape(xp.stack([even, odd], axis=2), (-1, 2 * side, 2 * side))


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
