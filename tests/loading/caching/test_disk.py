"""A folder of images: many processes, damage, full disks, and nothing that is not whole."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import textwrap
import time
import zlib
from pathlib import Path

import numpy as np
import pytest

from keras_cvdata.engine.opencv import Reduced
from keras_cvdata.loading.caching import disk
from keras_cvdata.loading.caching.disk import DiskStore
from keras_cvdata.loading.caching.entries import RECORD_BYTES, Kept


def key(number):
    return number.to_bytes(16, "big")


def image(number, dtype="uint8"):
    shape = 3 + number % 5, 4, 3
    pixels = np.random.default_rng(number).integers(0, 256, shape).astype(dtype)
    return Kept(pixels, Reduced(50 + number, 9, 1.5, 2.25), number % 2)


def same(ours, number, dtype="uint8"):
    theirs = image(number, dtype)
    assert ours.pixels.dtype == dtype
    np.testing.assert_array_equal(ours.pixels, theirs.pixels)
    return ours[1:] == theirs[1:]


def filled(folder, numbers=range(4)):
    store = DiskStore(folder)
    for number in numbers:
        store.put(key(number), image(number))
    return store


def file(folder, ending):
    (found,) = folder.glob(f"*{ending}")
    return found


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_images_come_back_as_they_were_also_later(tmp_path, dtype):
    store = DiskStore(tmp_path / "new" / "folder")
    store.put(key(3), image(3, dtype))
    store.put(key(3), image(4, dtype))  # there already
    for reader in (
        store,
        DiskStore(tmp_path / "new" / "folder"),
        pickle.loads(pickle.dumps(store)),
    ):
        assert same(reader.get(key(3)), 3, dtype)
        assert same(reader.get(key(3)), 3, dtype)  # checked once, then trusted
        assert reader.get(key(1)) is None
        assert len(reader) == 1
        assert reader.used == image(3, dtype).pixels.nbytes
    assert str(tmp_path) in repr(store)


def test_what_another_process_writes_is_seen_within_a_second(tmp_path, monkeypatch):
    reader, writer = DiskStore(tmp_path), DiskStore(tmp_path)
    writer.put(key(1), image(1))
    assert reader.get(key(1)) is None  # looked a moment ago
    monkeypatch.setattr(disk, "_PAUSE", 0)
    assert same(reader.get(key(1)), 1)
    writer.put(key(2), image(2))
    assert same(reader.get(key(2)), 2)
    reader.put(key(5), image(5))
    assert same(writer.get(key(5)), 5)
    assert reader.used == sum(image(number).pixels.nbytes for number in (1, 2, 5))


@pytest.mark.parametrize("length", [0, 20, 32, 32 + RECORD_BYTES - 1, 32 + 2 * RECORD_BYTES + 5])
def test_a_record_that_was_cut_off_ends_the_index(tmp_path, length):
    filled(tmp_path)
    index = file(tmp_path, ".index")
    index.write_bytes(index.read_bytes()[:length])
    store = DiskStore(tmp_path)
    assert len(store) == max(0, length - 32) // RECORD_BYTES
    assert all(same(store.get(key(number)), number) for number in range(len(store)))


def test_a_record_that_is_still_being_written_is_read_later(tmp_path, monkeypatch):
    monkeypatch.setattr(disk, "_PAUSE", 0)
    filled(tmp_path)
    index = file(tmp_path, ".index")
    whole = index.read_bytes()
    index.write_bytes(whole[:-7])
    store = DiskStore(tmp_path)
    assert store.get(key(3)) is None
    index.write_bytes(whole)
    assert same(store.get(key(3)), 3)


def test_bytes_that_changed_are_never_served(tmp_path):
    """As a disk may do to what it was given, at a power failure for example."""
    filled(tmp_path)
    data, index = file(tmp_path, ".data"), file(tmp_path, ".index")
    content = bytearray(data.read_bytes())
    content[5] ^= 1
    data.write_bytes(content[:-1])
    record = bytearray(index.read_bytes())
    record[32 + 2 * RECORD_BYTES + 60] ^= 1  # what a pixel stands for
    index.write_bytes(record)
    store = DiskStore(tmp_path)
    assert len(store) == 2  # the third record is no longer whole, and ends the index
    assert store.get(key(0)) is None
    assert same(store.get(key(1)), 1)
    store.put(key(0), image(0))
    assert same(store.get(key(0)), 0)

    index.write_bytes(b"another version of this".ljust(32) + bytes(record[32:]))
    assert len(DiskStore(tmp_path)) == 1  # of the second pair
    data.unlink()
    assert store.get(key(1)) is not None  # which is open
    assert same(DiskStore(tmp_path).get(key(0)), 0)


def test_records_of_no_pixels_end_the_index(tmp_path):
    """Whoever writes them: objects would be addresses in memory, and sizes any size of memory."""
    filled(tmp_path)
    index = file(tmp_path, ".index")
    start, whole = 32 + RECORD_BYTES, index.read_bytes()
    for fields in (
        whole[start : start + 36] + b"|O8" + whole[start + 39 : start + RECORD_BYTES - 4],
        whole[start : start + 26] + b"\xff" + whole[start + 27 : start + RECORD_BYTES - 4],
    ):
        crc = zlib.crc32(fields).to_bytes(4, "little")
        index.write_bytes(whole[:start] + fields + crc + whole[start + RECORD_BYTES :])
        store = DiskStore(tmp_path)
        assert store.get(key(1)) is None
        assert same(store.get(key(0)), 0)


def test_pixels_that_are_missing_at_the_end_are_no_image(tmp_path):
    filled(tmp_path)
    data = file(tmp_path, ".data")
    data.write_bytes(data.read_bytes()[:-1])
    store = DiskStore(tmp_path)
    assert store.get(key(3)) is None
    assert same(store.get(key(2)), 2)


def test_a_limit_counts_what_others_wrote(tmp_path):
    used = filled(tmp_path).used
    size = image(5).pixels.nbytes
    store = DiskStore(tmp_path, limit=used + size)
    assert store.room() == used + size
    store.put(key(5), image(5))
    store.put(key(6), image(6))
    assert store.get(key(6)) is None
    assert same(store.get(key(5)), 5)


def test_a_nearly_full_disk_is_left_alone(tmp_path, monkeypatch):
    monkeypatch.setattr(disk, "free_disk", lambda _: image(0).pixels.nbytes)
    store = filled(tmp_path, [0])
    monkeypatch.setattr(disk, "free_disk", lambda _: 0)
    store.put(key(1), image(1))
    assert len(store) == 1


def test_a_full_disk_ends_the_writing_with_one_warning(tmp_path, monkeypatch):
    store = filled(tmp_path)
    with open("/dev/full", "wb", buffering=0) as full:  # noqa: PTH123
        monkeypatch.setattr(store._writer, "_data", full)
        with pytest.warns(UserWarning, match="takes no more images: No space left on device") as w:
            store.put(key(8), image(8))
        assert len(w) == 1
        store.put(key(9), image(9))
    for reader in (store, DiskStore(tmp_path)):
        assert [number for number in range(10) if reader.get(key(number))] == [0, 1, 2, 3]


def test_an_index_that_cannot_grow_ends_the_writing_too(tmp_path, monkeypatch):
    store = filled(tmp_path)
    with open("/dev/full", "wb", buffering=0) as full:  # noqa: PTH123
        monkeypatch.setattr(store._writer, "_index", full)
        with pytest.warns(UserWarning, match="No space left"):
            store.put(key(8), image(8))
    assert store.get(key(8)) is None


def test_a_forked_process_writes_files_of_its_own(tmp_path, monkeypatch):
    store = filled(tmp_path)
    assert store._lock.acquire()  # as another thread may, at the moment of the fork
    monkeypatch.setattr(store, "_owner", -1)
    store.put(key(8), image(8))
    assert same(store.get(key(8)), 8)
    assert len(list(tmp_path.glob("*.data"))) == 2
    assert len(DiskStore(tmp_path)) == 5


def test_a_file_in_the_place_of_the_folder_is_told(tmp_path):
    (tmp_path / "cache").write_text("")
    with pytest.raises(NotADirectoryError, match=r"cache is a file\. Give the path of a folder"):
        DiskStore(tmp_path / "cache")


FILL = """
import sys
from pathlib import Path
sys.path[:0] = sys.argv[2:]
from keras_cvdata.loading.caching.disk import DiskStore
from test_disk import image, key
store = DiskStore(sys.argv[1])
print("begun", flush=True)
for number in range(10**6):
    store.put(key(number), image(number))
"""


@pytest.mark.slow
def test_killed_processes_leave_only_whole_images(tmp_path):
    """Two fill one folder; both are killed at a random moment, four times."""
    here = Path(__file__).parent
    random = np.random.default_rng()
    for _ in range(4):
        pair = [
            subprocess.Popen(
                [sys.executable, "-c", FILL, str(tmp_path), str(here), str(here.parents[2])],
                stdout=subprocess.PIPE,
            )
            for _ in range(2)
        ]
        for process in pair:
            assert process.stdout.readline() == b"begun\n"
        time.sleep(random.uniform(0, 0.3))
        for process in pair:
            process.kill()
            process.communicate()
    store = DiskStore(tmp_path)
    numbers = [int.from_bytes(each, "big") for each in store._entries]
    assert len(numbers) > 20
    assert all(same(store.get(key(number)), number) for number in numbers)


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows has no limit of file sizes")
def test_a_limit_of_file_sizes_ends_the_writing(tmp_path):
    code = (
        textwrap.dedent(FILL)
        .replace("10**6", "1000")
        .replace(
            "store = ",
            "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (999, 999))\nstore = ",
        )
    )
    here = Path(__file__).parent
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path), str(here), str(here.parents[2])],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr.count("takes no more images: File too large") == 1
    store = DiskStore(tmp_path)
    assert 0 < len(store) < 30
    assert all(same(store.get(key(number)), number) for number in range(len(store)))
