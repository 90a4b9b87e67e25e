"""Converted data appear whole or not at all, and never in the place of others."""

import shutil
from pathlib import Path

import cv2
import h5py
import numpy as np
import pytest

from keras_cvdata.conversion import convert
from keras_cvdata.conversion.split import write_split
from keras_cvdata.sources import open_source
from keras_cvdata.types import ImageError

TARGETS = ["out", "out.csv", "out.json", "out.jsonl", "out.h5"]


def names_in(folder):
    return sorted(file.name for file in folder.iterdir())


@pytest.mark.parametrize("target", TARGETS)
def test_a_failure_leaves_nothing_behind(photo_folder, tmp_path, target):
    """A bad image in the middle: no target, no temporary, an older target untouched."""
    folder = tmp_path / "in"
    shutil.copytree(photo_folder, folder)
    out = tmp_path / "results"
    out.mkdir()
    convert(folder, out / target, copy=True, verbose=0)
    before = {p: p.read_bytes() for p in out.rglob("*") if p.is_file()}
    (folder / "dog/2.jpg").write_text("not an image")
    with pytest.raises(ImageError, match=r"dog/2\.jpg"):
        convert(folder, out / target, copy=True, overwrite=True, verbose=0)
    assert {p: p.read_bytes() for p in out.rglob("*") if p.is_file()} == before
    (out / "second").mkdir()
    with pytest.raises(ImageError, match=r"dog/2\.jpg"):
        convert(folder, out / "second" / target, copy=True, verbose=0)
    assert names_in(out / "second") == []


@pytest.mark.parametrize("target", TARGETS)
def test_targets_are_replaced_only_on_demand(photo_folder, tmp_path, target):
    path = tmp_path / target
    convert(photo_folder, path, copy=True, verbose=0)
    names = [f"{name}_2" if name.endswith("_images") else name for name in names_in(tmp_path)]
    with pytest.raises(FileExistsError, match="Pass overwrite=True"):
        convert(photo_folder, path, copy=True, verbose=0)
    convert((np.zeros((1, 4, 4, 3), np.uint8), ["owl"]), path, overwrite=True, verbose=0)
    assert open_source(path).class_names == ("owl",)
    assert names_in(tmp_path) == names


def test_folders_of_others_are_never_replaced(photo_folder, tmp_path):
    home = tmp_path / "home"
    (home / "work").mkdir(parents=True)
    (home / "work/thesis.txt").write_text("years")
    with pytest.raises(FileExistsError, match=r"'thesis.txt', which was not written by convert"):
        convert(photo_folder, home, overwrite=True, verbose=0)
    assert (home / "work/thesis.txt").read_text() == "years"


def test_a_link_to_a_folder_is_replaced_without_a_trace(photo_folder, tmp_path):
    home = convert(photo_folder, tmp_path / "home", verbose=0)
    (tmp_path / "link").symlink_to(home)
    convert((np.zeros((1, 4, 4, 3), np.uint8), ["owl"]), tmp_path / "link", overwrite=True)
    assert names_in(tmp_path) == ["home", "link"]
    assert [len(open_source(home)), len(open_source(tmp_path / "link"))] == [12, 1]


def test_no_folder_is_written_into_the_one_that_is_read(photo_folder, tmp_path):
    """It would be one more class."""
    pets = tmp_path / "pets"
    shutil.copytree(photo_folder, pets)
    some = open_source(pets).select(np.arange(4))
    with pytest.raises(ValueError, match=r"pets/small lies in .*pets, which is read"):
        convert(some, pets / "small", image_size=(8, 8), verbose=0)
    with pytest.raises(ValueError, match=r"pets/train lies in .*pets, which is read"):
        write_split(pets, pets, 0.5, verbose=0)
    assert names_in(pets) == ["cat", "dog", "fox"]
    assert convert(pets, pets / "pets.csv", verbose=0).exists()


def test_no_folder_goes_that_holds_what_is_read(photo_folder, tmp_path):
    """Not even where its names look like those that are written here."""
    (tmp_path / "pets").mkdir()
    train = convert(photo_folder, tmp_path / "pets/train", verbose=0)
    (train.parent / "1.jpg").write_text("years")
    (train / "2.jpg").write_text("years")
    table = convert(train, tmp_path / "pets.csv", verbose=0)
    before = sorted(tmp_path.rglob("*"))
    for data, target in ((train, train.parent), (table, train)):
        with pytest.raises(ValueError, match=r"holds images that are read"):
            convert(data, target, overwrite=True, image_size=(8, 8), verbose=0)
    for part in ("train", "validation"):
        train = train.rename(train.with_name(part))
        with pytest.raises(ValueError, match=rf"pets/{part} holds images that are read"):
            write_split(train, train.parent, 0.25, overwrite=True, verbose=0)
    train.rename(train.with_name("train"))
    assert sorted(tmp_path.rglob("*")) == before


def test_unfinished_files_are_refused(photo_folder, tmp_path):
    """A file that is not marked complete is not read."""
    path = convert(photo_folder, tmp_path / "a.h5", verbose=0)
    with h5py.File(path, "a") as file:
        file.attrs["complete"] = False
    with pytest.raises(ValueError, match="never completed"):
        open_source(path)


def test_bad_targets(photo_folder, tmp_path):
    with pytest.raises(ValueError, match=r"expected a path that ends in \.h5"):
        convert(photo_folder, tmp_path / "a.zip")
    with pytest.raises(FileNotFoundError, match=r"there is no folder .*none"):
        convert(photo_folder, tmp_path / "none/a.h5")
    empty = open_source(photo_folder).select(np.array([], int))
    with pytest.raises(ValueError, match="no images to convert"):
        convert(empty, tmp_path / "a.h5")


def test_conversion_is_silent_off_a_terminal(photo_folder, tmp_path, capfd, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert convert(photo_folder, "a.h5") == Path("a.h5")
    assert capfd.readouterr() == ("", "")


def test_split_of_a_flat_folder_with_a_list_of_labels(tmp_path):
    """R18: the labels are not those of folders, so the parts get a folder for each class."""
    pets = tmp_path / "pets"
    pets.mkdir()
    for number in range(8):
        assert cv2.imwrite(str(pets / f"{number}.png"), np.full((4, 4, 3), number, np.uint8))
    labels = ["cat", "dog"] * 4
    write_split(pets, tmp_path / "parts", 0.25, labels=labels, verbose=0)
    for name, count in (("train", 3), ("validation", 1)):
        part = open_source(tmp_path / "parts", split=name)
        assert part.labels["label"].counts() == {"cat": count, "dog": count}
        for position in range(len(part)):
            pixel = int(part.image(position)[0, 0, 0])
            assert part.class_names[part[position][1]] == labels[pixel]
