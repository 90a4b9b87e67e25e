"""Quarantine: flagged files move aside, and come back, whatever happens in between."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pandas as pd
import pytest

from keras_cvdata.audit import AuditReport, moving
from tests.audit.planted import arrays, finding, report_of, write_pictures

NAMES = ("cat/0.png", "cat/1.png", "dog/0.png", "dog/1.png")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_pictures(tmp_path / "pets", *NAMES)


def contents(folder: Path) -> dict[str, bytes]:
    files = (file for file in folder.rglob("*") if file.is_file())
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in files}


def flagged(root: Path) -> AuditReport:
    pair = finding("exact_copy", "error", position=0, other=3)
    return report_of(root, [finding("unreadable", "error", position=1), pair])


def test_a_dry_run_only_says_what_would_move(root: Path, tmp_path: Path) -> None:
    before = contents(tmp_path)
    told = flagged(root).quarantine(tmp_path / "aside")
    assert contents(tmp_path) == before
    assert told.to_dict("list") == {
        "path": [str(root / "cat" / "1.png"), str(root / "dog" / "1.png")],
        "moved_to": ["unreadable/cat/1.png", "exact_copy/dog/1.png"],
        "check": ["unreadable", "exact_copy"],
        "row": [1, 3],
    }


def test_files_move_and_come_back(root: Path, tmp_path: Path) -> None:
    before, aside = contents(root), tmp_path / "aside"
    told = flagged(root).quarantine(aside, dry_run=False)
    assert set(contents(root)) == {"cat/0.png", "dog/0.png"}
    assert set(contents(aside)) == {*told["moved_to"], "quarantine.csv"}
    assert pd.read_csv(aside / "quarantine.csv").equals(told)
    assert AuditReport.restore(aside) == 2
    assert contents(root) == before
    assert not aside.exists()


def test_a_crash_in_the_middle_loses_nothing(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The list is on disk before the first file moves."""
    before, aside, moves = contents(root), tmp_path / "aside", []

    def crash(path: Path, target: Path) -> None:
        assert (aside / "quarantine.csv").read_text().count("\n") == 3
        if moves:
            raise KeyboardInterrupt
        moves.append(path.rename(target))

    with monkeypatch.context() as patched:
        patched.setattr(moving, "_move", crash)
        with pytest.raises(KeyboardInterrupt):
            flagged(root).quarantine(aside, dry_run=False)
    assert len(contents(root)) == 3
    assert AuditReport.restore(aside) == 1
    assert contents(root) == before


def test_another_disk_gets_whole_copies_only(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, aside = contents(root), tmp_path / "aside"

    def refuse(path: Path, target: Path) -> Path:
        raise OSError(errno.EXDEV, "Invalid cross-device link")

    monkeypatch.setattr(Path, "rename", refuse)
    flagged(root).quarantine(aside, dry_run=False)
    assert set(contents(root)) == {"cat/0.png", "dog/0.png"}
    copied = aside / "exact_copy" / "dog" / "1.png"
    (root / "dog" / "1.png").write_bytes(copied.read_bytes())  # as if it had crashed before unlink
    assert AuditReport.restore(aside) == 1
    assert contents(root) == before


def test_one_process_at_a_time(root: Path, tmp_path: Path) -> None:
    aside = tmp_path / "aside"
    flagged(root).quarantine(aside, dry_run=False)
    with (
        moving.draft_folder(aside / moving.MANIFEST),
        pytest.raises(BlockingIOError, match="another process moves files into it"),
    ):
        AuditReport.restore(aside)
    part = aside / "exact_copy/dog/1.png.part"  # of a copy to another disk that was cut short
    part.write_bytes(b"half")
    assert AuditReport.restore(aside) == 2
    assert not aside.exists()


def test_nothing_is_overwritten(root: Path, tmp_path: Path) -> None:
    aside = tmp_path / "aside"
    flagged(root).quarantine(aside, dry_run=False)
    (root / "cat" / "1.png").write_bytes(b"another")
    with pytest.raises(FileExistsError, match=r"1 files stay .* such as .*1\.png"):
        AuditReport.restore(aside)
    assert (root / "cat" / "1.png").read_bytes() == b"another"
    assert (root / "dog" / "1.png").exists()
    assert (aside / "unreadable" / "cat" / "1.png").exists()
    with pytest.raises(FileExistsError, match="is not empty"):
        report_of(root, [finding("dark", position=0)]).quarantine(aside, "dark", dry_run=False)
    (aside / "unreadable" / "cat" / "1.png").unlink()
    (root / "cat" / "1.png").unlink()
    with pytest.raises(FileNotFoundError, match="1 files are in neither place"):
        AuditReport.restore(aside)
    with pytest.raises(FileNotFoundError, match=r"holds no quarantine\.csv"):
        AuditReport.restore(root)


def test_what_is_no_local_file_is_refused(tmp_path: Path) -> None:
    report = report_of(arrays(), [finding("dark", position=0)])
    with pytest.raises(ValueError, match=r"'x\[0\]' is no file of this machine"):
        report.quarantine(tmp_path / "aside", "dark", dry_run=False)
    assert not (tmp_path / "aside").exists()


def test_a_folder_in_the_collection_is_refused(root: Path) -> None:
    report = flagged(root)
    with pytest.raises(ValueError, match=r"lies in the collection.*\.quarantine"):
        report.quarantine(root / "aside")
    report.quarantine(root / ".quarantine", dry_run=False)
    assert AuditReport.restore(root / ".quarantine") == 2


def test_files_that_are_gone_are_passed_over(root: Path, tmp_path: Path) -> None:
    report = flagged(root)
    (root / "cat" / "1.png").unlink()
    assert report.quarantine(tmp_path / "aside")["row"].tolist() == [3]


def test_a_file_that_another_row_needs_stays(root: Path, tmp_path: Path) -> None:
    """Also where that row reaches it through a link."""
    (tmp_path / "link").symlink_to(root / "cat", target_is_directory=True)
    table = tmp_path / "t.csv"
    table.write_text("location,label\npets/cat/0.png,a\nlink/0.png,b\npets/dog/0.png,b\n")
    pairs = [finding("exact_copy", position=0, other=1), finding("dark", position=2)]
    told = report_of(table, pairs).quarantine(tmp_path / "aside", ["exact_copy", "dark"])
    assert told["row"].tolist() == [2]


def test_paths_that_lead_upward_stay_in_the_folder(root: Path, tmp_path: Path) -> None:
    tables, aside = tmp_path / "a" / "b", tmp_path / "aside"
    tables.mkdir(parents=True)
    write_pictures(tables, "own.png")
    (tables / "t.csv").write_text("location,label\n../../pets/cat/0.png,a\nown.png,b\n")
    found = [finding("dark", position=p) for p in (0, 1)]
    told = report_of(tables / "t.csv", found).quarantine(aside, "dark", dry_run=False)
    assert told["moved_to"].tolist() == ["dark/pets/cat/0.png", "dark/a/b/own.png"]
    assert AuditReport.restore(aside) == 2
    assert (root / "cat" / "0.png").exists()


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps names in Unicode")
def test_names_that_are_not_unicode_come_back(tmp_path: Path) -> None:
    try:
        root = write_pictures(tmp_path / "pets", "cat/\udcff\n,'\".png", "dog/1.png")
    except OSError:
        pytest.skip("the file system takes Unicode only")
    before = contents(root)
    report_of(root, [finding("dark", position=0)]).quarantine(tmp_path / "a", "dark", False)
    assert contents(root) != before
    assert AuditReport.restore(tmp_path / "a") == 1
    assert contents(root) == before
