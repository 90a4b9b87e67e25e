"""Data frames."""

import os
import pickle
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from keras_cvdata.sources.dataframe import DataFrameSource
from keras_cvdata.types import ImageError


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "1.jpg").write_bytes(b"first")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_paths_labels_and_columns(folder, monkeypatch):
    """R21, R15, R16: like a CSV file, with the current folder as root."""
    frame = pd.DataFrame(
        {
            "Location": ["1.jpg", Path("1.jpg"), str(folder / "1.jpg")],
            "label": pd.Categorical(["dog", "cat", "dog"]),
            "year": [2019, 2020, 2021],
            7: ["a", None, "b"],
        },
        index=[30, 10, 20],
    )
    source = pickle.loads(pickle.dumps(DataFrameSource(frame)))
    monkeypatch.chdir("/")
    assert [source.fetch(i) for i in range(3)] == [b"first"] * 3
    assert source.class_names == ("cat", "dog")
    assert source.rows.tolist() == [0, 1, 2]
    assert source.columns["year"].tolist() == [2019, 2020, 2021]
    assert source.columns["7"].tolist()[0] == "a"
    assert source.filter(year=[2019, 2021]).rows.tolist() == [0, 2]


def test_locations_of_every_kind(folder):
    """R23: arrays, lists, bytes, text, each seen for itself."""
    pixels = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)
    frame = pd.DataFrame({"location": [pixels, b"jpeg", [[1, 2]], list(pixels), "1.jpg"]})
    source = DataFrameSource(frame, label_column=None)
    assert source.fetch(0) is pixels
    assert source.fetch(1) == b"jpeg"
    assert source.fetch(2).tolist() == [[1, 2]]
    assert np.array_equal(source.fetch(3), pixels)
    assert source.fetch(4) == b"first"
    assert source.name(0) == "data frame[0]"


def test_several_label_columns(folder):
    """R16: several labels at once."""
    frame = pd.DataFrame({"location": ["1.jpg"] * 2, "a": ["x", "y"], "b": [["p"], ["q", "p"]]})
    labels = DataFrameSource(frame, label_column=["a", "b"]).labels
    assert labels["b"].kind == "multilabel"
    assert list(labels) == ["a", "b"]


@pytest.mark.parametrize(
    ("columns", "complaint"),
    [
        ({"label": ["a"]}, "no column 'location'"),
        ({"location": ["a"]}, "no column 'label'"),
        ({"location": [], "label": []}, "no rows"),
        ({"location": ["a", None], "label": ["a", "b"]}, "row 1: the location must be"),
        ({"location": ["a", ""], "label": ["a", "b"]}, "row 1: the location must be"),
        ({"location": ["a", "b"], "label": ["a", None]}, "row 1.*label is missing"),
        ({"location": ["a", "b"], "label": [1.0, float("nan")]}, "row 1"),
    ],
)
def test_bad_frames(columns, complaint):
    with pytest.raises(ValueError, match=f"data frame.*{complaint}"):
        DataFrameSource(pd.DataFrame(columns))


def test_duplicate_columns():
    frame = pd.DataFrame([["a", "b", "c"]], columns=["location", "label", "label"])
    with pytest.raises(ValueError, match="'label' is there 2 times"):
        DataFrameSource(frame)


def test_root_confines_paths(folder):
    frame = pd.DataFrame({"location": ["/etc/hostname"], "label": ["a"]})
    with pytest.raises(ImageError, match="leads out of root"):
        DataFrameSource(frame, root=folder).fetch(0)


def test_versions_are_of_what_a_cell_holds(tmp_path):
    """Files by size and time, bytes and text by their content, addresses by nothing."""
    file = tmp_path / "1.png"
    file.write_bytes(b"first")
    os.utime(file, (1, 1))
    cells = [str(file), b"encoded", b"others", "[[1, 2]]", "[[1, 3]]", "https://a.b/1.png"]
    frame = pd.DataFrame(
        {"location": [*cells, np.zeros((2, 2), np.uint8)], "label": list("abababa")}
    )
    source = DataFrameSource(frame)
    versions = [source.version(row) for row in range(7)]
    assert versions[0] == "5 1000000000"
    assert len({len(version) for version in versions[1:5]}) == 1
    assert len(set(versions)) == 7
    assert versions[5:] == ["address", None]
    assert source.version(1) == DataFrameSource(frame).version(1)
