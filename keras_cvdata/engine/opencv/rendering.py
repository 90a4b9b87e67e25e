"""One image after a plan, step by step, straight into its place in the batch."""

from __future__ import annotations

import cv2
import numpy as np

from keras_cvdata.engine.opencv.warping import (
    Reduced,
    apply_resize,
    apply_warp,
    frame,
    if_fits,
    shrink_factors,
)
from keras_cvdata.engine.output import bounds, require
from keras_cvdata.engine.portable import to_levels
from keras_cvdata.engine.steps import Call, Curve, Paste, Plan, Resize, Step, Warp, unchanged
from keras_cvdata.types import Array


def render(image: Array, plan: Plan, b: int, out: Array, *, reduced: Reduced | None = None) -> None:
    """Carry out a plan for one image.

    Args:
        image: (height, width, channels) uint8, uint16 or float pixels; never changed.
        plan: A plan that was made with NumPy.
        b: Which image of the planned batch this is.
        out: (height, width, channels) of the result, C-contiguous, such as `batch[b]`.
        reduced: The size of the whole image, where a decoder handed over less, see `reduction`.

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
        target = out if position == last else None
        result = _apply(step, result, plan, b, target, None if position else reduced)
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
    matrix, first = frame(height, width, resize), plan.steps[0]
    if isinstance(first, Warp):
        matrix = matrix @ first.matrix[b]
    factor = min(shrink_factors(matrix))
    # Only warps know that the last row of a reduced image stands for less.
    whole = resize.interpolation != "bilinear"
    return max(
        divisor
        for divisor in (1, 2, 4, 8)
        if divisor <= factor and not (whole and (height % divisor or width % divisor))
    )


def _apply(
    step: Step, pixels: Array, plan: Plan, b: int, out: Array | None, reduced: Reduced | None
) -> Array:
    """Carry out one step; straight into `out` where it is given and has the right dtype."""
    if isinstance(step, Warp):
        return apply_warp(step, pixels, b, plan.value_range, out, reduced)
    if isinstance(step, Curve):
        return _apply_curve(step, pixels, plan, b, out)
    if isinstance(step, Resize):
        return apply_resize(step, pixels, plan.value_range, out, reduced)
    if isinstance(step, Paste):
        return _apply_paste(step, pixels, b, out)
    return _apply_call(step, pixels)


def _apply_paste(step: Paste, pixels: Array, b: int, out: Array | None) -> Array:
    target = if_fits(out, pixels)
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
        result = cv2.LUT(np.ascontiguousarray(pixels), table, dst=if_fits(out, table))
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
