"""Image files as the old module lists them."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import keras

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


def refuse(error: OSError) -> None:
    """Raise what `os.walk` would pass over."""
    raise error


def tell(message: str) -> None:
    """Print what was found, unless Keras was told to be silent."""
    if keras.config.is_interactive_logging_enabled():
        print(message)
