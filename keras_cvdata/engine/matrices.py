"""Builders of 3 x 3 matrices that lead from output to input pixel centres.

All of them are written for `numpy` and `keras.ops` alike. The first axis of every argument and
result is the batch. A point is `(x, y, 1)`; the first pixel has its centre at `(0, 0)` and the
image at `((width - 1) / 2, (height - 1) / 2)`; y points down.
"""

from __future__ import annotations

from typing import Any

from keras_cvdata.engine.portable import Tensor


def stack(rows: list[list[Tensor]], xp: Any) -> Tensor:
    """Stack 3 rows of 3 entries, each a (B,) array, into (B, 3, 3)."""
    return xp.stack([xp.stack(row, axis=-1) for row in rows], axis=-2)


def affine(linear: tuple[Tensor, Tensor, Tensor, Tensor], x: Tensor, y: Tensor, xp: Any) -> Tensor:
    """Build a matrix from its linear part (xx, xy, yx, yy) and its translation."""
    xx, xy, yx, yy = linear
    zero, one = xp.zeros_like(xx), xp.ones_like(xx)
    return stack([[xx, xy, x], [yx, yy, y], [zero, zero, one]], xp)


def shift(x: Tensor, y: Tensor, xp: Any) -> Tensor:
    """Read every pixel from a place `x` to the right and `y` below.

    Args:
        x: (B,) pixels.
        y: (B,) pixels.
        xp: `numpy` or `keras.ops`.

    Returns:
        (B, 3, 3) matrices.

    Example:
        >>> import numpy as np
        >>> shift(np.array([2.0]), np.array([1.0]), np)[0] @ [0, 0, 1]
        array([2., 1., 1.])
    """
    one, zero = xp.ones_like(x), xp.zeros_like(x)
    return affine((one, zero, zero, one), x, y, xp)


def about_centre(
    linear: tuple[Tensor, Tensor, Tensor, Tensor], height: Tensor, width: Tensor, xp: Any
) -> Tensor:
    """Build the matrix that applies a linear part (xx, xy, yx, yy) about the image's centre.

    Args:
        linear: Four (B,) arrays.
        height: Height of the image in pixels, a number or (B,).
        width: Width of the image in pixels, a number or (B,).
        xp: `numpy` or `keras.ops`.

    Returns:
        (B, 3, 3) matrices.

    Example:
        >>> import numpy as np
        >>> mirror = about_centre((-np.ones(1), np.zeros(1), np.zeros(1), np.ones(1)), 4, 6, np)
        >>> mirror[0] @ [0, 0, 1]
        array([5., 0., 1.])
    """
    xx, xy, yx, yy = linear
    x, y = (width - 1) / 2, (height - 1) / 2
    return affine(linear, x - xx * x - xy * y, y - yx * x - yy * y, xp)


def identity_like(matrix: Tensor, xp: Any) -> Tensor:
    """Build as many identities as `matrix` has entries in its batch."""
    one, zero = xp.ones_like(matrix[:, 0, 0]), xp.zeros_like(matrix[:, 0, 0])
    return affine((one, zero, zero, one), zero, zero, xp)


def multiply(first: Tensor, second: Tensor, xp: Any) -> Tensor:
    """Multiply (B, 3, 3) matrices; `second` is applied to an output point first.

    Written out, because accelerators shorten the operands of their matrix product to 10 bits.
    """
    return xp.sum(first[:, :, :, None] * second[:, None, :, :], axis=2)


def turn(
    cosine: Tensor, sine: Tensor, scale: tuple[Tensor, Tensor]
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Build the linear part that turns an image counter-clockwise, then scales it.

    Args:
        cosine: Of the angle, (B,).
        sine: Of the angle, (B,).
        scale: Pixels of the turned image for each pixel of the output, (down, across), (B,) each.

    Returns:
        xx, xy, yx, yy from output to input.
    """
    down, across = scale
    return cosine * across, -sine * down, sine * across, cosine * down
