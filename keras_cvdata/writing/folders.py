"""Folders, written beside their place and renamed when they are complete."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from keras_cvdata.writing.drafts import NEW, clear, draft_folder
from keras_cvdata.writing.files import check_parent
from keras_cvdata.writing.moving import flush, put_in_place

_WRITTEN_HERE = re.compile(r"\d+\.(jpg|png|webp|bmp|tiff|gif|ppm|avif)|index\.csv")


@contextmanager
def replacing_folder(target: Path, overwrite: bool, copied: Path | None = None) -> Iterator[Path]:
    """Give a temporary name to write to, and rename it to the target when all went well.

    The data are on disk before the new name is, so that a crash leaves the old target or the new
    one, never half of it. On failure the temporary folder is removed; that of a run which was
    killed by the next one for this target.

    Args:
        target: Final name of the folder.
        overwrite: Allow replacing an existing folder.
        copied: Folder whose files, copied under their own names, may be replaced too.

    Yields:
        The temporary name of the folder; nothing exists there yet.

    Raises:
        FileExistsError: The target exists and may not be replaced.
        FileNotFoundError: The folder of the target does not exist.
        BlockingIOError: Another process is writing the target.
        OSError: The disk is full or fails, or permissions are missing.
    """
    check_parent(target)
    clear(target)
    check_free_folder(target, overwrite, copied)
    with draft_folder(target, alone=True) as folder:
        draft = folder / NEW / target.name
        yield draft
        flush(draft)
        check_free_folder(target, overwrite, copied)  # somebody else may have written it meanwhile
        put_in_place(draft, target, folder)


def check_free_folder(target: Path, overwrite: bool, copied: Path | None = None) -> None:
    """Refuse a folder that `replacing_folder` would not replace, before any work is done.

    Args:
        target: Final name of the folder.
        overwrite: Allow replacing an existing folder.
        copied: Folder whose files, copied under their own names, may be replaced too.

    Raises:
        FileExistsError: The target exists and may not be replaced.
    """
    if not os.path.lexists(target):
        return
    if target.is_file():
        raise FileExistsError(f"{target} is a file, and a folder is to be written there.")
    if not overwrite:
        raise FileExistsError(f"{target} exists. Pass overwrite=True, or choose another name.")
    for file in target.rglob("*"):
        if file.is_dir() or _WRITTEN_HERE.fullmatch(file.name):
            continue
        if copied is None or not _is_copy(file, copied / file.relative_to(target)):
            raise FileExistsError(
                f"{target} holds {file.name!r}, which was not written by convert, so the folder is "
                "not replaced. Remove it yourself, or choose another name."
            )


def _is_copy(file: Path, original: Path) -> bool:
    return original.is_file() and original.stat().st_size == file.stat().st_size
