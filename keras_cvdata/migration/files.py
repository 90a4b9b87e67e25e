"""Files and folders: read, compared and written."""

from __future__ import annotations

import difflib
import io
import os
import tokenize
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from keras_cvdata.migration.analysis import migrate_source
from keras_cvdata.migration.changes import Note
from keras_cvdata.migration.notebooks import migrate_cells
from keras_cvdata.migration.script import ScriptError, split_lines
from keras_cvdata.writing import write_bytes

_EXTENSIONS = (".py", ".ipynb")
_ENVIRONMENT_MARKS = {"pyvenv.cfg", "conda-meta"}
_WORDS = ("preprocessing", "_generator")  # without one of them, nothing is to be changed


class Migrated(NamedTuple):
    """A file and what becomes of it.

    Args:
        path: The file.
        before: Its text.
        after: Its text as it is to be; the same if nothing changes.
        diff: Unified diff of the two; for a notebook one of each changed cell's source.
        notes: Lines whose behaviour differs or that need a hand.
        encoding: Encoding of the file.
    """

    path: Path
    before: str
    after: str
    diff: str
    notes: tuple[Note, ...]
    encoding: str

    def listing(self, written: bool = False) -> list[str]:
        """The notes, each as `file:line: text` or `file: cell N, line M: text`.

        Args:
            written: Give the numbers that lines have after the change.

        Returns:
            Lines of text.
        """
        lines = []
        for note in self.notes:
            line = note.line_after if written else note.line
            place = f":{line}" if note.cell is None else f": cell {note.cell}, line {line}"
            lines.append(f"{self.path}{place}: {note.text}")
        return lines


def find_files(paths: Iterable[str | os.PathLike[str]]) -> list[Path]:
    """Find the Python scripts and notebooks in folders.

    Hidden folders, such as `.ipynb_checkpoints`, and environments of Python are left out.

    Args:
        paths: Folders, which are searched, and files, which are taken as they are.

    Returns:
        Files, each once, those of a folder in the order of their names.

    Example:
        >>> find_files(["train.py"])
        [PosixPath('train.py')]
    """
    found: dict[Path, None] = {}
    for path in map(Path, paths):
        found |= dict.fromkeys(_walk(path) if path.is_dir() else [path])
    return list(found)


def _walk(root: Path) -> Iterator[Path]:
    for folder, names, files in os.walk(root):
        names[:] = sorted(
            name
            for name in names
            if not name.startswith(".")
            and not any((Path(folder, name) / mark).exists() for mark in _ENVIRONMENT_MARKS)
        )
        yield from (Path(folder, name) for name in sorted(files) if name.endswith(_EXTENSIONS))


def migrate_file(path: str | os.PathLike[str], named_axes: bool = False) -> Migrated:
    """Find what changes in a Python script or notebook; nothing is written.

    Files without a word of Keras's image module or its old methods are not parsed.

    Args:
        path: A file that ends in .py or .ipynb.
        named_axes: As in `migrate_source`.

    Returns:
        The file's text before and after, their difference and the notes.

    Raises:
        OSError: The file cannot be read.
        ValueError: It is neither a script nor a notebook, is not in its encoding, or cannot be
            parsed: then the text names the line and the reason.

    Example:
        >>> import tempfile
        >>> file = Path(tempfile.mkdtemp(), "train.py")
        >>> _ = file.write_text("from keras.preprocessing import image")
        >>> migrate_file(file).after
        'from keras_cvdata.preprocessing import image'
    """
    path = Path(path)
    if path.suffix not in _EXTENSIONS:
        raise ValueError(f"{path}: expected a file that ends in {' or '.join(_EXTENSIONS)}.")
    before, encoding = _read(path)
    if not any(word in before for word in _WORDS):
        return Migrated(path, before, before, "", (), encoding)
    try:
        if path.suffix == ".ipynb":
            after, cells, notes = migrate_cells(before, named_axes)
            diff = "".join(
                _diff(f"{path} cell {cell.number}", f"{cell.before}\n", f"{cell.after}\n")
                for cell in cells
            )
        else:
            after, notes = migrate_source(before, named_axes)
            diff = _diff(str(path), before, after)
    except ScriptError as error:
        raise ValueError(f"{path}:{error.line}: {error.reason}") from error
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    return Migrated(path, before, after, diff, tuple(notes), encoding)


def write(migrated: Migrated) -> None:
    """Write a changed file; one that does not change is left alone.

    It is replaced in one step, keeps its encoding, line ends and mode, and stays behind a link.

    Args:
        migrated: What `migrate_file` returned.

    Raises:
        OSError: The file cannot be written; it is as it was.

    Example:
        >>> import tempfile
        >>> file = Path(tempfile.mkdtemp(), "train.py")
        >>> _ = file.write_text("model.fit_generator(flow)")
        >>> write(migrate_file(file))
        >>> file.read_text()
        'model.fit(flow)'
    """
    if migrated.after == migrated.before:
        return
    write_bytes(migrated.path, migrated.after.encode(migrated.encoding))


def _read(path: Path) -> tuple[str, str]:
    """Text and encoding, which a byte order mark or a comment in the first two lines names."""
    data = path.read_bytes()
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        return data.decode(encoding), encoding
    except (SyntaxError, UnicodeDecodeError) as error:
        raise ValueError(
            f"{path}: expected UTF-8, or a first line such as `# coding: latin-1` that names the "
            f"encoding; got: {error}."
        ) from error


def _diff(name: str, before: str, after: str) -> str:
    lines = difflib.unified_diff(split_lines(before), split_lines(after), name, name)
    return "".join(
        line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines
    )
