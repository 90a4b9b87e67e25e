"""The command `keras-cvdata`, as people and scripts meet it."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

import keras_cvdata
from keras_cvdata import cli, command_options
from keras_cvdata.sources import open_source

COMMANDS = ("demo", "convert", "split", "preview", "audit", "migrate")


def files_below(folder: Path) -> dict[str, bytes]:
    return {
        file.relative_to(folder).as_posix(): file.read_bytes()
        for file in folder.rglob("*")
        if file.is_file()
    }


@pytest.mark.parametrize("command", [(), *((name,) for name in COMMANDS)], ids=" ".join)
def test_help_answers_at_once_and_without_keras(command: tuple[str, ...]) -> None:
    """`python -m keras_cvdata` is the command; -X importtime lists what it imports."""
    run = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "keras_cvdata", *command, "--help"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.startswith(" ".join(("usage: keras-cvdata", *command)))
    imported = {line.rpartition("|")[2].strip() for line in run.stderr.splitlines()}
    assert "keras_cvdata.cli" in imported
    assert not imported & {"keras", "tensorflow", "jax", "torch", "numpy", "cv2"}


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        cli.main(["--help"])
    said = capsys.readouterr().out
    assert all(f"\n    {name} " in said for name in COMMANDS)
    with pytest.raises(SystemExit, match="0"):
        cli.main(["--version"])
    assert capsys.readouterr().out == f"keras-cvdata {keras_cvdata.__version__}\n"


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (
            "a/image_size/x.h5 exists. Pass overwrite=True.",
            "a/image_size/x.h5 exists. Pass --overwrite.",
        ),
        (
            "Name it with label_column= or label_column='x'.",
            "Name it with --label-column or --label-column 'x'.",
        ),
        ("label_column=None reads", "--label-column None reads"),
        ("It does not take 'image_size'.", "It does not take '--image-size'."),
        ("give image_size=(height, width), for example (224, 224).", "give --image-size 224x224."),
        ("or pass stratify=False", "or pass --no-stratify"),
    ],
)
def test_errors_speak_of_options(
    said: str, shown: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ValueError(said)

    monkeypatch.setattr("keras_cvdata.conversion.convert", fail)
    assert cli.main(["convert", "x", "y.h5"]) == 2
    assert capsys.readouterr().err == f"error: {shown}\n"


def test_a_table_is_converted_without_its_labels(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "0.png"), np.zeros((4, 4, 3), np.uint8))
    (tmp_path / "t.csv").write_text("location\n0.png\n")
    table, target = str(tmp_path / "t.csv"), str(tmp_path / "t.jsonl")
    assert cli.main(["convert", table, target]) == 2
    assert cli.main(["convert", table, target, "--label-column", "None"]) == 0
    assert len(open_source(target, label_column=None)) == 1


def test_errors_are_one_line_and_exit_code_2(tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "keras_cvdata", "convert", str(tmp_path / "missing"), "x.h5"],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert run.returncode == 2
    assert run.stderr.startswith("error: ")
    assert run.stderr.count("\n") == 1
    assert "missing: there is no such file or folder" in run.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["split", "photos", "x", "--groups", "patient"], "error: No column 'patient' to group by"),
        (["split", "photos", "x", "--parts", "0.7,0.2"], "error: The shares of the parts must be"),
        (["split", "photos", "x", "--certificate", "c"], "error: certificate needs --groups"),
        (["split", "photos", "x", "--validation", "2"], "error: validation must be a share"),
        (["convert", "photos", "x.zip"], "error: x.zip: expected a path that ends in .h5"),
        (["convert", "photos", "x.h5", "--label-column", "y"], "error: .*'--label-column'"),
        (["preview", "photos", "file/x.png"], "error: .*file"),
        (["audit", "photos", "--untrusted"], "error: photos: --untrusted is for HDF5 files"),
    ],
)
def test_what_cannot_be_done_is_said(
    arguments: list[str],
    message: str,
    photo_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(photo_folder, "photos")
    Path("file").touch()
    assert cli.main(arguments) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert re.match(message, said.err), said.err


@pytest.mark.parametrize(
    "command",
    ["audit x.h5", "bench x.h5", "convert x.h5 y", "split x.h5 y", "preview x.h5 y.png"],
)
def test_files_of_unknown_origin_are_left_to_another_process(
    command: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def told(path: str, question: object) -> None:
        raise ValueError(f"{path}: another process reads it")

    monkeypatch.setattr("keras_cvdata.sources.hdf5.list_in_child", told)
    monkeypatch.chdir(tmp_path)
    Path("x.h5").touch()
    assert cli.main([*command.split(), "--untrusted"]) == 2
    assert capsys.readouterr().err == "error: x.h5: another process reads it\n"


def test_long_messages_become_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise ValueError("the table\n  is odd")

    monkeypatch.setattr("keras_cvdata.conversion.convert", fails)
    assert cli.main(["convert", "a", "b"]) == 2
    assert capsys.readouterr().err == "error: the table is odd\n"


def test_interruption_ends_quietly(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("keras_cvdata.conversion.convert", interrupted)
    assert cli.main(["convert", "a", "b"]) == 130


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "required: command"),
        (["preview", "a", "b", "--augment", "blur"], "names out of flip, .*; got 'blur'"),
        (["preview", "a", "b", "--augment", "rotate=x"], "a number after rotate=; got 'x'"),
        (["preview", "a", "b", "--images", "0"], "a number from 1 on; got '0'"),
        (["preview", "a", "b", "--image-size", "9x-1"], "a number from 1 on; got '-1'"),
        (["demo", "--epochs", "none"], "a number from 1 on; got 'none'"),
        (["split", "a", "b", "--parts", "0.7,some"], "shares such as 0.7,0.15,0.15; got"),
        (["split", "a", "b", "--validation", "some"], "a share such as 0.2, or auto; got 'some'"),
    ],
)
def test_arguments_are_checked_before_anything_is_imported(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        cli.main(arguments)
    assert re.search(message, capsys.readouterr().err)


def test_convert_writes_every_format(
    photo_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """R17, R21, R25, R26: from one to the next, with the options of `convert`."""
    table, array, packed = tmp_path / "a.csv", tmp_path / "b.json", tmp_path / "c.h5"
    assert cli.main(["convert", str(photo_folder), str(table), "--copy"]) == 0
    assert cli.main(["convert", str(table), str(array)]) == 0
    assert cli.main(["convert", str(array), str(packed), "--image-size", "20x30"]) == 0
    assert capsys.readouterr().out == f"Wrote {table}\nWrote {array}\nWrote {packed}\n"
    assert len(list(tmp_path.glob("a*_images/*.jpg"))) == 12
    source = open_source(packed)
    assert source.class_names == ("cat", "dog", "fox")
    assert source.image_shape == (20, 30, 3)
    assert cli.main(["convert", str(table), str(packed)]) == 2
    assert "exists" in capsys.readouterr().err
    assert cli.main(["convert", str(table), str(packed), "--overwrite", "--image-size", "8"]) == 0
    assert open_source(packed).image_shape == (8, 8, 3)


def test_packs_in_parts(
    photo_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = str(tmp_path / "a.h5")
    options = ["--max-side", "20", "--quality", "80", "--jobs", "1"]
    for number in range(2):
        shard = ["--shard", f"{number}/2"]
        assert cli.main(["convert", str(photo_folder), target, *options, *shard]) == 0
    assert "Wrote" in capsys.readouterr().out
    source = open_source(str(tmp_path / "a-*.h5"))
    assert [max(source.image(position).shape) for position in range(12)] == [20] * 12
    assert cli.main(["convert", str(photo_folder), target, "--shard", "0/99"]) == 2
    assert "--shard 0/99: there are 12 images for 99 parts" in capsys.readouterr().err
    with pytest.raises(SystemExit, match="2"):
        cli.main(["convert", str(photo_folder), target, "--shard", "2/2"])


def test_tables_with_columns_of_other_names_are_read(photo_folder: Path, tmp_path: Path) -> None:
    """R24."""
    for name in ("a.csv", "a.json"):
        table = tmp_path / name
        assert cli.main(["convert", str(photo_folder), str(table)]) == 0
        text = table.read_text().replace("location", "file").replace("label", "what")
        table.write_text(text)
        columns = ["--image-column", "file", "--label-column", "what"]
        assert cli.main(["convert", str(table), str(table.with_suffix(".h5")), *columns]) == 0
        assert len(open_source(table.with_suffix(".h5"))) == 12
        table.with_suffix(".h5").unlink()


def test_folders_in_folders_become_levels(photo_folder: Path, tmp_path: Path) -> None:
    """R19."""
    root = tmp_path / "pets"
    shutil.copytree(photo_folder / "cat", root / "cat" / "persian")
    shutil.copytree(photo_folder / "dog", root / "dog" / "boxer")
    assert cli.main(["convert", str(root), str(tmp_path / "p.csv"), "--hierarchical"]) == 0
    assert ",cat/persian\n" in (tmp_path / "p.csv").read_text()


@pytest.mark.backends
def test_preview_draws_each_image_and_its_variants(
    photo_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """R75, R76: the first column is the image as it is; a seed draws the same again."""
    picture = tmp_path / "new" / "folder" / "sheet.png"
    arguments = ["preview", str(photo_folder), str(picture), "--image-size", "96x100"]
    arguments += ["--images", "3", "--variants", "2"]
    assert cli.main([*arguments, "--augment", "invert=1"]) == 0
    assert (
        capsys.readouterr().out == f"Wrote {picture}: 3 images, each as it is and drawn 2 times\n"
    )
    sheet = cv2.imread(str(picture))
    assert sheet.shape == (3 * 100, 3 * 104, 3)
    for row in range(3):
        tiles = [sheet[row * 100 + 2 :, column * 104 + 2 :][:96, :100] for column in range(3)]
        assert (tiles[1] == 255 - tiles[0]).all()
        assert (tiles[2] == tiles[1]).all()
    drawn = []
    for seed in ("5", "5", "6"):
        assert cli.main([*arguments, "--seed", seed]) == 0
        drawn.append(picture.read_bytes())
    assert drawn[0] == drawn[1] != drawn[2]


@pytest.mark.backends
@pytest.mark.parametrize("name", command_options.AUGMENTATIONS)
def test_every_name_of_an_augmentation_does_something(
    name: str, photo_folder: Path, tmp_path: Path
) -> None:
    """R63 to R73: with its default amount, some variant differs from the image."""
    picture = tmp_path / "sheet.png"
    arguments = ["preview", str(photo_folder / "cat"), str(picture), "--image-size", "96"]
    assert cli.main([*arguments, "--augment", name, "--images", "4", "--variants", "6"]) == 0
    sheet = cv2.imread(str(picture)).reshape(4, 100, 7, 100, 3)[:, 2:-2, :, 2:-2]
    assert any((sheet[:, :, 0] != sheet[:, :, column]).any() for column in range(1, 7))


@pytest.mark.backends
def test_preview_of_a_table_takes_its_columns(photo_folder: Path, tmp_path: Path) -> None:
    """R24."""
    table = tmp_path / "a.csv"
    assert cli.main(["convert", str(photo_folder), str(table)]) == 0
    table.write_text(table.read_text().replace("location", "file"))
    picture = tmp_path / "sheet.png"
    assert cli.main(["preview", str(table), str(picture), "--image-column", "file"]) == 0
    assert cv2.imread(str(picture)).shape == (6 * 132, 8 * 132, 3)


@pytest.mark.backends
@pytest.mark.parametrize(("on_error", "rows"), [("substitute", 3), ("skip", 2)])
def test_preview_goes_on_where_an_image_cannot_be_read(
    photo_folder: Path, tmp_path: Path, on_error: str, rows: int
) -> None:
    """Another one is shown, or fewer; without the option the image is named."""
    folder = shutil.copytree(photo_folder / "cat", tmp_path / "cats")
    (folder / "0.jpg").write_text("no image")
    picture = tmp_path / "sheet.png"
    arguments = ["preview", str(folder), str(picture), "--images", "3", "--variants", "1"]
    assert cli.main(arguments) == 2
    assert cli.main([*arguments, "--on-error", on_error]) == 0
    assert cv2.imread(str(picture)).shape == (rows * 132, 2 * 132, 3)
    for file in folder.iterdir():
        file.write_text("no image")
    assert cli.main([*arguments, "--on-error", on_error]) == 2


def test_convert_leaves_out_what_cannot_be_read(
    photo_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = shutil.copytree(photo_folder, tmp_path / "photos")
    (folder / "cat/0.jpg").write_text("no image")
    target = tmp_path / "out.h5"
    assert cli.main(["convert", str(folder), str(target), "--on-error", "skip"]) == 0
    assert "Left out 1 of 12 images" in capsys.readouterr().out
    assert len(open_source(target)) == 11


def test_limit_of_pixels_and_separator_on_the_command_line(
    photo_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of an image and of its labels."""
    arguments = ["convert", str(photo_folder), str(tmp_path / "out"), "--image-size", "8"]
    assert cli.main([*arguments, "--max-pixels", "5000"]) == 2
    assert "at most 5,000 pixels are decoded" in capsys.readouterr().err
    assert cli.main([*arguments, "--max-pixels", "50000"]) == 0
    table = tmp_path / "a.csv"
    table.write_text("location,label\n" + f"{photo_folder}/cat/0.jpg,red; big\n" * 2)
    target = tmp_path / "b.json"
    assert cli.main(["convert", str(table), str(target), "--label-separator", ";"]) == 0
    assert open_source(target, label_kind="multilabel").class_names == ("big", "red")


def test_tables_of_others_on_the_command_line(photo_folder: Path, tmp_path: Path) -> None:
    """Ids without an ending in another encoding, and pixels in columns."""
    table = tmp_path / "t.csv"
    shutil.copytree(photo_folder / "cat", tmp_path, dirs_exist_ok=True)
    table.write_text("location,label\n0,Käse\n1,Käse\n99,Käse\n", encoding="cp1252")
    options = ["--extension", "jpg", "--encoding", "cp1252", "--missing", "drop"]
    assert cli.main(["convert", str(table), str(tmp_path / "a.h5"), *options]) == 0
    assert open_source(tmp_path / "a.h5").labels["label"].counts() == {"Käse": 2}
    table.write_text("label,p0,p1,p2,p3\na,1,2,3,4\n")
    options = ["--image-column", "p*", "--pixel-shape", "2x2"]
    assert cli.main(["convert", str(table), str(tmp_path / "b.h5"), *options]) == 0
    assert open_source(tmp_path / "b.h5").fetch(0)[..., 0].tolist() == [[1, 2], [3, 4]]
