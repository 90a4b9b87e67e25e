"""The affine transform of the old class: its matrix and its borders, read by OpenCV.

Rows and columns are those of the old class, whose matrix is made for (x, y) and then used for
(row, column): since Keras 2.9 `tx` moves an image across and `ty` down, and images that are not
square turn about a point beside their centre. Equal numbers need the same here.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from typing import Any, NamedTuple

import numpy as np

from keras_cvdata.engine.opencv.pixel_exact import read
from keras_cvdata.engine.opencv.sampling import Sampling, remap
from keras_cvdata.types import Array


class Reading(NamedTuple):
    """How pixels are read; see `apply_affine_transform`."""

    fill_mode: str
    cval: float
    order: int


_BORDERS = ("nearest", "reflect", "constant", "wrap")


def transform_matrix_offset_center(matrix: Array, x: float, y: float) -> Array:
    """Have a matrix act about the centre of an image instead of its first pixel.

    Args:
        matrix: (3, 3).
        x: Extent of the image along the first coordinate, in pixels.
        y: Extent along the second.

    Returns:
        (3, 3) float64.

    Example:
        >>> half_turn = np.diag([-1.0, -1.0, 1.0])
        >>> transform_matrix_offset_center(half_turn, 4, 6) @ [0, 0, 1]
        array([3., 5., 1.])
    """
    centre = np.array([[1, 0, float(x) / 2 - 0.5], [0, 1, float(y) / 2 - 0.5], [0, 0, 1]])
    back = centre * [[1, 1, -1], [1, 1, -1], [1, 1, 1]]
    result: Array = centre @ matrix @ back
    return result


def apply_affine_transform(
    x: Array,
    theta: float = 0,
    tx: float = 0,
    ty: float = 0,
    shear: float = 0,
    zx: float = 1,
    zy: float = 1,
    row_axis: int = 1,
    col_axis: int = 2,
    channel_axis: int = 0,
    fill_mode: str = "nearest",
    cval: float = 0.0,
    order: int = 1,
) -> Array:
    """Rotate, shift, shear and zoom one image, in this order, as the old function does.

    They say where an output pixel is read from: a positive `tx` moves the content to the left, `ty`
    up, `theta` turns it counter-clockwise, and `zx` and `zy` below 1 magnify it.

    Args:
        x: One image of three axes, any number of channels.
        theta: Degrees.
        tx: Pixels across.
        ty: Pixels down.
        shear: Degrees.
        zx: Factor across.
        zy: Factor down.
        row_axis: Axis of the rows.
        col_axis: Axis of the columns.
        channel_axis: Axis of the channels, 0 or 2.
        fill_mode: What lies beyond the border: `"nearest"`, `"reflect"`, `"constant"` or `"wrap"`,
            with the meanings of `scipy.ndimage`; its other modes need SciPy.
        cval: What `"constant"` fills with.
        order: 0 takes the nearest pixel, 1 interpolates linearly; splines of order 2 to 5 need
            SciPy.

    Returns:
        An image of the same shape and dtype, read in float32; `x` itself where nothing is to be
        done.

    Raises:
        ValueError: The axes are not three different ones, or `x` has not three.
        ImportError: SciPy is needed and not installed.

    Example:
        >>> row = np.array([[[1.0], [2.0], [3.0]]])
        >>> axes = {"row_axis": 0, "col_axis": 1, "channel_axis": 2}
        >>> apply_affine_transform(row, tx=1, **axes).ravel().tolist()
        [2.0, 3.0, 3.0]
    """
    p = {"theta": theta, "tx": tx, "ty": ty, "shear": shear, "zx": zx, "zy": zy}
    axes = (row_axis, col_axis, channel_axis)
    return move(x, p, axes, Reading(fill_mode, cval, order), exchanged=col_axis > row_axis)


def move(
    x: Array, p: Mapping[str, Any], axes: tuple[int, int, int], how: Reading, *, exchanged: bool
) -> Array:
    """`apply_affine_transform` with its numbers in a dict, and a say about the axes.

    Args:
        x: One image.
        p: Some of `theta`, `tx`, `ty`, `shear`, `zx` and `zy`.
        axes: Axes of the rows, the columns and the channels.
        how: How pixels are read.
        exchanged: Whether `tx` and `zx` are about columns, as in the old class since Keras 2.9, or
            about rows; then `theta` turns the other way.

    Returns:
        An image of the same shape and dtype; `x` itself where nothing is to be done.
    """
    _check_axes(x, *axes)
    row_axis, col_axis, channel_axis = axes
    shift, zoom = (p.get("tx", 0), p.get("ty", 0)), (p.get("zx", 1), p.get("zy", 1))
    matrix = _matrix(p.get("theta", 0), shift, p.get("shear", 0), zoom)
    if matrix is None:
        return x
    matrix = transform_matrix_offset_center(matrix, x.shape[row_axis], x.shape[col_axis])
    if not exchanged:
        matrix = matrix[[1, 0, 2]][:, [1, 0, 2]]
    order_of_axes = (*sorted((row_axis, col_axis)), channel_axis)
    image = np.ascontiguousarray(np.transpose(x, order_of_axes))
    return np.transpose(_warp(image, matrix, how), np.argsort(order_of_axes))


def _check_axes(x: Array, *axes: int) -> None:
    if sorted(axes) != [0, 1, 2] or axes[2] == 1:
        raise ValueError(
            "row_axis, col_axis and channel_axis must be 0, 1 and 2 in some order, with the "
            f"channels first or last; got {axes}."
        )
    if np.ndim(x) != 3:
        raise ValueError(
            f"An image must have three axes, one of them for channels; got shape {np.shape(x)}."
        )


def _matrix(
    theta: float, shift: tuple[float, float], shear: float, zoom: tuple[float, float]
) -> Array | None:
    """From output to input about the first pixel, or `None` where it changes nothing."""
    parts = []
    if theta:
        turn = np.deg2rad(theta)
        cosine, sine = np.cos(turn), np.sin(turn)
        parts.append([[cosine, -sine, 0], [sine, cosine, 0], [0, 0, 1]])
    if shift != (0, 0):
        parts.append([[1, 0, shift[0]], [0, 1, shift[1]], [0, 0, 1]])
    if shear:
        slope = np.deg2rad(shear)
        parts.append([[1, -np.sin(slope), 0], [0, np.cos(slope), 0], [0, 0, 1]])
    if zoom != (1, 1):
        parts.append([[zoom[0], 0, 0], [0, zoom[1], 0], [0, 0, 1]])
    return reduce(np.matmul, map(np.array, parts)) if parts else None


def _warp(image: Array, matrix: Array, reading: Reading) -> Array:
    """Read (height, width, channels) pixels from where a matrix on (x, y) says."""
    fill_mode, cval, order = reading
    if order not in (0, 1) or fill_mode not in _BORDERS:
        return _warp_by_scipy(image, matrix, reading)
    pixels = image.astype(np.float32, copy=False)
    # A constant border starts at the last pixel and does not blend with it.
    border = "nearest" if fill_mode == "constant" else fill_mode
    how = Sampling(pixels.shape[:2], "bilinear", border, 0.0)
    if order and fill_mode != "wrap":
        result = read(pixels, matrix, how, None)
    else:
        result = _read_exactly(pixels, matrix, how, order)
    if np.may_share_memory(result, image):
        result = result.copy()
    if fill_mode == "constant":
        _fill_outside(result, matrix, cval)
    if image.dtype.kind in "iu":
        result = np.rint(result)
        if image.dtype.itemsize < 4:  # a fill may be beyond their range
            result = result.clip(np.iinfo(image.dtype).min, np.iinfo(image.dtype).max)
    return result.astype(image.dtype, copy=False)


def _places(matrix: Array, height: int, width: int) -> tuple[Array, Array]:
    """Where each output pixel is read from: (height, width) columns and rows, float64."""
    (a, b, x), (c, d, y), _ = matrix
    columns, rows = np.arange(width), np.arange(height)[:, None]
    # SciPy adds up in this order, so that equal places are on the same side of the border.
    return (x + b * rows) + a * columns, (y + d * rows) + c * columns


def _fill_outside(result: Array, matrix: Array, cval: float) -> None:
    height, width = result.shape[:2]
    across, down = _places(matrix, height, width)
    outside = (across < 0) | (across > width - 1) | (down < 0) | (down > height - 1)
    result[outside] = cval


def _read_exactly(pixels: Array, matrix: Array, how: Sampling, order: int) -> Array:
    """Read from places in float64: the nearest pixel hangs on their last bits, wrapping too."""
    places = _places(matrix, *how.size)
    if how.fill_mode == "wrap":  # as SciPy does: the last pixel and the first lie on one another
        height, width = how.size
        places = _wrapped(places[0], width - 1), _wrapped(places[1], height - 1)
        how = how._replace(fill_mode="nearest")
    if not order:
        places = np.floor(places[0] + 0.5), np.floor(places[1] + 0.5)
    x, y = (place.astype(np.float32) for place in places)
    return remap(pixels, x, y, how, None)


def _wrapped(place: Array, period: int) -> Array:
    if not period:
        return np.zeros_like(place)
    below = place + period * (np.floor(-place / period) + 1)
    above = place - period * np.floor(place / period)
    return np.where(place < 0, below, np.where(place > period, above, place))


def _warp_by_scipy(image: Array, matrix: Array, reading: Reading) -> Array:
    fill_mode, cval, order = reading
    try:
        from scipy import ndimage
    except ImportError as error:
        raise ImportError(
            f"interpolation_order={order} with fill_mode={fill_mode!r} needs SciPy, as in the old "
            f"class. Install scipy, or use interpolation_order 0 or 1 and one of {_BORDERS}."
        ) from error
    (a, b, x), (c, d, y), _ = matrix
    how: dict[str, Any] = {"order": order, "mode": fill_mode, "cval": cval}
    channels = [
        ndimage.affine_transform(channel, [[d, c], [b, a]], (y, x), **how)
        for channel in np.moveaxis(image, 2, 0)
    ]
    return np.stack(channels, axis=2)
