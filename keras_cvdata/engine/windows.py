"""Which part of an image a random resized crop shows, for images of any size."""

from __future__ import annotations

from typing import Any

from keras_cvdata.engine.matrices import affine
from keras_cvdata.engine.portable import Parameters, Tensor


def resized_crop(p: Parameters, height: Tensor, width: Tensor, xp: Any) -> Parameters:
    """Place a window of a share of the area and an aspect ratio in an image.

    A window that would be longer than a side of the image is made smaller, with its aspect kept.

    Args:
        p: (B,) arrays: `area`, share of the area; `ratio`, width by height; `y` and `x`, place
            from 0 (top, left) to 1 (bottom, right).
        height: Height of the image in pixels, a number or (B,).
        width: Width of the image in pixels, a number or (B,).
        xp: `numpy` or `keras.ops`.

    Returns:
        `top`, `left`, `tall` and `wide` in pixels, (B,) each.

    Example:
        >>> import numpy as np
        >>> p = {name: np.array([0.25]) for name in ("area", "y", "x")} | {"ratio": np.ones(1)}
        >>> {name: float(x[0]) for name, x in resized_crop(p, 40, 40, np).items()}
        {'top': 5.0, 'left': 5.0, 'tall': 20.0, 'wide': 20.0}
    """
    area = p["area"] * height * width
    tall, wide = xp.sqrt(area / p["ratio"]), xp.sqrt(area * p["ratio"])
    fit = xp.minimum(xp.minimum(height / tall, width / wide), xp.ones_like(tall))
    tall, wide = tall * fit, wide * fit
    return {
        "top": p["y"] * (height - tall),
        "left": p["x"] * (width - wide),
        "tall": tall,
        "wide": wide,
    }


def window_matrix(window: Parameters, size: tuple[Tensor, Tensor], xp: Any) -> Tensor:
    """Build the matrices that stretch windows to a size.

    Args:
        window: `top`, `left`, `tall` and `wide` in pixels, (B,) each.
        size: (height, width) of the result.
        xp: `numpy` or `keras.ops`.

    Returns:
        (B, 3, 3) from output to input pixel centres.
    """
    down, across = window["tall"] / size[0], window["wide"] / size[1]
    zero = xp.zeros_like(down)
    x, y = window["left"] + (across - 1) / 2, window["top"] + (down - 1) / 2
    return affine((across, zero, zero, down), x, y, xp)
