"""The command `keras-cvdata bench`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from keras_cvdata import cli
from keras_cvdata.bench import run


@pytest.mark.backends
def test_the_table_is_printed_and_the_figures_are_written(
    photo_folder: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(run, "_ROUNDS", 1)
    file = tmp_path / "bench.json"
    options = ["--image-size", "24", "--threads", "1", "--seconds", "1", "--json", str(file)]
    assert cli.main(["bench", str(photo_folder), "--augment", "none", *options]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "12 of 12 images in batches of 32 x 24 x 24 x 3, 1 rounds"
    assert said[-1] == f"Wrote {file}"
    settings = [row["setting"] for row in json.loads(file.read_text())["rows"]]
    assert settings[0] == "as it is"
    assert "without augmentation" not in settings


def test_mistakes_are_said_in_one_line(
    photo_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["bench", str(photo_folder), "--json", "nowhere/at/all.json"]) == 2
    assert "there is no folder nowhere/at to write it into" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        cli.main(["bench", str(photo_folder), "--augment", "melt"])
    assert "got 'melt'" in capsys.readouterr().err
