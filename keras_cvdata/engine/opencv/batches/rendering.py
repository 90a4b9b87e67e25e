"""A batch of small images after a plan, step by step instead of image by image."""

from __future__ import annotations

import numpy as np

from keras_cvdata.engine.opencv.batches.moves import warp_together
from keras_cvdata.engine.opencv.batches.one_by_one import one_by_one
from keras_cvdata.engine.opencv.batches.tables import look_up_together
from keras_cvdata.engine.plan import Lookups, Plan
from keras_cvdata.engine.steps import Step, Warp
from keras_cvdata.types import Array


def render_together(images: Array, plan: Plan, out: Array) -> None:
    """Carry out a plan for all images of a batch; pixels are those of `render`.

    Args:
        images: (B, height, width, channels) uint8, C-contiguous, of 1, 3 or 4 channels; never
            changed.
        plan: A plan for B images that was made with NumPy.
        out: (B, height, width, channels) of the result, C-contiguous.

    Example:
        >>> from keras_cvdata.engine.chain import Chain
        >>> from keras_cvdata.engine.output import Output
        >>> chain = Chain([], output=Output("float32", "unit"))
        >>> batch = np.empty((2, 4, 4, 3), np.float32)
        >>> images = np.full(batch.shape, 255, np.uint8)
        >>> render_together(images, chain.plan(np.empty((2, 0)), 4, 4, 3), batch)
        >>> float(batch.min())
        1.0
    """
    result, last = images, len(plan.uint8_steps) - 1
    for position, step in enumerate(plan.uint8_steps):
        result = _apply(step, result, plan, out if position == last else None)
    if result is not out:
        np.copyto(out, result, casting="unsafe")


def _apply(step: Step | Lookups, pixels: Array, plan: Plan, out: Array | None) -> Array:
    if isinstance(step, tuple):
        return look_up_together(step, pixels, plan, out)
    if isinstance(step, Warp):
        return warp_together(step, pixels, plan, out)
    return one_by_one(step, pixels, plan, out)
