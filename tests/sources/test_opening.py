"""Opening a collection, whatever holds it."""

from types import SimpleNamespace

import h5py
import numpy as np
import pandas as pd
import pytest

from keras_cvdata import sources
from keras_cvdata.sources.opening import open_source


@pytest.fixture
def collection(tmp_path):
    image = np.zeros((2, 4, 4, 3), np.uint8)
    (tmp_path / "cat").mkdir()
    (tmp_path / "cat/1.jpg").touch()
    for name in ("table.csv", "TABLE2.CSV"):
        (tmp_path / name).write_text("label,location\ncat,cat/1.jpg\n")
    (tmp_path / "table.json").write_text('[{"label": "cat", "location": "cat/1.jpg"}]')
    (tmp_path / "table.jsonl").write_text('{"label": "cat", "location": "cat/1.jpg"}')
    with h5py.File(tmp_path / "file.h5", "w") as file:
        file["images"] = image
    (tmp_path / "file.hdf5").write_bytes((tmp_path / "file.h5").read_bytes())
    return tmp_path


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("", sources.DirectorySource),
        ("table.csv", sources.CSVSource),
        ("TABLE2.CSV", sources.CSVSource),
        ("table.json", sources.JSONSource),
        ("table.jsonl", sources.JSONSource),
        ("file.h5", sources.HDF5Source),
        ("file.hdf5", sources.HDF5Source),
    ],
)
def test_paths_open_by_what_they_are(collection, name, kind):
    """R17, R21, R25, R26."""
    assert type(open_source(collection / name)) is kind
    assert type(open_source(str(collection / name))) is kind


def test_options_reach_the_source(collection):
    assert open_source(collection, unlabelled=True).labels == {}
    with pytest.raises(TypeError, match="colour"):
        open_source(collection / "table.csv", colour="rgb")


def test_arrays_frames_sources_and_sequences(collection):
    """R28."""
    x = np.zeros((2, 4, 4, 3), np.uint8)
    source = open_source((x, [0, 1]))
    assert isinstance(source, sources.ArraySource)
    assert source.labels["label"].values.tolist() == [0, 1]
    assert open_source(x).labels == {}
    assert open_source(source) is source
    assert open_source(SimpleNamespace(source=source)) is source
    frame = pd.DataFrame({"location": ["a"], "label": ["b"], "source": ["c"]})
    assert isinstance(open_source(frame, missing="later"), sources.DataFrameSource)
    with pytest.raises(TypeError, match="open already; the options"):
        open_source(source, unlabelled=True)


def test_what_cannot_be_opened(collection):
    with pytest.raises(FileNotFoundError, match="no such file or folder"):
        open_source(collection / "none")
    (collection / "notes.txt").touch()
    with pytest.raises(ValueError, match=r"notes.txt: expected a folder or a file that ends in"):
        open_source(collection / "notes.txt")
    with pytest.raises(TypeError, match="got int"):
        open_source(7)
    with pytest.raises(TypeError, match="got tuple"):
        open_source((1, 2, 3))


def test_options_of_other_formats_are_refused(collection, tmp_path):
    """By the name of the collection, and with what there is."""
    (tmp_path / "a.h5").touch()
    for data, named in ((collection, "DirectorySource"), (tmp_path / "a.h5", "HDF5Source")):
        with pytest.raises(TypeError, match=rf"{named} has no argument 'encoding'\. It takes "):
            open_source(data, encoding="cp1252")
    frame = pd.DataFrame({"location": ["a"]})
    with pytest.raises(TypeError, match="DataFrameSource has no argument 'encoding'"):
        open_source(frame, encoding="cp1252")
