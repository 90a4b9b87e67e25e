"""Distances to the nearest neighbours, exactly, in bounded memory."""

from __future__ import annotations

import numpy as np

from keras_cvdata.types import Array, Floats

_CHUNK = 1 << 22  # distances held at a time: 16 MB, and twice as much for their order


def neighbour_distances(rows: Floats, k: int) -> Array:
    """Mean Euclidean distance of each row to its k nearest other rows.

    Time grows with the square of N, memory does not.

    Args:
        rows: (N, D) finite numbers.
        k: Number of neighbours; all others where there are fewer.

    Returns:
        (N,) float64; 0 for a row that is alone.

    Example:
        >>> neighbour_distances(np.array([[0.0], [1.0], [3.0]]), k=1).tolist()
        [1.0, 1.0, 2.0]
    """
    rows = np.asarray(rows, np.float32)
    n = len(rows)
    k = min(k, n - 1)
    if k < 1:
        return np.zeros(n)
    rows = rows - rows.mean(axis=0)  # small numbers lose less in the squares
    squares = np.einsum("nd,nd->n", rows, rows)
    means = np.empty(n)
    step = max(1, _CHUNK // n)
    for start in range(0, n, step):
        part = rows[start : start + step]
        distances = squares - 2 * part @ rows.T
        distances[np.arange(len(part)), start + np.arange(len(part))] = np.inf
        nearest = np.argpartition(distances, k - 1, axis=1)[:, :k]
        apart = rows[nearest].astype(np.float64) - part[:, None]
        means[start : start + step] = np.sqrt((apart**2).sum(axis=2)).mean(axis=1)
    return means
