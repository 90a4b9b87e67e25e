"""From the channels that an image has to those that are wanted."""

from __future__ import annotations

import cv2
import numpy as np

from keras_cvdata.codec.blocks import in_blocks
from keras_cvdata.types import Array, ImageError, full_scale

CHANNELS = {"grayscale": 1, "rgb": 3, "rgba": 4}

# What shows through where alpha is dropped, as share of the full scale: white, as on paper.
BACKGROUND = 1.0

_NATIVE = {np.dtype("uint8"), np.dtype("uint16"), np.dtype("float32")}
_CONVERSIONS = {
    (1, 3): cv2.COLOR_GRAY2RGB,
    (1, 4): cv2.COLOR_GRAY2RGBA,
    (3, 1): cv2.COLOR_RGB2GRAY,
    (3, 4): cv2.COLOR_RGB2RGBA,
}


def to_color_mode(pixels: Array, color_mode: str, name: str, row: int | None = None) -> Array:
    """Bring pixels to a color mode; the depth stays (R32).

    Grey is `0.299 R + 0.587 G + 0.114 B`. Where alpha is dropped, the image is laid on white.

    Args:
        pixels: (H, W) or (H, W, C), unsigned 8 or 16 bits, floats or booleans; RGB order.
        color_mode: "rgb", "grayscale", "rgba", or "unchanged" for any number of channels.
        name: Name of the image for messages.
        row: Row of the image in its source.

    Returns:
        (H, W, C), C-contiguous uint8, uint16 or float32; the input itself where it is that already.

    Raises:
        ImageError: The pixels are empty, or their dtype or channels do not fit.

    Example:
        >>> import numpy as np
        >>> to_color_mode(np.zeros((2, 3), "uint16"), "rgb", "a.png").shape
        (2, 3, 3)
    """
    if pixels.ndim == 2:
        pixels = pixels[:, :, None]
    if pixels.ndim != 3 or pixels.size == 0:
        reason = f"Pixels must be (height, width, channels) and not empty; got {pixels.shape}."
        raise ImageError(name, reason, row)
    pixels = to_native(pixels, name, row)
    channels = pixels.shape[2]
    wanted = channels if color_mode == "unchanged" else CHANNELS[color_mode]
    if channels != wanted:
        pixels = _convert(pixels, wanted, color_mode, name, row)
    return np.ascontiguousarray(pixels)


def _convert(pixels: Array, wanted: int, color_mode: str, name: str, row: int | None) -> Array:
    if pixels.shape[2] == 4:
        if pixels.dtype == np.float32:
            _check_alpha(pixels, name, row)
        pixels = drop_alpha(pixels)
        return pixels if wanted == 3 else cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)[:, :, None]
    conversion = _CONVERSIONS.get((pixels.shape[2], wanted))
    if conversion is None:
        hint = ""
        if pixels.shape[0] in (1, 3, 4):
            hint = " If the channels come first, use np.moveaxis(x, -3, -1)."
        reason = (
            f"{pixels.shape[2]} channels cannot be brought to color_mode={color_mode!r}, only 1, 3 "
            f"and 4. Use color_mode='unchanged'.{hint}"
        )
        raise ImageError(name, reason, row)
    converted = cv2.cvtColor(np.ascontiguousarray(pixels), conversion)
    return converted if wanted > 1 else converted[:, :, None]


def _check_alpha(pixels: Array, name: str, row: int | None) -> None:
    """Refuse floats of which nobody can say what white and full alpha are."""
    alpha = pixels[:, :, 3]
    opaque = bool((alpha == 1).all())
    if opaque or (pixels.min() >= 0 and pixels.max() <= 1):
        return
    reason = (
        f"Its alpha reaches from {alpha.min():g} to {alpha.max():g} and its pixels to "
        f"{pixels.max():g}; floats with alpha must lie in 0 to 1 to be laid on white. Divide them, "
        "or use color_mode='rgba'."
    )
    raise ImageError(name, reason, row)


def to_native(pixels: Array, name: str, row: int | None = None) -> Array:
    """Bring pixels to one of the three dtypes that everything here is made for.

    Args:
        pixels: Pixels of any shape.
        name: Name of the image for messages.
        row: Row of the image in its source.

    Returns:
        The same as uint8, uint16 or float32; booleans as 0 and 255.

    Raises:
        ImageError: They are integers of another kind.
    """
    if pixels.dtype in _NATIVE:
        return pixels
    kind, size = pixels.dtype.kind, pixels.dtype.itemsize
    if kind == "f":
        return pixels.astype(np.float32)
    if kind == "b":
        return pixels.astype(np.uint8) * 255
    if kind == "u" and size == 2:  # the other byte order
        return pixels.astype(np.uint16)
    reason = (
        f"Pixels must be uint8, uint16, floats or booleans; got {pixels.dtype}. Convert them, for "
        "example with `x.astype('uint8')`."
    )
    raise ImageError(name, reason, row)


def drop_alpha(pixels: Array) -> Array:
    """Lay RGBA pixels on `BACKGROUND`.

    Args:
        pixels: (H, W, 4) uint8, uint16 or float32.

    Returns:
        (H, W, 3) of the same dtype, rounded once.
    """
    if (pixels[:, :, 3] == full_scale(pixels.dtype)).all():
        return np.ascontiguousarray(pixels[:, :, :3])
    return in_blocks(_blend, pixels)


def _blend(pixels: Array) -> Array:
    full = full_scale(pixels.dtype)
    color, alpha = pixels[:, :, :3], pixels[:, :, 3:]
    if pixels.dtype == np.float32:
        return color * alpha + np.float32(BACKGROUND) * (1 - alpha)
    # full * full + full // 2 fits twice the bits.
    wide = np.dtype(np.uint16 if pixels.dtype == np.uint8 else np.uint32)
    weight = alpha.astype(wide)
    mixed: Array = color * weight
    mixed += (int(full) - weight) * int(BACKGROUND * full) + int(full) // 2
    mixed //= int(full)
    return mixed.astype(pixels.dtype)


def divide_by_alpha(pixels: Array) -> Array:
    """Undo the multiplication of colours by their alpha.

    Args:
        pixels: (H, W, 4) uint8, uint16 or float32.

    Returns:
        The same with colours as if alpha were full; what was clear is black.
    """
    return in_blocks(_divide, pixels)


def _divide(pixels: Array) -> Array:
    full = full_scale(pixels.dtype)
    # Quotients of 8 bits lie 1/510 from where they are rounded up or on it: float32 tells.
    wide = np.dtype(np.float32 if pixels.dtype == np.uint8 else np.float64)
    color, alpha = pixels[:, :, :3].astype(wide), pixels[:, :, 3:]
    color = np.minimum(color * full / np.where(alpha == 0, 1, alpha), full)
    if pixels.dtype != np.float32:
        color = np.rint(color)
    return np.concatenate([color.astype(pixels.dtype), alpha], axis=2)
