"""Single files, written beside their place and renamed when they are complete."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from keras_cvdata.writing.drafts import NEW, draft_folder
from keras_cvdata.writing.moving import flush, put_in_place


def check_parent(target: Path) -> None:
    """Refuse a target in a folder that does not exist.

    Args:
        target: Final name of the file or folder.

    Raises:
        FileNotFoundError: The folder of the target does not exist.
    """
    if not target.absolute().parent.is_dir():
        raise FileNotFoundError(f"{target}: the folder {target.parent} does not exist. Make it.")


def check_free(target: Path, overwrite: bool) -> None:
    """Refuse a file that may not be written, before any work is done.

    Args:
        target: Final name of the file.
        overwrite: Allow replacing an existing file.

    Raises:
        FileExistsError: There is one that may not be replaced, or a folder of this name.
    """
    if target.is_dir():
        raise FileExistsError(f"{target} is a folder, and a file is to be written there.")
    if os.path.lexists(target) and not overwrite:
        raise FileExistsError(f"{target} exists. Pass overwrite=True, or choose another name.")


@contextmanager
def replacing_file(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a temporary name to write to, which gets the name of the file when all went well.

    A link stays, and what it leads to is replaced; a replaced file keeps its mode. Into what is no
    plain file, such as a pipe or `/dev/stdout`, is written at once.

    Args:
        path: File to write.

    Yields:
        The temporary name, with the ending of the file; nothing exists there yet.

    Raises:
        OSError: The file cannot be written; an old one is as it was.

    Example:
        >>> import tempfile
        >>> file = Path(tempfile.mkdtemp(), "a.txt")
        >>> with replacing_file(file) as draft:
        ...     _ = draft.write_text("new")
        >>> file.read_text(), len(list(file.parent.iterdir()))
        ('new', 1)
    """
    target = Path(path).resolve()
    mode = _mode(target)
    if mode is not None and not stat.S_ISREG(mode):
        yield Path(path)
        return
    check_parent(target)
    if mode is not None and not os.access(target, os.W_OK):
        raise PermissionError(f"{target}: it may not be written to. Change its permissions.")
    with draft_folder(target) as folder:
        draft = folder / NEW / target.name
        yield draft
        if mode is not None:
            shutil.copymode(target, draft)
        flush(draft)
        put_in_place(draft, target)


def _mode(path: Path) -> int | None:
    try:
        return path.stat().st_mode
    except OSError:
        return None


def write_text(path: str | os.PathLike[str], text: str, errors: str = "strict") -> None:
    """Write a text as UTF-8; the file is complete, or what it was.

    Args:
        path: File to write.
        text: Its content.
        errors: What becomes of single surrogates, see `str.encode`.

    Raises:
        OSError: The file cannot be written.
    """
    with replacing_file(path) as draft:
        draft.write_text(text, encoding="utf-8", errors=errors)


def write_bytes(path: str | os.PathLike[str], data: bytes | memoryview) -> None:
    """Write bytes; the file is complete, or what it was.

    Args:
        path: File to write.
        data: Its content.

    Raises:
        OSError: The file cannot be written.
    """
    with replacing_file(path) as draft:
        draft.write_bytes(data)
