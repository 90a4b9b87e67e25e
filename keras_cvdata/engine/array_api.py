"""The few words that NumPy and `keras.ops` spell differently, for code that runs on both."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

Tensor: TypeAlias = Any
"""A NumPy array where `xp` is `numpy`, a tensor of the backend where it is `keras.ops`."""

Parameters: TypeAlias = dict[str, Tensor]
"""What a layer drew for a batch: named arrays whose first axis is the batch."""

NUDGE = 2.0**-12
"""Moves points halfway between two pixels to the later one, whatever their last bit says."""


def cast(x: Tensor, dtype: str, xp: Any) -> Tensor:
    """Convert `x` to `dtype`, and leave it alone where it has that dtype already."""
    return xp.asarray(x, dtype) if xp is np else xp.cast(x, dtype)


def to_levels(unit: Tensor, top: float, xp: Any) -> Tensor:
    """Round values of 0 to 1 to the whole levels 0 to `top`, the same way on every backend.

    Halves go up. Values like 0.5 * 255 lie on a half in exact arithmetic and a hair beside it in
    float32, on either side, so the limit is moved down by 1/1024 level.

    Args:
        unit: Values of 0 to 1.
        top: The level of 1, for example 255.
        xp: `numpy` or `keras.ops`.

    Returns:
        Whole numbers of the dtype of `unit`.

    Example:
        >>> import numpy as np
        >>> to_levels(np.array([0.0, 0.5, 1.0], np.float32), 255, np)
        array([  0., 128., 255.], dtype=float32)
    """
    return xp.floor(unit * top + (0.5 + 2.0**-10))
