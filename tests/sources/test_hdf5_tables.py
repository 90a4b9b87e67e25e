"""Labels, columns and attributes of HDF5: what they may take, and what is said of damage."""

import h5py
import numpy as np
import pytest

from keras_cvdata.conversion import convert
from keras_cvdata.sources import hdf5_tables
from keras_cvdata.sources.hdf5 import HDF5Source
from keras_cvdata.sources.hdf5_heap import Heap
from keras_cvdata.types import ImageError

PIXELS = np.arange(6 * 4 * 5 * 3, dtype=np.uint8).reshape(6, 4, 5, 3)
NAMES = ["cat", "dog", "", "äö", "cat", "x" * 5000]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "pets.h5"


def written(path, fill, **options):
    with h5py.File(path, "w", **options) as file:
        fill(file)
    return path


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"chunks": (4,)},
        {"chunks": (4,), "compression": "gzip", "shuffle": True},
        {"chunks": (4,), "compression": "lzf"},
    ],
    ids=["plain", "chunks", "deflated", "lzf"],
)
@pytest.mark.parametrize("before", [0, 512])
def test_text_is_what_the_library_reads(path, options, before):
    """Also behind a block of the user, and where one cell is empty."""

    def fill(file):
        file["cat/images"] = PIXELS
        file.create_dataset("cat/columns/name", data=NAMES, **options)

    source = HDF5Source(written(path, fill, userblock_size=before))
    assert source.columns["name"].tolist() == NAMES


def test_text_in_the_header_and_in_files_of_short_addresses(path, tmp_path):
    """Where cells lie is known to the library only."""
    creation = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    creation.set_layout(h5py.h5d.COMPACT)

    def fill(file):
        file["cat/images"] = PIXELS
        file.create_dataset("cat/columns/name", data=NAMES, dcpl=creation)

    assert HDF5Source(written(path, fill)).columns["name"].tolist() == NAMES
    sizes = h5py.h5p.create(h5py.h5p.FILE_CREATE)
    sizes.set_sizes(4, 4)
    short = tmp_path / "short.h5"
    with h5py.File(h5py.h5f.create(bytes(short), h5py.h5f.ACC_TRUNC, sizes)) as file:
        file["a/images"], file["a/columns/name"] = PIXELS, NAMES
    assert HDF5Source(short).columns["name"].tolist() == NAMES


@pytest.mark.parametrize(
    ("at", "value", "words"),
    [
        (-8, (4).to_bytes(8, "little"), "text of 9 bytes, where the heap holds"),
        (-32, b"NONE", "there is no heap at"),
        (-24, (1 << 40).to_bytes(8, "little"), "the heap reaches beyond the end"),
        (-16, bytes(2), "text of 9 bytes, where the heap holds 0"),
        (0, b"\xff", "the text is not UTF-8"),
    ],
    ids=["short", "signature", "size", "number", "text"],
)
def test_damaged_text_is_named(path, at, value, words):
    written(path, lambda file: file.update(images=PIXELS, labels=["some text"] * 6))
    data = bytearray(path.read_bytes())
    start = data.index(b"some text") + at
    data[start : start + len(value)] = value
    path.write_bytes(data)
    with pytest.raises(ValueError, match=rf"pets\.h5/labels: .*{words}"):
        HDF5Source(path)


def test_equal_cells_are_one_text(path):
    cells = np.zeros(3, [("length", "<u4"), ("address", "<u8"), ("number", "<u4")])
    assert Heap(None, 0, 0, print).texts(cells).tolist() == [""] * 3
    source = HDF5Source(
        written(path, lambda file: file.update({"a/images": PIXELS, "a/columns/b": NAMES}))
    )
    assert len(set(source.columns["b"].tolist())) == 5


@pytest.mark.parametrize(
    ("fill", "complaint"),
    [
        (lambda f: f.update(labels=np.zeros((6, 500), np.uint8)), "labels: with it, .* than the"),
        (lambda f: f.update(labels=["x" * 3000, *"abcde"]), "labels: with it, what belongs"),
        (lambda f: f.attrs.update(format="x" * 9000), "the attribute 'format': with it"),
    ],
    ids=["rows", "text", "attribute"],
)
def test_what_takes_too_much_is_refused(path, monkeypatch, fill, complaint):
    monkeypatch.setattr(hdf5_tables, "FREE", 2500)
    monkeypatch.setattr(hdf5_tables, "SHARE", 0)
    written(path, lambda file: file.update(images=PIXELS))
    assert len(HDF5Source(path)) == 6
    with h5py.File(path, "a") as file:
        fill(file)
    with pytest.raises(ValueError, match=rf"pets\.h5.*{complaint}"):
        HDF5Source(path)


def labels(kind, rows, chunk):
    """Labels of which some rows were written."""

    def fill(file):
        file["images"] = PIXELS
        file.create_dataset("labels", (6,), kind, chunks=(chunk,))[rows] = (
            1 if kind == "u1" else "a"
        )

    return fill


def dates(file):
    file["images"] = PIXELS
    h5py.h5d.create(file.id, b"labels", h5py.h5t.UNIX_D32LE, h5py.h5s.create_simple((6,)))
    file["labels"].id.write(h5py.h5s.ALL, h5py.h5s.ALL, np.ones(6, "i4"), h5py.h5t.UNIX_D32LE)


def filters(file):
    file["images"] = PIXELS
    creation = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    creation.set_chunk((6,))
    creation.set_deflate(4)
    creation.set_filter(h5py.h5z.FILTER_LZF, h5py.h5z.FLAG_OPTIONAL)
    space = h5py.h5s.create_simple((6,))
    h5py.h5d.create(file.id, b"labels", h5py.h5t.STD_U8LE, space, creation)
    file["labels"][...] = 1


@pytest.mark.parametrize(
    ("fill", "complaint"),
    [
        (labels("u1", np.s_[:0], 2), r"the data \(6,\) were never written"),
        (labels("u1", np.s_[:4], 2), r"the chunk \(2,\), of the rows 4 to 5, was never written"),
        (labels(h5py.string_dtype(), np.s_[3:], 3), r"the chunk \(0,\), of the rows 0 to 2, was"),
        (dates, "NumPy has no type"),
        (filters, r"the filters \[1, 32000\] stand in an order"),
    ],
    ids=["all", "some", "text", "dates", "filters"],
)
def test_what_is_intact_is_not_called_damaged(path, fill, complaint):
    """What was never written is no label of the first class, whatever the fill value is."""
    with pytest.raises(ValueError, match=rf"pets\.h5/labels: {complaint}") as told:
        HDF5Source(written(path, fill))
    assert "damaged" not in str(told.value)


def test_the_fill_value_is_a_label_once_it_is_stored(path):
    written(path, labels("u1", np.s_[:4], 2))
    with h5py.File(path, "a") as file:
        file["labels"][...] = file["labels"][...]
    assert HDF5Source(path).labels["label"].values.tolist() == [1, 1, 1, 1, 0, 0]


def compound(file):
    file.update(images=PIXELS, labels=np.zeros(6, [("a", "u1")]))


@pytest.mark.parametrize(
    ("fill", "complaint"),
    [
        (compound, "/labels: expected numbers or text"),
        (lambda f: f.update({"images": PIXELS, "labels/a/b": [1]}), "/labels/a: expected a data"),
        (lambda f: f.update({"a/images": PIXELS, "a/columns/b/c": [1]}), "/b: expected a column"),
        (lambda f: f.update({"a/images": PIXELS, "a/order": list("abcdef")}), "'order' of the"),
        (lambda f: f.update({"a/images": PIXELS, "a/order": [1]}), "6 images, but 1 values in 'or"),
        (lambda f: f.update(images=PIXELS, labels=[-1] * 6), r"pets\.h5: row 0: integer labels"),
        (lambda f: f.create_dataset("images", (3, 0, 4), "u1"), "images: expected images"),
        (
            lambda f: f.create_dataset("images", (400, 4), "u1", chunks=(1, 4)).write_direct(
                np.ones((1, 4), "u1"), dest_sel=np.s_[:1]
            ),
            "/images",
        ),
    ],
    ids=["records", "groups", "groups of columns", "text", "order", "codes", "empty", "flat"],
)
def test_datasets_of_the_wrong_kind_are_named(path, fill, complaint):
    with pytest.raises(ValueError, match=complaint):
        HDF5Source(written(path, lambda file: fill(file) and None))


@pytest.mark.parametrize(
    ("where", "name", "value", "complaint"),
    [
        ("/", "version", "two", "the version 'two' of the file is damaged"),
        ("/", "complete", "", "never completed"),
        ("/", "class_names", "[1]", "'class_names': expected names"),
        ("/", "class_names", "[", "'class_names': the file is damaged inside"),
        ("/", "shard", [3, 2], "'shard' is no part of a whole"),
        ("/labels", "names", '[["a"]]', r"/labels: the values are no labels .* beyond the \[1\]"),
        ("/labels", "names", '["ab"]', "'names': expected lists of names"),
        ("/labels", "kind", "class", "/labels: the values are no labels of the kind 'class'"),
        ("/labels", "kind", "hierarchical", "of the kind 'hierarchical'"),
        ("/labels", "kind", "number", "of the kind 'number'"),
        ("/images", "value_range", "white", "/images: its attribute 'value_range' must be"),
    ],
)
def test_attributes_of_the_wrong_kind_are_named(path, where, name, value, complaint):
    labels = np.array([[1, 0], [0, 1], [1, 1]] * 2, np.uint8)
    convert((PIXELS, labels), path, verbose=0)
    with h5py.File(path, "a") as file:
        file[where].attrs[name] = value
    with pytest.raises(ValueError, match=rf"pets\.h5.*{complaint}"):
        HDF5Source(path)


@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [
        ("box_labels", [9] * 6, "classes of boxes are beyond the 1 names"),
        ("box_offsets", [0, 2, 1, 3, 4, 5, 6], "boxes does not fit the 6 images"),
        ("boxes", np.zeros((6, 3), np.float32), "expected four numbers for each box"),
        ("crc32", np.zeros(6), "crc32 does not fit"),
        ("names", np.zeros(60), "names does not fit"),
        ("name_offsets", [], "names does not fit"),
    ],
)
def test_what_a_pack_holds_beside_is_looked_at(path, name, value, complaint):
    convert((PIXELS, list("abaabb")), path, verbose=0)
    with h5py.File(path, "a") as file:
        about = file["about"]
        about["boxes"], about["box_labels"] = np.ones((6, 4), np.float32), np.zeros(6, np.int32)
        about["box_offsets"] = np.arange(7)
        about["boxes"].attrs.update(format="xyxy", class_names='["a"]')
    assert HDF5Source(path).boxes.class_names == ("a",)
    with h5py.File(path, "a") as file:
        attributes = dict(file[f"about/{name}"].attrs)
        del file[f"about/{name}"]
        file[f"about/{name}"] = value
        file[f"about/{name}"].attrs.update(attributes)
    with pytest.raises(ValueError, match=rf"pets\.h5/about/.*{complaint}"):
        HDF5Source(path)


def test_images_that_are_too_large_are_refused(path):
    source = HDF5Source(written(path, lambda file: file.update(images=PIXELS)))
    assert source.limited(20).fetch(0).shape == (4, 5, 3)
    out = np.empty((1, 4, 5, 3), np.uint8)
    assert not source.limited(19).fetch_into(np.array([0]), out)
    with pytest.raises(ImageError, match=r"\[0\].*4 x 5 pixels, 60 bytes; at most 19 pixels"):
        source.limited(19).fetch(0)


@pytest.mark.parametrize(("value", "found"), [(np.bytes_(b"ab"), "ab"), (np.zeros(9), "")])
def test_the_name_of_a_collection_is_text(path, value, found):
    convert((PIXELS, list("abaabb")), path, verbose=0)
    with h5py.File(path, "a") as file:
        file.attrs["collection"] = value
    assert HDF5Source(path).about.collection == found
