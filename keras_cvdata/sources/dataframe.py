"""Images listed in a pandas data frame."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from keras_cvdata.labels import SEPARATOR, categories
from keras_cvdata.sources.columns import check_different, find_columns, label_names
from keras_cvdata.sources.embedded import PixelRows, find_pixel_columns
from keras_cvdata.sources.strings import CompactStrings
from keras_cvdata.sources.table import PathOptions, TableSource, make_labels, tidy_column
from keras_cvdata.types import Array, brief


class DataFrameSource(TableSource):
    """Images listed in a pandas data frame, one a row.

    A location is a local path, a URL, an encoded image as bytes, or pixels as an array, a nested
    list or text (see `parse_pixels`). Row numbers count the rows of the frame from 0, whatever its
    index. Further columns are kept in `columns`.

    Args:
        frame: The data frame; it is read once and not kept.
        image_column: Column with the locations; letter case does not count if no other column
            differs in case only. With `pixel_shape` also a list of columns or a pattern such as
            "pixel*": one column for each pixel.
        label_column: Column with the labels, several, or None for images without labels.
        root: Folder of relative paths, out of which no image may be read. With None relative paths
            start from the current folder, and any path may be read.
        class_names: Classes in the order of their integers, for one label column, or by column;
            sorted names by default, or the order of a categorical column.
        label_kind: "class", "multilabel" (`a|b`, or a list of names or of 0 and 1), "hierarchical"
            (`cat/persian` or a list) or "number", for all label columns or by column; by default
            seen from the values: integers from 0 on are classes with these numbers. Several columns
            of 0 and 1 ("multilabel"), or of numbers ("number"), make one.
        label_separator: What stands between several labels in one text.
        extension: Ending of files that the table names without it, as ".png" for ids.
        missing: What to do where a local file does not exist: "raise" names it, "drop" leaves its
            row out and counts it in `summary`, "later" looks only when it is read. Each folder is
            listed once for it.
        pixel_shape: (height, width) or (height, width, channels) of images whose values stand in
            the table, row by row: in one cell, with blanks or commas between, or in one column for
            each. Whole numbers are 0 to 255, decimals 0 to 1.
        allow: URL schemes that may be read.
        private_hosts: Allow URLs of this machine and of private networks.

    Raises:
        ValueError: A column is missing or there twice, or a cell is no location or label.

    Example:
        >>> import pandas as pd
        >>> pixels = [[[1, 2], [3, 4]], [[5, 6], [7, 8]]]
        >>> frame = pd.DataFrame({"location": pixels, "label": ["cat", "dog"]})
        >>> DataFrameSource(frame).fetch(1).tolist()
        [[5, 6], [7, 8]]
    """

    def __init__(  # noqa: PLR0913 # the arguments of a public reader
        self,
        frame: Any,
        *,
        image_column: str | Sequence[str] = "location",
        label_column: str | Sequence[str] | None = "label",
        root: str | os.PathLike[str] | None = None,
        class_names: Sequence[str] | Mapping[str, Sequence[str]] | None = None,
        label_kind: str | Mapping[str, str] | None = None,
        label_separator: str = SEPARATOR,
        extension: str | None = None,
        missing: str = "raise",
        pixel_shape: Sequence[int] | None = None,
        allow: Sequence[str] = ("https",),
        private_hosts: bool = False,
    ) -> None:
        where = "data frame"
        names = [str(name) for name in frame.columns]
        check_different(names, where, "Give every column its own name.")
        if not len(frame):
            raise ValueError(f"{where}: it has no rows.")
        images = find_pixel_columns(image_column, names, where, pixel_shape, find_columns)
        position = {name: index for index, name in enumerate(names)}
        left_out = set() if len(images) == 1 else set(images)
        cells = {
            name: frame.iloc[:, index].tolist()
            for name, index in position.items()
            if name not in left_out
        }
        place = partial("{}, row {}".format, where)
        wanted = label_names(label_column)
        chosen = dict(zip(wanted, find_columns(wanted, names, where), strict=True))
        used = {*images, *chosen.values()}
        super().__init__(
            _locations(cells[images[0]], where)
            if pixel_shape is None
            else _pixels(frame.iloc[:, [position[name] for name in images]], pixel_shape, place),
            make_labels(
                {name: cells[spelled] for name, spelled in chosen.items()},
                label_kind,
                _known_names(frame, names, chosen, label_kind, class_names),
                place,
                label_separator,
            ),
            {name: tidy_column(values) for name, values in cells.items() if name not in used},
            where=where,
            root="." if root is None else root,
            confined=root is not None,
            remote={"allow": tuple(allow), "private_hosts": private_hosts},
            paths=PathOptions(extension, missing, place),
        )


def _known_names(
    frame: Any,
    names: Sequence[str],
    chosen: Mapping[str, str],
    kinds: str | Mapping[str, str] | None,
    class_names: Sequence[str] | Mapping[str, Sequence[str]] | None,
) -> Any:
    """Names of the classes as they are given, or else in the order of categorical columns."""
    if class_names is not None and not isinstance(class_names, Mapping):
        return class_names
    known = dict(class_names or {})
    for name, spelled in chosen.items():
        kind = kinds.get(name) if isinstance(kinds, Mapping) else kinds
        order = categories(frame.iloc[:, names.index(spelled)])
        if known.get(name) is None and kind in (None, "class") and order is not None:
            known[name] = order
    return known


def _locations(values: list[Any], where: str) -> CompactStrings | list[str | bytes | Array]:
    """Check the locations, and pack them where all are text."""
    locations = [_location(value, f"{where}, row {row}") for row, value in enumerate(values)]
    if all(isinstance(location, str) for location in locations):
        return CompactStrings.from_list(map(str, locations))
    return locations


def _pixels(columns: Any, shape: Sequence[int], place: Callable[[int], str]) -> Array:
    """Pixels of one column of texts or lists, or of one column for each pixel."""
    pixels = PixelRows(shape)
    for row, values in enumerate(columns.to_numpy()):
        pixels.add(values[0] if len(values) == 1 else values, place(row))
    return pixels.pixels(place)


def _location(value: Any, where: str) -> str | bytes | Array:
    if isinstance(value, os.PathLike):
        value = os.fspath(value)
    if isinstance(value, int | np.integer) and not isinstance(value, bool):  # an id
        value = str(value)
    if isinstance(value, list):
        value = json.dumps(
            value, default=lambda numbers: numbers.tolist()
        )  # checked by `parse_pixels`
    if isinstance(value, np.ndarray) or (isinstance(value, str | bytes) and value):
        return value
    raise ValueError(
        f"{where}: the location must be a path, a URL, the bytes of an image file or an array of "
        f"pixels; got {brief(value)}."
    )
