"""What sequences over CSV, JSON and data frames share."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence as Ordered
from typing import Any, Unpack

from keras_cvdata.sequences.base import Sequence
from keras_cvdata.sequences.options import ImageOptions
from keras_cvdata.sequences.targets import label_kinds
from keras_cvdata.sources.box_rows import warn_of_box_rows
from keras_cvdata.sources.table import TableSource


class TableSequence(Sequence):
    """Base of sequences over a table with a row for each image.

    Args:
        source: The table.
        label_mode: Form of the labels, see `Sequence`.
        mask_column: Column with the files of segmentation masks, which become a target.
        box_column: Column with lists of bounding boxes, `[10, 20, 50, 60, "cat"]` each, which
            become a target: four numbers as `bounding_box_format` says, by default left, top,
            right, bottom in pixels, and a class, a name or an integer from 0 on.
        box_class_names: Names of the classes of boxes in the order of their integers, so that all
            files number them alike; by default the names that are found, sorted.
        image_size: `(height, width)` of the batch, or one number for squares.
        **options: Further arguments of `Sequence`.
    """

    def __init__(
        self,
        source: TableSource,
        *,
        label_mode: str | Mapping[str, str] | None = "int",
        mask_column: str | None = None,
        box_column: str | None = None,
        box_class_names: Ordered[str] | None = None,
        image_size: int | tuple[int, int] | None = (256, 256),
        **options: Unpack[ImageOptions],
    ) -> None:
        if box_column is None:
            warn_of_box_rows(source.locations, source.columns)
        super().__init__(
            source,
            label_mode=label_mode,
            image_size=image_size,
            masks=None if mask_column is None else source.at_column(mask_column),
            boxes=None if box_column is None else source.boxes(box_column, box_class_names),
            **options,
        )


def label_options(
    label_mode: str | Mapping[str, str] | None, label_column: str | Ordered[str]
) -> dict[str, Any]:
    """Say which columns a source reads as labels, and as what.

    Args:
        label_mode: Argument of the sequence.
        label_column: Argument of the sequence.

    Returns:
        `label_column` and `label_kind` of the source.
    """
    return {
        "label_column": None if label_mode in (None, "input") else label_column,
        "label_kind": label_kinds(label_mode),
    }


def missing_option(options: ImageOptions) -> str:
    """Say what a table does about missing files, where that is not asked for.

    Args:
        options: Arguments of the sequence.

    Returns:
        `missing` of the source: images that cannot be read may be replaced when they are read.
    """
    return "raise" if options.get("on_error", "raise") == "raise" else "later"
