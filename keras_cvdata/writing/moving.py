"""Drafts get the names of what they replace, so that a kill in between leaves no mixture."""

from __future__ import annotations

import ctypes
import errno
import json
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

PLAN = "moves"
PLAN_DRAFT = f"{PLAN}.part"
_MANY = 100  # files that are waited for one by one
_AT_CWD, _EXCHANGE, _SWAP = -100, 2, 2  # AT_FDCWD, RENAME_EXCHANGE, RENAME_SWAP

Moves = Sequence[tuple[Path, Path]]


def put_in_place(draft: Path, target: Path, folder: Path | None = None) -> None:
    """Rename what is complete and on the disk to its final name.

    A file replaces a file in one step. So does a folder on Linux and macOS, on file systems that
    can exchange two names; elsewhere, for a moment, nothing has the name.

    Args:
        draft: The temporary name.
        target: The final name, which may exist.
        folder: Of `draft_folder`, in which the draft is; needed where it is a folder.

    Raises:
        PermissionError: The target is open (on Windows), or its folder may not be written to.
        OSError: It cannot be renamed.
    """
    try:
        if folder is None or not draft.is_dir():
            draft.replace(target)
        elif not os.path.lexists(target):
            draft.rename(target)
        elif not exchange(draft, target):
            move_all(folder, [(target, folder / "old" / target.name), (draft, target)])
    except PermissionError as error:
        raise PermissionError(
            f"{target}: it cannot be replaced: {error.strerror}. On Windows "
            "that is so while it is open: delete what reads it, such as a sequence. Elsewhere "
            "change the permissions of the folder."
        ) from error
    flush_folder(target.absolute().parent)


def exchange(path: Path, other: Path) -> bool:
    """Exchange two names in one step.

    Args:
        path: A file or folder.
        other: Another one, on the same disk.

    Returns:
        Whether they are exchanged; where the system cannot, nothing has changed.

    Raises:
        OSError: They cannot be renamed.
    """
    names = os.fsencode(path), os.fsencode(other)
    try:
        system = ctypes.CDLL(None, use_errno=True)
        if sys.platform == "darwin":
            failed = system.renamex_np(*names, _SWAP)
        else:
            failed = system.renameat2(_AT_CWD, names[0], _AT_CWD, names[1], _EXCHANGE)
    except (AttributeError, OSError, TypeError):  # another system, or an old one
        return False
    if not failed:
        return True
    number = ctypes.get_errno()
    if number in (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP):
        return False
    raise OSError(number, os.strerror(number), str(path), None, str(other))


def move_all(folder: Path, moves: Moves, drop: Sequence[Path] = ()) -> None:
    """Rename several things, one after the other, as if it were one step.

    What is to be done is written down first, so that the next run finishes it after a kill. An
    error takes back what was done.

    Args:
        folder: Of `draft_folder`.
        moves: Old and new names, in the folder of the target or below `folder`. What is to be
            replaced is moved below `folder` before; only the last move may replace a file.
        drop: Names in the folder of the target that have no use after that.

    Raises:
        OSError: Something cannot be renamed; all is as it was.
    """
    base = folder.parent.parent
    plan = {
        "moves": [[os.path.relpath(path, base) for path in move] for move in moves],
        "drop": [each.name for each in drop],
    }
    draft = folder / PLAN_DRAFT
    with draft.open("w", encoding="ascii") as file:
        json.dump(plan, file)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(folder / PLAN)
    flush_folder(folder)
    try:
        _carry_out(folder, moves, drop)
    except OSError:
        (folder / PLAN).unlink()
        raise
    (folder / PLAN).unlink()


def finish(folder: Path) -> None:
    """Carry out what is left of the moves that were written down in a folder.

    Args:
        folder: Of `draft_folder`.

    Raises:
        OSError: Something cannot be renamed; what was done here is taken back.
    """
    try:
        plan = json.loads((folder / PLAN).read_text(encoding="ascii"))
        moves = [(_checked(old, folder), _checked(new, folder)) for old, new in plan["moves"]]
        drop = [_checked(name, folder) for name in plan["drop"]]
    except (FileNotFoundError, ValueError, LookupError, TypeError):
        return
    _carry_out(folder, moves, drop)
    (folder / PLAN).unlink()


def _carry_out(folder: Path, moves: Moves, drop: Sequence[Path]) -> None:
    done: list[tuple[Path, Path]] = []
    try:
        for path, target in moves:
            moved = target.is_relative_to(folder) and os.path.lexists(target)
            if os.path.lexists(path) and not moved:
                path.replace(target)
                done.append((path, target))
    except OSError:
        for path, target in reversed(done):
            with suppress(OSError):
                target.replace(path)
        raise
    flush_folder(folder.parent.parent)
    for path in drop:
        with suppress(OSError):
            path.replace(folder / "old" / path.name)


def _checked(name: str, folder: Path) -> Path:
    """A name beside the target, or one below the folder; whatever else is written there."""
    path = folder.parent.parent / name
    inside = path.is_relative_to(folder) and ".." not in path.parts
    if not inside and (path.name != name or name in ("", ".", "..")):
        raise ValueError(f"{name!r} leads elsewhere")
    return path


def flush(draft: Path) -> None:
    """Wait until a file, or all files of a folder, are on the disk.

    Args:
        draft: The file or folder.
    """
    paths = [*draft.rglob("*")] if draft.is_dir() else [draft]
    if len(paths) > _MANY and hasattr(os, "sync"):
        os.sync()  # one wait, though it is for what others write, too
        return
    for path in paths:
        if path.is_file() and os.access(path, os.W_OK):  # copies of read-only files are
            with path.open("rb+") as file:
                os.fsync(file.fileno())


def flush_folder(folder: Path) -> None:
    """Wait until the names in a folder are on the disk, where system and permissions let us.

    Args:
        folder: The folder.

    Raises:
        OSError: The disk fails.
    """
    if not hasattr(os, "O_DIRECTORY"):
        return
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except PermissionError:  # it may be written to, but not be read
        return
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno != errno.EINVAL:  # network file systems that do not know it for folders
            raise
    finally:
        os.close(descriptor)
