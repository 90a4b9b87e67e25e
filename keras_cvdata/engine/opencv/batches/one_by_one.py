"""What only one image at a time can do, in a batch that is carried out step by step."""

from __future__ import annotations

import numpy as np

from keras_cvdata.engine.opencv.geometry import Place
from keras_cvdata.engine.opencv.rendering import apply
from keras_cvdata.engine.opencv.sampling import if_fits
from keras_cvdata.engine.plan import Lookups, Plan
from keras_cvdata.engine.steps import Step
from keras_cvdata.types import Array


def one_by_one(
    step: Step | Lookups, pixels: Array, first: int, plan: Plan, out: Array | None
) -> Array:
    """Carry out one step for each image by itself.

    Args:
        step: The step.
        pixels: (n, height, width, channels); never changed.
        first: Number of the first image in the batch that the plan is for.
        plan: The plan that the step belongs to.
        out: Where the result goes, if it is of that dtype.

    Returns:
        (n, height, width, channels), `out` where it was written to.
    """
    images = [
        apply(step, image, Place(plan, first + b), None if out is None else out[b])
        for b, image in enumerate(pixels)
    ]
    target = if_fits(out, images[0])
    return np.stack(images, out=target)
