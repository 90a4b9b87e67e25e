"""Images listed in a pandas data frame."""

from __future__ import annotations

import os
from collections.abc import Mapping
from collections.abc import Sequence as Ordered
from typing import Any, Literal, Unpack

from keras_cvdata.labels import SEPARATOR
from keras_cvdata.sequences.options import ImageOptions
from keras_cvdata.sequences.table import TableSequence, label_options, missing_option
from keras_cvdata.sources.dataframe import DataFrameSource


class DataFrameSequence(TableSequence):
    """Batches of images that a pandas data frame lists, one a row.

    A location is a local path, a URL or pixels as an array.

    Args:
        frame: The data frame; it is read once and not kept.
        image_column: Column with the locations; with `pixel_shape` also columns or a pattern such
            as "pixel*", one column for each pixel.
        label_column: Column with the labels, or a list of columns; see `label_mode` of `Sequence`.
        label_separator: What stands between several labels in one cell of text.
        root: Folder of relative paths, out of which no image may be read; by default relative to
            the working folder, and absolute paths allowed.
        class_names: Classes in the order of their integers, or a dict with them by column; by
            default the order of a categorical column, else sorted.
        extension: Ending of files that the table names without it, as ".png" for ids.
        missing: What to do where a local file does not exist: "raise" names it, "drop" leaves its
            row out and counts it, "later" looks only when it is read, as for slow disks. By default
            "raise", and "later" where `on_error` is not "raise".
        pixel_shape: (height, width) or (height, width, channels) of images whose values stand in
            the table, row by row: in one cell, or in one column for each.
        allow: URL schemes that may be read.
        private_hosts: Allow URLs of this machine and of private networks.
        label_mode: Form of the labels, see `Sequence`. "multilabel" reads `a|b`, lists of names or
            of 0 and 1, or one column per class; "hierarchical" lists or `cat/persian`; "regression"
            numbers, lists of them, or several columns. A dict gives each column its mode.
        mask_column: Column with the files of segmentation masks, which become a target.
        box_column: Column with lists of bounding boxes, `[10, 20, 50, 60, "cat"]` each, which
            become a target: four numbers as `bounding_box_format` says, by default left, top,
            right, bottom in pixels, and a class, a name or an integer from 0 on.
        box_class_names: Names of the classes of boxes in the order of their integers, so that all
            files number them alike; by default the names that are found, sorted.
        image_size: `(height, width)` of the batch, or one number for squares.
        **options: Further arguments of `Sequence`: batch_size, shuffle, seed, validation_split,
            subset, augment, rescale, ...

    Raises:
        ValueError: The frame lacks a column or a label; or an argument is out of its range.

    Example:
        >>> import numpy as np, pandas as pd
        >>> frame = pd.DataFrame(
        ...     {"location": [np.zeros((4, 4, 3), "uint8")] * 2, "label": ["cat", "dog"]}
        ... )
        >>> seq = DataFrameSequence(frame, image_size=(4, 4), verbose=0)
        >>> seq[0][0].shape
        (2, 4, 4, 3)

    Source: Handbook 2, part 5; R16, R24.
    """

    def __init__(  # noqa: PLR0913 # the arguments of a public sequence
        self,
        frame: Any,
        *,
        image_column: str | Ordered[str] = "location",
        label_column: str | Ordered[str] = "label",
        label_separator: str = SEPARATOR,
        root: str | os.PathLike[str] | None = None,
        class_names: Ordered[str] | Mapping[str, Ordered[str]] | None = None,
        extension: str | None = None,
        missing: Literal["raise", "drop", "later"] | None = None,
        pixel_shape: Ordered[int] | None = None,
        allow: Ordered[str] = ("https",),
        private_hosts: bool = False,
        label_mode: str | Mapping[str, str] | None = "int",
        mask_column: str | None = None,
        box_column: str | None = None,
        box_class_names: Ordered[str] | None = None,
        image_size: int | tuple[int, int] | None = (256, 256),
        **options: Unpack[ImageOptions],
    ) -> None:
        source = DataFrameSource(
            frame,
            image_column=image_column,
            **label_options(label_mode, label_column),
            label_separator=label_separator,
            root=root,
            class_names=class_names,
            extension=extension,
            missing=missing or missing_option(options),
            pixel_shape=pixel_shape,
            allow=allow,
            private_hosts=private_hosts,
        )
        super().__init__(
            source,
            label_mode=label_mode,
            mask_column=mask_column,
            box_column=box_column,
            box_class_names=box_class_names,
            image_size=image_size,
            **options,
        )
