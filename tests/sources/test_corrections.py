"""Corrections of labels: lists as spreadsheets write them, applied to a collection."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from keras_cvdata.sources import DirectorySource, Source, open_source
from keras_cvdata.sources.corrections import fingerprint, label_text, to_cell

HEADER = ("row", "path", "label", "check", "score", "suggestion", "new_label", "remove")


def source_of(labels: list[Any]) -> Source:
    return open_source((np.zeros((len(labels), 8, 8, 3), np.uint8), labels))


PETS = source_of(["cat", "dog", "cat", "dog"])


def write(
    folder: Path, *lines: tuple[str, ...], mark: str = ",", end: str = "\n", encoding: str = "utf-8"
) -> Path:
    """A list; lines are (row, path, label, new_label, remove)."""
    rows = [HEADER, *((r, p, o, "dark", "0,1" if mark == ";" else "0.1", "", n, x)
                      for r, p, o, n, x in lines)]  # fmt: skip
    path = folder / "list.csv"
    path.write_bytes((end.join(mark.join(row) for row in rows) + end).encode(encoding))
    return path


def names_of(source: Source) -> list[str]:
    return [label_text(source, position) for position in range(len(source))]


@pytest.mark.parametrize(
    ("mark", "end", "encoding"),
    [
        (",", "\n", "utf-8"),
        (";", "\r\n", "utf-8-sig"),
        ("\t", "\r\n", "utf-16"),
        (";", "\n", "utf-16"),
    ],
)
def test_spreadsheets_may_save_it_their_way(
    tmp_path: Path, mark: str, end: str, encoding: str
) -> None:
    """R13: marks at the start, semicolons and ends of lines of other systems."""
    path = write(
        tmp_path,
        ("3", "x[3]", "dog", "cat", ""),
        ("0.0", "x[0]", "cat", "", " X "),
        ("1", "x[1]", "dog", "", "no"),
        mark=mark,
        end=end,
        encoding=encoding,
    )
    right = PETS.correct(path)
    assert right.rows.tolist() == [1, 2, 3]
    assert names_of(right) == ["dog", "cat", "cat"]
    assert names_of(PETS) == ["cat", "dog", "cat", "dog"]
    assert "corrected: 1 label, 1 image removed" in right.summary()
    again = pickle.loads(pickle.dumps(right.select(np.array([2]))))
    assert names_of(again) == ["cat"]
    assert names_of(right.limited(1000)) == names_of(right)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (("9", "x[9]", "cat", "", ""), r"line 2 \(row 9\): .* has no such row"),
        (("one", "x[1]", "dog", "", ""), "line 2: row must be the number of an image; got 'one'"),
        (("nan", "x[1]", "dog", "", ""), "line 2: row must be"),
        (("1", "x[2]", "dog", "", ""), r"\(row 1\): the list says 'x\[2\]', but this row is 'x\["),
        (("1", "x[1]", "cat", "", ""), "the list says the label 'cat', but it is 'dog'"),
        (("1", "x[1]", "dog", "cta", ""), r"\(row 1\): the new label 'cta' .* mean 'cat'\?"),
        (("1", "x[1]", "dog", "", "cat"), r"\(row 1\): remove must be x or empty; got 'cat'"),
        (("1", "x[1]", "dog", "cat", "x"), "both remove and the new label 'cat'"),
    ],
)
def test_wrong_lines_are_named(tmp_path: Path, line: tuple[str, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        PETS.correct(write(tmp_path, line))


@pytest.mark.parametrize(("new_label", "remove"), [("dog", ""), ("", "x")])
def test_lines_that_contradict_each_other_are_refused(
    tmp_path: Path, new_label: str, remove: str
) -> None:
    lines = [("1", "x[1]", "dog", new, "") for new in ("cat", "cat ", "")]
    assert names_of(PETS.correct(write(tmp_path, *lines)))[1] == "cat"
    with pytest.raises(ValueError, match=r"line 5 \(row 1\): .*, line 2 \(row 1\) says something"):
        PETS.correct(write(tmp_path, *lines, ("1", "x[1]", "dog", new_label, remove)))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "has no column 'row'"),
        ("row,path,label,remove\n", "no column 'new_label'"),
        ('row,path,label,new_label,remove\n1,"x', "line 2: this is no CSV"),
        ("row,path,label,new_label,remove\n1,x[1],dog,f\udce4r,\n", "line 2: the text is not UTF"),
    ],
)
def test_files_that_are_no_list_are_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "list.csv"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(ValueError, match=message):
        PETS.correct(path)


def test_new_classes_come_after_the_others(tmp_path: Path) -> None:
    path = write(tmp_path, ("1", "x[1]", "dog", " ant ", ""), ("2", "x[2]", "cat", "ant", ""))
    right = PETS.correct(path, new_classes=True)
    assert right.class_names == ("cat", "dog", "ant")
    assert names_of(right) == ["cat", "ant", "ant", "dog"]


def test_multi_label_images_are_corrected(tmp_path: Path) -> None:
    source = source_of([["big", "red"], ["red"], ["big"]])
    path = write(
        tmp_path,
        ("0", "x[0]", "big|red", "red", ""),
        ("1", "x[1]", "red", "big|small", ""),
        ("2", "x[2]", "big", "|", ""),
    )
    with pytest.raises(ValueError, match="'small' is no class"):
        source.correct(path)
    right = source.correct(path, new_classes=True)
    assert right.class_names == ("big", "red", "small")
    assert right.labels["label"].values.tolist() == [[0, 1, 0], [1, 0, 1], [0, 0, 0]]
    assert right.labels["label"].values.dtype == np.uint8


def test_numbers_take_no_new_labels_but_removals(tmp_path: Path) -> None:
    source = source_of([0.5, 1.5])
    right = source.correct(write(tmp_path, ("0", "x[0]", "0.5", "", "x")))
    assert right.rows.tolist() == [1]
    with pytest.raises(ValueError, match="new labels can be given to one column of classes"):
        source.correct(write(tmp_path, ("0", "x[0]", "0.5", "2", "")))


def test_names_that_spreadsheets_take_for_numbers_are_understood(tmp_path: Path) -> None:
    source = source_of(["007", "-1", "=1+1"])
    assert to_cell("=1+1") == "'=1+1"
    lines = ("0", "x[0]", "7", "'=1+1", ""), ("1", "x[1]", "'-1", "7", "")
    again = ("2", "x[2]", "'=1+1", "7.0", "")
    assert names_of(source.correct(write(tmp_path, *lines, again))) == ["=1+1", "007", "007"]
    flags = source_of(["True", "False"])
    right = flags.correct(write(tmp_path, ("0", "x[0]", "TRUE", "FALSE", "")))
    assert names_of(right) == ["False", "False"]


def picture_folder(root: Path, *names: str) -> DirectorySource:
    pixels = cv2.imencode(".png", np.zeros((8, 8, 3), np.uint8))[1].tobytes()
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(pixels)
    return DirectorySource(root, verbose=0)


def test_a_list_belongs_to_one_collection_wherever_it_lies(tmp_path: Path) -> None:
    """By the number of images and a digest of their names."""
    source = picture_folder(tmp_path / "a", "cat/0.png", "cat/1.png", "dog/0.png")
    path = tmp_path / "list.csv"

    def list_of(*rows: int) -> None:
        lines = [f"{r},{source.name(r)},{label_text(source, r)},dog,,{fingerprint(source)}"
                 for r in rows]  # fmt: skip
        path.write_text("\n".join(["row,path,label,new_label,remove,collection", *lines]))

    list_of(0)
    (tmp_path / "a").rename(tmp_path / "b")
    moved = DirectorySource(tmp_path / "b", verbose=0)
    assert names_of(moved.correct(path)) == ["dog", "cat", "dog"]
    more = picture_folder(tmp_path / "b", "dog/1.png")
    with pytest.raises(ValueError, match=r"was made for 3 images .*; this collection has 4 images"):
        more.correct(path)
    path.write_text(path.read_text().replace(fingerprint(source.select(np.arange(3))), ""))
    assert len(more.correct(path)) == 4


@pytest.mark.backends
def test_a_sequence_goes_on_with_the_corrected_labels(tmp_path: Path) -> None:
    """R13: `seq.with_source(seq.source.correct(path))`."""
    from keras_cvdata import DirectorySequence

    picture_folder(tmp_path / "a", "cat/0.png", "cat/1.png", "dog/0.png")
    sequence = DirectorySequence(
        tmp_path / "a", image_size=(8, 8), batch_size=3, shuffle=False, verbose=0, label_mode="int"
    )
    lines = ("1", "a/cat/1.png", "cat", "dog", ""), ("0", "a/cat/0.png", "cat", "", "x")
    source = sequence.source.correct(write(tmp_path, *lines))
    right = sequence.with_source(source, training=True)
    assert right[0][1].tolist() == [1, 1]
    assert right.class_names == ("cat", "dog")
