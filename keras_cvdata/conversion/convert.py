"""Write an image collection in another format."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np

from keras_cvdata import codec
from keras_cvdata.arguments import choice
from keras_cvdata.conversion.atomic import replacing
from keras_cvdata.conversion.files import check_beside, write_folder, write_table
from keras_cvdata.conversion.hdf5 import write_hdf5
from keras_cvdata.conversion.readable import TABLES, missing_later, without_bad_images
from keras_cvdata.sources.base import Source
from keras_cvdata.sources.opening import open_source
from keras_cvdata.types import Array

_HDF5 = (".h5", ".hdf5")


def convert(
    data: Any,
    target: str | os.PathLike[str],
    *,
    image_size: tuple[int, int] | None = None,
    color_mode: str = "rgb",
    copy: bool = False,
    overwrite: bool = False,
    on_error: Literal["raise", "skip"] = "raise",
    verbose: int = 1,
    **options: Any,
) -> Path:
    """Write an image collection in another format, with its labels, columns and order.

    Encoded images are copied byte for byte, so that every format gives the same pixels; arrays
    become PNG, or TIFF where they are floats or have other than 1, 3 or 4 channels. The target is
    written under a temporary name and renamed when it is complete; a failure leaves nothing behind.

    - `.h5`, `.hdf5`: one group per class with its `label`, groups in groups for hierarchies, flat
      `images` and `labels` for other labels. The fastest to train from, above all with
      `image_size`, which stores pixels that need no decoding.
    - `.csv`, `.json`, `.jsonl`: a table. Local files and URLs stay where they are and are referred
      to, files by their path from the table; other images go to a folder beside it, as
      `pets_csv_images` for `pets.csv`. Several labels are joined by `|`, levels by `/`: read them
      with `label_kind`.
    - No extension: a folder with one folder per class and numbered files. Where a folder alone
      cannot keep the order of the rows or further columns, its `index.csv` does.

    Args:
        data: A sequence, a source, or what `open_source` opens.
        target: Path to write.
        image_size: (height, width) in pixels to stretch all images to; None leaves them as they
            are.
        color_mode: "rgb", "grayscale", "rgba" or "unchanged"; used with `image_size`.
        copy: For tables, copy local files and remote images too.
        overwrite: Replace an existing target. A folder is replaced only if it holds nothing but
            what this function writes.
        on_error: "raise" stops at an image that cannot be read; "skip" reads all images before it
            writes, and leaves out those that cannot be decoded, also where files are only copied
            or referred to.
        verbose: 0 shows no progress, and does not name the images that are left out.
        **options: Passed to `open_source`, as `hierarchical=True`.

    Returns:
        The path of the target.

    Raises:
        FileExistsError: The target exists.
        ValueError: The format is unknown or cannot hold the labels, or a folder would be written
            into the folder that is read.
        ImageError: An image cannot be read, or with `on_error="skip"` none; nothing is written.

    Example:
        >>> import numpy as np, tempfile
        >>> x, y = np.zeros((2, 8, 8, 3), np.uint8), ["cat", "dog"]
        >>> path = convert((x, y), tempfile.mkdtemp() + "/pets.h5")
        >>> open_source(path).class_names
        ('cat', 'dog')
    """
    skip = choice("on_error", on_error, ("raise", "skip")) == "skip"
    path = Path(target)
    extension = path.suffix.lower()
    if extension and extension not in (*TABLES, *_HDF5):
        raise ValueError(
            f"{path}: expected a path that ends in {', '.join((*_HDF5, *TABLES))}, or a folder "
            f"without extension; got {extension!r}."
        )
    source = open_source(data, **({**missing_later(data), **options} if skip else options))
    if not len(source):
        raise ValueError(f"{source!r} holds no images to convert.")
    if skip:
        source = without_bad_images(source, verbose)
    read = partial(_read, source, image_size, color_mode)
    if extension in TABLES:
        write_table(source, path, read, copy or image_size is not None, overwrite, verbose)
    elif extension in _HDF5:
        with replacing(path, overwrite) as draft:
            write_hdf5(source, draft, read, image_size is not None, verbose)
    else:
        check_beside(source, path)
        with replacing(path, overwrite) as draft:
            write_folder(source, draft, read, verbose)
    return path


def _read(
    source: Source, image_size: tuple[int, int] | None, color_mode: str, position: int
) -> bytes | Array:
    """Read one image as it is, or decoded and resized."""
    payload = source.fetch(position)
    if image_size is None:
        return payload
    pixels = codec.read(payload, color_mode, name=source.name(position), row=position)
    height, width = image_size
    shrinks = height * width < pixels.shape[0] * pixels.shape[1]
    filter_ = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
    resized = cv2.resize(pixels, (width, height), interpolation=filter_)
    if resized.dtype == np.float32:  # cubic overshoots; integers are clipped by their depth
        resized = resized.clip(pixels.min(), pixels.max())
    return resized.reshape(height, width, pixels.shape[2])
