"""Warps by SciPy, for tests of layers."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import ndimage

_MODES = {"wrap": "grid-wrap", "constant": "grid-constant"}


def read_at(
    image: np.ndarray,
    place: Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]],
    fill_mode: str = "reflect",
    fill: float = 0.0,
    size: tuple[int, int] | None = None,
) -> np.ndarray:
    """Read each pixel (x, y) from where `place(x, y)` says, by bilinear interpolation."""
    height, width = size or image.shape[:2]
    y, x = np.mgrid[:height, :width].astype(float)
    from_x, from_y = place(x, y)
    channels = [
        ndimage.map_coordinates(
            channel, [from_y, from_x], order=1, mode=_MODES.get(fill_mode, fill_mode), cval=fill
        )
        for channel in np.moveaxis(image.astype(float), -1, 0)
    ]
    return np.stack(channels, axis=-1)


def limit(image: np.ndarray) -> float:
    """How far one rounded warp may be from the exact one."""
    return 0.51 if image.dtype == np.uint8 else 0.02 / 255
