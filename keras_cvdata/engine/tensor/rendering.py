"""A batch of tensors after a plan, step by step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

import keras
import numpy as np
from keras import ops

from keras_cvdata.engine.array_api import Tensor, to_levels
from keras_cvdata.engine.histograms import CURVES
from keras_cvdata.engine.output import Output, bounds, require
from keras_cvdata.engine.plan import Plan
from keras_cvdata.engine.steps import (
    Blend,
    Curve,
    Displace,
    Histogram,
    Mix,
    Paste,
    Resize,
    Step,
    Warp,
)
from keras_cvdata.engine.tensor import resizing, sampling
from keras_cvdata.types import Range


class _Scale(NamedTuple):
    """What the numbers in the pixels mean.

    Attributes:
        span: Lowest and highest value, where known.
        whole: Whether they are integers.
        output: What they become in the end.
        mask_fill: What fills the border of segmentation masks; `None` for images.
    """

    span: Range | None
    whole: bool
    output: Output
    mask_fill: int | None = None

    def to_unit(self, pixels: Tensor) -> Tensor:
        low, high = require(self.span)
        return (pixels - low) / (high - low)

    def from_unit(self, unit: Tensor) -> Tensor:
        low, high = require(self.span)
        return to_levels(unit, high, ops) if self.whole else unit * (high - low) + low

    def fill(self, fill_value: float) -> float:
        """What lies beyond the border, from a value of 0 to 1."""
        if self.mask_fill is not None:
            return self.mask_fill
        low, high = self.span or (0.0, 1.0)
        return low + fill_value * (high - low)

    def rounded(self, pixels: Tensor) -> Tensor:
        return ops.round(pixels) if self.whole else pixels


def render_batch(images: Tensor, plan: Plan) -> Tensor:
    """Carry out a plan for a batch.

    Args:
        images: (batch, height, width, channels) tensor of uint8, uint16 or floats.
        plan: A plan that was made with `xp=keras.ops`.

    Returns:
        A tensor of the same dtype, unless the plan has an output, and the same shape unless the
        plan changes the size.

    Raises:
        TypeError: A step of the plan has no form on tensors, or the dtype is not served.

    Example:
        >>> from keras_cvdata.engine.chain import Chain
        >>> plan = Chain([]).plan(ops.zeros((1, 0)), 2, 2, 3, xp=ops)
        >>> tuple(render_batch(ops.ones((1, 2, 2, 3)), plan).shape)
        (1, 2, 2, 3)
    """
    dtype = keras.backend.standardize_dtype(images.dtype)
    exact = np.dtype("float32" if keras.backend.is_float_dtype(dtype) else dtype)
    scale = _Scale(bounds(exact, plan.value_range), exact.kind == "u", plan.output)
    pixels = _follow(ops.cast(images, "float32"), plan, scale)
    return ops.cast(pixels, dtype if plan.output.dtype == "source" else plan.output.dtype)


def render_masks(masks: Tensor, plan: Plan, fill: int = 0) -> Tensor:
    """Let segmentation masks follow their images, without values in between (nearest).

    Args:
        masks: (batch, height, width, channels) tensor of whole numbers.
        plan: The plan that the images follow.
        fill: What lies beyond the border where the images are filled with a constant.

    Returns:
        A tensor of the same dtype.
    """
    scale = _Scale(None, False, plan.for_masks.output, fill)
    return ops.cast(_follow(ops.cast(masks, "float32"), plan.for_masks, scale), masks.dtype)


def with_masks(plan: Plan, masks: Tensor, fill: int = 0) -> Plan:
    """Tell the steps of a plan that need them what segmentation masks say.

    Args:
        plan: A plan that was made with `xp=keras.ops`.
        masks: As in `render_masks`.
        fill: As in `render_masks`.

    Returns:
        A plan for these images.
    """
    scale = _Scale(None, False, plan.for_masks.output, fill)
    pixels, steps = ops.cast(masks, "float32"), []
    for step in plan.steps:
        steps.append(step.on(pixels, ops) if step.needs_masks else step)
        move = step.for_mask()
        if move is not None:
            pixels = _apply(move, pixels, scale)
    return replace(plan, steps=tuple(steps))


def _follow(pixels: Tensor, plan: Plan, scale: _Scale) -> Tensor:
    batch, height, width, channels = ops.shape(pixels)
    for step in plan.steps:
        pixels = _apply(step, pixels, scale)
        height, width = map(sampling.whole, step.size_after((height, width)))
    return ops.reshape(pixels, (batch, height, width, channels))


def _apply(step: Step, pixels: Tensor, scale: _Scale) -> Tensor:
    result = _APPLY.get(type(step), _itself)(pixels, step, scale)
    if step.active is None:
        return result
    return ops.where(step.active[:, None, None, None], result, pixels)


def _resize(pixels: Tensor, step: Resize, scale: _Scale) -> Tensor:
    return resizing.resize(pixels, step, scale.fill(step.pad_value), scale.rounded)


def _warp(pixels: Tensor, step: Warp, scale: _Scale) -> Tensor:
    return scale.rounded(sampling.warp(pixels, step, scale.fill(step.fill_value)))


def _displace(pixels: Tensor, step: Displace, scale: _Scale) -> Tensor:
    return scale.rounded(sampling.displace(pixels, step, scale.fill(step.fill_value)))


def _paste(pixels: Tensor, step: Paste, _: _Scale) -> Tensor:
    return sampling.paste(pixels, step)


def _curve(pixels: Tensor, step: Curve, scale: _Scale) -> Tensor:
    assert step.evaluate is not None  # tensors do not outlive the process
    flat = _flat(scale.to_unit(pixels))
    unit = ops.reshape(step.evaluate(flat, None), ops.shape(pixels))
    if not step.final:
        return scale.from_unit(unit)
    factor, offset = (ops.convert_to_tensor(x, "float32") for x in scale.output.affine(scale.span))
    return unit * factor + offset


def _histogram(pixels: Tensor, step: Histogram, scale: _Scale) -> Tensor:
    flat = _flat(scale.to_unit(pixels))
    curve = CURVES[step.name]
    curved = ops.clip(curve(step.parameters, flat, lambda: _counted(flat), ops), 0, 1)
    return ops.reshape(scale.from_unit(curved), ops.shape(pixels))


def _counted(flat: Tensor) -> Tensor:
    """Number of pixels of each level, (batch, 256, channels)."""
    batch, _, channels = ops.shape(flat)
    levels = ops.cast(to_levels(ops.clip(flat, 0, 1), 255, ops), "int32")
    number = ops.arange(batch * channels, dtype="int32")
    number = ops.reshape(number, (batch, 1, channels)) * 256 + levels
    ones = ops.reshape(ops.ones_like(flat), (-1,))
    counts = ops.segment_sum(ones, ops.reshape(number, (-1,)), batch * channels * 256)
    return ops.transpose(ops.reshape(counts, (batch, channels, 256)), (0, 2, 1))


def _flat(pixels: Tensor) -> Tensor:
    batch, height, width, channels = ops.shape(pixels)
    return ops.reshape(pixels, (batch, height * width, channels))


def _mix(pixels: Tensor, step: Mix, scale: _Scale) -> Tensor:
    low, high = scale.span or (0.0, 1.0)
    unit = (pixels - low) / (high - low)
    m = ops.cast(step.matrices, "float32")[:, :, :, None, None]
    red, green, blue = unit[..., 0], unit[..., 1], unit[..., 2]
    mixed = [
        m[:, i, 0] * red + m[:, i, 1] * green + m[:, i, 2] * blue + m[:, i, 3] for i in (0, 1, 2)
    ]
    colors = ops.stack(mixed, axis=-1)
    if scale.span is not None:
        colors = ops.clip(colors, 0, 1)
    colors = scale.rounded(colors * (high - low) + low)
    return ops.concatenate([colors, pixels[..., 3:]], axis=-1)


def _itself(pixels: Tensor, step: Step, scale: _Scale) -> Tensor:
    """Have a step carry itself out."""
    result = step.render_batch(pixels, scale.span, ops)
    if scale.span is not None:
        result = ops.clip(result, *scale.span)
    return scale.rounded(result)


def _blend(pixels: Tensor, step: Blend, scale: _Scale) -> Tensor:
    weights = ops.cast(step.weights, "float32")[:, :, None, None, None]
    total = pixels * weights[:, 0]
    for number, branch in enumerate(step.branches, 1):
        total = total + _follow(pixels, branch, scale) * weights[:, number]
    return scale.rounded(total)


_APPLY: dict[type[Step], Callable[[Tensor, Any, _Scale], Tensor]] = {
    Resize: _resize,
    Warp: _warp,
    Displace: _displace,
    Paste: _paste,
    Curve: _curve,
    Histogram: _histogram,
    Mix: _mix,
    Blend: _blend,
}
