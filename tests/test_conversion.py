"""Every format into every other, complete or not at all."""

import csv
import json
import os
import shutil

import cv2
import h5py
import numpy as np
import pandas as pd
import pytest

from keras_cvdata.conversion import convert
from keras_cvdata.sequences import Sequence
from keras_cvdata.sources import ArraySource, CSVSource, DirectorySource, JSONSource, open_source
from keras_cvdata.types import ImageError

TARGETS = ["out", "out.csv", "out.json", "out.jsonl", "out.h5"]


def names_in(folder):
    return sorted(file.name for file in folder.iterdir())


def content(source):
    """Bytes and label path of every row."""
    column = source.labels["label"]
    codes = column.values.reshape(len(source), -1)
    labels = [
        "/".join(names[code] for names, code in zip(column.names, path, strict=True))
        for path in codes
    ]
    return [(source.fetch(i), label) for i, label in enumerate(labels)]


@pytest.fixture
def levels(photo_folder, tmp_path):
    """A hierarchical folder."""
    root = tmp_path / "pets"
    for number, breed in enumerate(["dog/poodle", "cat/persian", "cat/siamese"]):
        shutil.copytree(photo_folder / ("cat", "dog", "fox")[number], root / breed)
    return root


@pytest.fixture
def table(photo_folder, tmp_path):
    """A table in no order of classes, with further columns."""
    file = tmp_path / "table.csv"
    with file.open("w", newline="") as opened:
        writer = csv.writer(opened)
        writer.writerow(["label", "location", "licence", "year", "note"])
        for number in range(12):
            name = ("cat", "dog", "fox")[number % 3]
            path = os.path.relpath(photo_folder / name / f"{number // 3}.jpg", tmp_path)
            writer.writerow([name, path, f"CC, {number}", 2000 + number, "a/b" if number else ""])
    return file


def test_a_chain_through_all_formats_keeps_everything(photo_folder, tmp_path):
    """R17 to R27: folder, CSV, JSON, HDF5, folder: bytes, labels, order."""
    expected = content(open_source(photo_folder))
    path = photo_folder
    for target in ("a.csv", "b.json", "c.h5", "d", "e.jsonl", "f.hdf5"):
        path = convert(path, tmp_path / target, verbose=0)
        source = open_source(path)
        assert content(source) == expected, target
        assert source.class_names == ("cat", "dog", "fox")
        assert source.rows.tolist() == list(range(12))
    assert sorted(file.name for file in (tmp_path / "d/dog").iterdir()) == [
        "04.jpg",
        "05.jpg",
        "06.jpg",
        "07.jpg",
    ]
    assert not (tmp_path / "d/index.csv").exists()


def test_hierarchies_survive(levels, tmp_path):
    """R19, R27: groups in groups, folders in folders, paths in tables."""
    expected = content(open_source(levels, hierarchical=True))
    options: dict = {"hierarchical": True}
    path = levels
    for target in ("a.csv", "b.json", "c.h5", "d"):
        path = convert(path, tmp_path / target, verbose=0, **options)
        options = {"label_kind": "hierarchical"} if path.suffix in (".csv", ".json") else {}
        if not path.suffix:
            options = {"hierarchical": True}
        source = open_source(path, **options)
        assert content(source) == expected, target
        assert source.labels["label"].names == (("cat", "dog"), ("persian", "poodle", "siamese"))
    with h5py.File(tmp_path / "c.h5") as file:
        assert file["cat/siamese"].attrs["label"] == "siamese"


@pytest.mark.parametrize("target", TARGETS)
def test_order_and_columns_survive(table, tmp_path, target):
    """R15: further columns and any order of the rows, in a folder by its index.csv."""
    source = CSVSource(table)
    path = convert(table, tmp_path / target, verbose=0)
    back = open_source(path / "index.csv" if target == "out" else path)
    assert content(back) == content(source)
    assert {name: c.tolist() for name, c in back.columns.items()} == {
        name: c.tolist() for name, c in source.columns.items()
    }
    if target == "out":
        assert {c for c, _ in content(open_source(path))} == {c for c, _ in content(source)}


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize(
    "pixels",
    [
        np.arange(4 * 5 * 6 * 3, dtype=np.uint8).reshape(4, 5, 6, 3),
        np.arange(4 * 5 * 6, dtype=np.uint16).reshape(4, 5, 6) * 500,
        np.linspace(0, 1, 4 * 5 * 6 * 3, dtype=np.float32).reshape(4, 5, 6, 3),
        np.arange(4 * 5 * 6 * 5, dtype=np.uint8).reshape(4, 5, 6, 5),
        [np.full((h, 4, 3), h, np.uint8) for h in (3, 4, 5, 6)],
    ],
    ids=["rgb", "grey16", "float", "five channels", "sizes"],
)
def test_arrays_survive_every_format(tmp_path, target, pixels):
    """R28, R36: pixels of every kind without loss, labels in any order."""
    source = ArraySource(pixels, ["dog", "cat", "dog", "cat"])
    back = open_source(convert(source, tmp_path / target, verbose=0))
    if target == "out":
        back = open_source(tmp_path / "out/index.csv")
    assert [label for _, label in content(back)] == ["dog", "cat", "dog", "cat"]
    for i in range(4):
        found, expected = back.image(i, "unchanged"), source.image(i, "unchanged")
        assert found.dtype == expected.dtype
        assert np.array_equal(found, expected)
    if target == "out.h5" and isinstance(pixels, np.ndarray):
        assert back.value_range == source.value_range
        assert back.image_shape == source.image_shape


def test_embedded_pixels_become_files(tmp_path):
    """R23."""
    table = tmp_path / "in.csv"
    table.write_text("label,location\ncat,[[1,2],[3,4]]\n")
    path = convert(table, tmp_path / "out.csv", verbose=0)
    assert "out_csv_images/0.png" in path.read_text()
    assert CSVSource(path).image(0, "grayscale")[..., 0].tolist() == [[1, 2], [3, 4]]


def test_tables_refer_to_files_or_copy_them(photo_folder, tmp_path):
    """Local files stay where they are, unless copies are asked for."""
    convert(photo_folder, tmp_path / "refers.csv", verbose=0)
    assert not (tmp_path / "refers_csv_images").exists()
    copies = convert(photo_folder, tmp_path / "copies.csv", copy=True, verbose=0)
    assert len(list((tmp_path / "copies_csv_images").iterdir())) == 12
    (tmp_path / "moved").mkdir()
    for name in ("copies.csv", "copies_csv_images"):
        (tmp_path / name).rename(tmp_path / "moved" / name)
    moved = open_source(tmp_path / "moved" / copies.name)
    assert content(moved) == content(open_source(photo_folder))


def test_urls_stay_urls(tmp_path):
    """R22: a table of URLs converts without reading them."""
    url = "https://example.com/a.jpg"
    (tmp_path / "in.csv").write_text(f"label,location\ncat,{url}\n")
    path = convert(tmp_path / "in.csv", tmp_path / "out.json", verbose=0)
    assert json.loads(path.read_text()) == [{"location": url, "label": "cat"}]


def test_file_names_that_a_table_cannot_hold_are_copied(tmp_path):
    """Odd file names: read back the same, whatever they are."""
    folder = tmp_path / "in/cat"
    folder.mkdir(parents=True)
    _, png = cv2.imencode(".png", np.zeros((2, 2, 3), np.uint8))
    names = ["a, b.png", 'c"d.png', "e\nf.png", "'g.png", "h\udcff.png", " i.png", "ü.png"]
    for name in names:
        (folder / name).write_bytes(png.tobytes())
    for target in ("out.csv", "out.json"):
        source = open_source(convert(tmp_path / "in", tmp_path / target, verbose=0))
        assert len(content(source)) == 7
    rows = json.loads((tmp_path / "out.json").read_text())
    assert sum(row["location"].startswith("out_json_images/") for row in rows) == 2


def test_labels_that_are_no_single_class(tmp_path):
    """R16: multi-label, numbers and several columns."""
    x = np.zeros((3, 4, 4, 1), np.uint8)
    tags = ArraySource(x, [["a", "b"], [], ["c"]])
    kinds = {"label_kind": "multilabel"}
    for target, options in (("m.csv", kinds), ("m.json", {}), ("m.h5", {})):
        back = open_source(convert(tags, tmp_path / target, verbose=0), **options)
        assert back.labels["label"].values.tolist() == [[1, 1, 0], [0, 0, 0], [0, 0, 1]]
        assert back.class_names == ("a", "b", "c")
    for name, y in (("n", [0.1, 2.5, 3]), ("nk", [[0.1, 2], [1, 2.5], [3, 4]])):
        numbers = ArraySource(x, np.array(y, np.float32))
        for suffix in (".csv", ".json", ".h5"):
            options = {} if suffix == ".h5" else {"label_kind": "number"}
            path = convert(numbers, tmp_path / (name + suffix), verbose=0)
            back = open_source(path, **options)
            assert np.array_equal(back.labels["label"].values, np.array(y, np.float32))
    with pytest.raises(ValueError, match="Convert to HDF5, CSV or JSON"):
        convert(tags, tmp_path / "folder", verbose=0)


def test_several_label_columns(table, tmp_path):
    """R16: several label columns keep their names."""
    options = {"label_column": ["label", "year"], "label_kind": {"year": "number"}}
    path = convert(table, tmp_path / "a.h5", verbose=0, **options)
    back = open_source(path)
    assert list(back.labels) == ["label", "year"]
    assert back.labels["year"].values[:2].tolist() == [2000, 2001]
    assert back.labels["label"].class_names == ("cat", "dog", "fox")
    again = convert(back, tmp_path / "b.json", verbose=0)
    assert list(JSONSource(again, label_column=["label", "year"]).labels) == ["label", "year"]
    with pytest.raises(ValueError, match="one class, or one path of classes"):
        convert(back, tmp_path / "folder", verbose=0)


def test_no_labels(photo_folder, tmp_path):
    for target, options in (
        ("a.csv", {"label_column": None}),
        ("b.h5", {}),
        ("c", {"unlabelled": True}),
    ):
        path = convert(photo_folder, tmp_path / target, verbose=0, unlabelled=True)
        source = open_source(path, **options)
        assert source.labels == {}
        assert len(source) == 12


def test_classes_keep_their_order_and_odd_names(tmp_path):
    """R49: HDF5 keeps the order of the classes, also of empty ones, and any name."""
    names = ["z/ü", "columns", "images", "a", "..", "nobody"]
    x = np.zeros((5, 4, 4, 1), np.uint8)
    source = ArraySource(x, [4, 3, 2, 1, 0], class_names=names)
    back = open_source(convert(source, tmp_path / "a.h5", verbose=0))
    assert back.class_names == tuple(names)
    assert back.labels["label"].values.tolist() == [4, 3, 2, 1, 0]
    many = ArraySource(x, [0, 0, 0, 0, 1], class_names=[f"class number {i}" for i in range(9999)])
    assert len(open_source(convert(many, tmp_path / "b.h5", verbose=0)).class_names) == 9999
    with pytest.raises(ValueError, match="'z/ü' cannot be the name of a folder"):
        convert(source, tmp_path / "folder", verbose=0)
    assert not any("folder" in name for name in names_in(tmp_path))


def test_many_classes_take_time_by_their_number(tmp_path, monkeypatch):
    """R26: the groups that were made already are not looked through for each new one."""
    opened = []
    real = h5py.Group.__getitem__
    monkeypatch.setattr(
        h5py.Group, "__getitem__", lambda group, name: opened.append(name) or real(group, name)
    )
    classes = [f"class {number:03}" for number in range(100)]
    path = convert((np.zeros((100, 2, 2, 3), np.uint8), classes), tmp_path / "a.h5", verbose=0)
    assert len(opened) < 1000
    assert open_source(path).class_names == tuple(classes)


def test_names_that_would_be_joined_are_refused(tmp_path):
    x = np.zeros((2, 4, 4, 1), np.uint8)
    with pytest.raises(ValueError, match=r"'a\|b' holds '\|'"):
        convert(ArraySource(x, [["a|b"], ["c", "d"]]), tmp_path / "a.csv", verbose=0)
    assert names_in(tmp_path) == []


@pytest.mark.parametrize("target", TARGETS[1:])
def test_columns_of_dates_and_gaps_survive(tmp_path, target):
    """R15: what a data frame holds beyond numbers and text."""
    frame = pd.DataFrame(
        {
            "location": [np.full((4, 4, 3), number, np.uint8) for number in range(3)],
            "label": ["a", "b", "a"],
            "score": [0.5, np.nan, 2],
            "note": ["x", np.nan, "y"],
            "taken": pd.to_datetime(["2020-01-01", None, "2021-02-03"]),
            "count": pd.array([1, None, 3], "Int64"),
        }
    )
    columns = open_source(convert(frame, tmp_path / target, verbose=0)).columns
    assert [columns["score"][0], columns["score"][2]] == [0.5, 2]
    assert columns["score"][1] is None or np.isnan(columns["score"][1])
    gap = "" if target == "out.csv" else None
    assert columns["note"].tolist() == ["x", gap, "y"]
    assert columns["taken"].tolist() == ["2020-01-01 00:00:00", gap, "2021-02-03 00:00:00"]
    assert columns["count"].tolist() == (["1", "", "3"] if target == "out.csv" else [1, None, 3])


def test_names_that_csv_does_not_keep_are_refused(tmp_path):
    """R24: " x" and "x" would become one class."""
    for name in (" x", "'x'"):
        data = (np.zeros((2, 4, 4, 3), np.uint8), [name, "x"])
        with pytest.raises(ValueError, match=rf'The class "?{name!r}'):
            convert(data, tmp_path / "a.csv", verbose=0)
        path = convert(data, tmp_path / "a.json", overwrite=True, verbose=0)
        assert open_source(path).class_names == (name, "x")
    assert not (tmp_path / "a.csv").exists()


def test_columns_with_the_names_of_others_are_renamed(tmp_path):
    columns = {"label": np.array([1, 2]), "location": np.array([None, {"a": 1}])}
    x = np.zeros((2, 4, 4, 1), np.uint8)
    source = ArraySource(x, ["a", "b"], columns=columns)
    for target in ("a.csv", "a.h5", "a.json"):
        back = open_source(convert(source, tmp_path / target, verbose=0, overwrite=True))
        if target == "a.h5":
            assert back.columns["location"].tolist() == [None, {"a": 1}]
        else:
            assert set(back.columns) == {"label_", "location_"}
            assert back.columns["label_"].tolist() == [1, 2]


def read_by_sequence(source, size, **options):
    """All images of a source as a sequence without augmentation serves them."""
    common = {"label_mode": None, "shuffle": False, "dtype": "uint8", "verbose": 0}
    options = {"color_mode": "rgb", **options}
    return np.concatenate(list(Sequence(source, image_size=size, **common, **options)))


@pytest.mark.parametrize("size", [(16, 24), (200, 300), (33, 64)])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"crop_to_aspect_ratio": True},
        {"pad_to_aspect_ratio": True},
        {"interpolation": "nearest"},
        {"interpolation": "bicubic", "color_mode": "grayscale"},
    ],
    ids=str,
)
def test_what_is_stored_are_the_pixels_of_the_sequence(photo_folder, tmp_path, size, options):
    """R33: they came from another filter, and were up to 80 levels off."""
    path = convert(photo_folder, tmp_path / "a.h5", image_size=size, verbose=0, **options)
    expected = read_by_sequence(open_source(photo_folder), size, **options)
    assert len(expected) == len(open_source(path)) > 5
    assert np.array_equal(
        read_by_sequence(open_source(path), size, color_mode="unchanged"), expected
    )
    assert np.array_equal(
        read_by_sequence(open_source(path), None, color_mode="unchanged"), expected
    )


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"crop_to_aspect_ratio": True}, "Give image_size"),
        ({"interpolation": "nearest"}, "Give image_size"),
        ({"crop_to_aspect_ratio": True, "pad_to_aspect_ratio": True}, "not both"),
        ({"interpolation": "cubic", "image_size": (8, 8)}, "interpolation must be one of"),
    ],
    ids=str,
)
def test_arguments_of_a_size_are_checked(photo_folder, tmp_path, options, words):
    with pytest.raises(ValueError, match=words):
        convert(photo_folder, tmp_path / "a.h5", verbose=0, **options)


@pytest.mark.parametrize("size", [(16, 24), (200, 300)])
def test_resizing_gives_arrays_of_one_shape(photo_folder, tmp_path, size):
    """Pixels that need no decoding, and the same in every format."""
    path = convert(photo_folder, tmp_path / "a.h5", image_size=size, verbose=0)
    source = open_source(path)
    assert source.image_shape == (*size, 3)
    assert source.dtype == np.uint8
    table = open_source(convert(photo_folder, tmp_path / "a.csv", image_size=size, verbose=0))
    assert np.array_equal(table.image(5), source.image(5))
    grey = convert(
        photo_folder, tmp_path / "g.h5", image_size=size, color_mode="grayscale", verbose=0
    )
    assert open_source(grey).image_shape == (*size, 1)


@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic", "lanczos"])
def test_enlarging_floats_stays_within_their_values(tmp_path, interpolation):
    """R33: the cubic filter overshoots at edges; `value_range` promises 0 to 1."""
    x = np.zeros((2, 4, 4, 1), np.float32)
    x[:, 1, 1] = 1
    path = convert(
        (x, ["a", "b"]),
        tmp_path / "a.h5",
        image_size=(9, 9),
        color_mode="grayscale",
        interpolation=interpolation,
        verbose=0,
    )
    source = open_source(path)
    assert source.value_range == (0, 1)
    assert source.fetch(0).min() == 0
    assert 0.5 < source.fetch(0).max() <= 1


def test_images_of_different_depth_cannot_share_an_array(tmp_path):
    folder = tmp_path / "in/cat"
    folder.mkdir(parents=True)
    for name, dtype in (("1.png", np.uint8), ("2.png", np.uint16)):
        cv2.imwrite(str(folder / name), np.zeros((4, 4, 3), dtype))
    with pytest.raises(ImageError, match=r"2\.png: Expected .*uint8 like .*1\.png; got .*uint16"):
        convert(tmp_path / "in", tmp_path / "out.h5", image_size=(4, 4), verbose=0)
    assert names_in(tmp_path) == ["in"]


@pytest.fixture
def damaged(photo_folder, tmp_path):
    """The photographs, two of which cannot be read: cut short, and no image."""
    root = shutil.copytree(photo_folder, tmp_path / "damaged")
    whole = (root / "cat/1.jpg").read_bytes()
    (root / "cat/1.jpg").write_bytes(whole[: len(whole) // 2])
    (root / "fox/3.jpg").write_text("no image")
    return root


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("size", [None, (8, 8)])
def test_images_that_cannot_be_read_are_left_out(damaged, tmp_path, capsys, target, size):
    """Also those that would only be copied or referred to; the rest keeps its classes."""
    path = convert(damaged, tmp_path / target, on_error="skip", image_size=size)
    source = open_source(path)
    assert source.labels["label"].counts() == {"cat": 3, "dog": 4, "fox": 3}
    assert [source.image(i).ndim for i in range(10)] == [3] * 10
    said = capsys.readouterr().out
    assert "Left out 2 of 12 images, which cannot be read:" in said
    assert "cat/1.jpg" in said
    assert "fox/3.jpg" in said


def test_bad_images_stop_a_conversion_that_reads_them(damaged, tmp_path):
    """With "raise" nothing is left behind."""
    with pytest.raises(ImageError, match=r"cat/1\.jpg"):
        convert(damaged, tmp_path / "out.h5", image_size=(8, 8), verbose=0)
    assert names_in(tmp_path) == ["damaged"]
    with pytest.raises(ValueError, match="on_error must be one of 'raise', 'skip'; got"):
        convert(damaged, tmp_path / "out.h5", on_error="substitute")


def test_missing_files_of_a_table_are_left_out_like_bad_ones(table, tmp_path, capsys):
    rows = table.read_text() + "cat,missing.jpg,CC0,1999,\n"
    table.write_text(rows)
    path = convert(table, tmp_path / "out.h5", on_error="skip")
    assert len(open_source(path)) == 12
    assert "missing.jpg" in capsys.readouterr().out
    frame = pd.DataFrame({"location": [str(tmp_path / "no.jpg")], "label": ["a"]})
    with pytest.raises(ImageError, match=r"no\.jpg"):  # nothing would be left
        convert(frame, tmp_path / "none.h5", on_error="skip", verbose=0)
    assert not (tmp_path / "none.h5").exists()


def test_of_very_many_bad_images_some_are_named(tmp_path, capsys):
    (tmp_path / "in/a").mkdir(parents=True)
    for number in range(15):
        (tmp_path / f"in/a/{number}.jpg").write_text("no image")
    cv2.imwrite(str(tmp_path / "in/a/x.png"), np.zeros((4, 4, 3), np.uint8))
    convert(tmp_path / "in", tmp_path / "out.h5", on_error="skip")
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "Left out 15 of 16 images, which cannot be read:"
    assert len(said) == 12
    assert said[-1] == "..."


def test_an_unknown_format_is_refused_before_images_are_read(damaged, tmp_path, monkeypatch):
    monkeypatch.setattr(DirectorySource, "fetch", None)
    with pytest.raises(ValueError, match=r"expected a path that ends in \.h5, .*; got '\.zip'"):
        convert(damaged, tmp_path / "out.zip", on_error="skip")
