"""HDF5 files: which members hold the images, and which their labels."""

import h5py
import numpy as np
import pytest

from keras_cvdata.conversion import convert
from keras_cvdata.sources.hdf5 import HDF5Source
from keras_cvdata.sources.hdf5_keys import check_class
from tests.sources.hdf5_files import PIXELS, parts, pets


def test_members_are_named_by_paths(write):
    """Files of others hold their parts in groups."""
    path = write(parts)
    source = HDF5Source(path, image_key="train/image", label_key="train/label")
    assert source.labels["label"].values.tolist() == [0, 1, 2, 0, 1]
    assert np.array_equal(source.fetch(4), PIXELS[5])
    assert source.name(4).endswith("pets.h5/train/image[4]")
    for key in ("train/image", "/train/image", "train"):  # the usual name of labels lies beside
        assert len(HDF5Source(path, image_key=key).labels["label"]) == 5
    crossed = HDF5Source(write(lambda f: parts(f, "pixels", "kind")), image_key="test/pixels")
    assert len(crossed) == 6
    assert crossed.labels == {}


def test_a_class_may_be_read_from_a_group(write):
    def fill(file):
        for name in ("train/cat", "train/dog", "test/cat"):
            file.create_group(name)["images"] = PIXELS

    path = write(fill)
    assert HDF5Source(path, image_key="train").labels["label"].counts() == {"cat": 6, "dog": 6}
    with pytest.raises(ValueError, match=r"look like parts.*image_key='train'; if these are the"):
        HDF5Source(path)
    assert len(HDF5Source(path, class_names=[["train", "test"], ["dog", "cat"]])) == 18


def test_one_part_is_read_without_asking(write):
    source = HDF5Source(write(lambda f: parts(f, names=("data",))))
    assert len(source) == len(source.labels["label"]) == 6


@pytest.mark.parametrize(
    ("fill", "complaint"),
    [
        (parts, r"\['test', 'train'\] look like parts .* image_key='train'"),
        (
            lambda f: parts(f, names=("a", "b")),
            "pets.h5/a is no class: its 'label' .*image_key='a/image', label_key='a/label'",
        ),
        (
            lambda f: parts(f, "pixels", "kind", ("a", "b")),
            "its 'kind' .*image_key='a/pixels', label_key='a/kind'",
        ),
        (
            lambda f: f.create_group("a").update(image=PIXELS, label=np.eye(6)) or parts(f),
            "pets.h5/a is no class: its 'label'",
        ),
        (
            lambda f: f.create_dataset("images", data=np.zeros((2, 3, 8, 9), np.uint8)),
            r"\(2, 3, 8, 9\) looks like \(count, channels, height, width\)",
        ),
    ],
)
def test_parts_and_planes_are_no_classes_and_no_images(write, fill, complaint):
    def make(file):
        fill(file)

    with pytest.raises(ValueError, match=complaint):
        HDF5Source(write(make))


def test_classes_that_are_named_as_parts_in_a_file_of_ours(tmp_path):
    """What `convert` writes is known."""
    images = np.zeros((4, 8, 8, 3), np.uint8), ["train", "test"] * 2
    assert HDF5Source(convert(images, tmp_path / "t.h5", verbose=0)).class_names == (
        "test",
        "train",
    )


def test_labels_alone_are_not_enough(write):
    """A name of labels is not passed over."""
    with pytest.raises(ValueError, match="which dataset are the images"):
        HDF5Source(write(pets), label_key="c")


def test_paths_in_the_file_follow_no_links(write):
    def fill(file):
        parts(file)
        file["there"] = h5py.SoftLink("/train")

    with pytest.raises(ValueError, match="there: this is a link to another place"):
        HDF5Source(write(fill), image_key="there/image")
    with pytest.raises(ValueError, match=r"no 'train/x' in the file; '/train' holds \['image', 'l"):
        HDF5Source(write(parts), image_key="train/x")
    with pytest.raises(ValueError, match="no 'train/image/x' in the file"):
        HDF5Source(write(parts), image_key="train/image/x")


def test_very_many_datasets_of_a_group_are_compared_in_no_time():
    """One dataset an image is common; pairs of them would take hours."""

    class Data:
        ndim, size, shape, count = 3, 60, (4, 5, 3), 0

        def __len__(self):
            Data.count += 1
            return 4

    check_class({str(number): Data() for number in range(1000)}, "a.h5/cat", "a.h5")
    assert Data.count <= 3000
