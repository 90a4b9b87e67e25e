"""What CSV, JSON and data frames share: one image a row, with its labels and further columns."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from keras_cvdata import labels as label_forms
from keras_cvdata.labels import Labels
from keras_cvdata.sources.base import Source
from keras_cvdata.sources.box_rows import without_header
from keras_cvdata.sources.boxes import Boxes
from keras_cvdata.sources.embedded import is_embedded, parse_pixels
from keras_cvdata.sources.files import read_file
from keras_cvdata.sources.remote import read_url
from keras_cvdata.sources.strings import CompactStrings
from keras_cvdata.types import Array, ImageError

SEPARATOR = "|"  # between several labels in one cell of text

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")


def is_url(location: str) -> bool:
    """Say whether a location is remote: whether it begins with `scheme://`."""
    return _URL.match(location) is not None


class TableSource(Source):
    """Rows that say where an image is and what it shows.

    A location is a local path, a URL, or the pixels themselves (R21 to R23); which of them is seen
    for each row by itself.

    Args:
        locations: Location of each image as text, or any mix of text, encoded bytes and pixels.
        labels: The label columns by name.
        columns: Further columns by name.
        where: Name of the table for messages.
        root: Folder that relative paths start from.
        confined: Refuse images outside `root`, also through symbolic links.
        remote: Keyword arguments of `keras_cvdata.sources.remote.read_url`.
    """

    def __init__(
        self,
        locations: CompactStrings | Sequence[Any],
        labels: Mapping[str, Labels],
        columns: Mapping[str, Array],
        *,
        where: str,
        root: str | os.PathLike[str],
        confined: bool,
        remote: Mapping[str, Any],
    ) -> None:
        self.locations = locations
        self.labels = dict(labels)
        self.columns = dict(columns)
        self.where = where
        self.root = Path(root).resolve() if confined else Path(root).absolute()
        self.confined = confined
        self.remote = dict(remote)

    def __len__(self) -> int:
        return len(self.locations)

    def fetch(self, position: int) -> bytes | Array:
        """Read one image from where its row says: a file, a URL or the row itself."""
        location = self.locations[position]
        if not isinstance(location, str):
            return location  # type: ignore[no-any-return] # bytes or pixels of a data frame
        if is_embedded(location):
            return parse_pixels(location, self.name(position), position)
        try:
            if is_url(location):
                return read_url(location, **self.remote)
            return read_file(self._path(location))
        except ImageError as error:
            raise ImageError(error.name, error.reason, position) from error

    def name(self, position: int) -> str:
        """Path or URL of one image, or `table[row]` for pixels in the table itself."""
        location = self.locations[position]
        if not isinstance(location, str) or is_embedded(location):
            return f"{self.where}[{position}]"
        return location if is_url(location) else str(self.root / location)

    def at_column(self, name: str) -> TableSource:
        """The files, such as masks, that another column of the same table names.

        Args:
            name: Name of the column.

        Returns:
            A source of the same rows, without labels.

        Raises:
            ValueError: There is no such column, or a cell is empty.
        """
        cells = self.columns[find_column(name, self.columns, self.where)]
        for row, cell in enumerate(cells):
            if not isinstance(cell, str) or not cell.strip():
                raise ValueError(
                    f"{self.where}, row {row}: the column {name!r} must name a file; got {cell!r}."
                )
        return TableSource(
            CompactStrings.from_list(cells),
            {},
            {},
            where=self.where,
            root=self.root,
            confined=self.confined,
            remote=self.remote,
        )

    def boxes(self, name: str, class_names: Sequence[str] | None = None) -> Boxes:
        """The bounding boxes that a column of the table lists, see `Boxes.from_cells`.

        Args:
            name: Name of the column.
            class_names: Names of the classes of the boxes, see `Boxes.from_cells`.

        Returns:
            The boxes of the same rows.

        Raises:
            ValueError: There is no such column, or a cell holds no boxes.
        """
        cells = self.columns[find_column(name, self.columns, self.where)]
        return Boxes.from_cells(cells, lambda row: f"{self.where}, row {row}", class_names)

    def _path(self, location: str) -> str:
        if "\0" in location:
            raise ImageError(location, "The path holds a zero character. Correct the table.")
        path = self.root / location
        if self.confined and not path.resolve().is_relative_to(self.root):
            raise ImageError(
                location,
                f"The path leads out of root={str(self.root)!r}, to {str(path.resolve())!r}. "
                "Correct the path, or pass root=None to allow any path.",
            )
        return str(path)


def find_column(wanted: str, names: Iterable[str], where: str) -> str:
    """Find a column by its name, exactly or else by its only spelling in another case (R24).

    Args:
        wanted: Name asked for.
        names: Names of the table.
        where: Table for the message.

    Returns:
        The name as the table spells it.

    Raises:
        ValueError: No column has the name, or several have it in other spellings.
    """
    names = list(names)
    if wanted in names:
        return wanted
    alike = [name for name in names if name.strip().casefold() == wanted.strip().casefold()]
    if len(alike) == 1:
        return alike[0]
    found = f"it could be any of {alike}" if alike else f"the table has {names}"
    raise ValueError(
        f"{where}: there is no column {wanted!r}; {found}. Name the columns with image_column= and "
        "label_column=; label_column=None reads images without labels." + without_header(names)
    )


def label_names(wanted: str | Sequence[str] | None) -> list[str]:
    """Bring the argument `label_column` to a list of names."""
    if wanted is None:
        return []
    return [wanted] if isinstance(wanted, str) else list(wanted)


def make_labels(
    cells: Mapping[str, Sequence[Any]],
    kinds: str | Mapping[str, str] | None,
    class_names: Sequence[str] | Mapping[str, Sequence[str]] | None,
    where: Callable[[int], str],
) -> dict[str, Labels]:
    """Make the label columns of a source from the cells of a table.

    Args:
        cells: Values of each label column by name; text is split at "|" for "multilabel" and
            "number".
        kinds: Kind of the labels, see `Labels.kind`, for all columns or by name.
        class_names: Names of the classes in the order of their integers, for the only column or by
            name.
        where: Says where a row is, for messages.

    Returns:
        The columns; the only one is named "label".

    Raises:
        ValueError: A cell is empty or is no label of its kind; a class is not in `class_names`.
    """
    made = {}
    for name, values in cells.items():
        kind = kinds.get(name) if isinstance(kinds, Mapping) else kinds
        known = class_names.get(name) if isinstance(class_names, Mapping) else class_names
        made[name] = label_forms.infer(
            _split_cells(values, kind), kind=kind, class_names=known, where=where
        )
    return dict(zip(["label"], made.values(), strict=True)) if len(made) == 1 else made


def _split_cells(values: Sequence[Any], kind: str | None) -> Sequence[Any]:
    if kind not in ("multilabel", "number"):
        return values
    return [
        [part.strip() for part in value.split(SEPARATOR) if part.strip()]
        if isinstance(value, str) and (SEPARATOR in value or kind == "multilabel")
        else value
        for value in values
    ]


def tidy_column(values: Sequence[Any]) -> Array:
    """Bring a column to the smallest array that keeps every value as it was written.

    Args:
        values: Cells of one column.

    Returns:
        (N,) int64, float64 or bool where all cells are such numbers, also as text that reads back
        the same ("7", not "007"); otherwise objects.
    """
    if all(isinstance(value, str) for value in values):
        values = _as_numbers(values)
    for kind in (bool, int, float):
        if all(type(value) is kind for value in values):
            try:
                return np.array(values, kind)
            except OverflowError:  # integers beyond 64 bits
                break
    column = np.empty(len(values), object)
    column[:] = values
    return column


def _as_numbers(texts: Sequence[str]) -> Sequence[Any]:
    """Read texts as booleans or numbers if all of them print as the same text again."""
    if all(text in ("True", "False") for text in texts):
        return [text == "True" for text in texts]
    for number in (int, float):
        if all(_reads_back(text, number) for text in texts):
            return [number(text) for text in texts]
    return texts


def _reads_back(text: str, number: type[int] | type[float]) -> bool:
    try:
        return len(text) < 25 and repr(number(text)) == text
    except ValueError:
        return False
