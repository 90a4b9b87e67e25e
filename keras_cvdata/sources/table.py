"""What CSV, JSON and data frames share: one image a row, with its labels and further columns."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from keras_cvdata import labels as label_forms
from keras_cvdata.arguments import choice
from keras_cvdata.codec.limits import max_bytes
from keras_cvdata.labels import SEPARATOR, Labels
from keras_cvdata.sources.base import Source
from keras_cvdata.sources.boxes import Boxes
from keras_cvdata.sources.columns import find_column
from keras_cvdata.sources.embedded import is_embedded, parse_pixels
from keras_cvdata.sources.files import file_version, read_file
from keras_cvdata.sources.locations import (
    LONGEST_PATH,
    MISSING,
    complete_paths,
    find_missing,
    is_url,
    real_path,
    suggest_extension,
)
from keras_cvdata.sources.remote import read_url
from keras_cvdata.sources.remote_hosts import Hosts
from keras_cvdata.sources.strings import CompactStrings, SharedTexts
from keras_cvdata.types import Array, ImageError, Ints, brief, one_line, without_credentials


@dataclass(frozen=True)
class PathOptions:
    """How the paths of a table are read.

    Attributes:
        extension: Ending of files that are named without it.
        missing: What is done where a file does not exist: "raise" names it, "drop" leaves its row
            out, "later" looks for it only when it is read.
        place: Says where a row is, for messages.
    """

    extension: str | None = None
    missing: str = "raise"
    place: Callable[[int], str] | None = None


class TableSource(Source):
    """Rows that say where an image is and what it shows.

    A location is a local path, a URL, or the pixels themselves (R21 to R23); which of them is seen
    for each row by itself.

    Args:
        locations: Location of each image as text, or any mix of text, encoded bytes and pixels; or
            the pixels of all images as one array.
        labels: The label columns by name.
        columns: Further columns by name.
        where: Name of the table for messages.
        root: Folder that relative paths start from.
        confined: Refuse images outside `root`, also through symbolic links.
        remote: Keyword arguments of `keras_cvdata.sources.remote.read_url`.
        paths: How paths are read, see `PathOptions`.
    """

    def __init__(
        self,
        locations: CompactStrings | Sequence[Any] | Array,
        labels: Mapping[str, Labels],
        columns: Mapping[str, Array],
        *,
        where: str,
        root: str | os.PathLike[str],
        confined: bool,
        remote: Mapping[str, Any],
        paths: PathOptions | None = None,
    ) -> None:
        self.labels = dict(labels)
        self.columns = dict(columns)
        self.where = where
        self.root = real_path(root) if confined else Path(root).absolute()
        self.confined = confined
        self.remote = dict(remote)
        self.hosts = Hosts()
        paths = paths or PathOptions()
        self._missing = choice("missing", paths.missing, MISSING)
        self._rows: Array | None = None
        self.locations = locations
        if isinstance(locations, np.ndarray):
            self._set_pixels(locations)
        else:
            self.locations = completed = complete_paths(locations, self.root, paths.extension)
            self._look_for_files(completed, paths)

    def _set_pixels(self, pixels: Array) -> None:
        height, width, channels = (*pixels.shape[1:], 1)[:3]
        self.image_shape, self.dtype = (height, width, channels), pixels.dtype
        self.value_range = (0.0, 1.0) if pixels.dtype.kind == "f" else None

    def _look_for_files(
        self, locations: CompactStrings | Sequence[Any], paths: PathOptions
    ) -> None:
        """Refuse missing files, or leave their rows out."""
        if self._missing == "later":
            return
        missing = find_missing(locations, self.root, self.confined)
        if not len(missing):
            return
        count = len(locations)
        if self._missing == "raise" or len(missing) == count:
            raise FileNotFoundError(self._describe_missing(missing, paths))
        kept = np.delete(np.arange(count), missing)
        self._rows = kept
        self.locations = (
            locations.take(kept)
            if isinstance(locations, CompactStrings)
            else [locations[row] for row in kept.tolist()]
        )
        self.labels = {name: column.take(kept) for name, column in self.labels.items()}
        self.columns = {name: column[kept] for name, column in self.columns.items()}
        self.notes += (f"left out: {len(missing)} of {count} rows, whose files do not exist",)

    def _describe_missing(self, missing: Ints, paths: PathOptions) -> str:
        first = int(missing[0])
        path = self.root / self.locations[first][:LONGEST_PATH]
        place = f"{self.where}, row {first}" if paths.place is None else paths.place(first)
        extension = None if paths.extension else suggest_extension(path)
        if extension:
            mend = f"There is {one_line(path.name)}{extension}: pass extension={extension!r}."
        else:
            mend = "Correct the paths, or give the folder that they start from as root=."
        return (
            f"{place}: the file {brief(str(path))} does not exist (of {len(self.locations)} rows, "
            f"{len(missing)} name missing files). {mend} missing='drop' leaves such rows out, "
            "missing='later' looks for files only when they are read."
        )

    @property
    def rows(self) -> Ints:
        """Row of each sample in the table, which it keeps where others are left out."""
        return super().rows if self._rows is None else self._rows

    def __len__(self) -> int:
        return len(self.locations)

    def fetch(self, position: int) -> bytes | Array:
        """Read one image from where its row says: a file, a URL or the row itself."""
        location = self.locations[position]
        if not isinstance(location, str):
            return location  # type: ignore[no-any-return] # bytes or pixels of a data frame
        if is_embedded(location):
            return parse_pixels(location, self.name(position), self._row(position))
        longest = max_bytes(self.max_pixels)
        try:
            if is_url(location):
                return read_url(
                    location, **{"max_bytes": longest, "hosts": self.hosts, **self.remote}
                )
            return read_file(self._path(location), longest)
        except ImageError as error:
            raise ImageError(error.name, error.reason, self._row(position)) from error

    def name(self, position: int) -> str:
        """Path or URL of one image, or `table[row]` for pixels in the table itself.

        User and password of a URL are left out, unlike in `location`.
        """
        location = self.locations[position]
        if not isinstance(location, str) or is_embedded(location):
            return f"{self.where}[{self._row(position)}]"
        return without_credentials(location) if is_url(location) else str(self.root / location)

    def location(self, position: int) -> str | None:
        """Path or URL of one image; None for pixels in the table itself."""
        location = self.locations[position]
        remote = isinstance(location, str) and not is_embedded(location) and is_url(location)
        return location if remote else super().location(position)

    def version(self, position: int) -> str | None:
        """Version of a file, digest of bytes or text in the row itself; a URL is its own."""
        location = self.locations[position]
        if isinstance(location, np.ndarray):
            return None  # pixels that are in memory
        if not isinstance(location, str) or is_embedded(location):
            if isinstance(location, str):
                location = location.encode(errors="surrogatepass")
            return hashlib.blake2b(location, digest_size=16).hexdigest()
        if is_url(location):
            return "address"
        return file_version(os.path.join(self.root, location))  # noqa: PTH118 # quicker than Path

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
                    f"{self.where}, row {row}: the column {brief(name)} must name a file; got "
                    f"{brief(cell)}."
                )
        files = TableSource(
            CompactStrings.from_list(cells),
            {},
            {},
            where=self.where,
            root=self.root,
            confined=self.confined,
            remote=self.remote,
            paths=PathOptions(missing="later" if self._missing == "later" else "raise"),
        )
        files.hosts = self.hosts
        return files

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

    def _row(self, position: int) -> int:
        return position if self._rows is None else int(self._rows[position])

    def _path(self, location: str) -> str:
        if "\0" in location:
            raise ImageError(location, "The path holds a zero character. Correct the table.")
        if len(location) > LONGEST_PATH:
            raise ImageError(location, "The path is longer than a system takes. Correct the table.")
        path = self.root / location
        if self.confined and not (real := real_path(path)).is_relative_to(self.root):
            raise ImageError(
                location,
                f"The path leads out of root={str(self.root)!r}, to {brief(str(real))}. "
                "Correct the path, or pass root=None to allow any path.",
            )
        return str(path)


def make_labels(
    cells: Mapping[str, Sequence[Any]],
    kinds: str | Mapping[str, str] | None,
    class_names: Sequence[str] | Mapping[str, Sequence[str]] | None,
    where: Callable[[int], str],
    separator: str = SEPARATOR,
    *,
    untyped: bool = False,
) -> dict[str, Labels]:
    """Make the label columns of a source from the cells of a table.

    Args:
        cells: Values of each label column by name; see `labels.infer` for what they may be.
        kinds: Kind of the labels, see `Labels.kind`, for all columns or by name. Of several columns
            "multilabel" and "number" make one.
        class_names: Names of the classes in the order of their integers, for the only column or by
            name.
        where: Says where a row is, for messages.
        separator: What stands between several labels in one cell of text.
        untyped: The table has no types, as CSV.

    Returns:
        The columns; the only one is named "label".

    Raises:
        ValueError: A cell is empty or is no label of its kind; a class is not in `class_names`.
    """
    by_name = class_names if isinstance(class_names, Mapping) else {}
    names = None if isinstance(class_names, Mapping) else class_names
    joins = len(cells) > 1 and kinds in ("multilabel", "number")
    made = {}
    for name, values in cells.items():
        kind = kinds.get(name) if isinstance(kinds, Mapping) else kinds
        made[name] = label_forms.infer(
            values,
            None if joins and kind == "multilabel" else kind,
            None if joins else by_name.get(name) if names is None else names,
            where,
            separator,
            untyped,
        )
    if joins:
        return {"label": label_forms.join_columns(made, str(kinds), names, where)}
    return dict(zip(["label"], made.values(), strict=True)) if len(made) == 1 else made


def tidy_column(values: Sequence[Any]) -> Array:
    """Bring a column to the smallest array that keeps every value as it was written.

    Args:
        values: Cells of one column.

    Returns:
        (N,) int64, float64 or bool where all cells are such numbers, also as text that reads back
        the same ("7", not "007"); otherwise objects.
    """
    kinds = set(map(type, values))
    if all(issubclass(kind, str) for kind in kinds):
        values = _as_numbers(values)
        kinds = set(map(type, values))
    for kind in (bool, int, float):
        if kinds <= {kind}:
            try:
                return np.array(values, kind)
            except OverflowError:  # integers beyond 64 bits
                break
    column = np.empty(len(values), object)
    column[:] = list(map(SharedTexts(), values))
    return column


def _as_numbers(texts: Sequence[str]) -> Sequence[Any]:
    """Read texts as booleans or numbers if all of them print as the same text again."""
    first = next(iter(texts), "")
    if first in ("True", "False") and all(text in ("True", "False") for text in texts):
        return [text == "True" for text in texts]
    for number in (int, float):
        if not first or not _reads_back(first, number):
            continue  # most columns are text, and there may be a million of them
        if all(_reads_back(text, number) for text in texts):
            return [number(text) for text in texts]
    return texts


def _reads_back(text: str, number: type[int] | type[float]) -> bool:
    try:
        return len(text) < 25 and repr(number(text)) == text
    except ValueError:
        return False
