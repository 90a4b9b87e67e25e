"""Paths in tables of others: endings, backslashes, files that are not there."""

from __future__ import annotations

import json
import os
import pickle
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from keras_cvdata.sources import CSVSource, DataFrameSource, JSONSource, locations
from keras_cvdata.sources.locations import complete_paths, find_missing
from keras_cvdata.sources.strings import CompactStrings
from keras_cvdata.types import ImageError


@pytest.fixture
def files(tmp_path):
    """Files, each of which holds its own path."""

    def make(*names):
        for name in names:
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_bytes(name.encode())
        return tmp_path

    return make


def readers(folder, paths, **options):
    """The same table in each format."""
    labels = ["a"] * len(paths)
    frame = pd.DataFrame({"location": paths, "label": labels})
    frame.to_csv(folder / "t.csv", index=False)
    rows = [{"location": path, "label": "a"} for path in paths]
    (folder / "t.json").write_text(json.dumps(rows))
    yield lambda **more: CSVSource(folder / "t.csv", **options, **more)
    yield lambda **more: JSONSource(folder / "t.json", **options, **more)
    yield lambda **more: DataFrameSource(frame, **{"root": folder, **options, **more})


@pytest.mark.parametrize("extension", [".png", "png"])
def test_ids_get_their_ending(files, extension):
    """Also ids that hold a point, and numbers; what ends so already stays."""
    folder = files("7.png", "1.2.840.png", "x.PNG")
    for read in readers(folder, ["7", "1.2.840", "x.PNG"], extension=extension):
        source = read()
        assert [source.fetch(i) for i in range(3)] == [b"7.png", b"1.2.840.png", b"x.PNG"]
    for read in readers(files("8.png"), [7, 8], extension=extension):
        assert read().fetch(1) == b"8.png"


@pytest.mark.parametrize("extension", ["", ".", "a/b"])
def test_an_ending_is_an_ending(files, extension):
    for read in readers(files("a"), ["a"], extension=extension):
        with pytest.raises(ValueError, match=r"extension must be an ending such as '\.jpg'; got"):
            read()


def test_pixels_and_urls(files):
    """What is no path stays; a URL of an id gets its ending too."""
    paths = ["[[1, 2]]", "https://example.com/7"]
    for read in readers(files("a"), paths, missing="later", extension=".png"):
        source = read()
        assert source.fetch(0).tolist() == [[1, 2]]
        assert source.name(1) == "https://example.com/7.png"


def test_paths_of_windows(files):
    """Backslashes are read everywhere, and are kept as slashes."""
    folder = files("a/0.png", "b/c/1.png")
    for read in readers(folder, ["a\\0.png", "b\\c/1.png", "[[1]]"]):
        source = read()
        assert [source.fetch(0), source.fetch(1)] == [b"a/0.png", b"b/c/1.png"]
        assert list(source.locations) == ["a/0.png", "b/c/1.png", "[[1]]"]
        assert source.name(1) == str(folder / "b" / "c" / "1.png")


def test_file_names_that_hold_a_backslash(files):
    """Other systems allow them."""
    folder = files("a\\0.png", "b\\1.png")
    for read in readers(folder, ["a\\0.png", "b\\1.png"]):
        assert [read().fetch(0), read().fetch(1)] == [b"a\\0.png", b"b\\1.png"]


def test_on_windows_a_backslash_is_always_a_separator(files, monkeypatch):
    folder = files("a\\0.png")
    monkeypatch.setattr(os, "sep", "\\")
    assert complete_paths(["a\\0.png"], folder, None) == ["a/0.png"]


def test_missing_files_are_named_when_the_table_is_read(files):
    folder = files("0.png", "c/1.png")
    for read in readers(folder, ["0.png", "c/9.png", "d/2.png", "c/1.png"]):
        with pytest.raises(
            FileNotFoundError, match=r"(line 3|line 1|row 1): .*c/9\.png' .*of 4 rows, 2 name"
        ):
            read()
        later = read(missing="later")
        with pytest.raises(ImageError, match=r"c/9\.png \(row 1\): The file does not exist"):
            later.fetch(1)
        with pytest.raises(ValueError, match="missing must be one of 'raise', 'drop', 'later'"):
            read(missing="ignore")


def test_rows_of_missing_files_can_be_left_out(files):
    """They are counted, and the others keep their row numbers, labels and columns."""
    folder = files("0.png", "2.png", "3.png")
    frame = pd.DataFrame(
        {
            "location": ["0.png", "1.png", "2.png", "3.png", "no.png", "[[999]]"],
            "label": list("abcabc"),
            "id": range(6),
        }
    )
    frame.to_csv(folder / "t.csv", index=False)
    source = pickle.loads(pickle.dumps(CSVSource(folder / "t.csv", missing="drop")))
    assert len(source) == 4
    assert source.rows.tolist() == [0, 2, 3, 5]
    assert source.fetch(1) == b"2.png"
    assert source.labels["label"].values.tolist() == [0, 2, 0, 2]
    assert source.columns["id"].tolist() == [0, 2, 3, 5]
    assert "left out: 2 of 6 rows, whose files do not exist" in source.summary()
    assert "left out: 2 of 6 rows" in source.select(np.array([1])).summary()
    assert source.select(np.array([1, 2])).rows.tolist() == [2, 3]
    with pytest.raises(ImageError, match=r"t\.csv\[5\] \(row 5\)"):
        source.fetch(3)
    (folder / "3.png").unlink()
    with pytest.raises(ImageError, match=r"3\.png \(row 3\)"):
        source.fetch(2)
    with pytest.raises(FileNotFoundError, match="of 1 rows, 1 name missing files"):
        DataFrameSource(frame[4:5], root=folder, missing="drop")


def test_locations_of_any_kind_can_be_left_out(files):
    pixels = np.zeros((2, 2), np.uint8)
    frame = pd.DataFrame({"location": [pixels, "no.png", "0.png", b"file"], "label": list("abcd")})
    source = DataFrameSource(frame, root=files("0.png"), missing="drop")
    assert source.fetch(0) is pixels
    assert [source.fetch(1), source.fetch(2)] == [b"0.png", b"file"]
    assert source.rows.tolist() == [0, 2, 3]


def test_an_ending_is_suggested(files):
    for read in readers(files("7.jpg", "8.jpg"), ["7", "8"]):
        with pytest.raises(FileNotFoundError, match=r"There is 7\.jpg: pass extension='\.jpg'"):
            read()


def test_masks_are_looked_for_as_images(files):
    folder = files("0.png", "1.png", "m/0.png")
    table = folder / "t.csv"
    table.write_text("location,label,mask\n0.png,a,m/0.png\n1.png,a,m\\1.png\n")
    for missing in ("raise", "drop"):
        with pytest.raises(FileNotFoundError, match=r"row 1: .*m/1\.png' does not exist"):
            CSVSource(table, missing=missing).at_column("mask")
    assert CSVSource(table, missing="later").at_column("mask").name(1).endswith("m/1.png")


def test_nothing_outside_the_root_is_looked_at(files):
    """A table from elsewhere must not find out what else there is; reading says what is wrong."""
    folder = files("in/0.png", "secret/1.png")
    paths = ["0.png", "../secret/1.png", "../secret/none.png", "/etc/none", "missing.png"]
    found = find_missing(paths, folder / "in", confined=True)
    assert found.tolist() == [4]
    assert find_missing(paths, folder / "in", confined=False).tolist() == [2, 3, 4]


def test_each_folder_is_listed_once(files, monkeypatch):
    """A question for each file would take hours on a network disk."""
    folder = files(*(f"{kind}/{number}.png" for kind in "ab" for number in range(200)))
    paths = [f"{kind}/{number}.png" for number in range(200) for kind in "ab"]
    listed, asked = [], []
    scan, exists = os.scandir, Path.exists
    monkeypatch.setattr(os, "scandir", lambda path: listed.append(path) or scan(path))
    monkeypatch.setattr(Path, "exists", lambda path: asked.append(path) or exists(path))
    assert not len(find_missing(CompactStrings.from_list(paths), folder, confined=False))
    assert (len(listed), len(asked)) == (2, 0)
    assert len(find_missing([*paths, *(f"no/{n}.png" for n in range(99))], folder, False)) == 99
    assert (len(listed), len(asked)) == (5, 0)
    assert find_missing([*paths, "a/x.png"], folder, confined=False).tolist() == [400]
    assert (len(listed), len(asked)) == (7, 1)


def test_a_huge_folder_is_not_listed_for_a_few_files(files, monkeypatch):
    folder = files(*(f"{number}.png" for number in range(300)))
    taken = []
    monkeypatch.setattr(locations, "islice", lambda entries, stop: taken.append(stop) or entries)
    assert not len(find_missing([f"{number}.png" for number in range(3)], folder, confined=False))
    assert taken == []
    assert not len(find_missing([f"{number}.png" for number in range(5)], folder, confined=False))
    assert taken == [150]


def test_links_and_other_spellings_are_asked_for(files, monkeypatch):
    """A link may lead nowhere, and on Windows and macOS `A.PNG` is `a.png`."""
    folder = files(*(f"{number}.png" for number in range(6)))
    (folder / "there.png").symlink_to(folder / "0.png")
    (folder / "nowhere.png").symlink_to(folder / "none.png")
    paths = [f"{number}.png" for number in range(6)] + ["there.png", "nowhere.png", "5.PNG"]
    assert find_missing(paths, folder, confined=False).tolist() == [7, 8]
    exists = Path.exists
    lower = lambda path: exists(path.with_name(path.name.lower()))  # noqa: E731
    monkeypatch.setattr(Path, "exists", lower)
    assert find_missing(paths, folder, confined=False).tolist() == [7]


def test_folders_that_may_not_be_listed(files, monkeypatch):
    folder = files(*(f"a/{number}.png" for number in range(6)))

    def denied(_):
        raise PermissionError

    monkeypatch.setattr(os, "scandir", denied)
    paths = [f"a/{number}.png" for number in range(8)]
    assert find_missing(paths, folder, confined=False).tolist() == [6, 7]


def test_what_may_not_be_looked_at_may_be_there(files, monkeypatch):
    def denied(path):
        raise PermissionError

    folder = files("a")
    assert find_missing(["x" * 5000], folder, confined=False).tolist() == [0]  # too long a name
    monkeypatch.setattr(Path, "exists", denied)
    assert not len(find_missing(["a"], folder, confined=False))


def test_what_no_path_can_hold_is_said_on_reading(files):
    assert not len(find_missing(["a\0b.png"], files("a"), confined=False))


def test_links_in_circles_and_endless_paths_are_no_files(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    table = tmp_path / "t.csv"
    for location in ("loop/a.jpg", "a/" * 100_000):
        table.write_text(f"location,label\n{location},cat\n")
        with pytest.raises(FileNotFoundError, match=r"line 2: the file .* does not") as raised:
            CSVSource(table, root=tmp_path)
        assert len(str(raised.value)) < 1000
        with pytest.raises(ImageError, match=r"cannot be read|longer than a system takes"):
            CSVSource(table, root=tmp_path, missing="later").fetch(0)


def test_halves_of_surrogate_pairs_are_in_no_name() -> None:
    frame = pd.DataFrame({"location": ["a.jpg", "\ud800.jpg"], "label": ["a", "b"]})
    with pytest.raises(ValueError, match=r"'\\ud800.jpg' holds half of a surrogate pair"):
        DataFrameSource(frame, missing="later")
