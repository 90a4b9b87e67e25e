"""The parts of a split on disk."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np

from keras_cvdata.arguments import choice
from keras_cvdata.conversion.draft import Draft
from keras_cvdata.conversion.files import all_classes, check_beside, draft_table, write_folder
from keras_cvdata.conversion.images import Maker
from keras_cvdata.conversion.packs import write_pack
from keras_cvdata.conversion.readable import TABLES, missing_later, without_bad_images
from keras_cvdata.conversion.recipe import Recipe
from keras_cvdata.conversion.rows import warn_of_numbering
from keras_cvdata.progress import track
from keras_cvdata.sources.base import Source
from keras_cvdata.sources.directory import DirectorySource
from keras_cvdata.sources.opening import open_source
from keras_cvdata.sources.splitting import part_names, split
from keras_cvdata.writing import check_free_folder
from keras_cvdata.writing.drafts import NEW, OLD, clear, draft_folder
from keras_cvdata.writing.files import check_free, check_parent
from keras_cvdata.writing.moving import flush, move_all


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

    A third part is called `test`, further ones `part4`, `part5`, ... All get their names when the
    last is complete, and the old ones of these names go before, so that none of them stands beside
    a new one. Parts that are not written again, such as an old `test`, stay.

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
        ValueError: A class has too few images for all parts, or a folder to write lies in the
            folder that is read, or holds images that are read.

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
    check_parent(target)
    clear(paths[0])
    for path in paths:
        if not target.suffix:
            check_beside(source, path)
        _check_free(path, overwrite, copied)
    readable = without_bad_images(source, verbose) if skip else source
    parts = split(
        readable, validation, stratify, groups, seed, certificate=certificate, verbose=verbose
    )
    if not target.suffix:
        target.mkdir(exist_ok=True)
    _write(dict(zip(paths, parts, strict=True)), copied, overwrite, verbose)
    return {path: len(part) for part, path in zip(parts, paths, strict=True)}


def _paths(target: Path, parts: int) -> list[Path]:
    """Files beside each other, or folders in the target."""
    names = part_names(parts)
    if target.suffix:
        return [target.with_stem(f"{target.stem}_{name}") for name in names]
    return [target / name for name in names]


def _check_free(path: Path, overwrite: bool, copied: Path | None) -> None:
    if not path.suffix:
        check_free_folder(path, overwrite, copied)
    else:
        check_free(path, overwrite)


@dataclass
class _Written:
    """Parts that are complete under temporary names.

    Attributes:
        moves: Those names, and the final ones.
        drop: Folders of images that have no use after that.
        packs: Packs, which are not in the folder of the other drafts, so that they are gone on with
            where a run is cut short.
    """

    moves: list[tuple[Path, Path]] = field(default_factory=list)
    drop: list[Path] = field(default_factory=list)
    packs: list[Draft] = field(default_factory=list)

    def add(self, part: Source, path: Path, overwrite: bool, verbose: int, drafts: Path) -> None:
        """Write a pack or a table."""
        if path.suffix.lower() in TABLES:
            read = Maker(part, Recipe()).image
            moves, drop = draft_table(part, path, read, False, overwrite, verbose, drafts)
            self.moves += moves
            self.drop += drop
        else:
            maker = Maker(part, Recipe(value_range=part.value_range))
            pack = write_pack(maker, path, overwrite=overwrite, verbose=verbose, place=False)
            self.packs.append(pack)
            self.moves.append((pack.path.absolute(), path.absolute()))

    def give_up(self, error: Exception) -> None:
        """Delete packs with which another run would not go on."""
        for pack in self.packs:
            if not isinstance(error, OSError) or not pack.worth_keeping:
                pack.remove()


def _write(
    parts: Mapping[Path, Source], copied: Path | None, overwrite: bool, verbose: int
) -> None:
    """Write all parts, and put them in place when the last is complete.

    Old parts are moved away before, so that none is ever seen beside a new one: they may share
    images.
    """
    written = _Written()
    try:
        with draft_folder(next(iter(parts)), alone=True) as drafts:
            for path, part in parts.items():
                if path.suffix:
                    written.add(part, path, overwrite, verbose, drafts)
                else:
                    draft = drafts / NEW / path.name
                    _fill(part, draft, copied, verbose)
                    written.moves.append((draft, path.absolute()))
            flush(drafts / NEW)
            for path in parts:
                _check_free(path, overwrite, copied)  # somebody else may have written it meanwhile
            old = [path.absolute() for path in parts if os.path.lexists(path)]
            away = [(path, drafts / OLD / path.name) for path in old]
            move_all(drafts, [*away, *written.moves], written.drop)
    except Exception as error:
        written.give_up(error)
        raise
    for pack in written.packs:
        pack.remove()
    for path, part in parts.items():
        if path.suffix.lower() in TABLES:
            warn_of_numbering(part, path)


def _fill(part: Source, folder: Path, root: Path | None, verbose: int) -> None:
    """Copy files under their paths below `root`; without it write folders of classes."""
    if root is None:
        write_folder(part, folder, Maker(part, Recipe()).image, verbose)
        return
    for name in all_classes(part):
        (folder / name).mkdir(parents=True)
    for position in track(range(len(part)), "Copying", verbose=verbose):
        file = part.name(position)
        copy = folder / Path(file).relative_to(root)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(file, copy)
