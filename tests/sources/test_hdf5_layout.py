"""HDF5 files: the layouts that are read."""

from functools import partial

import h5py
import numpy as np
import pytest

from keras_cvdata.sources.hdf5 import HDF5Source
from tests.sources.hdf5_files import PIXELS, pets


def test_a_group_per_class(write):
    """R26: the attribute names the class, whether it is called `label` or `name`."""
    source = HDF5Source(write(pets))
    assert source.class_names == ("cats", "dogs")
    assert source.labels["label"].values.tolist() == [0, 0, 0, 0, 1, 1]
    assert source.image_shape == (4, 5, 3)
    assert source.dtype == np.uint8
    found = np.stack([source.fetch(i) for i in range(6)])
    assert np.array_equal(found, PIXELS[[2, 3, 4, 5, 0, 1]])
    assert source.name(4).endswith("pets.h5/d/pictures[0]")


def test_groups_in_groups_are_levels(write):
    """R27: the handbook's species and breeds; group names stand in for a missing attribute."""

    def fill(file):
        for breed in ("cats/persian", "cats/siamese", "dogs/poodle"):
            group = file.create_group(breed)
            group.attrs["label"] = breed.split("/")[1]
            group["pictures"] = PIXELS[:2]
        file["cats"].attrs["label"] = "cat"

    path = write(fill)
    labels = HDF5Source(path).labels["label"]
    assert labels.kind == "hierarchical"
    assert labels.names == (("cat", "dogs"), ("persian", "poodle", "siamese"))
    assert labels.counts() == {"cat/persian": 2, "cat/siamese": 2, "dogs/poodle": 2}
    assert HDF5Source(path, hierarchical=False).labels["label"].counts() == {"cat": 4, "dogs": 2}
    names = [["dogs", "cat", "owl"], ["poodle", "siamese", "persian"]]
    assert HDF5Source(path, class_names=names).labels["label"].values[0].tolist() == [1, 2]
    with pytest.raises(ValueError, match="2 levels, so class_names must be one list for each"):
        HDF5Source(path, class_names=["cat", "dogs"])


def test_datasets_of_a_group_are_stacks_images_or_files(write):
    """R26: one or more datasets a group, and attributes that hold for all of its images."""

    def fill(file):
        group = file.create_group("cat")
        group.attrs.update({"licence": "CC0", "year": 2019, "box": [1, 2], "mean": np.float32(0.5)})
        group["1_stack"] = PIXELS[..., 0]
        group["2_grey"] = PIXELS[0, :, :, 1]
        group["3_color"] = PIXELS[1]
        group["4_file"] = np.frombuffer(b"encoded", np.uint8)
        group["5_big_endian"] = PIXELS[0, :, :, 1].astype(">u2")
        file.create_group("dog")["picture"] = PIXELS[2]
        file["dog"].attrs["label"] = b"hound"

    source = HDF5Source(write(fill))
    assert len(source) == 11
    assert source.class_names == ("cat", "hound")
    assert source.image_shape is None
    assert np.array_equal(source.fetch(5), PIXELS[5, ..., 0])
    assert np.array_equal(source.fetch(6), PIXELS[0, ..., 1])
    assert np.array_equal(source.fetch(7), PIXELS[1])
    assert source.fetch(8) == b"encoded"
    assert source.fetch(9).dtype == np.dtype("uint16")
    assert np.array_equal(source.fetch(9), PIXELS[0, ..., 1])
    assert source.columns["licence"].tolist() == ["CC0"] * 10 + [None]
    assert source.columns["year"].tolist() == [2019] * 10 + [None]
    assert "box" not in source.columns


@pytest.mark.parametrize("keys", [("images", "labels"), ("x", "y"), ("x_train", "y_train")])
@pytest.mark.parametrize("chunked", [False, True])
def test_flat_files(write, keys, chunked):
    """R26, R28: images beside labels, plain and compressed; other names on demand."""

    def fill(file):
        options = {"chunks": (2, 4, 5, 3), "compression": "gzip"} if chunked else {}
        file.create_dataset(keys[0], data=PIXELS, **options)
        file[keys[1]] = np.eye(3)[[0, 1, 2, 0, 1, 2]]
        file["x_test"] = PIXELS[:2, ..., 0].astype("float32") / 255
        file["y_test"] = ["a", "b"]

    path = write(fill)
    source = HDF5Source(path)
    assert source.labels["label"].values.tolist() == [0, 1, 2, 0, 1, 2]
    assert np.array_equal(np.stack([source.fetch(i) for i in range(6)]), PIXELS)
    test = HDF5Source(path, image_key="x_test", label_key="y_test", class_names=["b", "a"])
    assert test.image_shape == (4, 5, 1)
    assert test.labels["label"].values.tolist() == [1, 0]
    assert HDF5Source(path, image_key="x_test").labels == {}


def test_encoded_images_of_other_writers(write):
    """Encoded images as one blob, also where it is compressed."""

    def fill(file):
        data = np.frombuffer(b"firstsecond", np.uint8)
        file.create_dataset("encoded", data=data, chunks=(4,), compression="gzip")
        file["offsets"] = [0, 5, 11]

    source = HDF5Source(write(fill))
    assert [source.fetch(0), source.fetch(1)] == [b"first", b"second"]
    assert source.labels == {}


def test_order_puts_the_rows_back(write, path):
    """Design section 6: `order` keeps the sequence of the rows."""

    def fill(file):
        for name, order in (("cat", [1, 4, 5]), ("dog", [0, 2, 3])):
            group = file.create_group(name)
            group["images"] = PIXELS[order]
            group["order"] = order

    source = HDF5Source(write(fill))
    assert np.array_equal(np.stack([source.fetch(i) for i in range(6)]), PIXELS)
    assert source.labels["label"].values.tolist() == [1, 0, 1, 1, 0, 0]
    with h5py.File(path, "a") as file:
        file["cat/order"][:] = [1, 4, 4]
    with pytest.raises(ValueError, match="'order' of the groups must hold every number"):
        HDF5Source(path)


def test_attributes_of_other_writers(write):
    """R15, R26: text of fixed length, as PyTables writes it; empty ones are passed over."""

    def fill(file):
        for label in ("cat", "dog"):
            group = file.create_group(label)
            group["images"] = PIXELS
            group.attrs["label"] = np.bytes_(label.upper().encode())
            group.attrs["licence"] = np.bytes_(b"CC0")
            group.attrs["year"] = 2019
            group.attrs["TITLE"] = h5py.Empty("S1")
            group.attrs["place"] = group.ref
        file["dog"].attrs["label"] = h5py.Empty("S1")

    source = HDF5Source(write(fill))
    assert source.class_names == ("CAT", "dog")
    assert set(source.columns) == {"licence", "year"}
    assert source.columns["licence"].tolist() == ["CC0"] * 12
    assert source.columns["year"].tolist() == [2019] * 12


def test_columns_must_fit(write):
    """R15: a column that is shorter than the images is refused."""

    def fill(file):
        group = file.create_group("cat")
        group["images"] = PIXELS
        group.create_group("columns")["year"] = [2019]

    with pytest.raises(ValueError, match="6 images, but 1 values in the column 'year'"):
        HDF5Source(write(fill))


@pytest.mark.parametrize("shape", [(6, 1), (6, 1, 1, 1)])
def test_labels_of_more_axes(write, shape):
    """As in the patches of PCam."""
    values = np.array([0, 1, 1, 0, 1, 0], np.uint8)
    path = write(lambda f: f.update(x=PIXELS, y=values.reshape(shape)))
    labels = HDF5Source(path).labels["label"]
    assert labels.kind == "class"
    assert labels.values.tolist() == values.tolist()
    path = write(lambda f: f.update(x=PIXELS, y=values.reshape(shape) / 2))
    assert HDF5Source(path).labels["label"].values.shape == (6,)


def test_images_and_labels_in_two_files(tmp_path):
    """As in PCam: `..._train_x.h5` and `..._train_y.h5`."""
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["x"] = PIXELS
    with h5py.File(tmp_path / "y.h5", "w") as file:
        file["y"] = (np.arange(6) % 2).reshape(6, 1, 1, 1).astype(np.uint8)
        file["other/y"] = [5, 6, 7]
    with h5py.File(tmp_path / "z.h5", "w") as file:
        file["kinds"] = ["a"] * 3 + ["b"] * 3
    read = partial(HDF5Source, tmp_path / "x.h5")
    source = read(label_path=tmp_path / "y.h5")
    assert source.labels["label"].values.tolist() == [0, 1, 0, 1, 0, 1]
    assert np.array_equal(source.fetch(5), PIXELS[5])
    assert read(label_path=tmp_path / "z.h5").class_names == ("a", "b")  # the only dataset
    with pytest.raises(ValueError, match="6 images in 'x', but 3 values in 'label'"):
        read(label_path=tmp_path / "y.h5", label_key="other/y")
    with pytest.raises(ValueError, match=r"y\.h5: there is no 'kinds' in the file; it holds"):
        read(label_path=tmp_path / "y.h5", label_key="kinds")
    with h5py.File(tmp_path / "z.h5", "a") as file:
        file["more"] = [1, 2]
    with pytest.raises(ValueError, match=r"z\.h5: which dataset are the labels\? .*'more'\]"):
        read(label_path=tmp_path / "z.h5")


def test_packs_of_the_first_version_stay_readable(write):
    """They had a blob in each group, and no names."""

    def fill(file):
        file.attrs.update(format="keras_cvdata", version=1, complete=True)
        file.attrs["class_names"] = '["cat", "dog", "about"]'
        for name, order in (("about", [1]), ("cat", [0, 3]), ("dog", [2])):
            group = file.create_group(name)
            group.attrs["label"] = name
            files = [b"image %d" % row * (row + 1) for row in order]
            group["encoded"] = np.frombuffer(b"".join(files), np.uint8)
            group["offsets"] = np.cumsum([0, *map(len, files)])
            group["order"] = order
            below = group.create_group("columns")
            below["year"] = np.array(order) + 2000

    source = HDF5Source(write(fill))
    assert [source.fetch(row) for row in range(4)] == [b"image %d" % r * (r + 1) for r in range(4)]
    assert source.labels["label"].values.tolist() == [0, 2, 1, 0]
    assert source.columns["year"].tolist() == [2000, 2001, 2002, 2003]
    assert source.name(3).endswith("pets.h5/cat/encoded[1]")
    assert source.masks is source.boxes is source.shard is None
