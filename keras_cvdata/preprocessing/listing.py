"""Image files as the old module lists them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import keras

from keras_cvdata.sources.folders import Folders, Listing, decoded, is_folder, terminated
from keras_cvdata.sources.index import Index, index_folder

FORMATS = ("png", "jpg", "jpeg", "bmp", "ppm", "tif", "tiff")


def validate_filename(filename: str, white_list_formats: str | tuple[str, ...]) -> bool:
    """Say whether a path is a file that ends like an image, in any case.

    Args:
        filename: The path.
        white_list_formats: Endings, such as `("png", "jpg")`.

    Returns:
        Whether it is.
    """
    return filename.lower().endswith(white_list_formats) and Path(filename).is_file()


def list_pictures(
    directory: str | os.PathLike[str],
    ext: str | Iterable[str] = FORMATS,
) -> list[str]:
    """List all images below a folder.

    Args:
        directory: The folder.
        ext: Endings without dot, one or several.

    Returns:
        Paths, folder by folder.

    Raises:
        OSError: A folder cannot be read.
    """
    endings = tuple(f".{ending}" for ending in ([ext] if isinstance(ext, str) else ext))
    return [
        os.path.join(folder, name)
        for folder, _, names in os.walk(directory, onerror=refuse)
        for name in names
        if name.lower().endswith(endings)
    ]


def images_of_classes(
    directory: str | os.PathLike[str],
    names: Sequence[str],
    *,
    chosen: bool,
    follow_links: bool,
    index: str | os.PathLike[str] | bool | None,
) -> dict[str, list[str]]:
    """List the images of each class, folders sorted by their paths and files within each.

    Args:
        directory: Folder that the classes are in.
        names: Paths of the folders of the classes below it.
        chosen: The classes are not simply all that there are.
        follow_links: Follow symbolic links to folders, each as often as links lead to it; such
            listings are not kept.
        index: Where the listing is kept, see `DirectorySource`.

    Returns:
        Paths below `directory` by class.

    Raises:
        OSError: A folder cannot be read.
        TypeError: `index` is no folder.
    """
    folder, top = index_folder(index), os.path.abspath(directory)  # noqa: PTH100 # as it is named
    if follow_links or any(map(os.path.isabs, names)):
        return {name: _walked(directory, name, follow_links) for name in names}
    kept = None
    if folder is not None:
        made_for = {"directory": top, "classes": sorted(names) if chosen else None}
        kept = Index(folder, formats=list(FORMATS), **made_for)
    folders = Folders(top, False, kept.load() if kept else {}, scan=_scanned)
    folders.list_below([_as_folder(name) for name in names])
    if kept is not None and folders.changed:
        try:
            kept.keep(folders.listed)
        except OSError as error:
            tell(f"The listing could not be kept for the next time: {error}")
    return {name: _images(folders.listed, _as_folder(name)) for name in names}


def _as_folder(name: str) -> str:
    return (name.rstrip(f"/{os.sep}") or ".") + "/"


def _scanned(path: str, _: bool) -> tuple[bytes, bytes, Mapping[str, int]]:
    """List a folder with all that the old class takes: hidden files and folders, too."""
    names: list[str] = []
    with os.scandir(path) as entries:
        for entry in entries:
            if is_folder(entry):
                names += [] if entry.is_symlink() else [f"{entry.name}/"]
            elif entry.name.lower().endswith(FORMATS):
                names.append(entry.name)
    names.sort()
    return terminated([name.encode("utf-8", "surrogateescape") for name in names]), b"", {}


def _images(listed: Mapping[str, Listing], first: str) -> list[str]:
    """Paths of the images of a folder and of those below it."""
    folders, waiting = [], [first]
    while waiting:
        folders.append(waiting.pop())
        waiting += [folders[-1] + name for name in listed[folders[-1]].folders]
    images: list[str] = []
    for folder in sorted(folders, key=lambda path: path[:-1]):
        start = os.path.normpath(f"{folder}x")[:-1]
        names = decoded(listed[folder].names).split("\0")[:-1]
        images += [start + name for name in names if not name.endswith("/")]
    return images


def _walked(directory: str | os.PathLike[str], name: str, follow_links: bool) -> list[str]:
    """Paths of the images of a class, with each folder as often as links lead to it."""
    top = os.path.join(directory, name)
    walk = os.walk(top, onerror=refuse, followlinks=follow_links)
    return [
        os.path.normpath(os.path.join(name, os.path.relpath(folder, top), file))
        for folder, _, files in sorted(walk, key=lambda entry: entry[0])
        for file in sorted(files)
        if file.lower().endswith(FORMATS)
    ]


def refuse(error: OSError) -> None:
    """Raise what `os.walk` would pass over."""
    raise error


def tell(message: str) -> None:
    """Print what was found, unless Keras was told to be silent."""
    if keras.config.is_interactive_logging_enabled():
        print(message)
