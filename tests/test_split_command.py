"""The command `keras-cvdata split`: what it writes, and what it leaves alone."""

from __future__ import annotations

import shutil
from pathlib import Path

import cv2
import pytest

from keras_cvdata import cli
from keras_cvdata.sources import open_source

COMMANDS = ("demo", "convert", "split", "preview", "audit", "migrate")


def files_below(folder: Path) -> dict[str, bytes]:
    return {
        file.relative_to(folder).as_posix(): file.read_bytes()
        for file in folder.rglob("*")
        if file.is_file()
    }


def test_split_copies_a_folder_under_its_own_names(
    photo_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """R18, R54, R58: disjoint, complete, every class on both sides, the source as it was."""
    before = files_below(photo_folder)
    target = tmp_path / "pets"
    assert cli.main(["split", str(photo_folder), str(target), "--validation", "0.25"]) == 0
    parts = [files_below(target / name) for name in ("train", "validation")]
    assert [len(part) for part in parts] == [9, 3]
    assert parts[0] | parts[1] == before == files_below(photo_folder)
    assert {path.partition("/")[0] for path in parts[1]} == {"cat", "dog", "fox"}
    assert capsys.readouterr().out == (
        f"Wrote {target}/train: 9 images\nWrote {target}/validation: 3 images\n"
    )
    assert open_source(target, split="validation").class_names == ("cat", "dog", "fox")
    assert cli.main(["split", str(photo_folder), str(target)]) == 2
    assert "exists" in capsys.readouterr().err
    assert [files_below(target / name) for name in ("train", "validation")] == parts


def test_split_replaces_its_own_copies_and_nothing_else(
    photo_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The source holds what is replaced; the same name with other content is left alone."""
    shutil.copytree(photo_folder, tmp_path / "pets")
    shutil.copy(photo_folder / "cat/0.jpg", tmp_path / "pets/cat/IMG_0.jpg")
    arguments = ["split", str(tmp_path / "pets"), str(tmp_path / "out"), "--validation", "0.4"]
    assert cli.main(arguments) == 0
    before = files_below(tmp_path / "out")
    assert cli.main([*arguments, "--overwrite", "--seed", "1"]) == 0
    after = files_below(tmp_path / "out")
    assert before != after
    name = next(name for name in after if name.endswith("IMG_0.jpg"))
    (tmp_path / "out" / name).write_bytes(b"touched up by hand")
    assert cli.main([*arguments, "--overwrite"]) == 2
    assert "holds 'IMG_0.jpg', which was not written by" in capsys.readouterr().err
    assert (tmp_path / "out" / name).read_bytes() == b"touched up by hand"


def test_both_parts_of_a_split_have_all_classes(photo_folder: Path, tmp_path: Path) -> None:
    """R49: a class that only one part has images of does not shift the integers of the other."""
    shutil.copytree(photo_folder, tmp_path / "pets")
    for name in ("ant", "emu"):
        (tmp_path / "pets" / name).mkdir()
        shutil.copy(photo_folder / "cat/0.jpg", tmp_path / "pets" / name)
    assert cli.main(["convert", str(tmp_path / "pets"), str(tmp_path / "pets.csv")]) == 0
    for source in ("pets", "pets.csv"):
        target = tmp_path / f"parts of {source[-3:]}"
        assert cli.main(["split", str(tmp_path / source), str(target), "--no-stratify"]) == 0
        for name in ("train", "validation"):
            classes = open_source(target, split=name).class_names
            assert classes == ("ant", "cat", "dog", "emu", "fox")


@pytest.mark.parametrize("extension", [".csv", ".json", ".h5"])
def test_split_writes_two_files_beside_each_other(
    extension: str, photo_folder: Path, tmp_path: Path
) -> None:
    """R53: tables refer to the images; 20 % of so few by default."""
    target = tmp_path / f"pets{extension}"
    assert cli.main(["split", str(photo_folder), str(target), "--seed", "3"]) == 0
    names = [file.name for file in sorted(tmp_path.iterdir())]
    assert names == [f"pets_train{extension}", f"pets_validation{extension}"]
    train, validation = (open_source(tmp_path / name) for name in names)
    assert (len(train), len(validation)) == (9, 3)
    assert train.class_names == validation.class_names == ("cat", "dog", "fox")


def test_split_of_a_table_keeps_groups_together(photo_folder: Path, tmp_path: Path) -> None:
    """R58: --groups names a column, --no-stratify takes all images as one."""
    rows = ["location,label,scene"]
    for number, file in enumerate(sorted(photo_folder.rglob("*.jpg"))):
        rows.append(f"{file},{file.parent.name},{number % 4}")
    table = tmp_path / "a.csv"
    table.write_text("\n".join(rows))
    arguments = ["split", str(table), str(tmp_path / "b.csv"), "--groups", "scene"]
    assert cli.main([*arguments, "--no-stratify", "--validation", "0.25"]) == 0
    scenes = [
        set(open_source(tmp_path / f"b_{name}.csv").columns["scene"].tolist())
        for name in ("train", "validation")
    ]
    assert [len(part) for part in scenes] == [3, 1]
    assert not scenes[0] & scenes[1]
    assert cli.main([*arguments, "--overwrite", "--seed", "1"]) == 0


def test_split_into_three_parts_keeps_copies_together(
    photo_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """R54, R58: a mirrored copy of each photograph stays beside it."""
    shutil.copytree(photo_folder, tmp_path / "pets")
    for file in list((tmp_path / "pets").rglob("*.jpg")):
        cv2.imwrite(str(file.with_stem(file.stem + "b")), cv2.imread(str(file))[:, ::-1])
    certificate = tmp_path / "leak-free.json"
    arguments = ["split", str(tmp_path / "pets"), str(tmp_path / "out"), "--parts", "0.5,0.25,0.25"]
    arguments += ["--groups", "near-copies", "--certificate", str(certificate)]
    assert cli.main(arguments) == 0
    parts = [files_below(tmp_path / "out" / name) for name in ("train", "validation", "test")]
    assert [len(part) for part in parts] == [12, 6, 6]
    for part in parts:
        assert {name.replace("b.jpg", ".jpg") for name in part} < set(part)
    assert f"Wrote {tmp_path}/out/test: 6 images" in capsys.readouterr().out
    assert '"divided": 0' in certificate.read_text()
    certificate.unlink()
    assert cli.main(arguments) == 2  # before all images are read
    assert "out/train exists" in capsys.readouterr().err
    assert not certificate.exists()


def test_split_takes_rare_classes_as_they_come_when_told(
    photo_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """R54: a class of one image cannot be on both sides."""
    shutil.copytree(photo_folder, tmp_path / "pets")
    (tmp_path / "pets" / "emu").mkdir()
    shutil.copy(photo_folder / "cat" / "0.jpg", tmp_path / "pets" / "emu")
    arguments = ["split", str(tmp_path / "pets"), str(tmp_path / "out.csv")]
    assert cli.main(arguments) == 2
    assert "Class 'emu' has 1 sample only" in capsys.readouterr().err
    with pytest.warns(UserWarning, match=r"Pass class_names=\['cat', 'dog', 'emu', 'fox'\] when"):
        assert cli.main([*arguments, "--no-stratify"]) == 0


def test_split_of_a_table_into_folders(photo_folder: Path, tmp_path: Path) -> None:
    """R18, R21: one folder a class, in both parts."""
    table = tmp_path / "a.csv"
    assert cli.main(["convert", str(photo_folder), str(table)]) == 0
    assert cli.main(["split", str(table), str(tmp_path / "pets")]) == 0
    assert len(open_source(tmp_path / "pets", split="train")) == 9


def test_split_leaves_out_what_cannot_be_read(
    photo_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before it splits, so that the shares are those of the readable images."""
    folder = shutil.copytree(photo_folder, tmp_path / "photos")
    (folder / "cat/0.jpg").write_text("no image")
    arguments = ["split", str(folder), str(tmp_path / "pets"), "--validation", "0.25"]
    assert cli.main([*arguments, "--on-error", "skip"]) == 0
    assert "Left out 1 of 12 images" in capsys.readouterr().out
    parts = [files_below(tmp_path / "pets" / name) for name in ("train", "validation")]
    assert {**parts[0], **parts[1], "cat/0.jpg": b"no image"} == files_below(folder)
    assert len(parts[0]) + len(parts[1]) == 11
    table = tmp_path / "a.csv"
    table.write_text("location,label\ngone.jpg,a\n" + f"{photo_folder}/cat/0.jpg,a\n" * 4)
    arguments = ["split", str(table), str(tmp_path / "b.csv"), "--validation", "0.25"]
    assert cli.main([*arguments, "--on-error", "skip"]) == 0
    assert len(open_source(tmp_path / "b_train.csv")) == 3
