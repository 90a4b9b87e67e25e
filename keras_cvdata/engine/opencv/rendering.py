"""One image after a plan, step by step, straight into its place in the batch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from keras_cvdata.engine.opencv.colors import (
    apply_curve,
    apply_histogram,
    apply_lookups,
    apply_mix,
)
from keras_cvdata.engine.opencv.geometry import (
    Place,
    Reduced,
    apply_displace,
    apply_resize,
    apply_warp,
)
from keras_cvdata.engine.opencv.sampling import if_fits
from keras_cvdata.engine.output import bounds
from keras_cvdata.engine.plan import Lookups, Plan
from keras_cvdata.engine.steps import (
    Blend,
    Call,
    Curve,
    Displace,
    Histogram,
    Mix,
    Paste,
    Resize,
    Size,
    Step,
    Warp,
)
from keras_cvdata.types import Array, Empty


def render(
    image: Array,
    plan: Plan,
    b: int,
    out: Array,
    *,
    reduced: Reduced | None = None,
    empty: Empty = np.empty,
) -> None:
    """Carry out a plan for one image.

    Args:
        image: (height, width, channels) uint8, uint16 or float pixels; never changed. Where its way
            takes four, three channels may have one of no meaning behind them.
        plan: A plan that was made with NumPy.
        b: Which image of the planned batch this is.
        out: (height, width, channels) of the result, C-contiguous, such as `batch[b]`.
        reduced: The size of the whole image, where a decoder handed over less, see `reduction`.
        empty: Where memory for intermediate results comes from.

    Raises:
        ValueError: Float pixels of unknown range meet a step that needs to know it.

    Example:
        >>> from keras_cvdata.engine.chain import Chain
        >>> from keras_cvdata.engine.output import Output
        >>> plan = Chain([], size=(2, 2), output=Output("float32", "unit")).plan(
        ...     np.empty((1, 0)), 2, 2, 3
        ... )
        >>> batch = np.empty((1, 2, 2, 3), np.float32)
        >>> render(np.full((4, 4, 3), 255, np.uint8), plan, 0, batch[0])
        >>> float(batch.min())
        1.0
    """
    steps: tuple[Step | Lookups, ...] = plan.steps
    if image.dtype == np.uint8:
        steps = plan.uint8_steps
    elif image.dtype != np.uint16:
        image = image.astype(np.float32, copy=False)
    result, last = image, len(steps) - 1
    spare = image.shape[2] > out.shape[2]
    place = Place(plan, b, reduced, None, empty, spare)
    for position, step in enumerate(steps):
        result = apply(step, result, place, out if position == last else None)
        if not position and (spare or reduced is not None):
            place = place._replace(reduced=None, spare=False)
    if result is not out:
        np.copyto(out, result.reshape(out.shape), casting="unsafe")


def render_batch(
    images: Array, plan: Plan, size: Size, *, masks: Array | None = None, fill: int = 0
) -> Array:
    """Carry out a plan for a batch, image by image.

    Args:
        images: (batch, height, width, channels) pixels; never changed.
        plan: A plan that was made with NumPy for this batch.
        size: (height, width) of the result.
        masks: (batch, height, width, 1) segmentation masks, where a step needs them.
        fill: As in `render_mask`.

    Returns:
        (batch, *size, channels) of the dtype that the plan makes, or that of the images.

    Example:
        >>> from keras_cvdata.engine.chain import Chain
        >>> images = np.zeros((2, 4, 4, 3), np.uint8)
        >>> plan = Chain([], size=(2, 2)).plan(np.empty((2, 0)), 4, 4, 3)
        >>> render_batch(images, plan, (2, 2)).shape
        (2, 2, 2, 3)
    """
    dtype = images.dtype if plan.output.dtype == "source" else plan.output.dtype
    result = np.empty((len(images), *size, images.shape[3]), dtype)
    for b, image in enumerate(images):
        own = plan if masks is None else with_mask(plan, masks[b], b, fill=fill)
        render(image, own, b, result[b])
    return result


def render_mask(mask: Array, plan: Plan, b: int, out: Array, *, fill: int = 0) -> None:
    """Let a segmentation mask follow its image, without values in between (nearest).

    Args:
        mask: (height, width, channels) whole numbers, of the size of the whole image or of its
            aspect; never changed.
        plan: The plan that the image follows.
        b: Which image of the planned batch this is.
        out: (height, width, channels) of the result, C-contiguous.
        fill: What lies beyond the border where the image is filled with a constant.

    Example:
        >>> from keras_cvdata.engine.chain import Chain
        >>> from keras_cvdata.layers import RandomFlip
        >>> plan = Chain([RandomFlip("horizontal", rate=1.0)]).plan(np.zeros((1, 1)), 1, 2, 3)
        >>> out = np.empty((1, 2, 1), np.uint8)
        >>> render_mask(np.array([[[1], [7]]], np.uint8), plan, 0, out)
        >>> out.ravel().tolist()
        [7, 1]
    """
    # OpenCV moves no 32-bit integers; float32 holds 24 bits of them exactly.
    pixels: Array = mask if mask.dtype in (np.uint8, np.uint16) else mask.astype(np.float32)
    for step in plan.for_masks.steps:
        pixels = apply(step, pixels, Place(plan, b, None, fill), None)
    np.copyto(out, pixels.reshape(out.shape), casting="unsafe")


def with_mask(plan: Plan, mask: Array, b: int, *, fill: int = 0) -> Plan:
    """Tell the steps of a plan that need it what the segmentation mask of an image says.

    Args:
        plan: A plan that was made with NumPy.
        mask: As in `render_mask`.
        b: Which image of the planned batch this is.
        fill: As in `render_mask`.

    Returns:
        A plan for this image.

    Example:
        >>> from keras_cvdata.engine.chain import Chain
        >>> from keras_cvdata.layers import RandomBackground
        >>> plan = Chain([RandomBackground(mask_classes=0)]).plan(np.zeros((1, 4)), 2, 2, 3)
        >>> plan.needs_masks, with_mask(plan, np.ones((2, 2, 1), np.uint8), 0).needs_masks
        (True, False)
    """
    pixels: Array = mask if mask.dtype in (np.uint8, np.uint16) else mask.astype(np.float32)
    place, steps = Place(plan.for_masks, b, None, fill), []
    for step in plan.steps:
        steps.append(step.on(pixels[None], np) if step.needs_masks else step)
        move = step.for_mask()
        if move is not None:
            pixels = apply(move, pixels, place, None)
            pixels = pixels.reshape(*pixels.shape[:2], -1)
    return replace(plan, steps=tuple(steps))


def apply(step: Step | Lookups, pixels: Array, place: Place, out: Array | None) -> Array:
    """Carry out one step; straight into `out` where it is given and has the right dtype."""
    if isinstance(step, tuple):
        return apply_lookups(step, pixels, place, out)
    if step.active is not None and not step.active[place.b]:
        return pixels
    return _APPLY.get(type(step), _apply_itself)(step, pixels, place, out)


def _apply_paste(step: Paste, pixels: Array, place: Place, out: Array | None) -> Array:
    result = _copied(pixels, out)
    for top, left, bottom, right, y, x in step.rectangles[place.b].tolist():
        result[top:bottom, left:right] = pixels[y : y + bottom - top, x : x + right - left]
    return result


def _copied(pixels: Array, out: Array | None) -> Array:
    """Copy pixels that must not be changed; into `out` where that is possible."""
    target = if_fits(out, pixels)
    if target is None or target.shape != pixels.shape:
        return pixels.copy()
    np.copyto(target, pixels)
    return target


def _apply_itself(step: Step, pixels: Array, place: Place, _: Array | None) -> Array:
    """Have a step carry itself out."""
    span = bounds(pixels.dtype, place.plan.value_range)
    result = step.render(pixels, place.b, span)
    if pixels.dtype == np.float32 and span is not None:
        result = np.clip(result, *span)
    return result


def _apply_blend(step: Blend, pixels: Array, place: Place, _: Array | None) -> Array:
    weights = step.weights[place.b].astype(np.float32)
    total: Array = pixels.astype(np.float32) * weights[0]
    for branch, weight in zip(step.branches, weights[1:], strict=True):
        if weight:
            part = np.empty_like(pixels)
            render(pixels, branch, place.b, part, empty=place.empty)
            total += part * weight
    if pixels.dtype == np.float32:
        return total
    rounded: Array = np.rint(total).astype(pixels.dtype)
    return rounded


def _apply_call(step: Call, pixels: Array, place: Place, _: Array | None) -> Array:
    if pixels.dtype != np.uint8:
        raise TypeError(
            f"{step.function!r} takes uint8 images and this one is {pixels.dtype}. Convert the "
            "images to uint8, or use layers of keras_cvdata, which take floats too."
        )
    seed = () if step.seeds is None else (int(step.seeds[place.b]),)
    result = np.asarray(step.function(np.array(pixels), *seed))
    if result.shape != pixels.shape or result.dtype != pixels.dtype:
        hint = ""
        if result.dtype.kind == "f":
            hint = (
                " A function that scales pixels, such as preprocess_input, belongs into rescale= of"
                " the sequence; another one must round its result and convert it to uint8."
            )
        raise ValueError(
            f"{step.function!r} must return a uint8 image of shape {pixels.shape}, like the one "
            f"it was given; it returned {result.dtype} of shape {result.shape}.{hint}"
        )
    return result


_APPLY: dict[type[Step], Callable[[Any, Array, Place, Array | None], Array]] = {
    Warp: apply_warp,
    Resize: apply_resize,
    Displace: apply_displace,
    Curve: apply_curve,
    Histogram: apply_histogram,
    Mix: apply_mix,
    Paste: _apply_paste,
    Blend: _apply_blend,
    Call: _apply_call,
}
