"""Files and folders that appear complete or not at all."""

from __future__ import annotations

import os
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_WRITTEN_HERE = re.compile(r"\d+\.(jpg|png|webp|bmp|tiff|gif|ppm|avif)|index\.csv")


@contextmanager
def replacing(target: Path, overwrite: bool, copied: Path | None = None) -> Iterator[Path]:
    """Give a temporary name to write to, and rename it to the target when all went well.

    The data are on disk before the new name is, so that a crash leaves the old target or the new
    one, never half of it. On failure the temporary file or folder is removed.

    Args:
        target: Final name of the file or folder.
        overwrite: Allow replacing an existing target of the same kind.
        copied: Folder whose files, copied under their own names, may be replaced too.

    Yields:
        The temporary name, in the folder of the target; nothing exists there yet.

    Raises:
        FileExistsError: The target exists and may not be replaced.
        FileNotFoundError: The folder of the target does not exist.
        PermissionError: The target is open (on Windows), or its folder may not be written to.
    """
    check_parent(target)
    check_free(target, overwrite, copied)
    token = secrets.token_hex(4)
    draft = target.with_name(f".{target.name}.{token}.tmp")
    try:
        yield draft
        _flush(draft)
        check_free(target, overwrite, copied)  # somebody else may have written it meanwhile
        put_in_place(draft, target)
    finally:
        _remove(draft)


def put_in_place(draft: Path, target: Path) -> None:
    """Rename what is complete and on the disk to its final name.

    Args:
        draft: The temporary name.
        target: The final name, which may exist.

    Raises:
        PermissionError: The target is open (on Windows), or its folder may not be written to.
    """
    aside = target.with_name(f".{target.name}.{secrets.token_hex(4)}.old")
    try:
        _rename(draft, target, aside)
    except PermissionError as error:
        raise PermissionError(
            f"{target}: it cannot be replaced: {error.strerror}. On Windows "
            "that is so while it is open: delete what reads it, such as a sequence. Elsewhere "
            "change the permissions of the folder."
        ) from error
    flush_folder(target.absolute().parent)


def check_parent(target: Path) -> None:
    """Refuse a target in a folder that does not exist.

    Args:
        target: Final name of the file or folder.

    Raises:
        FileNotFoundError: The folder of the target does not exist.
    """
    if not target.absolute().parent.is_dir():
        raise FileNotFoundError(f"{target}: the folder {target.parent} does not exist. Make it.")


def check_free(target: Path, overwrite: bool, copied: Path | None = None) -> None:
    """Refuse a target that `replacing` would not replace, before any work is done.

    Args:
        target: Final name of the file or folder.
        overwrite: Allow replacing an existing target of the same kind.
        copied: Folder whose files, copied under their own names, may be replaced too.

    Raises:
        FileExistsError: The target exists and may not be replaced.
    """
    if not target.exists() and not target.is_symlink():
        return
    if not overwrite:
        raise FileExistsError(f"{target} exists. Pass overwrite=True, or choose another name.")
    if not target.is_dir():
        return
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


def _flush(draft: Path) -> None:
    if draft.is_dir() and hasattr(os, "sync"):
        os.sync()  # once for all files of a folder
        return
    for path in draft.rglob("*") if draft.is_dir() else (draft,):
        if path.is_file() and os.access(path, os.W_OK):  # copies of read-only files are
            with path.open("rb+") as file:
                os.fsync(file.fileno())


def flush_folder(folder: Path) -> None:
    """Wait until the names in a folder are on the disk."""
    if hasattr(os, "O_DIRECTORY"):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _rename(draft: Path, target: Path, aside: Path) -> None:
    if not target.is_dir():
        draft.replace(target)
        return
    target.rename(aside)  # a folder that holds files cannot be replaced in one step
    try:
        draft.rename(target)
    except OSError:
        aside.rename(target)
        raise
    _remove(aside)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
