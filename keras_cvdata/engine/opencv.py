"""The OpenCV executor: one image after a plan, straight into its place in the batch.

It is called from many threads at once, needs no Keras, and spends its time in OpenCV, which lets
the other threads run. OpenCV 5 computes exact bilinear warps for 1, 3 and 4 channels.
"""

from __future__ import annotations

import math
from functools import lru_cache

import cv2
import numpy as np

from keras_cvdata.engine.output import bounds, require
from keras_cvdata.engine.portable import NUDGE, to_levels
from keras_cvdata.engine.steps import (
    Call,
    Curve,
    Paste,
    Plan,
    Resize,
    Size,
    Step,
    Warp,
    unchanged,
)
from keras_cvdata.types import Array, Range

_BORDERS = {
    "reflect": cv2.BORDER_REFLECT,
    "nearest": cv2.BORDER_REPLICATE,
    "wrap": cv2.BORDER_WRAP,
    "constant": cv2.BORDER_CONSTANT,
}
_WARPS = {
    "bilinear": cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
    "nearest": cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP,
}
_ENLARGING = {
    "nearest": cv2.INTER_NEAREST_EXACT,
    "bilinear": cv2.INTER_LINEAR,
    "area": cv2.INTER_LINEAR,
    "bicubic": cv2.INTER_CUBIC,
    "lanczos": cv2.INTER_LANCZOS4,
}
_IDENTITY = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]

# OpenCV's warp refuses images of 32,767 pixels a side and more.
_LONGEST_SIDE = 32766

# The nearest pixel of a point halfway between two must not hang on the last bit.
_NUDGE = np.array([[0, 0, NUDGE], [0, 0, NUDGE], [0, 0, 0]])


def render(image: Array, plan: Plan, b: int, out: Array) -> None:
    """Carry out a plan for one image.

    Args:
        image: (height, width, channels) uint8, uint16 or float pixels; never changed.
        plan: A plan that was made with NumPy.
        b: Which image of the planned batch this is.
        out: (height, width, channels) of the result, C-contiguous, such as `batch[b]`.

    Raises:
        ValueError: Float pixels of unknown range meet a step that needs to know it.

    Example:
        >>> from keras_cvdata.engine.plan import Chain, Output
        >>> plan = Chain([], size=(2, 2), output=Output("float32", "unit")).plan(
        ...     np.empty((1, 0)), 2, 2, 3
        ... )
        >>> batch = np.empty((1, 2, 2, 3), np.float32)
        >>> render(np.full((4, 4, 3), 255, np.uint8), plan, 0, batch[0])
        >>> float(batch.min())
        1.0
    """
    if image.dtype == np.uint8:
        steps = plan.uint8_steps
    else:
        steps = plan.steps
        if image.dtype != np.uint16:
            image = image.astype(np.float32, copy=False)
    result, last = image, len(steps) - 1
    for position, step in enumerate(steps):
        result = _apply(step, result, plan, b, out if position == last else None)
    if result is not out:
        np.copyto(out, result.reshape(out.shape), casting="unsafe")


def reduction(plan: Plan, b: int, height: int, width: int) -> int:
    """Say how far a decoder may shrink an image without loss for what the plan does with it.

    Args:
        plan: A plan that was made with NumPy.
        b: Which image of the planned batch this is.
        height: Height of the full image.
        width: Width of the full image.

    Returns:
        1, 2, 4 or 8: the divisor of height and width.

    Example:
        >>> from keras_cvdata.engine.plan import Chain
        >>> plan = Chain([], size=(100, 100)).plan(np.empty((1, 0)), 100, 100, 3)
        >>> reduction(plan, 0, 450, 600)
        4
    """
    resize = plan.resize
    if resize is None or resize.interpolation == "nearest":
        return 1
    matrix, first = _frame(height, width, resize), plan.steps[0]
    factor = _shrink_factor(matrix @ first.matrix[b] if isinstance(first, Warp) else matrix)
    return max(divisor for divisor in (1, 2, 4, 8) if divisor <= factor)


def _apply(step: Step, pixels: Array, plan: Plan, b: int, out: Array | None) -> Array:
    """Carry out one step; straight into `out` where it is given and has the right dtype."""
    if isinstance(step, Warp):
        return _apply_warp(step, pixels, plan.value_range, b, out)
    if isinstance(step, Curve):
        return _apply_curve(step, pixels, plan, b, out)
    if isinstance(step, Resize):
        return _apply_resize(step, pixels, plan.value_range, out)
    if isinstance(step, Paste):
        return _apply_paste(step, pixels, b, out)
    return _apply_call(step, pixels)


def _apply_resize(
    step: Resize, pixels: Array, value_range: Range | None, out: Array | None
) -> Array:
    if step.fit == "pad":
        return _letterbox(step, pixels, value_range)
    if step.interpolation in _WARPS and not _divides(pixels, step):
        return _warp_decoded(pixels, np.eye(3), step, (step.interpolation, "nearest", 0.0), out)
    if step.fit == "crop":
        pixels = _central(pixels, step.size)
    return _resize(pixels, step.size, step.interpolation, out)


def _apply_warp(
    step: Warp, pixels: Array, value_range: Range | None, b: int, out: Array | None
) -> Array:
    matrix, resize = step.matrix[b], step.resize
    if matrix.tolist() == _IDENTITY:
        return pixels if resize is None else _apply_resize(resize, pixels, value_range, out)
    fill = _fill(step.fill_value, pixels, value_range) if step.fill_mode == "constant" else 0.0
    how = step.interpolation, step.fill_mode, fill
    if resize is not None:
        return _warp_decoded(pixels, matrix, resize, how, out)
    return _warp(pixels, matrix, (pixels.shape[0], pixels.shape[1]), how, out)


def _warp_decoded(
    pixels: Array, matrix: Array, resize: Resize, how: tuple[str, str, float], out: Array | None
) -> Array:
    """Resize and warp in one, from an image of any size."""
    pixels = _within_limit(pixels, resize)
    height, width = pixels.shape[:2]
    matrix = _frame(height, width, resize) @ matrix
    if how[0] == "bilinear":
        factor = _shrink_factor(matrix)
        pixels = _shrink(pixels, factor)
        matrix = _into_shrunk(matrix, factor, height, width)
    return _warp(pixels, matrix, resize.size, how, out)


def _apply_paste(step: Paste, pixels: Array, b: int, out: Array | None) -> Array:
    target = _if_fits(out, pixels)
    result = np.empty_like(pixels) if target is None else target
    np.copyto(result, pixels)
    for top, left, bottom, right, y, x in step.rectangles[b].tolist():
        result[top:bottom, left:right] = pixels[y : y + bottom - top, x : x + right - left]
    return result


def _apply_curve(step: Curve, pixels: Array, plan: Plan, b: int, out: Array | None) -> Array:
    if pixels.dtype != np.uint8:
        result = _evaluate(step, pixels, plan, b)
    else:
        assert step.tables is not None  # a table that changes nothing is no step of uint8 images
        table = step.tables[b : b + 1] if len(step.tables) > 1 else step.tables
        result = cv2.LUT(np.ascontiguousarray(pixels), table, dst=_if_fits(out, table))
        result = result if result is out else result.reshape(pixels.shape)
    if step.final and plan.output.standardizes:
        plan.output.standardize(result)
    return result


def _apply_call(step: Call, pixels: Array) -> Array:
    if pixels.dtype != np.uint8:
        raise TypeError(
            f"{step.function!r} takes uint8 images and this one is {pixels.dtype}. Convert the "
            "images to uint8, or use layers of keras_cvdata, which take floats too."
        )
    result = np.asarray(step.function(np.array(pixels)))
    if result.shape != pixels.shape or result.dtype != pixels.dtype:
        raise ValueError(
            f"{step.function!r} must return a uint8 image of shape {pixels.shape}, like the one "
            f"it was given; it returned {result.dtype} of shape {result.shape}."
        )
    return result


def _evaluate(step: Curve, pixels: Array, plan: Plan, b: int) -> Array:
    """Evaluate curves on every pixel of a uint16 or float image."""
    if step.evaluate is None:
        raise ValueError(
            f"This plan was pickled and holds tables for uint8 images only; got {pixels.dtype}. "
            "Use threads instead of processes for float and 16-bit images."
        )
    output, span = plan.output, bounds(pixels.dtype, plan.value_range)
    if step.evaluate is unchanged and output.in_source_units:
        span = 0.0, 1.0
    low, high = map(np.float32, require(span))
    unit: Array = (pixels.astype(np.float32) - low) / (high - low)
    unit = step.evaluate(unit.reshape(1, -1, pixels.shape[2]), b).reshape(pixels.shape)
    if step.final and output.dtype == "uint8":
        unit = to_levels(np.clip(unit, 0, 1), 255, np)
        return unit.astype(np.uint8)
    if step.final:
        scale, offset = output.affine(span)
        unit = unit * np.asarray(scale, np.float32)
        return np.add(unit, offset, dtype=np.float32)
    if pixels.dtype == np.uint16:
        unit = to_levels(unit, 65535, np)
        return unit.astype(np.uint16)
    return unit * (high - low) + low


def _if_fits(out: Array | None, like: Array) -> Array | None:
    """Return `out` where OpenCV can write pixels of the dtype of `like` into it."""
    return out if out is not None and out.dtype == like.dtype else None


def _fill(value: float, pixels: Array, value_range: Range | None) -> float:
    """Turn a fill value in units of the value range into one of the pixels."""
    low, high = bounds(pixels.dtype, value_range) or (0.0, 1.0)
    return low + value * (high - low)


@lru_cache(maxsize=4096)
def _frame(height: int, width: int, resize: Resize) -> Array:
    """Matrix from pixel centres of the resized image to those of the decoded one."""
    y, x = height / resize.size[0], width / resize.size[1]
    if resize.fit != "stretch":
        y = x = min(y, x) if resize.fit == "crop" else max(y, x)
    to_y = (height - 1) / 2 - y * (resize.size[0] - 1) / 2
    to_x = (width - 1) / 2 - x * (resize.size[1] - 1) / 2
    matrix = np.array([[x, 0, to_x], [0, y, to_y], [0, 0, 1]])
    matrix.flags.writeable = False
    return matrix


def _shrink_factor(matrix: Array) -> int:
    """Whole number by which an image may be averaged before a matrix reads from it.

    The smallest singular value of the linear part tells how many input pixels lie between two
    neighbouring output pixels where they are closest.
    """
    (a, b, _), (c, d, _), _ = matrix.tolist()
    squares, determinant = a * a + b * b + c * c + d * d, a * d - b * c
    root = math.sqrt(max(squares * squares - 4 * determinant * determinant, 0.0))
    return max(1, int(math.sqrt(max(squares - root, 0.0) / 2) + 1e-6))


def _within_limit(pixels: Array, resize: Resize) -> Array:
    """Shrink very long images to what a warp can take."""
    if max(pixels.shape) <= _LONGEST_SIDE:
        return pixels
    if resize.fit == "crop":
        pixels = _central(pixels, resize.size)
    height, width = min(pixels.shape[0], _LONGEST_SIDE), min(pixels.shape[1], _LONGEST_SIDE)
    return _to_size(pixels, (height, width), cv2.INTER_AREA, None)


def _into_shrunk(matrix: Array, factor: int, height: int, width: int) -> Array:
    """Lead a matrix to the pixel centres of the image that `_shrink` returns."""
    if factor == 1:
        return matrix
    centre = (factor - 1) / 2
    result = matrix.copy()
    result[0, 2] -= width % factor // 2 + centre
    result[1, 2] -= height % factor // 2 + centre
    result[:2] /= factor
    return result


def _divides(pixels: Array, resize: Resize) -> bool:
    """Whether OpenCV's own resize does what a warp would do: nothing is cut off on the way."""
    if resize.fit != "stretch":
        return False
    factor = _resize_factor(pixels, resize.size) if resize.interpolation == "bilinear" else 1
    height, width = pixels.shape[:2]
    return bool(height % factor == 0 and width % factor == 0)


def _resize_factor(pixels: Array, size: Size) -> int:
    return max(1, int(min(pixels.shape[0] // size[0], pixels.shape[1] // size[1])))


def _shrink(pixels: Array, factor: int) -> Array:
    """Average blocks of `factor` x `factor` pixels; an odd rest at the edges is left out.

    Whole blocks take OpenCV a twentieth of the time that a ratio with a fraction takes.
    """
    if factor == 1:
        return pixels
    height, width = pixels.shape[0] // factor, pixels.shape[1] // factor
    y, x = pixels.shape[0] % factor // 2, pixels.shape[1] % factor // 2
    whole = pixels[y : y + height * factor, x : x + width * factor]
    small = cv2.resize(whole, (width, height), interpolation=cv2.INTER_AREA)
    return small.reshape(height, width, pixels.shape[2])


def _warp(
    pixels: Array, matrix: Array, size: Size, how: tuple[str, str, float], out: Array | None
) -> Array:
    """Warp pixels of any number of channels; `how` is interpolation, fill mode and fill value."""
    channels = pixels.shape[2]
    if channels == 3:  # four channels take two thirds of the time, with equal pixels
        wide = _warp_exact(cv2.cvtColor(pixels, cv2.COLOR_RGB2RGBA), matrix, size, how, None)
        return cv2.cvtColor(wide, cv2.COLOR_RGBA2RGB, dst=_if_fits(out, pixels))
    if channels in (1, 4):
        return _warp_exact(pixels, matrix, size, how, _if_fits(out, pixels))
    result = np.empty((*size, channels), pixels.dtype)
    start = 0
    while start < channels:
        stop = start + (4 if channels - start >= 4 else 1)
        part = np.ascontiguousarray(pixels[:, :, start:stop])
        result[:, :, start:stop] = _warp_exact(part, matrix, size, how, None)
        start = stop
    return result


def _warp_exact(
    pixels: Array, matrix: Array, size: Size, how: tuple[str, str, float], out: Array | None
) -> Array:
    interpolation, fill_mode, fill = how
    if max(pixels.shape) > _LONGEST_SIDE:
        raise ValueError(
            f"The image is {pixels.shape[0]} x {pixels.shape[1]} pixels, and warping stops at "
            f"{_LONGEST_SIDE} a side. Shrink the image beforehand."
        )
    if interpolation == "nearest":
        matrix = matrix + _NUDGE
    result = cv2.warpAffine(
        pixels,
        matrix[:2],
        (size[1], size[0]),
        dst=out,
        flags=_WARPS[interpolation],
        borderMode=_BORDERS[fill_mode],
        borderValue=(fill, fill, fill, fill),
    )
    return result if result is out else result.reshape(*size, pixels.shape[2])


def _central(pixels: Array, size: Size) -> Array:
    """Cut the largest central part with the aspect of `size`."""
    height, width = pixels.shape[:2]
    scale = min(height / size[0], width / size[1])
    tall, wide = max(1, round(size[0] * scale)), max(1, round(size[1] * scale))
    top, left = (height - tall) // 2, (width - wide) // 2
    return pixels[top : top + tall, left : left + wide]


def _letterbox(step: Resize, pixels: Array, value_range: Range | None) -> Array:
    """Resize with the aspect kept and fill the rest (R34)."""
    height, width = pixels.shape[:2]
    scale = max(height / step.size[0], width / step.size[1])
    tall, wide = max(1, round(height / scale)), max(1, round(width / scale))
    fill = _fill(step.pad_value, pixels, value_range)
    result = np.full((*step.size, pixels.shape[2]), fill, pixels.dtype)
    top, left = (step.size[0] - tall) // 2, (step.size[1] - wide) // 2
    inner = Resize((tall, wide), "stretch", step.interpolation)
    filled = _apply_resize(inner, pixels, value_range, None)
    result[top : top + tall, left : left + wide] = filled
    return result


def _resize(pixels: Array, size: Size, interpolation: str, out: Array | None) -> Array:
    """Resize: average where a side shrinks, interpolate where it grows (R33)."""
    if interpolation == "bilinear":
        pixels = _shrink(pixels, _resize_factor(pixels, size))
    elif interpolation != "nearest":
        smaller = min(size[0], pixels.shape[0]), min(size[1], pixels.shape[1])
        pixels = _to_size(pixels, smaller, cv2.INTER_AREA, None)
    return _to_size(pixels, size, _ENLARGING[interpolation], out)


def _to_size(pixels: Array, size: Size, interpolation: int, out: Array | None) -> Array:
    if pixels.shape[:2] == size:
        return pixels
    target = _if_fits(out, pixels)
    result = cv2.resize(pixels, (size[1], size[0]), dst=target, interpolation=interpolation)
    return result if result is target else result.reshape(*size, pixels.shape[2])
