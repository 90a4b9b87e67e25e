"""Segmentation masks and bounding boxes that follow the images of a batch."""

from __future__ import annotations

from typing import Any

import numpy as np

from keras_cvdata.arguments import choice, integer, probability
from keras_cvdata.engine import opencv
from keras_cvdata.engine.geometry import boxes as geometry
from keras_cvdata.engine.geometry.outlines import in_sight
from keras_cvdata.engine.plan import Plan
from keras_cvdata.engine.steps import Size
from keras_cvdata.loading.masks import MaskClasses
from keras_cvdata.sources.base import Source
from keras_cvdata.sources.boxes import Boxes
from keras_cvdata.types import Array, ImageError


class Annotations:
    """What belongs to the images of a source, addressed by their row numbers.

    Args:
        masks: Masks of all rows, or None.
        boxes: Boxes of all rows, or None.
        classes: Which class the pixels of masks stand for; by default the numbers that they hold.
        box_format: Format of the boxes, as they are listed and in the batch, see `boxes.FORMATS`.
        max_boxes: Boxes of each image in the batch; by default the most that an image has.
        min_visible: Share of the area of a box, 0 to 1, that must stay in sight.

    Raises:
        TypeError: A number is none.
        ValueError: An argument is out of its range.
        ImageError: The first mask cannot be read.
    """

    def __init__(
        self,
        masks: Source | None,
        boxes: Boxes | None,
        *,
        classes: MaskClasses | None = None,
        box_format: str = "xyxy",
        max_boxes: int | None = None,
        min_visible: float = 0.0,
    ) -> None:
        self.masks = masks
        self.boxes = boxes
        self.classes = classes or MaskClasses()
        self.box_format = choice("bounding_box_format", box_format, geometry.FORMATS)
        self.min_visible = probability("min_visible", min_visible, "share")
        if max_boxes is not None:
            integer("max_boxes", max_boxes, 1)
        self.max_boxes = max_boxes or (boxes.max_per_row if boxes else 0)
        self.dtype = np.min_scalar_type(self.classes.fill)
        if masks is not None:
            self.dtype = np.promote_types(self.dtype, self.classes.read(masks, 0).dtype)
            self.dtype = np.promote_types(self.dtype, self.classes.look_at(masks))

    @property
    def box_class_names(self) -> tuple[str, ...]:
        """Names of the classes of the boxes; empty where there are none."""
        return () if self.boxes is None else self.boxes.class_names

    def __bool__(self) -> bool:
        return self.masks is not None or self.boxes is not None

    def allocate(self, count: int, size: Size) -> dict[str, Any]:
        """Make room for what follows the images of a batch."""
        found: dict[str, Any] = {}
        if self.masks is not None:
            found["segmentation_masks"] = np.empty((count, *size, 1), self.dtype)
        if self.boxes is not None:
            found["bounding_boxes"] = {
                "boxes": np.zeros((count, self.max_boxes, 4), np.float32),
                "labels": np.full((count, self.max_boxes), -1, np.int32),
            }
        return found

    def mask(self, row: int, plan: Plan, before: Size) -> Array | None:
        """Read the mask of a row, where there are any.

        Args:
            row: Row of the sample.
            plan: The plan of the batch.
            before: (height, width) of the whole image.

        Returns:
            (height, width, 1) classes, of a dtype that holds what fills the border as well.

        Raises:
            ImageError: The mask cannot be read or does not fit the image.
        """
        if self.masks is None:
            return None
        mask = self.classes.read(self.masks, row)
        self._check_mask(mask, row, before, plan)
        return mask.astype(self.dtype, copy=False)

    def fill(
        self,
        batch: dict[str, Any],
        slot: int,
        row: int,
        plan: Plan,
        b: int,
        sizes: tuple[Size, Size],
        mask: Array | None,
    ) -> None:
        """Let mask and boxes of a row follow its image into a slot.

        Args:
            batch: What `allocate` returned.
            slot: Which image of the batch this is.
            row: Row of the sample.
            plan: What happens to the image.
            b: Which of the images of the plan it is.
            sizes: (height, width) of the whole image, and of the images of the batch.
            mask: What `mask` returned.
        """
        if mask is not None:
            opencv.render_mask(
                mask, plan, b, batch["segmentation_masks"][slot], fill=self.classes.fill
            )
        if self.boxes is not None:
            self._fill_boxes(batch["bounding_boxes"], slot, row, plan.sample(b), sizes)

    def _fill_boxes(
        self, batch: dict[str, Array], slot: int, row: int, plan: Plan, sizes: tuple[Size, Size]
    ) -> None:
        assert self.boxes is not None
        before, after = sizes
        found, labels = self.boxes.row(row)
        pixels = geometry.to_pixels(found[None], self.box_format, *before, np)
        pixels, shares = plan.follow_boxes(pixels, *before, np)
        seen = in_sight(shares, self.min_visible, np)
        written = geometry.from_pixels(pixels, self.box_format, *after, np)[0][seen[0]]
        kept = min(len(written), self.max_boxes)
        batch["boxes"][slot], batch["labels"][slot] = 0, -1
        batch["boxes"][slot, :kept] = written[:kept]
        batch["labels"][slot, :kept] = labels[seen[0]][:kept]

    def _check_mask(self, mask: Array, row: int, before: Size, plan: Plan) -> None:
        """Masks may be smaller than their images where both are resized."""
        assert self.masks is not None
        if mask.dtype != self.dtype and mask.max() > np.iinfo(self.dtype).max:
            raise ImageError(
                self.masks.name(row),
                f"The mask holds {mask.max()}, and the masks that were looked at {self.dtype} "
                "numbers. Save all at one depth, or correct this one.",
                row,
            )
        height, width = mask.shape[:2]
        if (height, width) == before:
            return
        off = abs(height * before[1] - width * before[0])  # half a pixel of rounding is none
        if plan.resize is None or 2 * off > sum(before):
            raise ImageError(
                self.masks.name(row),
                f"The mask is {height} x {width} pixels and its image {before[0]} x {before[1]}. "
                "Save both at one size (or, with image_size, at one aspect).",
                row,
            )
