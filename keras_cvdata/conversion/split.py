"""The parts of a split on disk."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np

from keras_cvdata.arguments import choice
from keras_cvdata.conversion.atomic import check_free, replacing
from keras_cvdata.conversion.convert import convert
from keras_cvdata.conversion.files import all_classes, check_beside
from keras_cvdata.conversion.readable import missing_later, without_bad_images
from keras_cvdata.progress import track
from keras_cvdata.sources.base import Source
from keras_cvdata.sources.directory import DirectorySource
from keras_cvdata.sources.opening import open_source
from keras_cvdata.sources.splitting import part_names, split


def write_split(  # noqa: PLR0913 # the arguments of a public function
    data: Any,
    target: str | os.PathLike[str],
    validation: float | str | Sequence[float] = "auto",
    *,
    stratify: bool = True,
    groups: str | None = None,
    seed: int = 0,
    certificate: str | os.PathLike[str] | None = None,
    overwrite: bool = False,
    on_error: Literal["raise", "skip"] = "raise",
    verbose: int = 1,
    **options: Any,
) -> dict[Path, int]:
    """Split an image collection and write the parts; the collection stays as it is.

    - `pets`: folders `pets/train` and `pets/validation`, which `DirectorySequence("pets",
      split="train")` reads. The images of a folder are copied under their own paths.
    - `pets.csv`, `.json`, `.jsonl`, `.h5`: `pets_train.csv` and `pets_validation.csv`. Tables refer
      to the images where they are, as `convert` does.

    A third part is called `test`, further ones `part4`, `part5`, ...

    Args:
        data: A source, a sequence, or what `open_source` opens.
        target: Where to write.
        validation: Share of the validation part, 0 to 1, or "auto", or the shares of all parts,
            such as `(0.7, 0.15, 0.15)`; see `split`.
        stratify: Split every class by itself.
        groups: Column of what must stay on one side, or "near-copies".
        seed: Selects the split.
        certificate: JSON file that says what was compared for `groups="near-copies"`.
        overwrite: Replace existing targets, as `convert` does; of a folder also copies of images
            that are in the source still.
        on_error: "raise" splits all images, whether they can be read or not, unless a format must
            read them; "skip" reads all of them first, and leaves out those that cannot be decoded.
        verbose: 0 shows no progress, and does not name the images that are left out.
        **options: Passed to `open_source`.

    Returns:
        Number of images by path, the training part first.

    Raises:
        FileExistsError: A target exists.
        ImageError: With `on_error="skip"`, none of the images can be read.
        ValueError: A class has too few images for all parts, or the folder to write lies in the
            folder that is read.

    Example:
        >>> import numpy as np, tempfile
        >>> x, y = np.zeros((10, 8, 8, 3), np.uint8), ["cat", "dog"] * 5
        >>> written = write_split((x, y), tempfile.mkdtemp() + "/pets.h5", 0.2)
        >>> [(path.name, count) for path, count in written.items()]
        [('pets_train.h5', 8), ('pets_validation.h5', 2)]

    Source: Handbook 2, part 6; R53 to R58.
    """
    skip = choice("on_error", on_error, ("raise", "skip")) == "skip"
    source = open_source(data, **({**missing_later(data), **options} if skip else options))
    target = Path(target)
    copied = None  # the folder whose files are copied as they are
    if isinstance(source, DirectorySource) and not source.listed and not target.suffix:
        copied = Path(source.directory)
    paths = _paths(target, max(np.size(validation), 2))
    if not target.suffix:
        check_beside(source, paths[0])
    for path in paths:
        check_free(path, overwrite, copied)
    readable = without_bad_images(source, verbose) if skip else source
    parts = split(
        readable, validation, stratify, groups, seed, certificate=certificate, verbose=verbose
    )
    if not target.suffix:
        target.mkdir(exist_ok=True)
    for part, path in zip(parts, paths, strict=True):
        if copied is not None:
            _copy(part, copied, path, overwrite, verbose)
        else:
            convert(part, path, overwrite=overwrite, verbose=verbose)
    return {path: len(part) for part, path in zip(parts, paths, strict=True)}


def _paths(target: Path, parts: int) -> list[Path]:
    """Files beside each other, or folders in the target."""
    names = part_names(parts)
    if target.suffix:
        return [target.with_stem(f"{target.stem}_{name}") for name in names]
    return [target / name for name in names]


def _copy(part: Source, root: Path, folder: Path, overwrite: bool, verbose: int) -> None:
    """Copy files of a folder under their paths below `root`."""
    with replacing(folder, overwrite, copied=root) as draft:
        for name in all_classes(part):
            (draft / name).mkdir(parents=True)
        for position in track(range(len(part)), "Copying", verbose=verbose):
            file = part.name(position)
            copy = draft / Path(file).relative_to(root)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(file, copy)
