"""The beta distribution as a function of uniform numbers."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from keras_cvdata.engine.array_api import Tensor, cast
from keras_cvdata.types import Array

# Uniform numbers closer to 0 or 1 than float32 can tell are moved to where it can.
_EDGE = 2.0**-24
_LIMIT = 17.0  # the log-odds of _EDGE, rounded up
_CELLS = 4096
_LARGEST = 80.0  # log-odds whose exponential float32 still holds


class Beta:
    """Numbers of 0 to 1 with a beta distribution, drawn by their quantile.

    The log-odds of the number are tabulated over the log-odds of the uniform one: near 0 and 1,
    where the quantiles of small parameters are steep, one is a straight line over the other.

    Args:
        a: Number above 0: the larger, the fewer near 0.
        b: Number above 0: the larger, the fewer near 1.

    Example:
        >>> Beta(1, 1).at(np.array([0.25]), np).round(3), Beta(0.2, 0.2).at(np.array([0.5]), np)
        (array([0.25]), array([0.5]))
    """

    def __init__(self, a: float, b: float) -> None:
        self._table = _log_odds(float(a), float(b))

    def at(self, u: Tensor, xp: Any) -> Tensor:
        """Turn uniform numbers of [0, 1) into beta-distributed ones.

        Args:
            u: (B,) numbers.
            xp: `numpy` or `keras.ops`.

        Returns:
            (B,) numbers.
        """
        u = xp.clip(u, _EDGE, 1 - _EDGE)
        place = (xp.log(u) - xp.log(1 - u) + _LIMIT) * (_CELLS / (2 * _LIMIT))
        cell = xp.floor(place)
        number = cast(cell, "int32", xp)
        table = xp.array(self._table, dtype=u.dtype)
        start, end = xp.take(table, number, axis=0), xp.take(table, number + 1, axis=0)
        return 1 / (1 + xp.exp(-(start + (place - cell) * (end - start))))


@lru_cache(maxsize=64)
def _log_odds(a: float, b: float) -> Array:
    """Log-odds of the quantiles at `_CELLS + 1` even log-odds of the uniform number.

    The density over z = log(x / (1 - x)) is x^a (1 - x)^b, smooth, with exponential tails. It is
    added up from both ends, for the sake of small numbers there.
    """
    reach = [np.arcsinh(60 / c + 20 / np.sqrt(c)) for c in (a, b)]
    t = np.linspace(-reach[0], reach[1], 20001)
    z = np.log(a / b) + np.sinh(t)  # fine in the middle and coarse in the long tails
    logarithm = -a * np.logaddexp(0, -z) - b * np.logaddexp(0, z)
    density = np.exp(logarithm - logarithm.max()) * np.cosh(t)
    pieces = (density[1:] + density[:-1]) / 2
    below, above = np.cumsum(pieces)[:-1], np.cumsum(pieces[::-1])[::-1][1:]
    with np.errstate(divide="ignore"):
        odds = np.log(below) - np.log(above)
    known = np.isfinite(odds)
    wanted = np.linspace(-_LIMIT, _LIMIT, _CELLS + 1)
    found = np.interp(wanted, odds[known], z[1:-1][known])
    return np.clip(found, -_LARGEST, _LARGEST)  # type: ignore[no-any-return]
