"""Hidden folders in which runs write what is not complete yet.

Beside `pets.csv`, `.pets.csv.drafts` holds a folder of each run that writes it: with a file that is
locked while the run lives, with what is `new` and with what is `old`. What a killed run left is
known by its lock, and the next run clears it.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from keras_cvdata.writing.locks import open_locked, try_lock
from keras_cvdata.writing.moving import PLAN, PLAN_DRAFT, finish

NEW, OLD = "new", "old"  # what is being written, and what it replaces

_LOCK = "lock"
_OWN = re.compile("[0-9a-f]{8}")  # name of the folder of a run
_PARTS = {_LOCK, NEW, OLD, PLAN, PLAN_DRAFT}
_TRIES = 100  # to make a folder that others do not take away at once
_LONGEST = 240  # bytes of a name that leave room for what is put around it
_ERRORS_OF_DISKS = {errno.ENOSPC, errno.EFBIG, errno.EDQUOT, errno.EIO, errno.EROFS}


@contextmanager
def draft_folder(target: Path, alone: bool = False) -> Iterator[Path]:
    """Make a folder for drafts of a target, and remove it with all that is in it then.

    Folders of runs that were killed are removed first; what such a run was about to put in place
    is put there.

    Args:
        target: What will be written.
        alone: Refuse to begin while another run writes the same target.

    Yields:
        The folder, on the same disk as the target; it holds the folders `NEW` and `OLD`.

    Raises:
        BlockingIOError: Another run writes the target.
        OSError: The folder cannot be made. Errors of the disk later on name the target.
    """
    home = _home(target)
    with _naming(target, home):
        own, lock = _begin(home)
        try:
            if clear(target, own) and alone:
                raise BlockingIOError(
                    f"{target}: another process is writing it. Wait for it, or choose another name."
                )
            yield own
        finally:
            try:
                with suppress(OSError):  # what Ctrl-C came into; the next run tries again
                    _end(own)
            finally:  # also after a second Ctrl-C: a notebook lives on
                os.close(lock)
                _leave(own)
                _remove_empty(home)


def clear(target: Path, but: Path | None = None) -> bool:
    """Remove what killed runs left beside a target, and finish what they had begun to put in place.

    Args:
        target: What they wrote.
        but: A folder that is left alone.

    Returns:
        Whether other runs are writing the target.

    Raises:
        OSError: What was begun cannot be finished.
    """
    home, running = _home(target), False
    with suppress(FileNotFoundError):
        for folder in sorted(home.iterdir()):
            if folder != but and _is_draft(folder):
                running |= not _cleared(folder)
        _remove_empty(home)
    return running


def remove(path: Path) -> None:
    """Delete a file, a link or a folder, as far as that is possible.

    Args:
        path: What is deleted.
    """
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(OSError):
            path.unlink()


def _remove_empty(folder: Path) -> None:
    """Delete a folder, unless there is something in it.

    Args:
        folder: What is deleted.
    """
    with suppress(OSError):
        folder.rmdir()


def _home(target: Path) -> Path:
    name = target.name
    if len(os.fsencode(name)) > _LONGEST:
        name = hashlib.sha256(os.fsencode(name)).hexdigest()
    return target.absolute().with_name(f".{name}.drafts")


def _is_draft(folder: Path) -> bool:
    """Whether it is the folder of a run, and nothing that somebody else keeps there."""
    if not _OWN.fullmatch(folder.name) or folder.is_symlink():
        return False
    try:
        return {each.name for each in folder.iterdir()} <= _PARTS
    except OSError:  # it has just gone, is a file, or is that of another user
        return False


def _begin(home: Path) -> tuple[Path, int]:
    """Make a folder that others know to be in use."""
    tries = 0
    while True:
        tries += 1
        home.mkdir(exist_ok=True)
        own = home / secrets.token_hex(4)
        lock = None
        try:
            own.mkdir()
            lock = open_locked(own / _LOCK)
            if lock is not None:
                for name in (NEW, OLD):
                    (own / name).mkdir()
                return own, lock
        except OSError as error:
            if isinstance(error, FileNotFoundError) and tries < _TRIES:
                continue  # one that ends has removed what it found empty
            # a full disk, or on Windows a path that is too long
            if lock is not None:
                os.close(lock)
            remove(own)
            _remove_empty(home)
            raise


def _cleared(folder: Path) -> bool:
    """Remove a folder whose run lives no more; say whether it is not in use."""
    try:
        lock = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT)
    except OSError:  # it has just gone, or is that of another user
        return True
    try:
        locked = try_lock(lock)
        if locked:
            _end(folder)
    finally:
        os.close(lock)
    if locked:
        _leave(folder)
    return locked is not False


def _end(folder: Path) -> None:
    """Finish what was begun, and remove the rest."""
    finish(folder)
    for each in folder.iterdir():
        if each.name != _LOCK:
            remove(each)


def _leave(folder: Path) -> None:
    """Remove the lock, and the folder where nothing else is in it."""
    remove(folder / _LOCK)
    _remove_empty(folder)


@contextmanager
def _naming(target: Path, home: Path) -> Iterator[None]:
    """Name the target in errors of the disk, and say what becomes of it."""
    try:
        yield
    except OSError as error:
        named = [name for name in (error.filename, error.filename2) if isinstance(name, str)]
        ours = any(Path(name).is_relative_to(home) for name in named)
        if not ours and (named or error.errno not in _ERRORS_OF_DISKS):
            raise
        reason = (
            f"it cannot be written: {error.strerror}. Make room or change permissions, or write "
            "elsewhere; what was there before is as it was."
        )
        raise OSError(error.errno, reason, str(target)) from error
