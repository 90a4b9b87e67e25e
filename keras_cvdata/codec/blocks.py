"""Work on large images a block of rows at a time, so that what is made on the way stays small."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from keras_cvdata.types import Array

_VALUES = 1 << 18  # of a block; they stay in the cache of a core


def in_blocks(function: Callable[[Array], Array], pixels: Array) -> Array:
    """Apply a function that treats each row by itself.

    Args:
        function: Makes (h, W, C) or (h, W) of rows of `pixels`; the same dtype for all of them.
        pixels: (H, W) or (H, W, C).

    Returns:
        What the function gives for the whole.

    Example:
        >>> in_blocks(lambda rows: rows + 1, np.zeros((1000, 1000), np.uint8)).sum()
        np.uint64(1000000)
    """
    if pixels.size <= _VALUES:
        return function(pixels)
    step = max(1, _VALUES * len(pixels) // pixels.size)
    first = function(pixels[:step])
    out = np.empty((len(pixels), *first.shape[1:]), first.dtype)
    out[:step] = first
    for top in range(step, len(pixels), step):
        out[top : top + step] = function(pixels[top : top + step])
    return out
