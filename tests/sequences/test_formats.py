"""The same images give the same batches, whatever they are stored in."""

import json
import shutil

import cv2
import h5py
import numpy as np
import pandas as pd
import pytest

import keras_cvdata as cvd
from keras_cvdata import layers
from keras_cvdata.sequences import (
    ArraySequence,
    CSVSequence,
    DataFrameSequence,
    DirectorySequence,
    HDF5Sequence,
    JSONSequence,
)

pytestmark = pytest.mark.backends

OPTIONS = {
    "image_size": (32, 40),
    "batch_size": 5,
    "seed": 7,
    "augment": [layers.RandomFlip(), layers.RandomRotateBound(30), layers.RandomInvert(0.5)],
    "rescale": "unit",
    "verbose": 0,
}


@pytest.fixture(scope="module")
def copies(photo_folder, tmp_path_factory):
    """One folder of photographs, and what `convert` makes of it."""
    folder = tmp_path_factory.mktemp("copies")
    for name in ("photos.csv", "photos.json", "photos.h5"):
        cvd.convert(photo_folder, folder / name, verbose=0)
    return folder


def test_four_formats_give_byte_identical_batches(photo_folder, copies, digest):
    """R17, R21, R25, R26: pixels, labels and order, over three epochs."""
    frame = pd.read_csv(copies / "photos.csv")
    frame["location"] = [str(copies / location) for location in frame["location"]]
    sequences = [
        DirectorySequence(photo_folder, **OPTIONS),
        CSVSequence(copies / "photos.csv", **OPTIONS),
        JSONSequence(copies / "photos.json", **OPTIONS),
        HDF5Sequence(copies / "photos.h5", **OPTIONS),
        DataFrameSequence(frame, **OPTIONS),
    ]
    hashes = {digest(batch for _ in range(3) for batch in seq) for seq in sequences}
    assert len(hashes) == 1
    assert {seq.class_names for seq in sequences} == {("cat", "dog", "fox")}


def test_folders_that_are_called_by_numbers_have_the_order_of_keras(tmp_path, digest):
    """As text; CSV, which reads numbers as numbers, is told so when it is written."""
    for name in range(12):
        (tmp_path / "digits" / str(name)).mkdir(parents=True)
        image = np.full((8, 8, 3), name, np.uint8)
        cv2.imwrite(str(tmp_path / "digits" / str(name) / "0.png"), image)
    opened = [DirectorySequence(tmp_path / "digits", image_size=(8, 8), seed=7, verbose=0)]
    for kind, name in ((JSONSequence, "d.json"), (HDF5Sequence, "d.h5")):
        path = cvd.convert(tmp_path / "digits", tmp_path / name, verbose=0)
        opened.append(kind(path, image_size=(8, 8), seed=7, verbose=0))
    names = opened[0].class_names
    with pytest.warns(UserWarning, match=r"d.csv holds the names .* class_names=\['0', '1', '10'"):
        path = cvd.convert(tmp_path / "digits", tmp_path / "d.csv", verbose=0)
    opened.append(CSVSequence(path, class_names=names, image_size=(8, 8), seed=7, verbose=0))
    assert {seq.class_names for seq in opened} == {tuple(sorted(map(str, range(12))))}
    assert len({digest(seq) for seq in opened}) == 1
    x, y = CSVSequence(path, image_size=(8, 8), verbose=0).peek(12)
    np.testing.assert_array_equal(x[:, 0, 0, 0], y)


def test_presplit_folder(photo_folder, tmp_path):
    """R18."""
    for part in ("train", "test"):
        shutil.copytree(photo_folder, tmp_path / part)
    seq = DirectorySequence(tmp_path, split="train", **OPTIONS)
    assert len(seq.source) == 12
    assert seq.class_names == ("cat", "dog", "fox")


@pytest.fixture
def breeds(tmp_path):
    """A folder of two levels, with a licence file beside the classes (R20)."""
    (tmp_path / "LICENSE.txt").write_text("free")
    for number, path in enumerate(("cat/persian", "cat/siamese", "dog/beagle", "dog/poodle")):
        (tmp_path / path).mkdir(parents=True)
        for i in range(2):
            image = np.full((8, 8, 3), 10 * number + i, np.uint8)
            cv2.imwrite(str(tmp_path / path / f"{i}.png"), image)
    return tmp_path


def test_hierarchical_labels_through_folder_and_hdf5(breeds, tmp_path_factory):
    """R19, R27: a tuple with one target per level."""
    path = tmp_path_factory.mktemp("out") / "breeds.h5"
    cvd.convert(cvd.sources.DirectorySource(breeds, hierarchical=True), path, verbose=0)
    options = {"label_mode": "hierarchical", "shuffle": False, "verbose": 0, "image_size": (8, 8)}
    for seq in (DirectorySequence(breeds, **options), HDF5Sequence(path, **options)):
        x, (kind, breed) = seq[0]
        assert kind.tolist() == [0, 0, 0, 0, 1, 1, 1, 1]
        assert breed.tolist() == [1, 1, 3, 3, 0, 0, 2, 2]  # all breeds in one sorted list
        assert x[:, 0, 0, 0].tolist() == [0, 1, 10, 11, 20, 21, 30, 31]


@pytest.mark.slow
def test_a_model_with_one_head_per_level_fits(breeds):
    """R16, R19."""
    import keras

    seq = DirectorySequence(breeds, label_mode="hierarchical", image_size=(8, 8), verbose=0)
    inputs = keras.Input((8, 8, 3))
    hidden = keras.layers.Flatten()(inputs)
    heads = [keras.layers.Dense(n, "softmax")(hidden) for n in (2, 4)]
    model = keras.Model(inputs, heads)
    model.compile("sgd", ["sparse_categorical_crossentropy"] * 2)
    assert np.isfinite(model.fit(seq, verbose=0).history["loss"][0])


def test_several_label_columns_give_a_dict(breeds, tmp_path_factory):
    """R16: ailment, colours and price of one animal, each in its own form."""
    path = tmp_path_factory.mktemp("tables") / "pets.json"
    rows = [
        {
            "location": str(breeds / f"cat/persian/{i}.png"),
            "ailment": ["none", "flea"][i],
            "colors": [["black"], ["black", "white"]][i],
            "price": [10.5, 20.5][i],
            "licence": "CC-BY",
        }
        for i in range(2)
    ]
    path.write_text(json.dumps(rows))
    modes = {"ailment": "categorical", "colors": "multilabel", "price": "regression"}
    seq = JSONSequence(
        path,
        label_column=list(modes),
        label_mode=modes,
        shuffle=False,
        image_size=(8, 8),
        verbose=0,
    )
    _, y = seq[0]
    assert {name: value.tolist() for name, value in y.items()} == {
        "ailment": [[0, 1], [1, 0]],
        "colors": [[1, 0], [1, 1]],
        "price": [10.5, 20.5],
    }
    assert seq.source.columns["licence"].tolist() == ["CC-BY", "CC-BY"]


def test_sixteen_bits_and_many_channels_keep_their_depth():
    """Multi-channel arrays and 16-bit values pass with 'unchanged'."""
    x = np.random.default_rng(0).integers(0, 65536, (3, 8, 8, 7), np.uint16)
    seq = ArraySequence(x, rescale="unit", verbose=0, shuffle=False)
    np.testing.assert_allclose(seq[0], x / 65535, atol=1e-7)


def test_images_of_different_sizes_in_memory():
    x = [np.full((8 + i, 10, 3), i, np.uint8) for i in range(3)]
    seq = ArraySequence(x, image_size=(6, 6), shuffle=False, verbose=0)
    assert seq[0][:, 0, 0, 0].tolist() == [0, 1, 2]
    with pytest.raises(ValueError, match="image_size"):
        ArraySequence(x, verbose=0)


def test_images_of_different_sizes_in_hdf5_get_the_size_of_the_others(photo_folder, tmp_path):
    """256 x 256 as in all sequences over files; where all share a size, it is kept."""
    path = cvd.convert(photo_folder, tmp_path / "photos.h5", verbose=0)
    assert HDF5Sequence(path, verbose=0).image_shape == (256, 256, 3)
    path = cvd.convert(photo_folder, tmp_path / "small.h5", image_size=(20, 30), verbose=0)
    assert HDF5Sequence(path, verbose=0).image_shape == (20, 30, 3)


def test_parts_of_an_hdf5_file(tmp_path):
    path = tmp_path / "parts.h5"
    with h5py.File(path, "w") as file:
        file["train/image"] = np.zeros((5, 8, 8, 3), np.uint8)
        file["train/label"] = np.array([0, 1, 2, 1, 0], np.uint8)
        file["kinds"] = [3, 3, 4, 4, 4]
    train = HDF5Sequence(
        path, image_key="train/image", label_key="train/label", shuffle=False, verbose=0
    )
    assert train[0][1].tolist() == [0, 1, 2, 1, 0]
    other = HDF5Sequence(path, image_key="train", label_path=path, label_key="kinds", verbose=0)
    assert len(other.source) == 5
