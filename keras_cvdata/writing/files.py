"""Single files, written beside their place and renamed when they are complete."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from keras_cvdata.writing.drafts import NEW, draft_folder
from keras_cvdata.writing.moving import flush, put_in_place


def check_parent(target: Path) -> None:
    """Refuse a target in a folder that nothing can be written into.

    Args:
        target: Final name of the file or folder.

    Raises:
        FileNotFoundError: There is no such folder.
        PermissionError: It may not be written into.
    """
    folder = target.absolute().parent
    if not folder.is_dir():
        raise FileNotFoundError(
            f"{target}: there is no folder {target.parent} to write it into. Make it."
        )
    if not os.access(folder, os.W_OK | os.X_OK):
        raise PermissionError(
            f"{target}: nothing may be written into the folder {target.parent}. Change its "
            "permissions, or write elsewhere."
        )


def check_writable(path: str | os.PathLike[str]) -> None:
    """Find out before a long run, not after it, that `replacing_file` cannot write a file.

    Args:
        path: File to write.

    Raises:
        IsADirectoryError: It is a folder.
        FileNotFoundError: There is no folder for it.
        PermissionError: It or its folder may not be written to.

    Example:
        >>> check_writable("none/report.json")
        Traceback (most recent call last):
        FileNotFoundError: none/report.json: there is no folder none to write it into. Make it.
    """
    target = Path(path)
    if target.is_dir():
        raise IsADirectoryError(f"{target} is a folder, and a file is to be written there.")
    if _is_special(target):
        return
    check_parent(target)
    check_parent(target.resolve())  # where a link leads
    if target.exists() and not os.access(target, os.W_OK):
        raise PermissionError(f"{target}: it may not be written to. Change its permissions.")


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
    check_writable(path)
    target = Path(path).resolve()
    if _is_special(target):
        yield Path(path)
        return
    with draft_folder(target) as folder:
        draft = folder / NEW / target.name
        yield draft
        with suppress(FileNotFoundError):
            shutil.copymode(target, draft)
        flush(draft)
        put_in_place(draft, target)


def _is_special(path: Path) -> bool:
    """Whether it is neither a plain file nor missing: a pipe, a terminal."""
    return path.exists() and not path.is_file()


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
