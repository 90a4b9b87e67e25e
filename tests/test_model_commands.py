"""The command `keras-cvdata predict`, as people meet it."""

from __future__ import annotations

import re
from pathlib import Path

import cv2
import keras
import numpy as np
import pandas as pd
import pytest

from keras_cvdata import cli, model_commands
from keras_cvdata.review.averaging import MOVES


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """A flat folder of a black, a white and a broken file."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    for name, value in (("black", 0), ("white", 255)):
        cv2.imwrite(str(folder / f"{name}.png"), np.full((9, 9, 3), value, np.uint8))
    (folder / "broken.png").write_bytes(b"broken")
    return folder


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that takes what is bright for the second class."""
    inputs = keras.Input((4, 4, 3))
    dense = keras.layers.Dense(2, "softmax")
    made = keras.Model(inputs, dense(keras.layers.GlobalAveragePooling2D()(inputs)))
    dense.set_weights([np.array([[0.0, 1]] * 3), np.array([1.0, 0])])  # e to e**3 where white
    path = tmp_path_factory.mktemp("model") / "model.keras"
    made.save(path)
    return path


def test_a_flat_folder_is_predicted(model, pictures, tmp_path, capsys) -> None:
    arguments = ["predict", str(model), str(pictures), "--rescale", "unit"]
    names = tmp_path / "names.txt"
    names.write_text("night\n day\n\n", encoding="utf-8")
    assert cli.main([*arguments, "--class-names", str(names)]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0] == f"{pictures / 'black.png'}\tnight\t0.7311\t"
    assert said[1].startswith(f"{pictures / 'broken.png'}\t\t\tIt is no image")
    assert said[2:] == [f"{pictures / 'white.png'}\tday\t0.8808\t"]


def test_a_table_is_written(model, pictures, tmp_path, capsys) -> None:
    out = tmp_path / "out.csv"
    arguments = ["predict", str(model), str(pictures), f"--csv={out}", "--tta=all", "--top=1"]
    options = ["--rescale=signed", "--class-names=night,day", "--image-size=4x4"]
    assert cli.main([*arguments, *options]) == 0
    said = capsys.readouterr().out
    assert said.endswith(f"Predicted 2 images, 1 cannot be read\nWrote {out}\n")
    table = pd.read_csv(out)
    assert table.predicted.tolist()[::2] == ["night", "day"]
    assert table.label.isna().all()
    assert "top1" in table
    assert "top2" not in table


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "no layer that rescales pixels, .* Give --rescale unit"),
        (["--rescale=none", "--image-size=5x5"], "4 x 4 x 3 .* gets 5 x 5 x 3.* --image-size 4x4"),
        (["--rescale=none", "--class-names=a,b,c"], "gives 2 values .* --class-names holds 3"),
        (["--rescale=none", "--csv=none/out.csv"], "there is no folder none"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_said_in_a_line(model, pictures, arguments, message, capsys) -> None:
    assert cli.main(["predict", str(model), str(pictures), *arguments]) == 2
    said = capsys.readouterr()
    assert said.err.count("\n") == 1
    assert re.search(message, said.err), said.err


@pytest.mark.parametrize("command", ["predict", "review", "stress"])
def test_files_of_unknown_origin_are_left_to_another_process(
    command, model, tmp_path, monkeypatch, capsys
) -> None:
    def told(path: str, question: object) -> None:
        raise ValueError(f"{path}: another process reads it")

    monkeypatch.setattr("keras_cvdata.sources.hdf5.list_in_child", told)
    (tmp_path / "x.h5").touch()
    arguments = [command, str(model), str(tmp_path / "x.h5"), "--rescale=none", "--untrusted"]
    assert cli.main(arguments) == 2
    assert "x.h5: another process reads it" in capsys.readouterr().err


def test_labels_that_are_none_of_the_classes_are_left_out(model, pictures, capsys) -> None:
    (pictures / "b").mkdir()
    (pictures / "c").mkdir()
    for name, folder in (("black", "b"), ("white", "c")):
        (pictures / f"{name}.png").rename(pictures / folder / "1.png")
    (pictures / "broken.png").unlink()
    arguments = ["predict", str(model), str(pictures), "--rescale=none", "--class-names=b,d"]
    assert cli.main(arguments) == 2
    message = "in --class-names are 'b', 'd'. Correct the names, or leave the labels out by --no-l"
    assert message in capsys.readouterr().err
    assert cli.main([*arguments, "--no-labels"]) == 0
    assert "1.png\td\t1\t" in capsys.readouterr().out


def test_a_file_that_is_no_model_is_named(pictures, tmp_path, capsys) -> None:
    file = tmp_path / "model.keras"
    assert cli.main(["predict", str(file), str(pictures)]) == 2
    file.write_bytes(b"PK nothing")
    assert cli.main(["predict", str(file), str(pictures)]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == f"error: {file}: there is no such file. Check the path of the model."
    assert lines[1].startswith(f"error: {file}: Keras cannot load it as a model, such as")


def test_a_model_that_rescales_needs_no_word_of_it(pictures, tmp_path, capsys) -> None:
    inputs = keras.Input((4, 4, 3))
    inner = keras.Sequential([keras.layers.Rescaling(1 / 255)])
    made = keras.Model(inputs, keras.layers.GlobalAveragePooling2D()(inner(inputs)))
    made.save(tmp_path / "m.keras")
    assert cli.main(["predict", str(tmp_path / "m.keras"), str(pictures)]) == 0
    assert capsys.readouterr().out.count("\n") == 3


def test_all_moves_can_be_asked_for() -> None:
    assert tuple(MOVES) == model_commands._TTA


@pytest.mark.parametrize("text", ["", " , ", "none.txt"])
def test_names_that_are_none_are_refused(text, model, pictures, capsys) -> None:
    with pytest.raises(SystemExit, match="2"):
        cli.main(["predict", str(model), str(pictures), f"--class-names={text}"])
    assert "--class-names" in capsys.readouterr().err


@pytest.mark.slow
def test_a_stress_test_is_a_gate(model, tmp_path, capsys) -> None:
    for name, value in (("a", 20), ("b", 230)):
        (tmp_path / "set" / name).mkdir(parents=True)
        for number in range(40):
            cv2.imwrite(str(tmp_path / "set" / name / f"{number}.png"), np.full((4, 4, 3), value))
    page, file = tmp_path / "r.html", tmp_path / "r.json"
    arguments = ["stress", str(model), str(tmp_path / "set"), "--rescale=unit"]
    assert cli.main([*arguments, f"--html={page}", f"--json={file}", "--min-accuracy=0.9"]) == 1
    said = capsys.readouterr()
    assert "1. layers.RandomInvert(rate=0.1) (invert)" in said.out
    assert said.err == "Failed: accuracy 0.000 under invert, below 0.9\n"
    assert page.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert cli.main([*arguments, f"--compare={file}", "--min-accuracy=0"]) == 0
    assert "Nothing else changed" in capsys.readouterr().out
    assert cli.main([*arguments, "--json=none/r.json"]) == 2
    assert "there is no folder none" in capsys.readouterr().err
