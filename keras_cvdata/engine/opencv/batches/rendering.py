"""A batch of small images after a plan, step by step instead of image by image."""

from __future__ import annotations

import numpy as np

from keras_cvdata.engine.opencv.batches.moves import Moves, fill_of, warp_together
from keras_cvdata.engine.opencv.batches.one_by_one import one_by_one
from keras_cvdata.engine.opencv.batches.tables import look_up_together
from keras_cvdata.engine.plan import Lookups, Plan
from keras_cvdata.engine.steps import Step, Warp
from keras_cvdata.types import Array


class Together:
    """Carries a plan out for several images at once; pixels are those of `render`.

    Args:
        plan: A plan that was made with NumPy.

    Example:
        >>> from keras_cvdata.engine.chain import Chain
        >>> from keras_cvdata.engine.output import Output
        >>> chain = Chain([], output=Output("float32", "unit"))
        >>> together = Together(chain.plan(np.empty((2, 0)), 4, 4, 3))
        >>> batch = np.empty((2, 4, 4, 3), np.float32)
        >>> together.render(np.full(batch.shape, 255, np.uint8), 0, batch)
        >>> float(batch.min())
        1.0
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._moves: dict[int, Moves | None] = {}

    def render(self, images: Array, first: int, out: Array) -> None:
        """Render some images of the batch that the plan is for.

        Args:
            images: (n, height, width, channels) uint8, C-contiguous, of 1, 3 or 4 channels, and of
                one size in all calls; never changed.
            first: Number of the first of them in the batch.
            out: (n, height, width, channels) of the result, C-contiguous.
        """
        result, last = images, len(self.plan.uint8_steps) - 1
        for position, step in enumerate(self.plan.uint8_steps):
            target = out if position == last else None
            if isinstance(step, Warp):
                moves = self._moves_of(position, step, result)
                result = warp_together(step, moves, result, first, self.plan, target)
            else:
                result = _apply(step, result, first, self.plan, target)
        if result is not out:
            np.copyto(out, result, casting="unsafe")

    def _moves_of(self, position: int, step: Warp, pixels: Array) -> Moves | None:
        if position not in self._moves:
            before = pixels.shape[1], pixels.shape[2]
            self._moves[position] = Moves.of(step, before, fill_of(step, self.plan))
        return self._moves[position]


def _apply(step: Step | Lookups, pixels: Array, first: int, plan: Plan, out: Array | None) -> Array:
    if isinstance(step, tuple):
        return look_up_together(step, pixels, first, plan, out)
    return one_by_one(step, pixels, first, plan, out)
