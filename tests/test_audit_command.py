"""The command `keras-cvdata audit`, as people and CI jobs meet it."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import pandas as pd
import pytest

from keras_cvdata import cli
from keras_cvdata.audit import answers
from tests.audit.planted import write_pictures


@pytest.fixture
def pets(tmp_path: Path) -> Path:
    """Two splits of two classes; one file is broken, and one picture is black."""
    root = tmp_path / "pets"
    names = [f"{split}/{label}/{n}.png" for split in ("a", "b") for label in ("cat", "dog")
             for n in range(2)]  # fmt: skip
    write_pictures(root, *names)
    (root / "a" / "dog" / "0.png").write_bytes(b"<html>")
    return root


def test_the_summary_is_printed_and_files_are_written(
    pets: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """R8: the checklist is what the terminal shows first."""
    files = [tmp_path / f"r.{ending}" for ending in ("html", "json", "csv")]
    options = [f"--{file.suffix[1:]}={file}" for file in files]
    assert cli.main(["audit", str(pets), "--splits", "a,b", *options, "--jobs", "1"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "8 images in 2 classes (a 4, b 4)"
    assert said[1].startswith("Enough images per class?")
    assert said[-3:] == [f"Wrote {file}" for file in files]
    assert files[0].read_text().startswith("<!DOCTYPE html>")
    assert json.loads(files[1].read_text())["counts"]["unreadable"] == 1
    assert "unreadable" in set(pd.read_csv(files[2])["check"])


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a disk of Linux that is full")
def test_a_file_is_kept_where_the_disk_is_full(
    pets: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    (tmp_path / "r.csv").symlink_to("/dev/full")
    assert cli.main(["audit", str(pets), f"--csv={tmp_path / 'r.csv'}", "--jobs", "1"]) == 2
    (kept,) = tmp_path.glob("keras-cvdata-*/r.csv")
    assert "unreadable" in set(pd.read_csv(kept)["check"])
    assert f"It is kept as {kept}" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("fail_on", "code"), [("unreadable", 1), ("error", 1), ("empty", 0), ("empty,unreadable", 1)]
)
def test_a_gate_closes_where_something_was_found(
    pets: Path, fail_on: str, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--splits", "a,b", "--checks", "files", "--fail-on", fail_on]
    assert cli.main(["audit", str(pets), *options]) == code
    said = capsys.readouterr()
    assert ("Failed: found " in said.err) == bool(code)
    assert said.out.startswith("8 images")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--fail-on", "smudged,files"], "--fail-on: this audit does not look for 'smudged', 'fil"),
        (["--checks", "files", "--fail-on", "dark"], "does not look for 'dark'. It looks for anim"),
        (["--checks", "smudged"], "checks names 'smudged', which is no check"),
        (["--splits", "a,b", "--html", "no/such/r.html"], "there is no folder no/such to write"),
        (["--splits", "a,c"], "there is no folder 'c' for a split"),
    ],
)
def test_wrong_use_is_said_in_one_line_and_is_2(
    pets: Path, options: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["audit", str(pets), *options]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert message in said


@pytest.mark.parametrize("named", [True, False])
def test_splits_are_read_with_options_of_reading(
    pets: Path, named: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    if not named:
        (pets / "a").rename(pets / "train")
        (pets / "b").rename(pets / "val")
    options = ["--splits", "a,b"] if named else []
    options += ["--max-pixels", "63", "--checks", "files", "--jobs", "1"]
    assert cli.main(["audit", str(pets), *options]) == 0
    said = capsys.readouterr().out
    assert said.startswith("8 images in 2 classes (")
    assert "unreadable 8" in said


def test_a_gate_that_could_never_close_is_wrong_use(
    monkeypatch: pytest.MonkeyPatch, pets: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(answers, "_NEEDED", {"dark": "splits"})
    assert cli.main(["audit", str(pets / "a"), "--checks", "dark", "--fail-on", "dark"]) == 2
    said = capsys.readouterr()
    assert "--fail-on: 'dark' cannot be found: there are no splits; name them with --splits" in (
        said.err
    )
    assert said.out.startswith("4 images")  # what was found is not lost


def test_a_table_names_its_columns(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_pictures(tmp_path / "pets", "cat/0.png", "dog/1.png")
    table = tmp_path / "t.csv"
    table.write_text("file,kind,part\npets/cat/0.png,cat,x\npets/dog/1.png,dog,y\n")
    columns = ["--image-column", "file", "--label-column", "kind", "--splits", "part"]
    cache = tmp_path / "kept.db"
    assert cli.main(["audit", str(table), *columns, "--cache", str(cache)]) == 0
    assert capsys.readouterr().out.startswith("2 images in 2 classes (x 1, y 1)\n")
    assert cache.exists()
