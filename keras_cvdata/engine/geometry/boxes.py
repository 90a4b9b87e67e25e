"""Bounding boxes and their formats, on `xp` of both kinds.

A box is left, top, right, bottom in pixels, measured to the edges of pixels: the box of the whole
image is (0, 0, width, height), and the centre of the first pixel is (0.5, 0.5).
"""

from __future__ import annotations

from typing import Any

from keras_cvdata.engine.array_api import Tensor

FORMATS = tuple(
    prefix + kind
    for prefix in ("", "rel_")
    for kind in ("xyxy", "yxyx", "xywh", "yxhw", "center_xywh", "center_yxhw")
)
"""Formats of Keras: corners, corner and size, or centre and size; `rel_` in parts of the sides."""


def to_pixels(boxes: Tensor, box_format: str, height: Tensor, width: Tensor, xp: Any) -> Tensor:
    """Read boxes of a format as left, top, right, bottom in pixels.

    Args:
        boxes: (B, N, 4).
        box_format: One of `FORMATS`.
        height: Height of the images.
        width: Width of the images.
        xp: `numpy` or `keras.ops`.

    Returns:
        (B, N, 4).

    Example:
        >>> import numpy as np
        >>> to_pixels(np.array([[[0.5, 0.5, 0.25, 0.5]]]), "rel_center_xywh", 8, 16, np).tolist()
        [[[6.0, 2.0, 10.0, 6.0]]]
    """
    a, b, c, d = (boxes[..., i] for i in range(4))
    if box_format.removeprefix("rel_").removeprefix("center_").startswith("y"):
        a, b, c, d = b, a, d, c
    if "center" in box_format:
        a, b = a - c / 2, b - d / 2
    if "h" in box_format:
        c, d = a + c, b + d
    if box_format.startswith("rel"):
        a, b, c, d = a * width, b * height, c * width, d * height
    return xp.stack([a, b, c, d], axis=-1)


def from_pixels(boxes: Tensor, box_format: str, height: Tensor, width: Tensor, xp: Any) -> Tensor:
    """Write boxes in a format; the inverse of `to_pixels`.

    Args:
        boxes: (B, N, 4) left, top, right, bottom in pixels.
        box_format: One of `FORMATS`.
        height: Height of the images.
        width: Width of the images.
        xp: `numpy` or `keras.ops`.

    Returns:
        (B, N, 4).
    """
    a, b, c, d = (boxes[..., i] for i in range(4))
    if box_format.startswith("rel"):
        a, b, c, d = a / width, b / height, c / width, d / height
    if "h" in box_format:
        c, d = c - a, d - b
    if "center" in box_format:
        a, b = a + c / 2, b + d / 2
    if box_format.removeprefix("rel_").removeprefix("center_").startswith("y"):
        a, b, c, d = b, a, d, c
    return xp.stack([a, b, c, d], axis=-1)
