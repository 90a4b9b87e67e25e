"""Measures are kept by path, size and time of change, and never used where something changed."""

from __future__ import annotations

import os
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from keras_cvdata.audit import audit, keeping, measuring
from keras_cvdata.conversion import convert
from keras_cvdata.sources import open_source
from tests.audit.conftest import picture, write


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number in range(4):
        write(tmp_path / "photos" / "a" / f"{number}.png", picture(number))
    for path in tmp_path.glob("photos/a/*"):
        os.utime(path, (1_700_000_000, 1_700_000_000))
    return tmp_path / "photos"


def dark(folder: Path, **options: Any) -> list[int | None]:
    kept = folder.parent / "kept"
    report = audit(folder, checks=["dark"], cache=kept, verbose=0, **options)
    return [finding.position for finding in report.findings]


def test_a_changed_file_is_measured_anew(folder: Path) -> None:
    assert dark(folder) == []
    write(folder / "a" / "2.png", picture(2) // 9)
    assert dark(folder) == [2]


def test_a_new_file_with_the_old_time_is_measured_anew(folder: Path) -> None:
    dark(folder)
    write(folder / "a" / "1.png", picture(1) // 9)
    os.utime(folder / "a" / "1.png", (1_700_000_000, 1_700_000_000))
    assert dark(folder) == [1]  # its size tells


def test_other_thresholds_use_what_is_kept(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dark(folder)
    monkeypatch.setattr(measuring, "Sample", None)
    assert dark(folder, thresholds={"pictures": {"dark": 1.1}}) == [0, 1, 2, 3]


def test_other_checks_do_not(folder: Path) -> None:
    dark(folder)
    report = audit(folder, checks=["files"], cache=folder.parent / "kept", verbose=0)
    assert report.collection.height.tolist() == [96] * 4
    assert not report.findings


def test_a_file_that_changes_during_the_audit_is_not_kept(folder: Path) -> None:
    os.utime(folder / "a" / "0.png", (5_000_000_000, 5_000_000_000))
    dark(folder)
    shutil.copy(folder / "a" / "1.png", folder / "a" / "0.png")
    write(folder / "a" / "0.png", picture(0) // 9)
    assert dark(folder) == [0]


def test_names_that_are_not_unicode_are_kept(folder: Path, monkeypatch: Any) -> None:
    try:
        shutil.copy(folder / "a" / "1.png", folder / "a" / "\udcff.png")
    except OSError:
        pytest.skip("the file system takes Unicode only")
    os.utime(folder / "a" / "\udcff.png", (1_700_000_000, 1_700_000_000))
    assert dark(folder) == []
    monkeypatch.setattr(measuring, "Sample", None)
    assert dark(folder) == []


def test_another_limit_of_pixels_measures_anew(folder: Path) -> None:
    options: dict[str, Any] = {"checks": ["unreadable"], "cache": folder.parent / "kept"}
    source = open_source(folder)
    report = audit(source.limited(100), verbose=0, **options)
    assert len(report.findings) == 4
    assert not audit(source, verbose=0, **options).findings


def test_arrays_are_measured_each_time(tmp_path: Path) -> None:
    pixels = np.zeros((3, 70, 70, 3), np.uint8)
    for value, count in ((0, 3), (200, 0)):
        report = audit(pixels + value, checks=["dark"], cache=tmp_path / "kept", verbose=0)
        assert len(report.findings) == count


def test_a_file_of_another_kind_is_refused_and_left(tmp_path: Path) -> None:
    other = tmp_path / "notes.txt"
    other.write_text("do not lose this " * 100)
    with pytest.raises(ValueError, match=r"notes\.txt.* is no file of kept measures"):
        audit(np.zeros((1, 70, 70, 3), np.uint8), cache=other, verbose=0)
    assert other.read_text() == "do not lose this " * 100


def test_a_file_that_cannot_be_written_is_told_at_once(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dark(folder)
    connect = sqlite3.connect
    monkeypatch.setattr(
        keeping.sqlite3,
        "connect",
        lambda path, timeout: connect(f"file:{path}?mode=ro", timeout, uri=True),
    )
    monkeypatch.setattr(measuring, "Sample", None)
    with pytest.raises(ValueError, match="or cannot be written: attempt to write a readonly"):
        dark(folder)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="in a folder that exists"):
        audit(np.zeros((1, 70, 70, 3), np.uint8), cache=tmp_path / "no" / "kept", verbose=0)


def test_a_pack_is_not_taken_for_the_files_that_it_names(folder: Path, tmp_path: Path) -> None:
    """Neither kept measures of a file, nor its ending, nor the file itself."""
    pack = convert(folder, tmp_path / "pack.h5", max_side=32, verbose=0)
    dark(folder)
    write(folder / "a" / "2.png", picture(2) // 9)
    dark(folder)
    report = audit(pack, checks=["dark", "files"], cache=tmp_path / "kept", verbose=0)
    assert report.findings == ()
    shutil.copy(convert(folder, tmp_path / "new.h5", quality=90, verbose=0), pack)
    report = audit(pack, checks=["dark", "files"], cache=tmp_path / "kept", verbose=0)
    assert [(finding.check, finding.position) for finding in report.findings] == [("dark", 2)]
    with pytest.raises(ValueError, match=r"2\.png' is no file of this machine"):
        report.quarantine(tmp_path / "aside", "dark")


def test_damage_of_a_pack_that_still_decodes_is_found(folder: Path, tmp_path: Path) -> None:
    """Its checksum tells; also in one of several packs, and in a selection."""
    packs = [
        convert(folder, tmp_path / "a.h5", quality=90, shard=(k, 2), verbose=0) for k in (0, 1)
    ]
    place = packs[1].read_bytes().find(b"JFIF") + 8
    with packs[1].open("rb+") as file:
        file.seek(place)
        file.write(b"\x02")  # of the density, which no decoder looks at
    for data in (packs, open_source(packs).select(np.arange(1, 4))):
        report = audit(data, checks=["files"], verbose=0)
        assert "are no longer those that were written" in report.findings[0].message
