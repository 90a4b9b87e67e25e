"""Write an image collection in another format."""

from __future__ import annotations

import hashlib
import os
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from keras_cvdata.arguments import choice
from keras_cvdata.conversion.files import check_beside, write_folder, write_table
from keras_cvdata.conversion.images import Maker, annotations_of
from keras_cvdata.conversion.packs import write_pack
from keras_cvdata.conversion.readable import TABLES, missing_later, without_bad_images
from keras_cvdata.conversion.recipe import Recipe, check_recipe
from keras_cvdata.engine.chain import fit_of
from keras_cvdata.sources.base import Source
from keras_cvdata.sources.corrections import fingerprint
from keras_cvdata.sources.opening import open_source
from keras_cvdata.sources.shards import shard_path
from keras_cvdata.types import Ints, Range
from keras_cvdata.writing import replacing_folder

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
    pixels: Literal["encoded", "raw"] | None = None,
    max_side: int | None = None,
    quality: int | None = None,
    copy: bool = False,
    overwrite: bool = False,
    on_error: Literal["raise", "skip"] = "raise",
    shard: tuple[int, int] | None = None,
    n_jobs: int | None = None,
    verbose: int = 1,
    **options: Any,
) -> Path:
    """Write an image collection in another format, with its labels, columns and order.

    Encoded images are copied byte for byte, so that every format gives the same pixels, unless
    `image_size`, `max_side` or `quality` says otherwise; arrays become PNG, or TIFF where they are
    floats or have other than 1, 3 or 4 channels. The target is written under a temporary name and
    renamed when it is complete; a failure leaves nothing behind, and what a killed run leaves in
    hidden folders such as `.pets.csv.drafts` the next one for this target removes.

    - `.h5`, `.hdf5`: a pack, the fastest to train from. One group per class with its `label`,
      groups in groups for hierarchies, flat `images` and `labels` for other labels; with the names
      of the images, a checksum of each, and masks and boxes of a sequence. A run that was
      interrupted or killed, or for which the disk was too small, is gone on with by the same call,
      where the images are files or URLs; until then hidden files `.pets.h5.draft` and
      `.pets.h5.journal` stand beside the target.
    - `.csv`, `.json`, `.jsonl`: a table. Local files and URLs stay where they are and are referred
      to, files by their path from the table; other images go to a folder beside it, as
      `pets_csv_images` for `pets.csv`, and `pets_csv_images_2` where that replaces one: so a table
      never finds the images of another. Several labels are joined by `|`, levels by `/`: read them
      with `label_kind`.
    - No extension: a folder with one folder per class and numbered files. Where a folder alone
      cannot keep the order of the rows or further columns, its `index.csv` does.

    Args:
        data: A sequence, a source, or what `open_source` opens.
        target: Path to write.
        image_size: (height, width) in pixels that all images are brought to; the pixels are those
            that a sequence would make with this and the four arguments below. None leaves images
            as they are.
        color_mode: "rgb", "grayscale", "rgba" or "unchanged"; used with `image_size` and
            `pixels="raw"`.
        interpolation: "bilinear", "nearest", "area", "bicubic" or "lanczos"; used with
            `image_size`.
        crop_to_aspect_ratio: Crop the middle instead of stretching, likewise.
        pad_to_aspect_ratio: Pad with black instead of stretching, likewise.
        pixels: What an `.h5` file holds: "encoded" images, or "raw" pixels, which are read several
            times as fast and take several times the room; without `image_size` they must be of one
            size. By default raw with `image_size` and of arrays.
        max_side: Longest side, in pixels: larger images are made anew at this size, as JPEG of
            `quality`, or as PNG or TIFF where that cannot hold them (16 bits, floats, alpha).
        quality: 1 to 100, of images made anew as JPEG. By default 90 for those that `max_side`
            makes smaller; where it is given, all images are made anew, but for a JPEG that would
            become no smaller.
        copy: For tables, copy local files and remote images too.
        overwrite: Replace an existing target. A folder is replaced only if it holds nothing but
            what this function writes.
        on_error: "raise" stops at an image that cannot be read; "skip" leaves out those that cannot
            be decoded, also where files are only copied or referred to.
        shard: (k, n) writes the k-th of n parts of an `.h5` file, k from 0 on, to a name such as
            `pets-00000-of-00004.h5` for `pets.h5`. `open_source("pets-*.h5")` opens all parts.
        n_jobs: Number of threads that make an `.h5` file, or of what `joblib.parallel_config`
            chose, such as the workers of a Dask cluster; None takes the cores. The file is the
            same.
        verbose: 0 shows no progress, and does not name the images that are left out.
        **options: Passed to `open_source`, as `hierarchical=True`.

    Returns:
        The path of the target.

    Raises:
        FileExistsError: The target exists.
        ValueError: The format is unknown or cannot hold the labels, as names of folders that are
            no Unicode, or a folder would be written into the folder that is read, or in the place
            of one that holds images that are read, or arguments contradict each other.
        ImageError: An image cannot be read, or with `on_error="skip"` none; nothing is written.
        OSError: The disk is full or fails, or another process writes the same target; an old one is
            as it was.

    Example:
        >>> import numpy as np, tempfile
        >>> x, y = np.zeros((2, 8, 8, 3), np.uint8), ["cat", "dog"]
        >>> path = convert((x, y), tempfile.mkdtemp() + "/pets.h5")
        >>> open_source(path).class_names
        ('cat', 'dog')
    """
    skip = choice("on_error", on_error, ("raise", "skip")) == "skip"
    path, packs = _target(target, pixels, shard)
    recipe = Recipe(
        pixels=pixels,
        image_size=image_size,
        fit=fit_of(crop_to_aspect_ratio, pad_to_aspect_ratio),
        interpolation=interpolation,
        color_mode=color_mode,
        max_side=max_side,
        quality=quality,
        check=skip and packs,
    )
    recipe = check_recipe(recipe)
    source = open_source(data, **({**missing_later(data), **options} if skip else options))
    if not len(source):
        raise ValueError(f"{source!r} holds no images to convert.")
    recipe = replace(recipe, value_range=_value_range(data, source))
    if packs:
        attributes: dict[str, Any] = {}
        if shard is not None:
            attributes = {"shard": shard, "collection": _collection(source, recipe)}
            source = source.select(_part(len(source), shard))
        maker = Maker(source, recipe, annotations_of(data))
        write_pack(
            maker,
            path,
            overwrite=overwrite,
            skip=skip,
            n_jobs=n_jobs,
            verbose=verbose,
            attributes=attributes,
        )
        return path
    if skip:
        source = without_bad_images(source, verbose)
    read = Maker(source, recipe).image
    if path.suffix:
        copies = copy or image_size is not None or recipe.shrinks
        write_table(source, path, read, copies, overwrite, verbose)
    else:
        check_beside(source, path)
        with replacing_folder(path, overwrite) as draft:
            write_folder(source, draft, read, verbose)
    return path


def _target(
    target: str | os.PathLike[str], pixels: str | None, shard: tuple[int, int] | None
) -> tuple[Path, bool]:
    """Path to write, and whether it is an HDF5 file."""
    path = Path(target)
    extension = path.suffix.lower()
    if extension and extension not in (*TABLES, *_HDF5):
        raise ValueError(
            f"{path}: expected a path that ends in {', '.join((*_HDF5, *TABLES))}, or a folder "
            f"without extension; got {extension!r}."
        )
    if extension in _HDF5:
        return (path if shard is None else shard_path(path, shard)), True
    if pixels is not None or shard is not None:
        raise ValueError(
            f"{path}: pixels= and shard= say how an .h5 file is written. Leave them out, or give "
            "a path that ends in .h5."
        )
    return path, False


def _value_range(data: Any, source: Source) -> Range | None:
    if getattr(data, "source", None) is source:  # a sequence, which may know more
        found: Range | None = getattr(data, "value_range", None)
        return found or source.value_range
    return source.value_range


def _collection(source: Source, recipe: Recipe) -> str:
    """What tells the parts of one collection from those of another, or of other settings."""
    text = f"{fingerprint(source)} {recipe}"
    return hashlib.blake2b(text.encode("utf-8", "backslashreplace"), digest_size=16).hexdigest()


def _part(count: int, shard: tuple[int, int]) -> Ints:
    """Positions of one of the parts that follow each other."""
    number, shards = shard
    if shards > count:
        raise ValueError(
            f"shard={shard}: there are {count} images for {shards} parts. Make fewer parts."
        )
    return np.arange(number * count // shards, (number + 1) * count // shards)
