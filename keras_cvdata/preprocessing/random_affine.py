"""Random moves of one image, as the functions of the old module."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from keras_cvdata.preprocessing.affine import apply_affine_transform
from keras_cvdata.preprocessing.randomness import random_state
from keras_cvdata.types import Array

_MIRRORED = {"uint8", "uint16", "float32", "float64"}  # by OpenCV, which knows no 64-bit integers


def flip_axis(x: Array, axis: int) -> Array:
    """Mirror an image along an axis.

    Args:
        x: An image of any shape.
        axis: The axis.

    Returns:
        A view of `x`.

    Example:
        >>> flip_axis(np.array([[1, 2], [3, 4]]), 1).tolist()
        [[2, 1], [4, 3]]
    """
    return np.flip(np.asarray(x), axis)


def mirror(x: Array, across: bool, channel_axis: int) -> Array:
    """Mirror an image left to right or top to bottom, in order in memory: what follows is faster.

    Args:
        x: One image of three axes; it is not changed.
        across: Left to right.
        channel_axis: Axis of the channels, 0 or 2.

    Returns:
        A new image of the same shape.
    """
    image = np.ascontiguousarray(np.moveaxis(x, channel_axis, 2))
    if image.shape[2] > 4 or image.dtype.name not in _MIRRORED:
        flipped = np.ascontiguousarray(np.flip(image, int(across)))
    else:
        flipped = cv2.flip(image, int(across)).reshape(image.shape)
    return np.moveaxis(flipped, 2, channel_axis)


def random_rotation(
    x: Array,
    rg: float,
    row_axis: int = 1,
    col_axis: int = 2,
    channel_axis: int = 0,
    fill_mode: str = "nearest",
    cval: float = 0.0,
    interpolation_order: int = 1,
) -> Array:
    """Rotate one image by a random angle, see `apply_affine_transform`.

    Args:
        x: One image of three axes.
        rg: Largest angle either way, in degrees.
        row_axis: Axis of the rows.
        col_axis: Axis of the columns.
        channel_axis: Axis of the channels.
        fill_mode: What lies beyond the border.
        cval: What `"constant"` fills with.
        interpolation_order: 0 for the nearest pixel, 1 for linear interpolation.

    Returns:
        An image of the same shape and dtype.
    """
    how = (row_axis, col_axis, channel_axis, fill_mode, cval, interpolation_order)
    theta = random_state().uniform(-rg, rg)
    return apply_affine_transform(x, theta, 0, 0, 0, 1, 1, *how)


def random_shift(
    x: Array,
    wrg: float,
    hrg: float,
    row_axis: int = 1,
    col_axis: int = 2,
    channel_axis: int = 0,
    fill_mode: str = "nearest",
    cval: float = 0.0,
    interpolation_order: int = 1,
) -> Array:
    """Shift one image at random, see `apply_affine_transform`.

    Args:
        x: One image of three axes.
        wrg: Largest part of the width, becomes `ty`.
        hrg: Largest part of the height, becomes `tx`.
        row_axis: Axis of the rows.
        col_axis: Axis of the columns.
        channel_axis: Axis of the channels.
        fill_mode: What lies beyond the border.
        cval: What `"constant"` fills with.
        interpolation_order: 0 for the nearest pixel, 1 for linear interpolation.

    Returns:
        An image of the same shape and dtype.
    """
    how = (row_axis, col_axis, channel_axis, fill_mode, cval, interpolation_order)
    tx = random_state().uniform(-hrg, hrg) * x.shape[row_axis]
    ty = random_state().uniform(-wrg, wrg) * x.shape[col_axis]
    return apply_affine_transform(x, 0, tx, ty, 0, 1, 1, *how)


def random_shear(
    x: Array,
    intensity: float,
    row_axis: int = 1,
    col_axis: int = 2,
    channel_axis: int = 0,
    fill_mode: str = "nearest",
    cval: float = 0.0,
    interpolation_order: int = 1,
) -> Array:
    """Shear one image at random, see `apply_affine_transform`.

    Args:
        x: One image of three axes.
        intensity: Largest angle either way, in degrees.
        row_axis: Axis of the rows.
        col_axis: Axis of the columns.
        channel_axis: Axis of the channels.
        fill_mode: What lies beyond the border.
        cval: What `"constant"` fills with.
        interpolation_order: 0 for the nearest pixel, 1 for linear interpolation.

    Returns:
        An image of the same shape and dtype.
    """
    how = (row_axis, col_axis, channel_axis, fill_mode, cval, interpolation_order)
    shear = random_state().uniform(-intensity, intensity)
    return apply_affine_transform(x, 0, 0, 0, shear, 1, 1, *how)


def random_zoom(
    x: Array,
    zoom_range: Sequence[float],
    row_axis: int = 1,
    col_axis: int = 2,
    channel_axis: int = 0,
    fill_mode: str = "nearest",
    cval: float = 0.0,
    interpolation_order: int = 1,
) -> Array:
    """Zoom one image by two random factors, see `apply_affine_transform`.

    Args:
        x: One image of three axes.
        zoom_range: Lowest and highest factor; below 1 magnifies.
        row_axis: Axis of the rows.
        col_axis: Axis of the columns.
        channel_axis: Axis of the channels.
        fill_mode: What lies beyond the border.
        cval: What `"constant"` fills with.
        interpolation_order: 0 for the nearest pixel, 1 for linear interpolation.

    Returns:
        An image of the same shape and dtype.

    Raises:
        ValueError: The range is not two numbers.
    """
    if len(zoom_range) != 2:
        raise ValueError(f"zoom_range must be the lowest and highest factor; got {zoom_range}.")
    how = (row_axis, col_axis, channel_axis, fill_mode, cval, interpolation_order)
    zx, zy = (1, 1) if tuple(zoom_range) == (1, 1) else random_state().uniform(*zoom_range, 2)
    return apply_affine_transform(x, 0, 0, 0, 0, zx, zy, *how)
