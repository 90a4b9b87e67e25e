"""Which part of an image crops and resizes show, for images of any size."""

from __future__ import annotations

from typing import Any

from keras_cvdata.engine.array_api import Parameters, Tensor, cast
from keras_cvdata.engine.geometry.matrices import affine


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


def fixed_crop(
    p: Parameters, size: tuple[Tensor, Tensor], height: Tensor, width: Tensor, xp: Any
) -> Parameters:
    """Place a window of a fixed size in an image, by whole pixels.

    An image that is smaller than the window in a direction is taken as enlarged, with its aspect
    kept, just enough to cover it; then the place is no whole number.

    Args:
        p: (B,) arrays `y` and `x`, place from 0 (top, left) to 1 (bottom, right).
        size: (height, width) of the window.
        height: Height of the image in pixels, a number or (B,).
        width: Width of the image in pixels, a number or (B,).
        xp: `numpy` or `keras.ops`.

    Returns:
        `top`, `left`, `tall` and `wide` in pixels of the image, (B,) each.

    Example:
        >>> import numpy as np
        >>> middle = {"y": np.array([0.5]), "x": np.array([0.5])}
        >>> window = fixed_crop(middle, (20, 20), 40, 31, np)
        >>> {name: float(x[0]) for name, x in window.items()}
        {'top': 10.0, 'left': 5.0, 'tall': 20.0, 'wide': 20.0}
        >>> window = fixed_crop(middle, (20, 20), 40, 10, np)
        >>> {name: float(x[0]) for name, x in window.items()}
        {'top': 15.0, 'left': 0.0, 'tall': 10.0, 'wide': 10.0}
    """
    zero = xp.zeros_like(p["y"])
    height, width = height + zero, width + zero
    enlarged = xp.maximum(xp.maximum(size[0] / height, size[1] / width), 1.0)
    tall, wide = size[0] / enlarged, size[1] / enlarged

    def place(at: Tensor, free: Tensor) -> Tensor:
        whole = xp.maximum(xp.ceil(at * (free + 1)) - 1, 0.0)
        return xp.where(enlarged > 1, at * free, whole)

    top, left = place(p["y"], height - tall), place(p["x"], width - wide)
    return {"top": top, "left": left, "tall": tall, "wide": wide}


def letterbox(
    height: Tensor, width: Tensor, size: tuple[int, int], xp: Any
) -> tuple[Tensor, Tensor]:
    """Say how large an image is in a frame that it fits into with its aspect kept.

    Args:
        height: Height of the image in pixels, a whole number.
        width: Width of the image in pixels, a whole number.
        size: (height, width) of the frame.
        xp: `numpy` or `keras.ops`.

    Returns:
        Height and width in whole pixels, at least 1.

    Example:
        >>> import numpy as np
        >>> tuple(int(side) for side in letterbox(100, 400, (50, 60), np))
        (15, 60)
    """
    # Twice the side, so that halves round up in whole numbers.
    tall = (2 * height * size[1] + width) // (2 * width)
    wide = (2 * width * size[0] + height) // (2 * height)
    return xp.clip(tall, 1, size[0]), xp.clip(wide, 1, size[1])


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


def frame_matrix(size: tuple[int, int], fit: str, height: Tensor, width: Tensor, xp: Any) -> Tensor:
    """Build the matrices that bring whole images to a size.

    Args:
        size: (height, width) of the result.
        fit: "stretch", "crop" to the aspect of `size`, or "pad" to it.
        height: Height of the images in pixels, a number or (B,).
        width: Width of the images in pixels, a number or (B,).
        xp: `numpy` or `keras.ops`.

    Returns:
        (1 or B, 3, 3) from output to input pixel centres.

    Example:
        >>> import numpy as np
        >>> frame_matrix((10, 10), "crop", 20, 40, np)[0, :2].tolist()
        [[2.0, 0.0, 10.5], [0.0, 2.0, 0.5]]
    """
    height, width = sides(height, xp), sides(width, xp)
    return window_matrix(_WINDOWS[fit](size, height, width, xp), size, xp)


def sides(length: Tensor, xp: Any) -> Tensor:
    """Bring heights or widths, a number or (B,), to (1 or B,) floats."""
    dtype = "float64" if xp.__name__ == "numpy" else "float32"
    return xp.reshape(cast(length, dtype, xp), (-1,))


def _stretch(size: tuple[int, int], height: Tensor, width: Tensor, xp: Any) -> Parameters:
    zero = xp.zeros_like(height)
    return {"top": zero, "left": zero, "tall": height, "wide": width}


def _crop(size: tuple[int, int], height: Tensor, width: Tensor, xp: Any) -> Parameters:
    scale = xp.minimum(height / size[0], width / size[1])
    tall, wide = size[0] * scale, size[1] * scale
    return {"top": (height - tall) / 2, "left": (width - wide) / 2, "tall": tall, "wide": wide}


def _pad(size: tuple[int, int], height: Tensor, width: Tensor, xp: Any) -> Parameters:
    """The image becomes whole pixels, so both sides have a scale of their own."""
    scale = xp.maximum(height / size[0], width / size[1])
    down = height / xp.maximum(xp.round(height / scale), 1)
    across = width / xp.maximum(xp.round(width / scale), 1)
    return {
        "top": -xp.floor((size[0] - height / down) / 2 + 1e-3) * down,
        "left": -xp.floor((size[1] - width / across) / 2 + 1e-3) * across,
        "tall": size[0] * down,
        "wide": size[1] * across,
    }


_WINDOWS = {"stretch": _stretch, "crop": _crop, "pad": _pad}
