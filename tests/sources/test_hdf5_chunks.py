"""Chunks of others, read as the library reads them, and refused where they are damaged."""

import threading
import zlib

import h5py
import numpy as np
import pytest

from keras_cvdata.sources.hdf5 import HDF5Source
from keras_cvdata.sources.hdf5_library import Library
from keras_cvdata.types import ImageError

RNG = np.random.default_rng(0)
BYTES = RNG.integers(0, 256, (7, 10, 12, 3), np.uint8) // 16
OTHERS = {
    "uint8": BYTES,
    "big endian": (BYTES.astype(">u2") * 300)[..., 0],
    "float32": BYTES.astype(np.float32) / 16,
}
KINDS = {
    "plain": {"chunks": (1, 10, 12, 3)},
    "several images": {"chunks": (3, 10, 12, 3)},
    "parts of images": {"chunks": (2, 4, 5, 2), "compression": "gzip"},
    "shuffled": {"chunks": (2, 4, 5, 2), "shuffle": True},
    "gzip and shuffle": {"chunks": (1, 7, 12, 3), "compression": "gzip", "shuffle": True},
    "lzf": {"chunks": (2, 10, 12, 3), "compression": "lzf"},
    "checksum": {"chunks": (2, 10, 12, 3), "fletcher32": True},
    "all": {"chunks": (2, 3, 5, 3), "compression": "gzip", "shuffle": True, "fletcher32": True},
}


@pytest.fixture
def locked(monkeypatch):
    """Reads through the library."""
    calls = []
    real = Library.rows
    monkeypatch.setattr(Library, "rows", lambda *asked: calls.append(1) or real(*asked))
    return calls


@pytest.mark.parametrize("values", OTHERS.values(), ids=OTHERS)
@pytest.mark.parametrize("kind", KINDS)
def test_chunks_are_what_the_library_reads(tmp_path, locked, values, kind):
    options = {**KINDS[kind], "chunks": KINDS[kind]["chunks"][: values.ndim]}
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("images", data=values, **options)
    source = HDF5Source(tmp_path / "a.h5")
    wrong = []

    def check(start):
        for i in (*range(start, 7), *range(start)):
            found = source.fetch(i)
            wrong.extend([] if np.array_equal(found, values[i]) and found.dtype.isnative else [i])

    threads = [threading.Thread(target=check, args=(start,)) for start in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert bool(locked) == (kind == "lzf")


def test_one_image_and_bytes_in_chunks(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        group = file.create_group("cat")
        group.create_dataset("one", data=BYTES[0], chunks=(4, 4, 3), compression="gzip")
        group.create_dataset("file", data=BYTES[1].ravel(), chunks=(50,), compression="gzip")
    source = HDF5Source(tmp_path / "a.h5")
    assert source.fetch(0) == BYTES[1].tobytes()
    assert np.array_equal(source.fetch(1), BYTES[0])


def test_types_of_other_bits_are_left_to_the_library(tmp_path):
    """12 bits in two bytes, shifted by four: the bytes are not the numbers."""
    kind = h5py.h5t.STD_U16LE.copy()
    kind.set_precision(12)
    kind.set_offset(4)
    values = BYTES[..., 0].astype(np.uint16) * 16
    for name, chunks in (("a", None), ("b", (2, 10, 12))):
        with h5py.File(tmp_path / f"{name}.h5", "w") as file:
            creation = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
            if chunks:
                creation.set_chunk(chunks)
            space = h5py.h5s.create_simple(values.shape)
            h5py.Dataset(h5py.h5d.create(file.id, b"images", kind, space, creation))[...] = values
        source = HDF5Source(tmp_path / f"{name}.h5")
        assert np.array_equal(source.fetch(3), values[3])


def stored_chunk(path, data, mask=0):
    with h5py.File(path, "w") as file:
        images = file.create_dataset(
            "images", (2, 10, 12, 3), np.uint8, chunks=(1, 10, 12, 3), compression="gzip"
        )
        images[1] = BYTES[1]
        if data is not None:
            images.id.write_direct_chunk((0, 0, 0, 0), data, mask)
    return HDF5Source(path)


def test_chunks_that_were_left_out_or_not_compressed(tmp_path, locked):
    """What was never written is no black image."""
    empty = stored_chunk(tmp_path / "a.h5", None)
    with pytest.raises(ImageError, match=r"\[0\].*the chunk .* was never written"):
        empty.fetch(0)
    assert np.array_equal(empty.fetch(1), BYTES[1])
    bare = stored_chunk(tmp_path / "b.h5", BYTES[0].tobytes(), mask=1)
    assert np.array_equal(bare.fetch(0), BYTES[0])
    assert np.array_equal(bare.fetch(1), BYTES[1])


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"no deflate", "a chunk is damaged: Error"),
        (np.zeros(10_000, np.uint8).tobytes(), "longer than it must be"),
        (b"short", "not as long as it must be"),
        (RNG.bytes(2000), "takes more room than what it holds"),
    ],
    ids=["not deflated", "long", "short", "large"],
)
def test_damaged_chunks_are_errors(tmp_path, data, words):
    """Also those that would fill the memory."""
    stored = data if words.endswith("Error") else zlib.compress(data)
    source = stored_chunk(tmp_path / "a.h5", stored)
    with pytest.raises(ImageError, match=words):
        source.fetch(0)
    assert np.array_equal(source.fetch(1), BYTES[1])


def test_checksums_are_compared(tmp_path):
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        options = {"chunks": (1, 10, 12, 3), "fletcher32": True}
        place = (
            file.create_dataset("images", data=BYTES, **options).id.get_chunk_info(2).byte_offset
        )
    data = bytearray(path.read_bytes())
    data[place + 7] ^= 1
    path.write_bytes(data)
    with pytest.raises(ImageError, match=r"\[2\].*its checksum is another"):
        HDF5Source(path).fetch(2)


@pytest.mark.parametrize(
    ("at", "value", "words"),
    [
        (0, (1 << 30).to_bytes(4, "little"), "/images: its .* bytes reach beyond"),
        (8, (99).to_bytes(8, "little"), "chunks lie outside of the dataset"),
        (48, (1 << 20).to_bytes(8, "little"), "chunks lie beyond the end"),
    ],
    ids=["size", "offset", "address"],
)
def test_chunks_that_lead_elsewhere_are_errors(tmp_path, at, value, words):
    """In the tree of the chunks, whose keys are a size, a mask and offsets."""
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        images = file.create_dataset("images", data=BYTES, chunks=(1, 10, 12, 3), shuffle=True)
        size = images.id.get_chunk_info(0).size
    data = bytearray(path.read_bytes())
    key = size.to_bytes(4, "little") + bytes(4) + (3).to_bytes(8, "little") + bytes(32)
    start = data.index(key) + at
    data[start : start + len(value)] = value
    path.write_bytes(data)
    with pytest.raises(ValueError, match=words):
        HDF5Source(path).fetch(3)


def test_filters_in_an_order_that_nobody_can_follow_are_refused(tmp_path):
    """What another filter gives could be inflated without end."""
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        creation = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        creation.set_chunk((1, 10, 12, 3))
        creation.set_deflate(4)
        creation.set_filter(h5py.h5z.FILTER_LZF, h5py.h5z.FLAG_OPTIONAL)
        space = h5py.h5s.create_simple(BYTES.shape)
        h5py.h5d.create(file.id, b"images", h5py.h5t.STD_U8LE, space, creation)
        file["images"][...] = BYTES
    with pytest.raises(ValueError, match=r"/images: the filters .* in an order that is not supp"):
        HDF5Source(path)


def test_what_another_filter_takes_may_not_inflate_either(tmp_path):
    """The library is asked only after that."""
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        creation = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        creation.set_chunk((1, 10, 12, 3))
        creation.set_filter(h5py.h5z.FILTER_LZF, h5py.h5z.FLAG_OPTIONAL)
        creation.set_deflate(4)
        space = h5py.h5s.create_simple(BYTES.shape)
        h5py.h5d.create(file.id, b"images", h5py.h5t.STD_U8LE, space, creation)
        file["images"][...] = BYTES
        file["images"].id.write_direct_chunk((1, 0, 0, 0), zlib.compress(bytes(100_000)))
    source = HDF5Source(path)
    assert np.array_equal(source.fetch(0), BYTES[0])
    with pytest.raises(ImageError, match=r"\[1\].*longer than it must be"):
        source.fetch(1)


def test_filters_of_the_plugin(tmp_path, locked):
    plugin = pytest.importorskip("hdf5plugin")
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("images", data=BYTES, chunks=(1, 10, 12, 3), **plugin.Blosc())
    assert np.array_equal(HDF5Source(tmp_path / "a.h5").fetch(4), BYTES[4])
    assert locked


def test_a_filter_that_is_not_there_is_named(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        creation = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        creation.set_chunk((1, 10, 12, 3))
        creation.set_filter(305, h5py.h5z.FLAG_OPTIONAL)
        space = h5py.h5s.create_simple(BYTES.shape)
        h5py.h5d.create(file.id, b"images", h5py.h5t.STD_U8LE, space, creation)
        file["images"][...] = BYTES
    with pytest.raises(ValueError, match=r"by the filter 305 .*pip install \"keras-cvdata\[hdf5\]"):
        HDF5Source(tmp_path / "a.h5")
