"""The command `keras-cvdata migrate`, and whole samples of old code."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from keras_cvdata import cli

NEW = "keras_cvdata.preprocessing.image"
IMPORT = "from keras.preprocessing.image import ImageDataGenerator\n"

DIRECTORY = """\
from tensorflow.keras.preprocessing.image import ImageDataGenerator

from nets import build

model = build(3)
generator = ImageDataGenerator(rescale=1. / 255, validation_split=0.25).flow_from_directory(
    "photos", target_size=(64, 64), batch_size=8)
model.fit_generator(generator, epochs=1)
"""
FLIPS = """\
import keras
import numpy as np

image = keras.preprocessing.image.load_img("cat.jpg")
batch = np.expand_dims(keras.preprocessing.image.img_to_array(image), 0)
datagen = keras.preprocessing.image.ImageDataGenerator(horizontal_flip=True, vertical_flip=True)
shown = 0
for flipped in datagen.flow(batch, batch_size=1):
    shown += 1
    if shown == 6:
        break
"""
SHIFTS = """\
from keras.datasets import cifar10
from keras.preprocessing.image import ImageDataGenerator
from nets import build

(x, y), _ = cifar10.load_data()
datagen = ImageDataGenerator(
    width_shift_range=0.1,  # a tenth
    horizontal_flip=True)
datagen.fit(x)
model = build(10)
model.fit_generator(datagen.flow(x, y, batch_size=32),
                    steps_per_epoch=len(x) / 32,
                    epochs=1, workers=4)
"""

# A sample, its changed lines, and the lines that are listed with part of what is said.
SAMPLES = {
    "directory": (
        DIRECTORY,
        {1: f"from {NEW} import ImageDataGenerator", 8: "model.fit(generator, epochs=1)"},
        [
            (6, "augmented as well"),
            (6, "no `subset=`, so nothing is held out"),
            (8, "`fit` takes its place"),
        ],
    ),
    "flips": (
        FLIPS,
        {
            2: f"import numpy as np\nimport {NEW}",
            4: f'image = {NEW}.load_img("cat.jpg")',
            5: f"batch = np.expand_dims({NEW}.img_to_array(image), 0)",
            6: f"datagen = {NEW}.ImageDataGenerator(horizontal_flip=True, vertical_flip=True)",
        },
        [],
    ),
    "shifts": (
        SHIFTS,
        {
            2: f"from {NEW} import ImageDataGenerator",
            11: "model.fit(datagen.flow(x, y, batch_size=32),",
            13: "                    epochs=1)",
        },
        [
            (7, "`width_shift_range` moves up and down"),
            (11, "It has no `workers`: removed"),
            (12, "round up with `math.ceil`"),
        ],
    ),
}


@pytest.mark.parametrize(("source", "changed", "said"), SAMPLES.values(), ids=SAMPLES)
def test_old_code_goes_on(
    source: str,
    changed: dict[int, str],
    said: list[tuple[int, str]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    file = Path("train.py")
    file.write_text(source)
    assert cli.main(["migrate", "train.py"]) == 0
    shown = capsys.readouterr().out.splitlines()
    assert file.read_text() == source
    assert shown[:2] == ["--- train.py", "+++ train.py"]
    assert shown[-1] == "To change with --write: 1 of 1 files"
    listed = [line for line in shown if line.startswith("train.py:")]
    assert len(listed) == len(said)
    for line, (number, text) in zip(listed, said, strict=True):
        assert line.startswith(f"train.py:{number}: ")
        assert text in line

    assert cli.main(["migrate", "--write", "train.py"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "Changed 1 of 1 files"
    lines = source.splitlines()
    expected = [changed.get(number, line) for number, line in enumerate(lines, 1)]
    assert file.read_text() == "\n".join(expected) + "\n"
    compile(file.read_text(), "train.py", "exec")

    assert cli.main(["migrate", "--write", "train.py"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "Nothing to change"
    assert file.read_text() == "\n".join(expected) + "\n"


def test_what_is_listed_has_the_lines_of_the_file_as_it_stands(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call = "keras.preprocessing.image.ImageDataGenerator(zoom_range=0.1)"
    script, notebook = tmp_path / "a.py", tmp_path / "b.ipynb"
    script.write_text(f"import keras\n{call}\n")
    cell = {"cell_type": "code", "source": ["import keras\n", call]}
    notebook.write_text(json.dumps({"cells": [{"cell_type": "raw", "source": []}, cell]}))
    assert cli.main(["migrate", str(tmp_path)]) == 0
    shown = capsys.readouterr().out
    assert f"\n{script}:2: A zoom factor" in shown
    assert f"\n{notebook}: cell 2, line 2: A zoom factor" in shown
    assert cli.main(["migrate", str(tmp_path), "--write"]) == 0
    shown = capsys.readouterr().out
    assert f"\n{script}:3: A zoom factor" in shown
    assert f"\n{notebook}: cell 2, line 3: A zoom factor" in shown
    assert shown.endswith("\nChanged 2 of 2 files\n")


def test_nothing_to_do_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.py").write_text("x = 1\n")
    assert cli.main(["migrate", str(tmp_path), str(tmp_path / "a.py")]) == 0
    assert capsys.readouterr().out == "Nothing to change\n"
    assert cli.main(["migrate", str(tmp_path)]) == 0
    assert capsys.readouterr().out == "Nothing to change\n"


def test_files_that_cannot_be_read_do_not_keep_others_from_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.py").write_text(f"{IMPORT}print 'x'\n")
    Path("c.py").write_text(IMPORT)
    assert cli.main(["migrate", "a.py", "b.py", "c.py", "--write"]) == 2
    said = capsys.readouterr()
    assert said.err.startswith("error: a.py:2: Missing parentheses in call to 'print'")
    assert "; [Errno 2] No such file or directory: 'b.py'" in said.err
    assert said.err.count("\n") == 1
    assert said.out.endswith("Changed 1 of 3 files\n")
    assert NEW in Path("c.py").read_text()


def test_without_libcst_its_install_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in list(sys.modules):
        if name.startswith("keras_cvdata.migration"):
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "libcst", None)
    assert cli.main(["migrate", str(tmp_path)]) == 2
    assert capsys.readouterr().err == (
        "error: keras-cvdata migrate needs libcst. Install it: "
        'pip install "keras-cvdata[migrate]"\n'
    )


def test_help_needs_no_libcst() -> None:
    run = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "keras_cvdata", "migrate", "--help"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "--write" in run.stdout
    assert "libcst" not in run.stderr
