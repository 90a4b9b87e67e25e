"""Image collections as files: folders and tables."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path

from keras_cvdata import codec
from keras_cvdata.codec.limits import MAX_PIXELS
from keras_cvdata.conversion.rows import (
    check_names,
    columns_of,
    only,
    warn_of_numbering,
    write_rows,
)
from keras_cvdata.progress import track
from keras_cvdata.sources.base import Source, Subset
from keras_cvdata.sources.directory import DirectorySource
from keras_cvdata.sources.embedded import is_embedded
from keras_cvdata.sources.locations import is_url, real_path
from keras_cvdata.types import Array
from keras_cvdata.writing import check_free_folder
from keras_cvdata.writing.drafts import NEW, clear, draft_folder
from keras_cvdata.writing.files import check_free, check_parent
from keras_cvdata.writing.moving import Moves, flush, move_all

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


def check_beside(source: Source, folder: Path) -> None:
    """Refuse to write a folder into the one that is read, where it would become a class.

    Nor may it hold images that are read: they would go with all that was in it.

    Args:
        source: The collection.
        folder: Folder to write.

    Raises:
        ValueError: The folder lies in that of the source, or images of the source lie in it.
    """
    while isinstance(source, Subset):
        source = source.source
    target = real_path(folder)
    if isinstance(source, DirectorySource):
        read = {Path(source.directory)}
        if real_path(source.directory) in target.parents:
            raise ValueError(
                f"{folder} lies in {source.directory}, which is read: it would be one more class "
                "there. Choose a name outside."
            )
    else:
        read = _folders_read(source) if folder.exists() else set()
    if any(real_path(each).is_relative_to(target) for each in read):
        raise ValueError(
            f"{folder} holds images that are read, and would be replaced with all that is in it. "
            "Choose another name."
        )


def _folders_read(source: Source) -> set[Path]:
    locations = map(source.location, range(len(source)))
    return {Path(each).parent for each in locations if each and not is_url(each)}


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
        BlockingIOError: Another process is writing the table.
        FileExistsError: The table or the folder exists and may not be replaced.
        ImageError: An image cannot be read.
        OSError: The disk is full or fails, or permissions are missing.
        ValueError: The table cannot hold a label or a text.

    Warns:
        UserWarning: Who reads the table must list the classes to number them as here.
    """
    check_parent(path)
    clear(path)
    check_free(path, overwrite)
    with draft_folder(path, alone=True) as drafts:
        drafted = draft_table(source, path, read, copy, overwrite, verbose, drafts)
        flush(drafts / NEW)
        check_free(path, overwrite)  # somebody else may have written it meanwhile
        move_all(drafts, *drafted)
    warn_of_numbering(source, path)


def draft_table(
    source: Source,
    path: Path,
    read: Callable[[int], bytes | Array],
    copy: bool,
    overwrite: bool,
    verbose: int,
    drafts: Path,
) -> tuple[Moves, Sequence[Path]]:
    """Write a table and its images where they are not seen yet.

    Args:
        source: The collection.
        path: Table to write in the end.
        read: Reads one image.
        copy: Copy files and remote images too.
        overwrite: Allow replacing a folder of images.
        verbose: 0 shows no progress.
        drafts: Of `draft_folder`.

    Returns:
        What puts them in place, and folders of images that have no use after that.
    """
    folder = path.absolute().parent
    kept = [None if copy else _kept(source, i, folder) for i in range(len(source))]
    columns = columns_of(source, path)
    if path.suffix.lower() == ".csv":
        check_names(source)
    table = drafts / NEW / path.name
    moves: list[tuple[Path, Path]] = []
    replaced: list[Path] = []
    locations = [location or "" for location in kept]
    if None in kept:
        images, replaced = image_folders(path, kept, overwrite)
        draft = table.with_name(images.name)
        draft.mkdir()
        for position, location in enumerate(track(kept, "Converting", verbose=verbose)):
            if location is None:
                file = _write_image(source, position, read, draft)
                locations[position] = f"{images.name}/{file}"
        moves.append((draft, images))
    write_rows(locations, columns, table)
    return [*moves, (table, path.absolute())], replaced


def image_folders(
    path: Path, kept: Sequence[str | None], overwrite: bool
) -> tuple[Path, list[Path]]:
    """Find a name for the folder of images beside a table, and the folders that it replaces.

    It is another one each time, so that a table never finds the images of another under the names
    of its own.

    Args:
        path: Table to write.
        kept: Locations of images that stay where they are.
        overwrite: Allow replacing existing folders.

    Returns:
        The new name, and existing folders of which nothing is kept.

    Raises:
        FileExistsError: There is a folder that may not be replaced.
    """
    parent = path.absolute().parent
    name = f"{path.stem}_{path.suffix[1:]}_images"
    numbered = re.compile(re.escape(name) + r"(?:_(\d+))?")
    found = {each: match for each in parent.iterdir() if (match := numbered.fullmatch(each.name))}
    for each in found:
        check_free_folder(each, overwrite)
    number = max((int(match[1] or 1) for match in found.values()), default=0) + 1
    used = {os.path.realpath(parent / folder) for folder in _folders_of(kept)}
    replaced = [
        each
        for each in sorted(found)
        if not any(Path(folder).is_relative_to(each.resolve()) for folder in used)
    ]
    return parent / (name if number == 1 else f"{name}_{number}"), replaced


def _folders_of(locations: Sequence[str | None]) -> set[str]:
    local = (location for location in locations if location and not is_url(location))
    return {location.rpartition("/")[0] for location in local}


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
    width = len(str(len(source) - 1))
    stems = ["/".join((*names, f"{number:0{width}d}")) for number, names in enumerate(paths)]
    in_order = sorted(stems, key=lambda stem: os.fsencode(stem).partition(b"/")[::2])
    columns = None
    if source.columns or stems != in_order:
        columns = columns_of(source, folder / _INDEX)
    locations = []
    for position, names in enumerate(track(paths, "Converting", verbose=verbose)):
        file = _write_image(source, position, read, folder.joinpath(*names))
        locations.append("/".join((*names, file)))
    if columns is not None:
        write_rows(locations, columns, folder / _INDEX)


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
    elif any("\ud800" <= mark < "\udc80" or "\udcff" < mark <= "\udfff" for mark in name):
        wrong = "a folder, which is Unicode"
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
