"""Collections and their splits, whatever holds them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from keras_cvdata.audit.parts import open_parts
from keras_cvdata.sources import CSVSource, DirectorySource
from tests.audit.conftest import picture, write


@pytest.fixture
def split_folder(tmp_path: Path) -> Path:
    for number, name in enumerate(["train/b/0", "train/b/1", "train/a/0", "val/c/0", "val/a/0"]):
        write(tmp_path / f"{name}.png", picture(number, 16))
    return tmp_path


def test_folders_of_splits_are_joined_by_the_names_of_classes(split_folder: Path) -> None:
    source, names, splits = open_parts(split_folder)
    assert names == ("train", "val")
    assert splits is not None
    assert splits.tolist() == [0, 0, 0, 1, 1]
    assert source.class_names == ("a", "b", "c")
    assert [source.class_names[code] for code in source.labels["label"].codes] == list("abbac")
    for position, name in enumerate(["train/a/0", "train/b/0", "train/b/1", "val/a/0", "val/c/0"]):
        assert source.name(position) == str(split_folder / f"{name}.png")
        part = DirectorySource(split_folder, split=name.split("/")[0])
        own = [part.name(i) for i in range(len(part))].index(source.name(position))
        np.testing.assert_array_equal(source.image(position), part.image(own))


def test_some_folders_by_name(split_folder: Path) -> None:
    source, names, _ = open_parts(split_folder, ["val"])
    assert names == ("val",)
    assert len(source) == 2
    with pytest.raises(ValueError, match="no folder 'test' for a split; it has train, val"):
        open_parts(split_folder, ["train", "test"])


def test_a_folder_beside_the_splits_makes_them_classes(split_folder: Path) -> None:
    write(split_folder / "more" / "0.png", picture(9, 16))
    parts = open_parts(split_folder, ["train", "val"])
    assert parts.split_names == ("train", "val")


def test_a_flat_folder_has_no_labels(tmp_path: Path) -> None:
    for number in range(3):
        write(tmp_path / f"{number}.png", picture(number, 16))
    parts = open_parts(tmp_path)
    assert len(parts.source) == 3
    assert not parts.source.labels
    assert parts.splits is None


def test_a_column_names_the_splits(split_folder: Path) -> None:
    table = split_folder / "table.csv"
    rows = {"location": ["train/a/0.png", "val/a/0.png"], "label": ["a", "a"], "part": ["x", "y"]}
    pd.DataFrame(rows).to_csv(table, index=False)
    _, names, splits = open_parts(CSVSource(table), "part")
    assert names == ("x", "y")
    assert splits is not None
    assert splits.tolist() == [0, 1]
    with pytest.raises(KeyError, match="splits='half' is no column"):
        open_parts(CSVSource(table), "half")


def test_names_for_each_image() -> None:
    x = np.zeros((3, 4, 4, 3), np.uint8)
    parts = open_parts(x, ["b", "a", "b"])
    assert parts.split_names == ("a", "b")
    assert parts.splits is not None
    assert parts.splits.tolist() == [1, 0, 1]
    with pytest.raises(ValueError, match=r"each of the 3 images; got shape \(2,\)"):
        open_parts(x, np.array(["a", "b"]))


@pytest.mark.parametrize("missing", [None, float("nan"), ""])
def test_images_without_a_split_are_no_split(missing: Any) -> None:
    x = np.zeros((3, 4, 4, 3), np.uint8)
    with pytest.raises(ValueError, match=r"say nothing of 1 of the 3 images, such as x\[2\]"):
        open_parts(x, np.array(["a", "b", missing], object))


def test_a_mapping_of_splits() -> None:
    x = np.zeros((2, 4, 4, 3), np.uint8)
    parts = open_parts({"train": (x, ["dog", "cat"]), "test": (x, ["emu", "dog"])})
    assert parts.source.class_names == ("cat", "dog", "emu")
    assert parts.source.labels["label"].codes.tolist() == [1, 0, 2, 1]
    with pytest.raises(ValueError, match="labels 'label' of different kinds: class, number"):
        open_parts({"train": (x, ["dog", "cat"]), "test": (x, [0.5, 1.25])})
    for splits in ({}, {"train": x}):
        with pytest.raises(ValueError, match="at least one split, and names them all"):
            open_parts(splits, "column")


def test_labels_of_sets_are_joined_where_names_agree() -> None:
    x = np.zeros((2, 4, 4, 3), np.uint8)
    y = np.array([[1, 1], [0, 1]])
    parts = open_parts({"train": (x, y), "test": (x, y)})
    assert parts.source.labels["label"].values.tolist() == [[1, 1], [0, 1]] * 2
