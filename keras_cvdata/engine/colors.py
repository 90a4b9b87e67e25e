"""Colour matrices, for `numpy` and `keras.ops` alike: (B, 3, 4) from red, green, blue and 1."""

from __future__ import annotations

from typing import Any

from keras_cvdata.engine.portable import Tensor

LUMA = (0.299, 0.587, 0.114)
"""Share of red, green and blue in the brightness of a colour (ITU-R BT.601)."""


def towards_gray(saturation: Tensor, xp: Any) -> Tensor:
    """Build matrices that multiply the distance of every colour from the grey of its brightness.

    Args:
        saturation: (B,) gain; 0 gives grey, 1 changes nothing.
        xp: `numpy` or `keras.ops`.

    Returns:
        (B, 3, 4) matrices.

    Example:
        >>> import numpy as np
        >>> towards_gray(np.array([0.0]), np)[0, 2].round(3).tolist()
        [0.299, 0.587, 0.114, 0.0]
    """
    zero = xp.zeros_like(saturation)
    rows = [
        [
            (1 - saturation) * share + (saturation if i == j else zero)
            for j, share in enumerate(LUMA)
        ]
        for i in range(3)
    ]
    return xp.stack([xp.stack([*row, zero], axis=-1) for row in rows], axis=-2)
