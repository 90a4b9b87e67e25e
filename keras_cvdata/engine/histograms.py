"""Curves that depend on the histogram of the image, for both executors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from keras_cvdata.engine.array_api import Parameters, Tensor, cast, to_levels

HistogramCurve: TypeAlias = Callable[[Parameters, Tensor | None, Callable[[], Tensor], Any], Tensor]
"""Takes parameters, values (B, n, C) of 0 to 1, a function that counts, and `xp`; returns values.

`None` stands for the 256 levels themselves, from which a table is made. The function gives (B, 256,
C) numbers of pixels of each level; counting takes long, so it is asked only where it must be.
"""


def contrast(
    p: Parameters, values: Tensor | None, counted: Callable[[], Tensor], xp: Any
) -> Tensor:
    """Multiply the distance of every value from the mean of its channel.

    Args:
        p: `contrast`, (B,) gain.
        values: (B, n, C) of 0 to 1, or `None` for the 256 levels.
        counted: Gives the (B, 256, C) number of pixels of each level.
        xp: `numpy` or `keras.ops`.

    Returns:
        (B, n, C) values.
    """
    # Sums of whole numbers, so that both executors find the same mean in whatever order they add;
    # in two parts where one would overflow.
    if values is None:
        counts = cast(counted(), "int32", xp)
        levels = xp.arange(256, dtype="int32")[None, :, None]
        total = 256 * _sum(counts // 256 * levels, xp) + _sum(counts % 256 * levels, xp)
        pixels = _sum(counts, xp)
    else:
        known = xp.where(xp.isnan(values), 0.0, values)
        levels = cast(to_levels(xp.clip(known, 0, 1), 255, xp), "int32", xp)
        if values.shape[1] is not None and values.shape[1] * 255 < 2**31:
            total = _sum(levels, xp)
        else:
            total = 16 * _sum(levels // 16, xp) + _sum(levels % 16, xp)
        pixels = cast(xp.shape(values)[1], "float32", xp)
    return contrast_about(p, values, total / (255 * pixels), xp)


def contrast_about(p: Parameters, values: Tensor | None, mean: Tensor, xp: Any) -> Tensor:
    """Multiply the distance of every value from a mean that is known.

    Args:
        p: `contrast`, (B,) gain.
        values: (B, n, C) of 0 to 1, or `None` for the 256 levels.
        mean: (B, 1, C) float32 means of 0 to 1.
        xp: `numpy` or `keras.ops`.

    Returns:
        (B, n, C) values.
    """
    values = _levels(xp) if values is None else values
    return mean + (values - mean) * p["contrast"][:, None, None]


def stretch(
    p: Parameters,
    values: Tensor | None,
    counted: Callable[[], Tensor],
    xp: Any,
) -> Tensor:
    """Stretch the values of every channel over the whole range.

    Args:
        p: None are needed.
        values: (B, n, C) of 0 to 1, or `None` for the 256 levels.
        counted: Gives the (B, 256, C) number of pixels of each level.
        xp: `numpy` or `keras.ops`.

    Returns:
        (B, n, C) values; those of a channel of one value as they were.
    """
    if values is None:  # a table holds all levels, of which not all occur
        values, counts = _levels(xp), counted()
        low = xp.min(xp.where(counts > 0, values, 1.0), axis=1, keepdims=True)
        high = xp.max(xp.where(counts > 0, values, 0.0), axis=1, keepdims=True)
    else:
        unknown = xp.isnan(values)
        low = xp.min(xp.where(unknown, 1.0, values), axis=1, keepdims=True)
        high = xp.max(xp.where(unknown, 0.0, values), axis=1, keepdims=True)
        low, high = xp.clip(low, 0, 1), xp.clip(high, 0, 1)
    flat = high <= low
    spread = (values - low) / xp.where(flat, 1.0, high - low)
    return xp.where(flat, values, spread)


def equalize(
    p: Parameters,
    values: Tensor | None,
    counted: Callable[[], Tensor],
    xp: Any,
) -> Tensor:
    """Give every value the share of pixels of its channel that are darker.

    Args:
        p: None are needed.
        values: (B, n, C) of 0 to 1, or `None` for the 256 levels.
        counted: Gives the (B, 256, C) number of pixels of each level.
        xp: `numpy` or `keras.ops`.

    Returns:
        (B, n, C) values; those of a channel with fewer than 255 pixels below its brightest
        stay.
    """
    whole = cast(counted(), "int32", xp)
    until = cast(xp.cumsum(whole, axis=1), "int32", xp)
    darker, total = until - whole, until[:, -1:]
    below_last = xp.min(xp.where(until < total, total, darker), axis=1, keepdims=True)
    step = below_last // 255
    shares = xp.minimum((darker + step // 2) // xp.maximum(step, 1), 255)
    table = cast(shares, "float32", xp) / 255
    if values is None:
        return xp.where(step > 0, table, _levels(xp))
    return xp.where(step > 0, _between(table, values, xp), values)


def _sum(numbers: Tensor, xp: Any) -> Tensor:
    """Add up (B, n, C) whole numbers to (B, 1, C) float32."""
    return cast(xp.sum(numbers, axis=1, keepdims=True), "float32", xp)


def _levels(xp: Any) -> Tensor:
    """Give the 256 levels, (1, 256, 1) from 0 to 1."""
    return cast(xp.arange(256), "float32", xp)[None, :, None] / 255


def _between(table: Tensor, values: Tensor, xp: Any) -> Tensor:
    """Read (B, 256, C) tables at values of 0 to 1, straight lines between the levels."""
    at = xp.clip(values * 255, 0, 255)
    # A level that was divided by 255 must not fall below itself.
    below = xp.floor(at + 2.0**-10)
    index = cast(below, "int32", xp)
    index = index + xp.zeros_like(table[:, :1], dtype="int32")
    lower = xp.take_along_axis(table, index, axis=1)
    upper = xp.take_along_axis(table, xp.minimum(index + 1, 255), axis=1)
    return lower + (upper - lower) * xp.maximum(at - below, 0)


CURVES: dict[str, HistogramCurve] = {
    "contrast": contrast,
    "equalize": equalize,
    "stretch": stretch,
}
"""The curves by the name under which a plan holds them."""
