"""Resizing a batch of tensors: averages of whole blocks, then interpolation side by side.

Where height and width are known, positions are worked out in NumPy with 64 bits; in a graph of
TensorFlow they may be unknown, and `keras.ops` takes over.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from keras import ops

from keras_cvdata.engine.array_api import NUDGE, Tensor, cast
from keras_cvdata.engine.geometry.windows import letterbox
from keras_cvdata.engine.steps import Resize


def resize(
    pixels: Tensor, step: Resize, fill: float, rounded: Callable[[Tensor], Tensor]
) -> Tensor:
    """Bring a batch to a size.

    Args:
        pixels: (batch, height, width, channels) float32.
        step: What to do; its interpolation must be "bilinear" or "nearest".
        fill: What "pad" fills with.
        rounded: Rounds pixels to what is stored.

    Returns:
        (batch, *step.size, channels) float32.

    Raises:
        TypeError: The interpolation is another.
    """
    if step.interpolation not in ("bilinear", "nearest"):
        raise TypeError(
            f"interpolation={step.interpolation!r} has no equal form on tensors. Use 'bilinear', "
            "which averages where it shrinks, or put the layer into the `augment` list of a "
            "sequence."
        )
    _, *sides, _ = ops.shape(pixels)
    xp = np if all(isinstance(side, int) for side in sides) else ops
    if tuple(sides) == step.size if xp is np else False:
        return pixels
    inner = letterbox(sides[0], sides[1], step.size, xp) if step.fit == "pad" else step.size
    ratios = [_real(a, xp) / _real(b, xp) for a, b in zip(sides, inner, strict=True)]
    factors = [side // part for side, part in zip(sides, inner, strict=True)]
    if step.fit == "crop":
        ratios, factors = [xp.minimum(*ratios)] * 2, [xp.minimum(*factors)] * 2
    if step.interpolation == "nearest":
        factors = [1, 1]
    factors = [xp.maximum(factor, 1) for factor in factors]
    places = [
        _places(*axis, xp) for axis in zip(sides, step.size, inner, ratios, factors, strict=True)
    ]
    pixels = rounded(_blocks(pixels, *sides, *factors)) if _shrinks(factors) else pixels
    for axis in (2, 1):
        pixels = _read(pixels, places[axis - 1], axis, step.interpolation, xp)
    pixels = rounded(pixels)
    if step.fit != "pad":
        return pixels
    border = rounded(ops.convert_to_tensor(fill, dtype="float32"))
    rows, columns = (_inside(*axis, xp) for axis in zip(step.size, inner, strict=True))
    return ops.where(ops.convert_to_tensor(rows[:, None, None] & columns[:, None]), pixels, border)


def _real(side: Tensor, xp: Any) -> Tensor:
    """The number of pixels of a side as a float, however it is known."""
    return float(side) if xp is np else ops.cast(side, "float32")


def _shrinks(factors: list[Tensor]) -> bool:
    """Whether there are blocks to average, as far as is known."""
    return any(not isinstance(factor, int | np.integer) or factor > 1 for factor in factors)


def _places(
    length: Tensor, size: int, inner: Tensor, ratio: Tensor, factor: Tensor, xp: Any
) -> Tensor:
    """Where each pixel of the result lies in the image of averaged blocks, (size,)."""
    index = xp.clip(xp.arange(size) - (size - inner) // 2, 0, inner - 1)
    index = cast(index, "float64" if xp is np else "float32", xp)
    at = (_real(length, xp) - 1) / 2 + (index - (_real(inner, xp) - 1) / 2) * ratio
    wide = _real(factor, xp)
    return (at - _real(length % factor // 2, xp) - (wide - 1) / 2) / wide


def _inside(size: int, inner: Tensor, xp: Any) -> Tensor:
    """Which pixels of the frame are those of the image, (size,) bool."""
    index = xp.arange(size) - (size - inner) // 2
    return (index >= 0) & (index < inner)


def _blocks(pixels: Tensor, height: Tensor, width: Tensor, down: Tensor, across: Tensor) -> Tensor:
    """Average blocks of (down, across) pixels; an odd rest at the edges is left out."""
    batch, *_, channels = ops.shape(pixels)
    rows, columns = height // down, width // across
    top, left = height % down // 2, width % across // 2
    whole = pixels[:, top : top + rows * down, left : left + columns * across]
    return ops.mean(ops.reshape(whole, (batch, rows, down, columns, across, channels)), axis=(2, 4))


def _read(pixels: Tensor, at: Tensor, axis: int, interpolation: str, xp: Any) -> Tensor:
    """Read lines between lines, with the outermost continued."""
    last = ops.shape(pixels)[axis] - 1

    def lines(index: Tensor) -> Tensor:
        index = cast(xp.clip(cast(index, "int32", xp), 0, last), "int32", xp)
        return ops.take(pixels, index, axis=axis)

    if interpolation == "nearest":
        return lines(xp.floor(at + (0.5 + NUDGE)))
    first = xp.floor(at)
    shape = (-1, 1, 1) if axis == 1 else (-1, 1)
    part = ops.convert_to_tensor(cast(xp.reshape(at - first, shape), "float32", xp))
    return lines(first) * (1 - part) + lines(first + 1) * part
