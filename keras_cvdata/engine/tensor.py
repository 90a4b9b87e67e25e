"""The tensor executor: a batch at a time after a plan, in `keras.ops`, on every backend.

All reading between pixels goes through one gather, which compiles on TensorFlow, JAX and PyTorch.
`keras.ops.image.affine_transform` is not used: it changes the caller's matrix on PyTorch and loops
on JAX. Arithmetic is float32 with sums written out, in the order of the OpenCV executor.
"""

from __future__ import annotations

import keras
import numpy as np
from keras import ops

from keras_cvdata.engine.output import bounds, require
from keras_cvdata.engine.portable import NUDGE, Tensor, to_levels
from keras_cvdata.engine.steps import Curve, Paste, Plan, Warp
from keras_cvdata.types import Range


def run(images: Tensor, plan: Plan) -> Tensor:
    """Carry out a plan for a batch.

    Args:
        images: (batch, height, width, channels) tensor of uint8, uint16 or floats.
        plan: A plan that was made with `xp=keras.ops`, without a resize and an output.

    Returns:
        A tensor of the same shape and dtype.

    Raises:
        TypeError: A step of the plan has no form on tensors, or the dtype is not served.

    Example:
        >>> from keras_cvdata.engine.plan import Chain
        >>> plan = Chain([]).plan(ops.zeros((1, 0)), 2, 2, 3, xp=ops)
        >>> tuple(run(ops.ones((1, 2, 2, 3)), plan).shape)
        (1, 2, 2, 3)
    """
    dtype = keras.backend.standardize_dtype(images.dtype)
    exact = np.dtype("float32" if keras.backend.is_float_dtype(dtype) else dtype)
    span = bounds(exact, plan.value_range)
    pixels = ops.cast(images, "float32")
    for step in plan.steps:
        if isinstance(step, Warp):
            pixels = _warp(pixels, step, span)
            if exact.kind == "u":
                pixels = ops.round(pixels)
        elif isinstance(step, Paste):
            pixels = _paste(pixels, step)
        elif isinstance(step, Curve):
            pixels = _curve(pixels, step, span, exact.kind == "u")
        else:
            raise TypeError(
                f"{step!r} works on one uint8 image in NumPy and cannot act on tensors. Put it "
                "into the `augment` list of a sequence."
            )
    return ops.cast(ops.reshape(pixels, ops.shape(images)), dtype)


def _grid(height: Tensor, width: Tensor) -> tuple[Tensor, Tensor]:
    """Rows and columns of all pixels as (1, height, 1) and (1, 1, width) int32."""
    rows, columns = ops.arange(height, dtype="int32"), ops.arange(width, dtype="int32")
    return rows[None, :, None], columns[None, None, :]


def _gather(pixels: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """Read pixels at (batch, height, width) rows and columns that lie inside."""
    batch, height, width, channels = ops.shape(pixels)
    flat = ops.reshape(pixels, (batch * height * width, channels))
    image = ops.arange(batch, dtype="int32")[:, None, None]
    return ops.take(flat, (image * height + rows) * width + columns, axis=0)


def _warp(pixels: Tensor, step: Warp, span: Range | None) -> Tensor:
    _, height, width, _ = ops.shape(pixels)
    rows, columns = _grid(height, width)
    y, x = ops.cast(rows, "float32"), ops.cast(columns, "float32")
    m = ops.cast(step.matrix, "float32")[:, :, :, None, None]
    from_x = m[:, 0, 0] * x + m[:, 0, 1] * y + m[:, 0, 2]
    from_y = m[:, 1, 0] * x + m[:, 1, 1] * y + m[:, 1, 2]
    low, high = span or (0.0, 1.0)
    fill = low + step.fill_value * (high - low)

    def read(row: Tensor, column: Tensor) -> Tensor:
        inside_row, inside_column = (
            _inside(row, height, step.fill_mode),
            _inside(column, width, step.fill_mode),
        )
        values = _gather(pixels, inside_row, inside_column)
        if step.fill_mode != "constant":
            return values
        real = ops.logical_and(ops.equal(row, inside_row), ops.equal(column, inside_column))
        return ops.where(real[..., None], values, fill)

    if step.interpolation == "nearest":
        half = 0.5 + NUDGE
        return read(*(ops.cast(ops.floor(at + half), "int32") for at in (from_y, from_x)))
    top, left = ops.floor(from_y), ops.floor(from_x)
    down, right = (from_y - top)[..., None], (from_x - left)[..., None]
    row, column = ops.cast(top, "int32"), ops.cast(left, "int32")
    upper = read(row, column) * (1 - right) + read(row, column + 1) * right
    lower = read(row + 1, column) * (1 - right) + read(row + 1, column + 1) * right
    return upper * (1 - down) + lower * down


def _inside(index: Tensor, length: Tensor, fill_mode: str) -> Tensor:
    """Lead indices outside 0 to length - 1 to the pixel that stands for them."""
    if fill_mode == "reflect":
        index = ops.mod(index, 2 * length)
        return ops.where(index < length, index, 2 * length - 1 - index)
    if fill_mode == "wrap":
        return ops.mod(index, length)
    return ops.clip(index, 0, length - 1)


def _paste(pixels: Tensor, step: Paste) -> Tensor:
    """Follow every pixel back through the rectangles, then read once."""
    batch, height, width, _ = ops.shape(pixels)
    rows, columns = _grid(height, width)
    from_row = ops.broadcast_to(rows, (batch, height, width))
    from_column = ops.broadcast_to(columns, (batch, height, width))
    for r in range(step.rectangles.shape[1]):
        top, left, bottom, right, y, x = (step.rectangles[:, r, i][:, None, None] for i in range(6))
        inside = ops.logical_and(
            ops.logical_and(rows >= top, rows < bottom),
            ops.logical_and(columns >= left, columns < right),
        )
        from_row = ops.where(inside, rows - top + y, from_row)
        from_column = ops.where(inside, columns - left + x, from_column)
    return _gather(pixels, from_row, from_column)


def _curve(pixels: Tensor, step: Curve, span: Range | None, whole: bool) -> Tensor:
    low, high = require(span)
    batch, height, width, channels = ops.shape(pixels)
    unit = ops.reshape((pixels - low) / (high - low), (batch, height * width, channels))
    assert step.evaluate is not None  # tensors do not outlive the process
    unit = step.evaluate(unit, None)
    unit = to_levels(unit, high, ops) if whole else unit * (high - low) + low
    return ops.reshape(unit, (batch, height, width, channels))
