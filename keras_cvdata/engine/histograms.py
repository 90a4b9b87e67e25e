"""Curves that depend on the histogram of the image, for both executors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from keras_cvdata.engine.portable import Parameters, Tensor, cast

HistogramCurve: TypeAlias = Callable[[Parameters, Tensor, Tensor, Any], Tensor]
"""Takes parameters, values (B, n, C) of 0 to 1, counts (B, 256, C) and `xp`; returns values."""


def contrast(p: Parameters, values: Tensor, counts: Tensor, xp: Any) -> Tensor:
    """Multiply the distance of every value from the mean of its channel.

    Args:
        p: `contrast`, (B,) gain.
        values: (B, n, C) of 0 to 1.
        counts: (B, 256, C) number of pixels of each level.
        xp: `numpy` or `keras.ops`.

    Returns:
        (B, n, C) values.
    """
    levels = cast(xp.arange(256), "float32", xp)[None, :, None] / 255
    total = xp.sum(counts, axis=1, keepdims=True)
    mean = xp.sum(counts / total * levels, axis=1, keepdims=True)
    return mean + (values - mean) * p["contrast"][:, None, None]


CURVES: dict[str, HistogramCurve] = {"contrast": contrast}
"""The curves by the name under which a plan holds them."""
