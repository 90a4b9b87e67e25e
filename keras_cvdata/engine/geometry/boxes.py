"""Bounding boxes: their formats, and how pixels that move take them along, on `xp` of both kinds.

A box is left, top, right, bottom in pixels, measured to the edges of pixels: the box of the whole
image is (0, 0, width, height), and the centre of the first pixel is (0.5, 0.5).
"""

from __future__ import annotations

from typing import Any

from keras_cvdata.engine.array_api import Tensor, cast
from keras_cvdata.engine.geometry.fields import displacement_at

# Points on each side of a box that are followed through a field.
_POINTS = 9
_ROUNDS = 4


def clip(
    boxes: Tensor, height: Tensor, width: Tensor, min_visible: float, xp: Any
) -> tuple[Tensor, Tensor]:
    """Cut boxes at the border, and say which of them still show enough.

    Args:
        boxes: (B, N, 4) boxes in pixels.
        height: Height of the images.
        width: Width of the images.
        min_visible: Share of the area of a box, 0 to 1, that must lie inside the image.
        xp: `numpy` or `keras.ops`.

    Returns:
        (B, N, 4) boxes inside the image and (B, N) bool, whether each shows enough.

    Example:
        >>> import numpy as np
        >>> boxes, seen = clip(np.array([[[-3.0, 0.0, 1.0, 4.0]]]), 10, 10, 0.5, np)
        >>> boxes.tolist(), seen.tolist()
        ([[[0.0, 0.0, 1.0, 4.0]]], [[False]])
    """
    left, top, right, bottom = (boxes[..., i] for i in range(4))
    before = (right - left) * (bottom - top)
    left, right = xp.clip(left, 0, width), xp.clip(right, 0, width)
    top, bottom = xp.clip(top, 0, height), xp.clip(bottom, 0, height)
    area = (right - left) * (bottom - top)
    seen = xp.logical_and(area > 0, area >= min_visible * before)
    return xp.stack([left, top, right, bottom], axis=-1), seen


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


def by_matrix(boxes: Tensor, matrix: Tensor, xp: Any) -> Tensor:
    """Lead (B, N, 4) boxes through the inverse of (1 or B, 3, 3) output-to-input matrices.

    A box that is turned becomes the smallest upright box round it, so it may grow.
    """
    (a, b, c), (d, e, f), (g, h, i) = (
        [matrix[:, row, column][:, None, None] for column in range(3)] for row in range(3)
    )
    left, top, right, bottom = (boxes[..., k] - 0.5 for k in range(4))
    x = xp.stack([left, right, right, left], axis=-1)
    y = xp.stack([top, top, bottom, bottom], axis=-1)
    # The inverse but for its determinant, which cancels out.
    to_x = (e * i - f * h) * x + (c * h - b * i) * y + (b * f - c * e)
    to_y = (f * g - d * i) * x + (a * i - c * g) * y + (c * d - a * f)
    depth = (d * h - e * g) * x + (b * g - a * h) * y + (a * e - b * d)
    return _around(to_x / depth, to_y / depth, xp)


def _around(x: Tensor, y: Tensor, xp: Any) -> Tensor:
    """Smallest boxes round (B, N, points) pixel centres."""
    sides = (xp.min(x, axis=-1), xp.min(y, axis=-1), xp.max(x, axis=-1), xp.max(y, axis=-1))
    return xp.stack(sides, axis=-1) + 0.5


def by_rectangles(boxes: Tensor, rectangles: Tensor, xp: Any) -> Tensor:
    """Let (B, N, 4) boxes follow pasted rectangles; of a torn box the largest piece is kept."""
    rectangles = cast(rectangles, "float32", xp)
    best, largest = boxes, xp.zeros_like(boxes[..., 0])
    left, top, right, bottom = (boxes[..., k] for k in range(4))
    for r in range(rectangles.shape[1]):
        to_y, to_x, end_y, end_x, y, x = (rectangles[:, r, k][:, None] for k in range(6))
        from_left, from_top = xp.maximum(left, x), xp.maximum(top, y)
        from_right = xp.minimum(right, x + end_x - to_x)
        from_bottom = xp.minimum(bottom, y + end_y - to_y)
        area = xp.maximum(from_right - from_left, 0) * xp.maximum(from_bottom - from_top, 0)
        across, down = to_x - x, to_y - y
        moved = xp.stack(
            [from_left + across, from_top + down, from_right + across, from_bottom + down], axis=-1
        )
        larger = area > largest
        best = xp.where(larger[..., None], moved, best)
        largest = xp.where(larger, area, largest)
    return best


def by_field(boxes: Tensor, grid: Tensor, height: Tensor, width: Tensor, xp: Any) -> Tensor:
    """Follow points on the sides of boxes; a pixel at `q` is read from `q + shift(q)`."""
    along = xp.linspace(0.0, 1.0, _POINTS)
    left, top, right, bottom = (boxes[..., k][..., None] - 0.5 for k in range(4))
    across = left + (right - left) * along
    down = top + (bottom - top) * along
    x = xp.concatenate([across, across, left + 0 * along, right + 0 * along], axis=-1)
    y = xp.concatenate([top + 0 * along, bottom + 0 * along, down, down], axis=-1)
    to_x, to_y = x, y
    for _ in range(_ROUNDS):
        shift = displacement_at(grid, to_y, to_x, height, width, xp)
        to_x, to_y = x - shift[..., 0], y - shift[..., 1]
    return _around(to_x, to_y, xp)
