"""What happens to the images of one batch: steps, and what comes out."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from functools import cached_property
from itertools import groupby
from typing import Any, TypeAlias

from keras_cvdata.engine.array_api import Tensor
from keras_cvdata.engine.geometry.outlines import Outlines
from keras_cvdata.engine.output import Output
from keras_cvdata.engine.steps import Curve, Histogram, Resize, Step, Warp
from keras_cvdata.types import Range

Lookups: TypeAlias = tuple[Curve | Histogram, ...]
"""Neighbouring steps that are one table for uint8 pixels."""


@dataclass(frozen=True)
class Plan:
    """What happens to the images of one batch, or of several that are planned together.

    A plan made with NumPy can be pickled, without layers and without Keras, and then serves uint8
    images; others need the curves, which stay in the process.

    Attributes:
        steps: What is done, in order.
        output: What the batch holds.
        value_range: Lowest and highest value of float pixels, where known.
        fixed: Number of steps at the beginning that nothing is drawn for.
    """

    steps: tuple[Step, ...]
    output: Output
    value_range: Range | None
    fixed: int = 0

    def __getstate__(self) -> dict[str, Any]:
        """Without what is worked out on demand."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @cached_property
    def uint8_steps(self) -> tuple[Step | Lookups, ...]:
        """The steps for uint8 pixels: neighbours that are tables come together in a tuple."""
        steps: list[Step | Lookups] = []
        for is_table, run in groupby(self.steps, lambda step: isinstance(step, Curve | Histogram)):
            # A last table that would leave uint8 pixels as they are is none.
            kept = [step for step in run if not isinstance(step, Curve) or step.tables is not None]
            if is_table and kept:
                steps.append(tuple(kept))  # type: ignore[arg-type] # filtered by `is_table`
            elif not is_table:
                steps += kept
        return tuple(steps)

    @cached_property
    def head(self) -> Plan:
        """The steps at the beginning that nothing is drawn for."""
        return Plan(self.steps[: self.fixed], Output(), self.value_range)

    @cached_property
    def tail(self) -> Plan:
        """The steps after those that nothing is drawn for."""
        return Plan(self.steps[self.fixed :], self.output, self.value_range)

    @cached_property
    def needs_masks(self) -> bool:
        """Whether a step depends on segmentation masks, see `with_masks` of the executors."""
        return any(step.needs_masks for step in self.steps)

    @cached_property
    def for_masks(self) -> Plan:
        """What happens to segmentation masks: the same moves, without values in between."""
        moves = [move for step in self.steps if (move := step.for_mask()) is not None]
        return Plan(tuple(moves), Output(), None)

    def sample(self, b: int) -> Plan:
        """The moves of one image of the batch."""
        return replace(self, steps=tuple(step.sample(b) for step in self.for_masks.steps))

    def follow_boxes(
        self, boxes: Tensor, height: Tensor, width: Tensor, xp: Any
    ) -> tuple[Tensor, Tensor]:
        """Move boxes as their images are moved.

        Their corners are carried through all steps, and what leaves the image is cut off after
        each. The result is the smallest upright box round what is left. Of a box that a roll tears
        apart the largest piece is kept.

        Args:
            boxes: (B, N, 4) boxes in pixels of the images before the plan, see `geometry.boxes`.
            height: Height of the images before the plan.
            width: Width, likewise.
            xp: `numpy` or `keras.ops`.

        Returns:
            (B, N, 4) boxes in pixels of the images after the plan, and (B, N) the share of the area
            of each, of what lay in its image, that is still in sight; 0 where nothing is.

        Example:
            >>> import numpy as np
            >>> from keras_cvdata.engine.chain import Chain
            >>> from keras_cvdata.layers import RandomFlip
            >>> chain = Chain([RandomFlip("horizontal", rate=1.0)])
            >>> plan = chain.plan(np.zeros((1, 1)), 10, 20, 3)
            >>> moved, shares = plan.follow_boxes(np.array([[[1.0, 2.0, 5.0, 4.0]]]), 10, 20, np)
            >>> moved.tolist(), shares.tolist()
            ([[[15.0, 2.0, 19.0, 4.0]]], [[1.0]])
        """
        size = height, width
        outlines = Outlines.of(boxes, height, width, xp)
        for step in self.steps:
            moved = step.follow_boxes(outlines, size, xp)
            size = step.size_after(size)
            if moved is not outlines:
                outlines = moved.cut(*size, xp)
        return outlines.boxes(*size, xp), outlines.shares(xp)

    @cached_property
    def ways(self) -> dict[tuple[float, ...], Any]:
        """The ways that an executor found, by image, height and width; see `engine.opencv.ways`.

        Of images that were kept smaller, rows and columns that a pixel stands for come behind.
        """
        return {}

    @cached_property
    def resize(self) -> Resize | None:
        """The resize that comes first, by itself or within a warp."""
        first = self.steps[0] if self.steps else None
        if isinstance(first, Warp):
            return first.resize
        return first if isinstance(first, Resize) else None

    @cached_property
    def reduces(self) -> bool:
        """Whether a decoder may hand over a smaller image than the file holds."""
        return self.resize is not None and self.resize.interpolation != "nearest"
