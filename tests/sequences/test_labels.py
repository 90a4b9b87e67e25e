"""Labels as they are meant, in every format, down to the batch."""

from __future__ import annotations

import json
from typing import Any

import cv2
import h5py
import numpy as np
import pandas as pd
import pytest

import keras_cvdata as cvd
from keras_cvdata import (
    ArraySequence,
    CSVSequence,
    DataFrameSequence,
    DirectorySequence,
    HDF5Sequence,
    JSONSequence,
)

pytestmark = pytest.mark.backends

HOT = [[0, 1, 1], [1, 0, 0], [0, 0, 1], [1, 1, 0]]
X = np.arange(4 * 8 * 8 * 3, dtype=np.uint8).reshape(4, 8, 8, 3)
FORMATS = ["array", "csv", "json", "frame", "hdf5"]


@pytest.fixture
def folder(tmp_path):
    for number, image in enumerate(X):
        assert cv2.imwrite(str(tmp_path / f"{number}.png"), image)
    return tmp_path


def opened(kind: str, folder: Any, columns: dict[str, Any], **options: Any) -> Any:
    """A sequence of one of the formats over the same images and labels."""
    options = {"image_size": 8, "shuffle": False, "verbose": 0, **options}
    if kind in ("array", "hdf5"):
        y = columns if len(columns) > 1 else next(iter(columns.values()))
        if kind == "array":
            return ArraySequence(X, y, **options)
        with h5py.File(folder / "t.h5", "w") as file:
            file["images"] = X
            for name, values in columns.items():
                array = np.asarray(values)
                array = array.astype("S") if array.dtype.kind == "U" else array
                file[f"labels/{name}" if len(columns) > 1 else "labels"] = array
        return HDF5Sequence(folder / "t.h5", **options)
    table = {"location": [str(folder / f"{n}.png") for n in range(len(X))]}
    table |= {name if len(columns) > 1 else "label": values for name, values in columns.items()}
    if len(columns) > 1:
        options["label_column"] = list(columns)
    frame = pd.DataFrame({k: list(v) for k, v in table.items()})
    if kind == "frame":
        return DataFrameSequence(frame, **options)
    if kind == "csv":
        frame.to_csv(folder / "t.csv", index=False)
        return CSVSequence(folder / "t.csv", **options)
    rows = [dict(zip(table, row, strict=True)) for row in zip(*table.values(), strict=True)]
    (folder / "t.json").write_text(json.dumps(rows))
    return JSONSequence(folder / "t.json", **options)


@pytest.mark.parametrize("kind", FORMATS)
def test_rows_of_0_and_1_in_one_column(kind, folder):
    seq = opened(kind, folder, {"label": HOT}, label_mode="multilabel")
    y = seq[0][1]
    np.testing.assert_array_equal(y, HOT)
    assert y.dtype == np.float32
    assert seq.class_names == ("0", "1", "2")


@pytest.mark.parametrize("kind", FORMATS)
def test_one_column_per_finding_is_one_target(kind, folder):
    columns = {name: [row[i] for row in HOT] for i, name in enumerate(("edema", "mass", "clip"))}
    seq = opened(kind, folder, columns, label_mode="multilabel")
    np.testing.assert_array_equal(seq[0][1], HOT if kind != "hdf5" else np.array(HOT)[:, [2, 0, 1]])
    names = ("edema", "mass", "clip") if kind != "hdf5" else ("clip", "edema", "mass")
    assert seq.class_names == names  # members of an HDF5 file are sorted
    assert seq.source.labels["label"].kind == "multilabel"


@pytest.mark.parametrize("kind", FORMATS)
def test_several_numbers_are_one_target(kind, folder):
    columns = {"x": [0.5, 1.0, 2.0, 0.25], "y": [0, 1, 1, 0]}
    seq = opened(kind, folder, columns, label_mode="regression")
    np.testing.assert_array_equal(seq[0][1], np.transpose(list(columns.values())))
    assert seq.class_names == ("x", "y")


@pytest.mark.parametrize("kind", FORMATS)
def test_two_numbers_of_0_and_1_are_numbers(kind, folder):
    """One-hot rows are classes, but not where numbers are asked for."""
    rows = [[0, 1], [1, 0], [0, 1], [1, 0]]
    seq = opened(kind, folder, {"label": rows}, label_mode="regression")
    np.testing.assert_array_equal(seq[0][1], rows)


@pytest.mark.parametrize("kind", FORMATS)
def test_several_columns_of_classes_are_a_dict(kind, folder):
    columns = {"age": [3, 0, 1, 1], "species": ["cat", "dog", "dog", "cat"]}
    seq = opened(kind, folder, columns)
    y = seq[0][1]
    assert {name: values.tolist() for name, values in y.items()} == {
        "age": [3, 0, 1, 1],
        "species": [0, 1, 1, 0],
    }
    assert {values.dtype.name for values in y.values()} == {"int32"}


@pytest.mark.parametrize("kind", ["array", "csv", "json", "frame"])
def test_a_dict_of_modes_is_a_dict_of_targets(kind, folder):
    """Also of equal modes: it is for a model with one head per column."""
    columns = {"x": [0.5, 1.0, 2.0, 0.25], "y": [0, 1, 1, 0]}
    seq = opened(kind, folder, columns, label_mode=dict.fromkeys(columns, "regression"))
    assert {name: y.tolist() for name, y in seq[0][1].items()} == columns


@pytest.mark.parametrize("kind", FORMATS)
def test_integers_keep_their_numbers_and_come_as_int32(kind, folder):
    """0, 1, 3, 4 were 0, 1, 2, 3 in tables; uint16 wraps at `y - 1`, and losses refuse it."""
    seq = opened(kind, folder, {"label": [4, 0, 1, 3]})
    y = seq[0][1]
    assert y.dtype == seq.labels.dtype == np.int32
    np.testing.assert_array_equal(y - 1, [3, -1, 0, 2])
    assert seq.class_names == ("0", "1", "2", "3", "4")
    assert seq.source.labels["label"].values.dtype == np.uint16
    one = seq.source[1][1]
    assert (one - 1, one.dtype) == (-1, np.int32)
    one_hot = opened(kind, folder, {"label": [4, 0, 1, 3]}, label_mode="categorical")
    np.testing.assert_array_equal(one_hot[0][1], np.eye(5)[[4, 0, 1, 3]])


@pytest.mark.parametrize("kind", ["csv", "json", "frame"])
def test_label_separator(kind, folder):
    tags = ["red,big", "red", "", "big, old"]
    seq = opened(kind, folder, {"label": tags}, label_mode="multilabel", label_separator=",")
    assert seq.class_names == ("big", "old", "red")
    np.testing.assert_array_equal(seq[0][1], [[1, 0, 1], [0, 0, 1], [0, 0, 0], [1, 1, 0]])
    with pytest.warns(UserWarning, match="label_separator=','"):
        opened(kind, folder, {"label": tags}, label_mode="multilabel")


def test_order_of_a_categorical_column(folder):
    sizes = pd.Categorical(["m", "s", "m", "l"], ["s", "m", "l"])
    for kind in ("frame", "array"):
        options = {"image_size": 8, "shuffle": False, "verbose": 0}
        if kind == "frame":
            frame = pd.DataFrame({"location": list(X), "label": sizes})
            seq = DataFrameSequence(frame, **options)
            named = DataFrameSequence(frame, class_names=["l", "m", "s"], **options)
            assert named[0][1].tolist() == [1, 2, 1, 0]
        else:
            seq = ArraySequence(X, sizes, **options)
        assert seq.class_names == ("s", "m", "l")
        assert seq[0][1].tolist() == [1, 0, 1, 2]


def test_values_that_are_neither_0_nor_1_are_named_with_their_line(folder):
    columns = {"edema": [0, 1, 1, 0], "mass": [0, 1, -1, 0]}
    with pytest.raises(ValueError, match=r"t\.csv, line 4: .*'mass' holds -1"):
        opened("csv", folder, columns, label_mode="multilabel")


def test_columns_of_any_source_are_one_target(folder):
    """Also where the source was made without saying what its labels are."""
    frame = pd.DataFrame({"location": list(X), "x": [0.5, 1, 2, 3], "y": [4, 5, 6, 7]})
    source = cvd.sources.DataFrameSource(frame, label_column=["x", "y"])
    seq = cvd.Sequence(source, label_mode="regression", image_size=8, shuffle=False, verbose=0)
    assert seq[0][1].tolist() == [[0.5, 4], [1, 5], [2, 6], [3, 7]]
    assert seq.class_names == ("x", "y")


def test_validation_part_of_multi_label_images_has_the_same_columns():
    """R54: by iterative stratification, with the numbering of the whole."""
    hot = np.random.default_rng(0).random((200, 5)) < (0.5, 0.3, 0.2, 0.1, 0.05)
    x = np.zeros((200, 4, 4, 1), np.uint8)
    parts = [
        ArraySequence(
            x,
            hot.astype(int),
            label_mode="multilabel",
            class_names=list("abcde"),
            validation_split=0.2,
            subset=subset,
            verbose=0,
        )
        for subset in ("training", "validation")
    ]
    assert [len(part.source) for part in parts] == [160, 40]
    assert parts[0].class_names == parts[1].class_names == tuple("abcde")
    counts = [np.array(list(part.source.labels["label"].counts().values())) for part in parts]
    assert (np.abs(counts[1] - hot.sum(axis=0) * 0.2) <= 1).all()


def test_names_of_classes_stand_in_messages_of_splits():
    x, y = np.zeros((10, 4, 4, 1), np.uint8), ["cat"] * 9 + ["dog"]
    with pytest.raises(ValueError, match="Class 'dog' has 1 sample only"):
        ArraySequence(x, y, validation_split=0.2, subset="training", verbose=0)


def test_subset_both_is_answered_with_split(folder):
    with pytest.raises(ValueError, match=r"subset='both' .* cvd\.split"):
        ArraySequence(X, [0, 1, 0, 1], validation_split=0.5, subset="both", verbose=0)


def test_list_of_labels_for_a_flat_folder(folder):
    options = {"image_size": 8, "shuffle": False, "verbose": 0}
    seq = DirectorySequence(folder, labels=[2, 0, 1, 2], **options)
    x, y = seq[0]
    assert y.tolist() == [2, 0, 1, 2]
    np.testing.assert_array_equal(x, X[..., ::-1])  # OpenCV wrote them as BGR
    named = DirectorySequence(folder, labels=[1, 0, 1, 1], class_names=["cat", "dog"], **options)
    assert named.class_names == ("cat", "dog")
    for labels, mode in ((HOT, "multilabel"), ([0.5, 1, 2, 3], "regression")):
        given = DirectorySequence(folder, labels=labels, label_mode=mode, **options)
        np.testing.assert_array_equal(given[0][1], labels)
    pairs = ["cat/persian", "dog/boxer", "cat/siam", "cat/siam"]
    levels = DirectorySequence(folder, labels=pairs, label_mode="hierarchical", **options)
    assert [level.tolist() for level in levels[0][1]] == [[0, 1, 0, 0], [1, 0, 2, 2]]


def test_no_labels_have_no_class_names(folder):
    """As in Keras."""
    for options in (
        {"labels": None},
        {"label_mode": None},
        {"labels": [0] * 4, "label_mode": None},
    ):
        seq = DirectorySequence(folder, image_size=8, verbose=0, **options)
        assert seq.class_names is None
        assert seq.class_indices == {}
        assert isinstance(seq[0], np.ndarray)
    with pytest.raises(ValueError, match=r"labels must be 'inferred', a list .*; got 'int'"):
        DirectorySequence(folder, labels="int", verbose=0)


@pytest.mark.slow
def test_folders_are_numbered_as_keras_numbers_them(tmp_path):
    """The same arguments give the same classes and files, in the same order."""
    import keras

    for number, name in enumerate(("1", "2", "10", "B", "a")):
        (tmp_path / name).mkdir()
        for file in range(number + 1):
            cv2.imwrite(str(tmp_path / name / f"{file}.png"), np.full((4, 4, 3), number, np.uint8))
    for options in ({}, {"class_names": ["a", "10", "2"]}, {"labels": [3, 0, 1] * 5}):
        theirs = keras.utils.image_dataset_from_directory(
            tmp_path, image_size=(4, 4), shuffle=False, batch_size=32, verbose=False, **options
        )
        ours = DirectorySequence(tmp_path, image_size=4, shuffle=False, verbose=0, **options)
        x, y = next(iter(theirs))
        pairs = zip(np.asarray(x)[:, 0, 0, 0].tolist(), np.asarray(y).tolist(), strict=True)
        batch, labels = ours[0]
        assert sorted(zip(batch[:, 0, 0, 0].tolist(), labels.tolist(), strict=True)) == sorted(
            pairs
        )
        if "labels" not in options:
            assert list(ours.class_names) == theirs.class_names


@pytest.mark.parametrize("kind", ["csv", "json", "hdf5"])
def test_conversion_keeps_targets(kind, folder, tmp_path_factory):
    """Numbers of classes and rows of 0 and 1 are read back as they were, gaps and all."""
    path = tmp_path_factory.mktemp("out") / f"t.{'h5' if kind == 'hdf5' else kind}"
    sequence = {"csv": CSVSequence, "json": JSONSequence, "hdf5": HDF5Sequence}[kind]
    options = {"image_size": 8, "shuffle": False, "verbose": 0}
    for y, mode in (
        ([4, 0, 1, 3], "int"),
        (HOT, "multilabel"),
        ([[1, 1], [1, 1]] * 2, "multilabel"),
    ):
        cvd.convert(
            ArraySequence(X, y, label_mode=mode, **options), path, overwrite=True, verbose=0
        )
        back = sequence(path, label_mode=mode, **options)
        np.testing.assert_array_equal(back[0][1], y)


def test_conversion_says_which_names_keep_the_numbers(folder, tmp_path_factory):
    out = tmp_path_factory.mktemp("out")
    options = {"image_size": 8, "shuffle": False, "verbose": 0}
    for names in (["zebra", "ant"], ["ant", "zebra", "none"]):
        seq = ArraySequence(X, [0, 1, 0, 1], class_names=names, **options)
        with pytest.warns(UserWarning, match=rf"Pass class_names=\['{names[0]}', '{names[1]}'"):
            path = cvd.convert(seq, out / f"{names[0]}.csv", verbose=0)
        assert CSVSequence(path, class_names=names, **options)[0][1].tolist() == [0, 1, 0, 1]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("columns", "options", "units", "loss"),
    [
        ({"label": [4, 0, 1, 3]}, {}, 5, "sparse_categorical_crossentropy"),
        ({"label": HOT}, {"label_mode": "multilabel"}, 3, "binary_crossentropy"),
        (
            {"x": [0, 1, 1, 0], "y": [1, 1, 0, 0]},
            {"label_mode": "multilabel"},
            2,
            "binary_crossentropy",
        ),
        ({"x": [0.5, 1, 2, 3], "y": [1, 1, 0, 0]}, {"label_mode": "regression"}, 2, "mse"),
    ],
)
def test_targets_go_into_fit(columns, options, units, loss, folder):
    import keras

    seq = opened("csv", folder, columns, rescale="unit", **options)
    activation = {"sparse_categorical_crossentropy": "softmax", "mse": None}.get(loss, "sigmoid")
    model = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(units, activation)])
    model.compile("sgd", loss)
    assert np.isfinite(model.fit(seq, verbose=0).history["loss"][0])
    assert np.isfinite(model.evaluate(seq, verbose=0))
