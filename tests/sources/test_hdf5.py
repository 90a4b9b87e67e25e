"""HDF5 files: the layouts that are read, and those that are refused."""

import multiprocessing
import pickle
import threading
from concurrent.futures import ProcessPoolExecutor
from functools import partial

import h5py
import numpy as np
import pytest

from keras_cvdata.conversion import convert
from keras_cvdata.sources.hdf5 import HDF5Source
from keras_cvdata.sources.hdf5_keys import check_class
from keras_cvdata.types import ImageError

PIXELS = np.arange(6 * 4 * 5 * 3, dtype=np.uint8).reshape(6, 4, 5, 3)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "pets.h5"


@pytest.fixture
def write(path):
    """Write a file with a function that takes it."""

    def make(fill, **options):
        with h5py.File(path, "w", **options) as file:
            fill(file)
        return path

    return make


def pets(file):
    for label, part in (("dogs", PIXELS[:2]), ("cats", PIXELS[2:])):
        group = file.create_group(label[0])
        group.attrs["label" if label == "dogs" else "name"] = label
        group["pictures"] = part


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


@pytest.mark.parametrize("chunked", [False, True])
def test_many_threads_and_processes_read_at_once(write, chunked):
    """Reading is safe from threads, after pickling and after a fork."""
    path = write(lambda f: f.create_dataset("images", data=PIXELS, chunks=chunked or None))
    source = pickle.loads(pickle.dumps(HDF5Source(path)))
    wrong = []

    def check():
        for _ in range(50):
            wrong.extend(i for i in range(6) if not np.array_equal(source.fetch(i), PIXELS[i]))

    threads = [threading.Thread(target=check) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        assert np.array_equal(pool.submit(source.fetch, 5).result(60), PIXELS[5])


def test_a_file_that_changes_is_noticed(write, path):
    """A file that was replaced or cut short after it was listed is no silent garbage."""
    source = HDF5Source(write(pets))
    again = pickle.loads(pickle.dumps(source))
    assert np.array_equal(source.fetch(0), PIXELS[2])
    with path.open("rb+") as file:
        file.truncate(100)
    with pytest.raises(ImageError, match=r"c/pictures\[0\] \(row 0\).*changed after"):
        again.fetch(0)
    with pytest.raises(ImageError, match="shorter than it says"):
        source.fetch(0)
    path.unlink()
    with pytest.raises(ImageError, match="No such file"):
        again.fetch(0)


def external_link(file):
    file["cat"] = h5py.ExternalLink("/etc/other.h5", "/cat")


def soft_link(file):
    file.create_group("cat")["images"] = h5py.SoftLink("/dog/images")


def virtual(file):
    layout = h5py.VirtualLayout((2, 4, 4), "u1")
    layout[0] = h5py.VirtualSource("/etc/other.h5", "x", (4, 4))
    file.create_group("cat").create_virtual_dataset("images", layout)


def external_storage(file):
    group = file.create_group("cat")
    group.create_dataset("images", (2, 4, 4), "u1", external=[("/etc/hostname", 0, 32)])


def objects(file):
    file["images"] = np.zeros((2, 4, 4), np.uint8)
    file.create_dataset("labels", (2,), h5py.vlen_dtype(np.uint8))


def references(file):
    file.create_dataset("images", (2,), h5py.ref_dtype)


def never_written(file):
    file.create_group("cat").create_dataset("images", (2, 4, 4), "u1")


def huge_chunks(file):
    options = {"chunks": (1, 8192, 8193), "compression": "gzip"}
    data = file.create_dataset("images", (1, 8192, 8193), "u2", **options)
    data.id.write_direct_chunk((0, 0, 0), b"deflated")


def implausible_size(file):
    data = file.create_dataset("images", (1 << 40, 8, 8), "u1", chunks=(1, 8, 8))
    data[0] = 1


def circle(file):
    group = file.create_group("cat")
    group["again"] = file["/"]


def one_group_twice(file):
    file.create_group("cat")["images"] = PIXELS
    file["dog"] = file["cat"]


@pytest.mark.parametrize(
    ("fill", "complaint"),
    [
        (external_link, "cat: this is a link to another file"),
        (soft_link, "cat/images: this is a link to another place"),
        (virtual, "cat/images: the data lie in other files"),
        (external_storage, "cat/images: the data lie in other files"),
        (objects, "labels: expected numbers or text; got objects"),
        (references, "images: expected numbers or text; got objects"),
        (never_written, r"cat/images: the data \(2, 4, 4\) were never written"),
        (huge_chunks, r"its chunks \(1, 8192, 8193\) take .* chunks=\(1, 512, 513\)"),
        (implausible_size, "images: .* which no compression explains"),
        (circle, "lead in a circle"),
        (one_group_twice, "dog: the groups lead in a circle, meet twice"),
        (lambda _: None, "no images found"),
        (lambda f: f.create_dataset("images", data=PIXELS[:0]), "no images found"),
        (lambda f: f.create_group("cat"), r"no images found; the file holds \['cat'\]"),
        (lambda f: f.create_dataset("data", data=PIXELS), r"no images found.*\['data'\]"),
        (lambda f: f.create_dataset("images", data=PIXELS[..., None]), "images: expected images"),
        (lambda f: f.create_dataset("images", data=PIXELS.astype("i8")), "of int64"),
        (lambda f: f.create_group("cat").create_dataset("ids", data=[1, 2]), "cat/ids: expected"),
        (lambda f: f.create_dataset("encoded", data=PIXELS[0, 0, 0]), "with 'offsets' beside"),
        (lambda f: f.update(encoded=PIXELS[0, 0, 0], offsets=[0, 9]), "at most 3"),
        (lambda f: f.update(images=PIXELS, labels=[1, 0]), "6 images in 'images', but 2 values"),
        (lambda f: f.attrs.update(format="keras_cvdata"), "never completed"),
    ],
)
def test_what_is_refused(write, fill, complaint):
    """What reaches other files, cannot be, or is no image: named with its address."""

    def make(file):
        fill(file)

    with pytest.raises(ValueError, match=f"(?s)pets.h5.*{complaint}"):
        HDF5Source(write(make))


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


def test_damage_inside_is_named(write, path):
    write(pets, libver="latest")  # with checksums
    data = bytearray(path.read_bytes())
    data[data.rindex(b"OHDR") + 10] ^= 255
    path.write_bytes(data)
    with pytest.raises(
        ValueError, match=r"pets\.h5/c/pictures: the file is damaged inside: .*checksum"
    ):
        HDF5Source(path)


def test_columns_must_fit(write):
    """R15: a column that is shorter than the images is refused."""

    def fill(file):
        group = file.create_group("cat")
        group["images"] = PIXELS
        group.create_group("columns")["year"] = [2019]

    with pytest.raises(ValueError, match="6 images, but 1 values in the column 'year'"):
        HDF5Source(write(fill))


def test_unknown_names_and_files(write, tmp_path):
    path = write(pets)
    with pytest.raises(ValueError, match=r"no 'x_test' in the file; it holds \['c', 'd'\]"):
        HDF5Source(path, image_key="x_test")
    with pytest.raises(FileNotFoundError, match="does not exist"):
        HDF5Source(tmp_path / "none.h5")
    with pytest.raises(FileNotFoundError, match="is not a file"):
        HDF5Source(tmp_path)
    (tmp_path / "text.h5").write_text("label,location")
    with pytest.raises(ValueError, match="cannot be opened as HDF5"):
        HDF5Source(tmp_path / "text.h5")


def parts(file, images="image", labels="label", names=("test", "train")):
    for number, name in enumerate(names):
        file.create_group(name)[images] = PIXELS[number:]
        file[name][labels] = np.arange(6 - number, dtype=np.uint8) % 3


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


def damaged_about(change):
    """A pack with one thing changed."""

    def fill(file):
        source = file.filename + ".pack.h5"
        with h5py.File(source) as whole:
            for name in whole:
                whole.copy(name, file)
            file.attrs.update(whole.attrs)
        change(file)

    return fill


def replaced(name, values):
    def change(file):
        if name in file:
            del file[name]
        file[name] = values

    return change


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (replaced("about/crc32", [1, 2]), "about/crc32 does not fit the 6 images"),
        (replaced("about/name_offsets", [0, 1]), "about/names does not fit the 6 images"),
        (replaced("a/slots", [0, 1, 3]), "'slots' must hold numbers from 0 to 2"),
        (lambda file: file.attrs.update(version=9), "of version 9, which a newer keras_cvdata"),
        (lambda file: file.__delitem__("about"), "there is no 'about' in the file"),
    ],
    ids=["crc32", "names", "slots", "version", "about"],
)
def test_packs_that_do_not_fit_are_refused(write, path, change, complaint):
    convert((PIXELS, list("abaabb")), f"{path}.pack.h5", verbose=0)
    with pytest.raises(ValueError, match=complaint):
        HDF5Source(write(damaged_about(change)))
