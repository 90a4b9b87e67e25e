"""Write an image collection in another format."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np

from keras_cvdata.arguments import choice, size
from keras_cvdata.conversion.atomic import replacing
from keras_cvdata.conversion.files import check_beside, write_folder, write_table
from keras_cvdata.conversion.hdf5 import write_hdf5
from keras_cvdata.conversion.readable import TABLES, missing_later, without_bad_images
from keras_cvdata.engine import opencv
from keras_cvdata.engine.chain import INTERPOLATIONS, Chain, fit_of
from keras_cvdata.engine.plan import Plan
from keras_cvdata.engine.steps import Fit, Size
from keras_cvdata.loading.rendering import decode
from keras_cvdata.sources.base import Source, fetch
from keras_cvdata.sources.opening import open_source
from keras_cvdata.types import Array, Range

_HDF5 = (".h5", ".hdf5")


def convert(  # noqa: PLR0913 # the arguments of a public function
    data: Any,
    target: str | os.PathLike[str],
    *,
    image_size: tuple[int, int] | None = None,
    color_mode: str = "rgb",
    interpolation: str = "bilinear",
    crop_to_aspect_ratio: bool = False,
    pad_to_aspect_ratio: bool = False,
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
        image_size: (height, width) in pixels that all images are brought to; the pixels are those
            that a sequence would make with this and the four arguments below. None leaves images
            as they are.
        color_mode: "rgb", "grayscale", "rgba" or "unchanged"; used with `image_size`.
        interpolation: "bilinear", "nearest", "area", "bicubic" or "lanczos", likewise.
        crop_to_aspect_ratio: Crop the middle instead of stretching, likewise.
        pad_to_aspect_ratio: Pad with black instead of stretching, likewise.
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
            into the folder that is read, or arguments of a size are given without `image_size`.
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
    value_range = source.value_range
    if getattr(data, "source", None) is source:  # a sequence, which may know more
        value_range = getattr(data, "value_range", None) or value_range
    if not len(source):
        raise ValueError(f"{source!r} holds no images to convert.")
    if skip:
        source = without_bad_images(source, verbose)
    fit = fit_of(crop_to_aspect_ratio, pad_to_aspect_ratio)
    plan = _resize_plan(image_size, fit, interpolation, value_range)
    read = partial(_read, source, plan, color_mode)
    if extension in TABLES:
        write_table(source, path, read, copy or image_size is not None, overwrite, verbose)
    elif extension in _HDF5:
        with replacing(path, overwrite) as draft:
            write_hdf5(source, draft, read, image_size is not None, verbose, value_range)
    else:
        check_beside(source, path)
        with replacing(path, overwrite) as draft:
            write_folder(source, draft, read, verbose)
    return path


def _resize_plan(
    image_size: Size | None, fit: Fit, interpolation: str, value_range: Range | None
) -> Plan | None:
    """Plan what a sequence does that only brings images to a size; None where they keep theirs."""
    if image_size is None:
        if (fit, interpolation) != ("stretch", "bilinear"):
            raise ValueError(
                "crop_to_aspect_ratio, pad_to_aspect_ratio and interpolation say how images are "
                "brought to a size. Give image_size=(height, width) too, or leave them out."
            )
        return None
    choice("interpolation", interpolation, INTERPOLATIONS)
    wanted = size(image_size)
    chain = Chain([], size=wanted, fit=fit, interpolation=interpolation, value_range=value_range)
    return chain.plan(np.empty((1, 0)), *wanted, channels=3)


def _read(source: Source, plan: Plan | None, color_mode: str, position: int) -> bytes | Array:
    """Read one image as it is, or carry out such a plan."""
    if plan is None:
        return fetch(source, position)
    image, _, reduced, _ = decode(source, position, plan, 0, color_mode)
    assert plan.resize is not None
    pixels = np.empty((*plan.resize.size, image.shape[2]), image.dtype)
    opencv.render(image, plan, 0, pixels, reduced=reduced)
    return pixels
