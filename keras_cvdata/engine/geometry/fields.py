"""Smooth fields of displacement, spread from a coarse grid over all pixels."""

from __future__ import annotations

from typing import Any

from keras_cvdata.engine.array_api import Tensor, cast


def displacement(grid: Tensor, height: Tensor, width: Tensor, xp: Any) -> Tensor:
    """Spread shifts at the points of a grid over an image by cubic B-splines.

    The points lie evenly; the outermost lie beyond the border, so that every pixel is reached by
    four of them in each direction. The field is twice continuously differentiable.

    Args:
        grid: (B, rows, columns, 2) shifts across and down, at least 4 rows and columns.
        height: Height of the image in pixels.
        width: Width of the image in pixels.
        xp: `numpy` or `keras.ops`.

    Returns:
        (B, height, width, 2) shifts across and down, float32.

    Example:
        >>> import numpy as np
        >>> displacement(np.full((1, 4, 5, 2), 3.0), 7, 9, np).round(5).min()
        np.float32(3.0)
    """
    grid = cast(grid, "float32", xp)
    down, across = weights(grid.shape[1], height, xp), weights(grid.shape[2], width, xp)
    # Sums written out: accelerators shorten the operands of their matrix product to 10 bits.
    rows = sum(
        down[None, :, i, None, None] * grid[:, None, i] for i in range(grid.shape[1])
    )  # (B, height, columns, 2)
    return sum(across[None, None, :, i, None] * rows[:, :, None, i] for i in range(grid.shape[2]))


def weights(points: int, length: Tensor, xp: Any) -> Tensor:
    """Say how much each point of a grid counts for each pixel of a side.

    Args:
        points: Number of points along the side, at least 4.
        length: Number of pixels along the side.
        xp: `numpy` or `keras.ops`.

    Returns:
        (length, points) float32, summing up to 1 for each pixel.
    """
    return _weights(points, cast(xp.arange(length), "float32", xp), length, xp)


def displacement_at(
    grid: Tensor, y: Tensor, x: Tensor, height: Tensor, width: Tensor, xp: Any
) -> Tensor:
    """Say what `displacement` gives at some places, which may lie between pixels.

    Args:
        grid: As in `displacement`.
        y: (B, ...) pixel centres down; beyond the border the shift of the border is given.
        x: (B, ...) pixel centres across, likewise.
        height: Height of the image in pixels.
        width: Width of the image in pixels.
        xp: `numpy` or `keras.ops`.

    Returns:
        (B, ..., 2) shifts across and down.
    """
    down = _weights(grid.shape[1], xp.clip(y, 0, height - 1), height, xp)
    across = _weights(grid.shape[2], xp.clip(x, 0, width - 1), width, xp)
    shape = (-1, *(1 for _ in range(len(y.shape) - 1)), 2)
    return sum(
        (down[..., i] * across[..., j])[..., None] * xp.reshape(grid[:, i, j], shape)
        for i in range(grid.shape[1])
        for j in range(grid.shape[2])
    )


def _weights(points: int, at: Tensor, length: Tensor, xp: Any) -> Tensor:
    """Weight of each grid point at each pixel centre: (..., points)."""
    place = (at + 0.5) / cast(length, "float32", xp) * (points - 3) + 1
    away = xp.abs(place[..., None] - cast(xp.arange(points), "float32", xp))
    near = 2 / 3 - away * away * (1 - away / 2)
    far = xp.maximum(2 - away, 0.0) ** 3 / 6
    return xp.where(away < 1, near, far)
