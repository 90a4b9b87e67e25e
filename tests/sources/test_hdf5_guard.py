"""HDF5 files that are refused."""

import h5py
import numpy as np
import pytest

from keras_cvdata.sources.hdf5 import HDF5Source
from tests.sources.hdf5_files import PIXELS, pets


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


def long_text_in_chunks(file):
    options = {"chunks": (200,), "compression": "gzip"}
    data = file.create_dataset("images", (200,), "S2000000", **options)
    data.id.write_direct_chunk((0,), b"deflated")


def very_many_chunks(file):
    file.create_dataset("images", (1, 300, 300), "u1", chunks=(1, 1, 1))[0, 0, :] = 1


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
        (long_text_in_chunks, r"its chunks \(200,\) take .* chunks=\(1,\)"),
        (very_many_chunks, "images: each image lies in 90,000 chunks"),
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


def test_damage_inside_is_named(write, path):
    write(pets, libver="latest")  # with checksums
    data = bytearray(path.read_bytes())
    data[data.rindex(b"OHDR") + 10] ^= 255
    path.write_bytes(data)
    with pytest.raises(
        ValueError, match=r"pets\.h5/c/pictures: the file is damaged inside: .*checksum"
    ):
        HDF5Source(path)
