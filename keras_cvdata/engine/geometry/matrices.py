"""Builders of 3 x 3 matrices that lead from output to input pixel centres.

All of them are written for `numpy` and `keras.ops` alike. The first axis of every argument and
result is the batch. A point is `(x, y, 1)`; the first pixel has its centre at `(0, 0)` and the
image at `((width - 1) / 2, (height - 1) / 2)`; y points down.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from keras_cvdata.engine.array_api import Tensor


def stack(rows: list[list[Tensor]], xp: Any) -> Tensor:
    """Stack 3 rows of 3 entries, each a (B,) array, into (B, 3, 3)."""
    if xp is np:  # a tenth of the time; equal entries of many matrices lie side by side
        entries = [entry for row in rows for entry in row]
        result = np.empty((9, len(entries[0])), np.result_type(*entries))
        for position, entry in enumerate(entries):
            result[position] = entry
        return result.T.reshape(-1, 3, 3)
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
    products = first[:, :, :, None] * second[:, None, :, :]
    if xp is np:  # the same sums in half of the time
        return products[:, :, 0] + products[:, :, 1] + products[:, :, 2]
    return xp.sum(products, axis=2)


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


def perspective(x: Tensor, y: Tensor, height: Tensor, width: Tensor, xp: Any) -> Tensor:
    """Read a four-sided part of the output as if it were the whole image.

    Args:
        x: (B, 4) how far the corners lie from those of the frame across, as shares of the width:
            top left, top right, bottom right, bottom left.
        y: (B, 4) how far they lie down, as shares of the height.
        height: Height of the image in pixels, a number or (B,).
        width: Width of the image in pixels, a number or (B,).
        xp: `numpy` or `keras.ops`.

    Returns:
        (B, 3, 3) projective matrices, positive in their last entry.

    Example:
        >>> import numpy as np
        >>> x = np.array([[0.0, 0.5, 0.5, 0.0]])  # the right side moves by half of the width
        >>> perspective(x, 0 * x, 4, 6, np)[0] @ [8.5, 0.0, 1.0] / 1.5
        array([5.5, 0. , 1. ])
    """
    x0, x1, x2, x3 = (x[:, i] + at for i, at in enumerate((0, 1, 1, 0)))
    y0, y1, y2, y3 = (y[:, i] + at for i, at in enumerate((0, 0, 1, 1)))
    # From the unit square to the four corners (Heckbert 1989, "Fundamentals of texture mapping").
    x_skew, y_skew = x0 - x1 + x2 - x3, y0 - y1 + y2 - y3
    whole = (x1 - x2) * (y3 - y2) - (x3 - x2) * (y1 - y2)
    g = (x_skew * (y3 - y2) - (x3 - x2) * y_skew) / whole
    h = ((x1 - x2) * y_skew - x_skew * (y1 - y2)) / whole
    a, b, c = x1 - x0 + g * x1, x3 - x0 + h * x3, x0
    d, e, f = y1 - y0 + g * y1, y3 - y0 + h * y3, y0
    # Back, but for the determinant: (e - f h) u + (c h - b) v + b f - c e over a depth, and so on.
    return _of_unit_square(
        [
            [e - f * h, c * h - b, b * f - c * e],
            [f * g - d, a - c * g, c * d - a * f],
            [d * h - e * g, b * g - a * h, a * e - b * d],
        ],
        height,
        width,
        xp,
    )


def _of_unit_square(rows: list[list[Tensor]], height: Tensor, width: Tensor, xp: Any) -> Tensor:
    """Turn matrices on the unit square into those on pixel centres, exact for the identity."""
    (a, b, c), (d, e, f), (g, h, i) = rows
    g, h = g / width, h / height
    i = i + (g + h) / 2
    b, d = b * (width / height), d * (height / width)
    c, f = c * width + (a + b) / 2, f * height + (d + e) / 2
    return stack(
        [
            [a - g / 2, b - h / 2, c - i / 2],
            [d - g / 2, e - h / 2, f - i / 2],
            [g, h, i],
        ],
        xp,
    )
