"""Images in memory."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence as Ordered
from typing import Any, Unpack

from keras_cvdata.sequences.base import Sequence
from keras_cvdata.sequences.options import SizedOptions
from keras_cvdata.sequences.targets import label_kinds
from keras_cvdata.sources.arrays import ArraySource
from keras_cvdata.sources.boxes import Boxes
from keras_cvdata.sources.masks import MaskArrays


class ArraySequence(Sequence):
    """Batches of images in memory.

    Args:
        x: Images (N, height, width, channels) or (N, height, width), uint8, uint16 or float; or a
            list of images of different sizes.
        y: Labels: integers, names, one-hot rows, several 0/1 columns, or numbers; a dict of them
            for several label columns; None for none.
        class_names: Names of the classes in the order of their integers.
        label_mode: Form of the labels, see `Sequence`; no labels where `y` is None.
        masks: Segmentation masks (N, height, width, 1) or (N, height, width) of whole numbers or
            booleans, or a list of them, which become a target.
        boxes: For each image a list of bounding boxes `[10, 20, 50, 60, "cat"]`, which become a
            target: four numbers as `bounding_box_format` says, by default left, top, right, bottom
            in pixels, and a class, a name or an integer from 0 on.
        box_class_names: Names of the classes of boxes in the order of their integers; by default
            the names that are found, sorted.
        color_mode: Channels of the batch; "unchanged" keeps those of `x`.
        **options: Further arguments of `Sequence`: image_size, batch_size, shuffle, seed,
            validation_split, subset, augment, rescale, ...

    Raises:
        ValueError: Lengths differ, pixels are NaN, or an argument is out of its range.

    Example:
        >>> import numpy as np
        >>> x = np.zeros((5, 8, 8), "uint8")
        >>> seq = ArraySequence(x, [0, 1, 0, 1, 1], batch_size=2, rescale="unit", verbose=0)
        >>> [images.shape for images, labels in seq]
        [(2, 8, 8, 1), (2, 8, 8, 1), (1, 8, 8, 1)]

    Source: Handbook 2, part 5; R28, R47.
    """

    def __init__(  # the arguments of a public sequence
        self,
        x: Any,
        y: Any = None,
        *,
        class_names: Ordered[str] | None = None,
        label_mode: str | Mapping[str, str] | None = "int",
        masks: Any = None,
        boxes: Ordered[Any] | None = None,
        box_class_names: Ordered[str] | None = None,
        color_mode: str = "unchanged",
        **options: Unpack[SizedOptions],
    ) -> None:
        source = ArraySource(
            x,
            y,
            class_names=class_names,
            value_range=options.get("value_range"),
            label_kind=label_kinds(label_mode),
        )
        if y is None and label_mode == "int":
            label_mode = None
        super().__init__(
            source,
            label_mode=label_mode,
            color_mode=color_mode,
            masks=None if masks is None else MaskArrays(masks),
            boxes=None if boxes is None else Boxes.from_cells(boxes, class_names=box_class_names),
            **options,
        )
