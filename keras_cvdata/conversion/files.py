"""Image collections as files: folders and tables."""

from __future__ import annotations

import csv
import json
import math
import os
import re
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from keras_cvdata import codec
from keras_cvdata.codec.limits import MAX_PIXELS
from keras_cvdata.conversion.atomic import replacing
from keras_cvdata.labels import SEPARATOR, Labels, infer, is_missing
from keras_cvdata.progress import track
from keras_cvdata.sources.base import Source, Subset
from keras_cvdata.sources.directory import DirectorySource
from keras_cvdata.sources.embedded import is_embedded
from keras_cvdata.sources.locations import is_url
from keras_cvdata.types import Array

_EXTENSIONS = {"jpeg": ".jpg"}  # where it is not the name of the format
_INDEX = "index.csv"
_UNNAMEABLE = re.compile(  # for folders on Windows
    r"""[<>:"|?*\x00-\x1f]|[. ]$|^(con|prn|aux|nul|com\d|lpt\d)\s*(\.|$)""", re.IGNORECASE
)


def as_file(image: bytes | Array, name: str, max_pixels: int = MAX_PIXELS) -> tuple[bytes, str]:
    """Bytes and extension of an image as a file: its own bytes, or its pixels without loss.

    Args:
        image: Encoded bytes, or pixels (H, W) or (H, W, C).
        name: Name of the image for messages.
        max_pixels: Number of pixels beyond which bytes are refused.

    Returns:
        The bytes, and the extension with its dot.

    Raises:
        ImageError: The bytes are no image.
    """
    if isinstance(image, bytes):
        kind = codec.sniff(image, name, max_pixels=max_pixels).format
        return image, _EXTENSIONS.get(kind, f".{kind}")
    channels = image.shape[2] if image.ndim == 3 else 1
    extension = ".png" if image.dtype.kind == "u" and channels in (1, 3, 4) else ".tiff"
    return codec.encode(image, extension), extension


def only(labels: Mapping[str, Labels]) -> Labels | None:
    """Return the label column if there is exactly one."""
    return next(iter(labels.values())) if len(labels) == 1 else None


def check_beside(source: Source, folder: Path) -> None:
    """Refuse to write a folder into the folder that is read, where it would become a class.

    Args:
        source: The collection.
        folder: Folder to write.

    Raises:
        ValueError: The folder lies in that of the source.
    """
    while isinstance(source, Subset):
        source = source.source
    if not isinstance(source, DirectorySource):
        return
    if Path(source.directory).resolve() in folder.resolve().parents:
        raise ValueError(
            f"{folder} lies in {source.directory}, which is read: it would be one more class "
            "there. Choose a name outside."
        )


def plain_cells(column: Array) -> list[Any]:
    """Cells of a further column as every format can hold them.

    Args:
        column: (N,) values of any kind.

    Returns:
        The values; of a column of mixed kinds dates and the like become text, gaps None.
    """
    return (
        [_plain(value) for value in column.tolist()] if column.dtype.hasobject else column.tolist()
    )


def _plain(value: Any) -> Any:
    if isinstance(value, str | list | dict):
        return value
    if is_missing(value):
        return None
    return value if isinstance(value, int | float) else str(value)


def all_classes(source: Source) -> tuple[str, ...]:
    """Folders that keep the integers of the classes: one for each, also where it has no images."""
    column = only(source.labels)
    return column.class_names if column is not None and column.kind == "class" else ()


def write_table(
    source: Source,
    path: Path,
    read: Callable[[int], bytes | Array],
    copy: bool,
    overwrite: bool,
    verbose: int,
) -> None:
    """Write a CSV or JSON file, and a folder of images beside it for those that are not files yet.

    Args:
        source: The collection.
        path: Table to write; its extension says in which format.
        read: Reads one image.
        copy: Copy files and remote images too.
        overwrite: Replace an existing table and folder.
        verbose: 0 shows no progress.

    Raises:
        ImageError: An image cannot be read.
        ValueError: A label holds the sign that joins labels.

    Warns:
        UserWarning: Who reads the table must list the classes to number them as here.
    """
    folder = path.absolute().parent
    kept = [None if copy else _kept(source, i, folder) for i in range(len(source))]
    images = path.with_name(f"{path.stem}_{path.suffix[1:]}_images")
    with (
        replacing(path, overwrite) as draft,
        replacing(images, overwrite) if None in kept else nullcontext(path) as image_draft,
    ):
        if None in kept:
            image_draft.mkdir()
        locations = []
        for position, location in enumerate(track(kept, "Converting", verbose=verbose)):
            if location is None:
                file = _write_image(source, position, read, image_draft)
            locations.append(location or f"{images.name}/{file}")
        rows = _rows(source, locations)
        if path.suffix.lower() == ".csv":
            _check_names(source)
            _write_csv(rows, draft)
        else:
            _write_json(rows, draft, lines=path.suffix.lower() != ".json")
    for name, column in source.labels.items():
        _warn_of_numbering(name, column, path)


def write_folder(
    source: Source, folder: Path, read: Callable[[int], bytes | Array], verbose: int
) -> None:
    """Write one folder per class, and `index.csv` where order or columns need it.

    Args:
        source: The collection.
        folder: Folder to make.
        read: Reads one image.
        verbose: 0 shows no progress.

    Raises:
        ImageError: An image cannot be read.
        ValueError: The labels are no classes, or a class cannot name a folder.
    """
    paths = _folders(source)
    classes = {(name,) for name in all_classes(source)}
    for names in sorted(classes.union(paths)):
        try:
            folder.joinpath(*names).mkdir(parents=True)
        except FileExistsError:
            raise ValueError(
                f"The class {'/'.join(names)!r} gets the folder of another here, where upper and "
                "lower case are one. Rename it, or convert to HDF5, CSV or JSON."
            ) from None
    locations = []
    for position, names in enumerate(track(paths, "Converting", verbose=verbose)):
        file = _write_image(source, position, read, folder.joinpath(*names))
        locations.append("/".join((*names, file)))
    in_order = sorted(locations, key=lambda location: location.partition("/")[::2])
    if source.columns or locations != in_order:
        _write_csv(_rows(source, locations), folder / _INDEX)


def _kept(source: Source, position: int, folder: Path) -> str | None:
    """Location in a table of what is a file or remote already, None if it must be copied."""
    name = source.location(position)
    if name is None or is_url(name):
        return name
    try:
        location = Path(os.path.relpath(name, folder)).as_posix()
    except ValueError:  # on another drive of Windows
        location = Path(name).absolute().as_posix()
    plain = location == location.strip() and location[0] != "'" and not is_embedded(location)
    return location if plain and location.isprintable() else None


def _write_image(
    source: Source, position: int, read: Callable[[int], bytes | Array], folder: Path
) -> str:
    """Write one image under its number, which sorts as the rows do; return the name."""
    data, extension = as_file(read(position), source.name(position), source.max_pixels)
    file = f"{position:0{len(str(len(source) - 1))}d}{extension}"
    (folder / file).write_bytes(data)
    return file


def _folders(source: Source) -> list[tuple[str, ...]]:
    """Path of folders of each sample."""
    if not source.labels:
        return [()] * len(source)
    column = only(source.labels)
    if column is None or column.kind not in ("class", "hierarchical"):
        raise ValueError(
            f"A folder holds one class, or one path of classes, for each image; got {source!r}. "
            "Convert to HDF5, CSV or JSON."
        )
    for name in (name for names in column.names for name in names):
        check_folder_name(name)
    codes = column.values.reshape(len(source), -1).tolist()
    return [
        tuple(names[code] for names, code in zip(column.names, path, strict=True)) for path in codes
    ]


def check_folder_name(name: str, windows: bool = os.name == "nt") -> None:
    """Refuse a class whose name no folder can have, or on Windows not exactly.

    Args:
        name: Name of the class.
        windows: Whether the folder is on Windows.

    Raises:
        ValueError: The name cannot be that of a folder.
    """
    wrong = ""
    if not name.strip() or name[0] == "." or any(mark in name for mark in "/\\\0"):
        wrong = "a folder, which is not empty, holds no slash and begins with no dot"
    elif windows and _UNNAMEABLE.search(name):
        wrong = (
            'a folder on Windows, which holds none of <>:"|?*, ends with no dot or blank, and is '
            "no device such as CON"
        )
    if wrong:
        raise ValueError(
            f"The class {name!r} cannot be the name of {wrong}. Rename it, or convert to HDF5, CSV "
            "or JSON."
        )


def _rows(source: Source, locations: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Yield the rows of a table; a further column whose name is taken gets a `_` behind it."""
    table: dict[str, Sequence[Any]] = {"location": locations}
    for name, column in source.labels.items():
        table[_free(name, table)] = _label_cells(column)
    for name, values in source.columns.items():
        table[_free(name, table)] = plain_cells(values)
    for row in zip(*table.values(), strict=True):
        yield dict(zip(table, row, strict=True))


def _free(name: str, taken: Mapping[str, Any]) -> str:
    while name in taken:
        name += "_"
    return name


def _label_cells(column: Labels) -> list[Any]:
    if column.kind == "number":  # the shortest text that reads back as the same float32
        return (
            [[float(str(number)) for number in row] for row in column.values]
            if (column.values.ndim == 2)
            else [float(str(number)) for number in column.values]
        )
    separator = {"hierarchical": "/", "multilabel": SEPARATOR}.get(column.kind)
    for name in (name for names in column.names for name in names):
        if separator and separator in name:
            raise ValueError(
                f"The class {name!r} holds {separator!r}, which joins labels in a table. Rename "
                "it, or convert to HDF5."
            )
    digits = column.class_names == tuple(map(str, range(column.num_classes)))
    rows = column.kind == "multilabel" and column.num_classes > 1
    if digits and (rows or column.kind == "class"):  # numbers stay what they are
        return list(column.values.tolist())
    if column.kind == "multilabel":
        return [
            [name for name, there in zip(column.class_names, row, strict=True) if there]
            for row in column.values.tolist()
        ]
    codes = column.values.reshape(len(column), -1).tolist()
    return [
        "/".join(names[code] for names, code in zip(column.names, path, strict=True))
        for path in codes
    ]


def _warn_of_numbering(name: str, column: Labels, path: Path) -> None:
    """Say so where a table, which holds the names of classes that occur, gives other numbers."""
    if column.kind == "number":
        return
    csv_file, cells = path.suffix.lower() == ".csv", _label_cells(column)
    texts = [_cell(cell) for cell in cells] if csv_file else cells
    kind = None if column.kind == "class" else column.kind
    if infer(texts, kind, untyped=csv_file).names != column.names:
        names = column.names if column.kind == "hierarchical" else column.class_names
        shown = repr(list(names)) if len(names) <= 20 else "list(source.class_names)"
        warnings.warn(
            f"{path} holds the names of the classes that occur, not their numbers. Pass "
            f"class_names={shown} when reading the column {name!r}, or classes are numbered "
            "otherwise than here.",
            UserWarning,
            stacklevel=2,
        )


def _check_names(source: Source) -> None:
    """Refuse classes that a CSV file would give back under another name, perhaps that of another.

    A reader passes over blanks around values and over single quotes (R24).
    """
    for name in (name for column in source.labels.values() for n in column.names for name in n):
        if name != name.strip() or (len(name) > 1 and name[0] == name[-1] == "'"):
            raise ValueError(
                f"The class {name!r} begins or ends with a blank, or stands in single quotes, "
                "which CSV does not keep. Rename it, or convert to HDF5 or JSON."
            )


def _write_csv(rows: Iterator[dict[str, Any]], path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        for number, row in enumerate(rows):
            if number == 0:
                writer.writerow(row)
            writer.writerow(map(_cell, row.values()))


def _cell(value: Any) -> Any:
    if isinstance(value, list) and all(isinstance(part, str | float) for part in value):
        return SEPARATOR.join(map(str, value))
    return value if value is None or isinstance(value, str | int | float) else json.dumps(value)


def _json_cell(value: Any) -> Any:
    return None if isinstance(value, float) and math.isnan(value) else value  # JSON has no NaN


def _write_json(rows: Iterator[dict[str, Any]], path: Path, lines: bool) -> None:
    before, between, after = ("", "\n", "\n") if lines else ("[\n", ",\n", "\n]\n")
    with path.open("w", encoding="utf-8") as file:
        file.write(before)
        for number, row in enumerate(rows):
            file.write(between if number else "")
            json.dump(
                {key: _json_cell(cell) for key, cell in row.items()}, file, ensure_ascii=False
            )
        file.write(after)
