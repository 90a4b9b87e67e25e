"""Flagged files moved aside, and back: nothing is ever deleted or overwritten."""

from __future__ import annotations

import csv
import errno
import filecmp
import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from keras_cvdata.audit.selecting import flagged
from keras_cvdata.sources import Source
from keras_cvdata.writing.drafts import NEW, clear, draft_folder
from keras_cvdata.writing.moving import flush, flush_folder, put_in_place

if TYPE_CHECKING:
    from keras_cvdata.audit.report import AuditReport

MANIFEST = "quarantine.csv"
_COLUMNS = ("path", "moved_to", "check", "row")
_ERRORS = "surrogateescape"  # names of files need not be Unicode; this keeps them as they are


class _Move(NamedTuple):
    """One file: from where to where, the latter below the folder of the quarantine."""

    path: str
    moved_to: str
    check: str
    row: int


def quarantine(
    report: AuditReport,
    directory: str | os.PathLike[str],
    drop: str | Sequence[str] | None = None,
    dry_run: bool = True,
) -> Any:
    """Move flagged files aside, see `AuditReport.quarantine`."""
    import pandas as pd

    target = Path(directory).absolute()
    _check_outside(report.collection.source, target)
    moves = _plan(report, drop)
    if not dry_run and moves:
        _carry_out(moves, target)
    return pd.DataFrame(moves, columns=list(_COLUMNS))


def restore(directory: str | os.PathLike[str]) -> int:
    """Move the files of a quarantine back.

    What was not moved, or is back already, is passed over, so it may be called again, also after a
    crash. When everything is back, the list and the empty folders go.

    Args:
        directory: The folder.

    Returns:
        Number of files that were moved back.

    Raises:
        FileNotFoundError: There is no list in the folder, or a file is in neither place.
        BlockingIOError: Another process moves files into it.
        FileExistsError: Another file has taken the place of one; the rest is moved back.
    """
    folder = Path(directory).absolute()
    _check_idle(folder)
    done, lost, taken = 0, [], []
    for move in _read(folder / MANIFEST):
        kept, home = folder / move.moved_to, Path(move.path)
        _part(kept).unlink(missing_ok=True)  # of a run that was killed
        if not os.path.lexists(kept):
            lost += [] if os.path.lexists(home) else [home]
        elif not os.path.lexists(home):
            home.parent.mkdir(parents=True, exist_ok=True)
            _move(kept, home)
            done += 1
        elif not _equal(kept, home):
            taken.append(home)
    if taken:
        raise FileExistsError(
            f"{len(taken)} files stay in {folder}, because others have taken their place, such as "
            f"{taken[0]}. Move those away, and restore again."
        )
    if lost:
        raise FileNotFoundError(f"{len(lost)} files are in neither place, such as {lost[0]}.")
    _tidy(folder)
    return done


def _check_idle(folder: Path) -> None:
    if not (folder / MANIFEST).is_file():
        raise FileNotFoundError(f"{folder} holds no {MANIFEST}. Give the folder of a quarantine.")
    if clear(folder / MANIFEST):
        raise BlockingIOError(f"{folder}: another process moves files into it. Wait for it.")


def _plan(report: AuditReport, drop: str | Sequence[str] | None) -> list[_Move]:
    source = report.collection.source
    findings = flagged(report, drop)
    folders: dict[str, str] = {}
    files: dict[str, int] = {}  # by what they really are: several rows may name one file
    for position in findings:
        name = source.name(position)
        if _is_there(name, source.location(position)):
            files.setdefault(_real(name, folders), position)
    if files:
        staying = (source.name(p) for p in range(len(source)) if p not in findings)
        for name in staying:
            files.pop(_real(name, folders), None)
    rows = source.rows
    base = os.path.commonpath(map(os.path.dirname, files)) if files else ""
    return [
        _Move(
            source.name(position),
            f"{findings[position].check}/{Path(real).relative_to(base).as_posix()}",
            findings[position].check,
            int(rows[position]),
        )
        for real, position in files.items()
    ]


def _is_there(name: str, location: str | None) -> bool:
    """Whether a file is there to be moved.

    Raises:
        ValueError: It is no local file, or what is read is kept elsewhere, as in a pack.
    """
    path = Path(name)
    local = path.is_absolute() and "\0" not in name
    local = local and (location is not None or not path.is_file())
    if local and os.path.lexists(path):
        return not path.is_dir() or path.is_symlink()
    if local and path.parent.is_dir():  # gone already
        return False
    raise ValueError(
        f"{name!r} is no file of this machine, so it cannot be moved. Go on without it: "
        "`AuditReport.keep` gives the collection without what was flagged."
    )


def _real(name: str, folders: dict[str, str]) -> str:
    """Where a file really lies; its folder may be reached by a link."""
    folder, file = os.path.split(name)
    if folder not in folders:
        folders[folder] = os.path.realpath(folder)
    return os.path.join(folders[folder], file)  # noqa: PTH118 # paths of millions of files


def _check_outside(source: Source, target: Path) -> None:
    for folder in _folders(source):
        if target.resolve().is_relative_to(folder):
            inner = target.resolve().relative_to(folder).parts
            if not any(part.startswith(".") for part in inner):
                raise ValueError(
                    f"{target} lies in the collection, so that its files would be read again. "
                    f"Choose a folder beside {folder}, or a hidden one such as "
                    f"{folder / '.quarantine'}."
                )


def _folders(source: Any) -> Iterator[Path]:
    """Folders that are read as a whole."""
    for inner in (*getattr(source, "sources", ()), getattr(source, "source", None)):
        yield from _folders(inner) if inner is not None else ()
    if hasattr(source, "directory"):
        yield Path(source.directory).resolve()


def _carry_out(moves: Sequence[_Move], target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    with draft_folder(target / MANIFEST, alone=True) as drafts:
        if any(each != drafts.parent for each in target.iterdir()):
            raise FileExistsError(
                f"{target} is not empty. Choose another folder; files of an earlier quarantine go "
                "back by AuditReport.restore(...)."
            )
        draft = drafts / NEW / MANIFEST
        with draft.open("x", encoding="utf-8", errors=_ERRORS, newline="") as file:
            writer = csv.writer(file)
            writer.writerow(_COLUMNS)
            writer.writerows(moves)
        flush(draft)
        put_in_place(draft, target / MANIFEST)  # on the disk before the first file moves
        for move in moves:
            kept = target / move.moved_to
            kept.parent.mkdir(parents=True, exist_ok=True)
            if os.path.lexists(move.path):
                _move(Path(move.path), kept)


def _move(path: Path, target: Path) -> None:
    """Rename a file; to another disk it is copied, and goes when the copy is whole."""
    try:
        path.rename(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        draft = _part(target)
        shutil.copy2(path, draft, follow_symlinks=False)
        if not draft.is_symlink():
            flush(draft)
        draft.replace(target)
        flush_folder(target.parent)  # before the only other copy goes
        path.unlink()


def _part(target: Path) -> Path:
    """Name of what is copied, until it is whole."""
    return target.with_name(f"{target.name}.part")


def _equal(path: Path, other: Path) -> bool:
    return path.is_file() and other.is_file() and filecmp.cmp(path, other, shallow=False)


def _read(manifest: Path) -> list[_Move]:
    with manifest.open(encoding="utf-8", errors=_ERRORS, newline="") as file:
        return [
            _Move(row["path"], row["moved_to"], row["check"], int(row["row"]))
            for row in csv.DictReader(file)
        ]


def _tidy(folder: Path) -> None:
    (folder / MANIFEST).unlink()
    for inner in sorted(folder.rglob("*"), reverse=True):
        if inner.is_dir() and not inner.is_symlink() and not any(inner.iterdir()):
            inner.rmdir()
    if not any(folder.iterdir()):
        folder.rmdir()
