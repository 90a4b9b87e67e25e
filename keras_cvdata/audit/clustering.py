"""Groups of like rows, by k-means."""

from __future__ import annotations

import numpy as np

from keras_cvdata import stateless_random
from keras_cvdata.types import Array, Floats, Ints

_FITTED = 10_000  # rows that the centres are fitted to; all others are assigned to them
_ROUNDS = 30
_CHUNK = 1 << 22  # distances held at a time


def clustered(rows: Array, k: int, seed: int = 0) -> Ints:
    """Number the groups that rows fall into.

    Args:
        rows: (N, D) finite numbers of any dtype.
        k: Number of groups, fewer where there are not as many different rows.
        seed: Selects the rows that the groups begin with.

    Returns:
        (N,) int64 group of each row, 0 to k - 1.

    Example:
        >>> clustered(np.array([[0.0], [0.1], [9.0], [9.1], [0.2]]), 2).tolist()
        [1, 1, 0, 0, 1]

    Source: D. Arthur and S. Vassilvitskii, k-means++, 2007.
    """
    if not len(rows):
        return np.zeros(0, np.int64)
    some = np.sort(stateless_random.permutation(len(rows), seed)[:_FITTED])
    fitted = rows[some].astype(np.float64)
    centres = _first_centres(fitted, k, seed)
    for _ in range(_ROUNDS):
        nearest = assigned(fitted, centres)
        counts = np.bincount(nearest, minlength=len(centres))
        sums = np.zeros_like(centres)
        np.add.at(sums, nearest, fitted)
        moved = np.where(counts[:, None] > 0, sums / np.maximum(counts, 1)[:, None], centres)
        if np.array_equal(moved, centres):
            break
        centres = moved
    return assigned(rows, centres)


def assigned(rows: Array, centres: Floats) -> Ints:
    """Find the nearest of some centres for each row.

    Args:
        rows: (N, D).
        centres: (k, D).

    Returns:
        (N,) int64.
    """
    step = max(1, _CHUNK // len(centres))
    squares = (centres**2).sum(axis=1)
    parts = [
        (squares - 2 * rows[start : start + step].astype(centres.dtype) @ centres.T).argmin(axis=1)
        for start in range(0, len(rows), step)
    ]
    return np.concatenate(parts).astype(np.int64)


def _first_centres(rows: Floats, k: int, seed: int) -> Array:
    """Choose rows far from each other, at random (k-means++)."""
    draws = stateless_random.uniforms(seed, np.arange(k))
    centres = [rows[int(draws[0] * len(rows))]]
    distances = ((rows - centres[0]) ** 2).sum(axis=1)
    for draw in draws[1:]:
        if not distances.any():
            break
        place = np.searchsorted(distances.cumsum(), draw * distances.sum(), side="right")
        centres.append(rows[min(int(place), len(rows) - 1)])
        distances = np.minimum(distances, ((rows - centres[-1]) ** 2).sum(axis=1))
    return np.stack(centres)
