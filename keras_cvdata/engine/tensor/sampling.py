"""Reading pixels of a batch of tensors: one gather that compiles on every backend.

`keras.ops.image.affine_transform` is not used: it changes the caller's matrix on PyTorch and loops
on JAX. Arithmetic is float32 with sums written out, in the order of the OpenCV executor.
"""

from __future__ import annotations

from keras import ops

from keras_cvdata.engine.array_api import NUDGE, Tensor
from keras_cvdata.engine.geometry.fields import displacement
from keras_cvdata.engine.steps import Displace, Paste, Warp
from keras_cvdata.engine.tensor.separating import only_if

# Up to here `_modulo` finds whole numbers even where a compiler divides by an inverse.
_FARTHEST = 2.0**20


def whole(side: Tensor) -> Tensor:
    """A number of pixels as an integer, which layers may have worked out in floats."""
    return side if isinstance(side, int) else ops.cast(side, "int32")


def grid(height: Tensor, width: Tensor) -> tuple[Tensor, Tensor]:
    """Rows and columns of all pixels as (1, height, 1) and (1, 1, width) int32."""
    rows, columns = ops.arange(height, dtype="int32"), ops.arange(width, dtype="int32")
    return rows[None, :, None], columns[None, None, :]


def gather(pixels: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """Read pixels at (batch, height, width) rows and columns that lie inside."""
    batch, height, width, channels = ops.shape(pixels)
    flat = ops.reshape(pixels, (batch * height * width, channels))
    image = ops.arange(batch, dtype="int32")[:, None, None]
    return ops.take(flat, (image * height + rows) * width + columns, axis=0)


def warp(pixels: Tensor, step: Warp, fill: float) -> Tensor:
    """Read every pixel from where a matrix says."""
    if step.size is None:
        moves = ops.not_equal(step.matrix, ops.eye(3, dtype=step.matrix.dtype))
        return only_if(moves, lambda: _warp(pixels, step, fill), pixels)
    return _warp(pixels, step, fill)


def _warp(pixels: Tensor, step: Warp, fill: float) -> Tensor:
    _, height, width, _ = ops.shape(pixels)
    rows, columns = grid(*map(whole, step.size or (height, width)))
    y, x = ops.cast(rows, "float32"), ops.cast(columns, "float32")
    m = ops.cast(step.matrix, "float32")[:, :, :, None, None]
    from_x = m[:, 0, 0] * x + m[:, 0, 1] * y + m[:, 0, 2]
    from_y = m[:, 1, 0] * x + m[:, 1, 1] * y + m[:, 1, 2]
    if step.projective:
        depth = m[:, 2, 0] * x + m[:, 2, 1] * y + m[:, 2, 2]
        from_x, from_y = from_x / depth, from_y / depth
    return _read(pixels, from_y, from_x, step, fill)


def displace(pixels: Tensor, step: Displace, fill: float) -> Tensor:
    """Read every pixel from a place that a smooth field says."""
    return only_if(step.grid != 0, lambda: _displace(pixels, step, fill), pixels)


def _displace(pixels: Tensor, step: Displace, fill: float) -> Tensor:
    _, height, width, _ = ops.shape(pixels)
    rows, columns = grid(height, width)
    field = displacement(step.grid, height, width, ops)
    from_y = field[..., 1] + ops.cast(rows, "float32")
    from_x = field[..., 0] + ops.cast(columns, "float32")
    return _read(pixels, from_y, from_x, step, fill)


def _read(
    pixels: Tensor, from_y: Tensor, from_x: Tensor, step: Warp | Displace, fill: float
) -> Tensor:
    """Read between pixels at (batch, height, width) places."""
    _, height, width, _ = ops.shape(pixels)

    height, width = ops.cast(height, "float32"), ops.cast(width, "float32")
    from_y, from_x = _finite(from_y), _finite(from_x)

    def read(row: Tensor, column: Tensor) -> Tensor:
        inside_row, inside_column = (
            _inside(row, height, step.fill_mode),
            _inside(column, width, step.fill_mode),
        )
        values = gather(pixels, whole(inside_row), whole(inside_column))
        if step.fill_mode != "constant":
            return values
        real = ops.logical_and(ops.equal(row, inside_row), ops.equal(column, inside_column))
        return ops.where(real[..., None], values, fill)

    if step.interpolation == "nearest":
        half = 0.5 + NUDGE
        return read(*(ops.floor(at + half) for at in (from_y, from_x)))
    top, left = ops.floor(from_y), ops.floor(from_x)
    down, right = (from_y - top)[..., None], (from_x - left)[..., None]
    upper = read(top, left) * (1 - right) + read(top, left + 1) * right
    lower = read(top + 1, left) * (1 - right) + read(top + 1, left + 1) * right
    return upper * (1 - down) + lower * down


def _finite(at: Tensor) -> Tensor:
    """Lead places that are none, or too far away for exact arithmetic, to one far outside."""
    return ops.where(ops.abs(at) < _FARTHEST, at, -_FARTHEST)


def _inside(index: Tensor, length: Tensor, fill_mode: str) -> Tensor:
    """Lead indices outside 0 to length - 1 to the pixel that stands for them.

    Both are whole numbers in float32, which divides several times as fast as integers are divided.
    """
    if fill_mode == "reflect":
        index = _modulo(index, 2 * length)
        return ops.where(index < length, index, 2 * length - 1 - index)
    if fill_mode == "wrap":
        return _modulo(index, length)
    return ops.clip(index, 0, length - 1)


def _modulo(index: Tensor, length: Tensor) -> Tensor:
    # Compilers divide by multiplying with an inverse, so quotients must not lie on whole numbers.
    return index - length * ops.floor((index + 0.5) / length)


def paste(pixels: Tensor, step: Paste) -> Tensor:
    """Follow every pixel back through the rectangles, then read once."""
    batch, height, width, _ = ops.shape(pixels)
    rows, columns = grid(height, width)
    from_row = ops.broadcast_to(rows, (batch, height, width))
    from_column = ops.broadcast_to(columns, (batch, height, width))
    for r in range(step.rectangles.shape[1]):
        top, left, bottom, right, y, x = (step.rectangles[:, r, i][:, None, None] for i in range(6))
        inside = within((top, left, bottom, right), rows, columns)
        from_row = ops.where(inside, rows - top + y, from_row)
        from_column = ops.where(inside, columns - left + x, from_column)
    return gather(pixels, from_row, from_column)


def within(
    rectangle: tuple[Tensor, Tensor, Tensor, Tensor], rows: Tensor, columns: Tensor
) -> Tensor:
    """Which pixels lie in a rectangle of top, left, bottom, right: (batch, height, width) bool."""
    top, left, bottom, right = rectangle
    return ops.logical_and(
        ops.logical_and(rows >= top, rows < bottom),
        ops.logical_and(columns >= left, columns < right),
    )
