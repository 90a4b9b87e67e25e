"""What Windows and macOS lack or do otherwise: the package works without it."""

from __future__ import annotations

import csv
import io
import multiprocessing
import os
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from keras_cvdata.conversion import convert
from keras_cvdata.conversion.files import check_folder_name
from keras_cvdata.progress import say
from keras_cvdata.sources import open_source

# What `os` has on Linux, and not on Windows; macOS lacks part of it.
POSIX_ONLY = """
O_NONBLOCK O_CLOEXEC O_DIRECTORY O_NOFOLLOW O_NOCTTY O_SYNC O_DSYNC O_DIRECT O_PATH
pread preadv pwrite pwritev readv writev sendfile copy_file_range splice
posix_fadvise posix_fallocate posix_spawn posix_spawnp memfd_create lockf
sync fdatasync fchmod fchown chown lchown chroot fchdir
fork forkpty register_at_fork wait waitid wait3 wait4 killpg nice
sched_getaffinity sched_setaffinity sched_yield getloadavg sysconf confstr pathconf fpathconf
getuid geteuid getgid getegid getpgid getpgrp getsid setsid setuid getgroups getpriority
statvfs fstatvfs mkfifo mknod major minor makedev ctermid openpty ttyname uname
"""
MODULES = ["fcntl", "resource", "termios", "pwd", "grp", "pty", "syslog"]

# Modules of others that look such names up when they are loaded come first.
HIDE = f"""
import os, sys
import cv2, h5py, pandas, rich.progress, keras, keras.src.backend
keras.ops.zeros(1)
for name in {POSIX_ONLY!r}.split():
    if hasattr(os, name):
        delattr(os, name)
for name in {MODULES}:
    sys.modules[name] = None
assert not [name for name in sys.modules if name.startswith("keras_cvdata")]
"""
USE = """
import numpy as np
import keras_cvdata as cvd
from keras_cvdata import layers

folder = sys.argv[1]
x = np.random.default_rng(0).integers(0, 256, (12, 16, 16, 3)).astype("uint8")
y = ["cat", "dog", "fox"] * 4
images = cvd.convert((x, y), folder + "/pets", verbose=0)
packs = [
    cvd.convert(images, f"{folder}/pets{ending}", verbose=0) for ending in (".h5", ".csv", ".json")
]
pixels = cvd.convert(images, folder + "/pixels.h5", image_size=(16, 16), verbose=0)
cvd.convert(images, folder + "/pets.h5", overwrite=True, verbose=0)
readers = [
    cvd.DirectorySequence(images, image_size=(16, 16), verbose=0),
    cvd.HDF5Sequence(packs[0], image_size=(16, 16), verbose=0),
    cvd.CSVSequence(packs[1], image_size=(16, 16), verbose=0),
    cvd.JSONSequence(packs[2], image_size=(16, 16), verbose=0),
    cvd.HDF5Sequence(pixels, verbose=0),
    cvd.ArraySequence(x, y, verbose=0),
]
for reader in readers:
    batch, labels = reader[0]
    assert sorted(pixels.tobytes() for pixels in batch.astype("uint8")) == sorted(map(bytes, x))
    assert sorted(labels.tolist()) == [0] * 4 + [1] * 4 + [2] * 4
training, validation = cvd.split(cvd.HDF5Sequence(pixels, verbose=0), 0.25)
model = keras.Sequential(
    [keras.Input((16, 16, 3)), layers.RandomFlip(), keras.layers.Flatten(), keras.layers.Dense(3)]
)
model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
model.fit(training, validation_data=validation, epochs=2, verbose=0)
old = cvd.ImageDataGenerator(horizontal_flip=True).flow_from_directory(images, (16, 16))
assert next(old)[0].shape == (12, 16, 16, 3)
assert cvd.apply([layers.RandomFlip()], x[0], seed=1)[0].shape == (16, 16, 3)
print("all well")
"""


def run(code: str, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONWARNINGS": "ignore"},
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


@pytest.mark.slow
@pytest.mark.backends
def test_reading_packing_and_training_without_what_posix_alone_has(tmp_path):
    """In a fresh process without these names and modules."""
    assert run(HIDE + USE, str(tmp_path)).endswith("all well\n")


def test_an_open_target_on_windows_is_explained(tmp_path, monkeypatch):
    """Windows replaces no file that somebody reads; nothing is left behind."""
    images = np.zeros((2, 4, 4, 3), np.uint8), ["a", "b"]
    target = convert(images, tmp_path / "pets.h5", verbose=0)
    before = target.read_bytes()

    def refuse(self, target):
        raise PermissionError(13, "Access is denied")

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(PermissionError, match=r"Access is denied.*delete what reads it"):
        convert(images, target, overwrite=True, verbose=0)
    assert target.read_bytes() == before
    assert list(tmp_path.iterdir()) == [target]


def test_folders_are_on_disk_without_sync(tmp_path, monkeypatch):
    """Windows has no `os.sync`: each file is flushed by itself."""
    flushed = []
    monkeypatch.delattr(os, "sync")
    monkeypatch.delattr(os, "O_DIRECTORY")
    monkeypatch.setattr(os, "fsync", lambda descriptor: flushed.append(os.fstat(descriptor).st_ino))
    folder = convert((np.zeros((2, 4, 4, 3), np.uint8), ["a", "b"]), tmp_path / "out", verbose=0)
    files = {file.stat().st_ino for file in folder.rglob("*") if file.is_file()}
    assert len(files) == 2
    assert set(flushed) == files


def test_images_on_another_drive_are_named_in_full(photo_folder, tmp_path, monkeypatch):
    """There is no relative path from one drive of Windows to another."""
    relpath = os.path.relpath

    def refuse(path, start):
        if photo_folder in Path(path).parents:
            raise ValueError("path is on mount 'D:', start on mount 'C:'")
        return relpath(path, start)

    monkeypatch.setattr(os.path, "relpath", refuse)
    table = convert(photo_folder, tmp_path / "photos.csv", verbose=0)
    with table.open(newline="") as file:
        paths = [row["location"] for row in csv.DictReader(file)]
    assert paths[0] == (photo_folder / "cat/0.jpg").as_posix()


@pytest.mark.parametrize("name", ["what?", "a:b", "end.", "end ", "CON", "nul.txt", "com1", "a\tb"])
def test_classes_that_no_folder_of_windows_can_have(name):
    """Windows drops a dot at the end, so that a class would come back under another name."""
    check_folder_name(name, windows=False)
    with pytest.raises(ValueError, match="cannot be the name of a folder on Windows"):
        check_folder_name(name, windows=True)


@pytest.mark.parametrize("name", ["cat", "v1.2", "confetti", "Käse", "com12", "a b"])
def test_usual_classes_are_folders_everywhere(name):
    check_folder_name(name, windows=True)


@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "utf-8"])
def test_names_that_a_pipe_cannot_show_do_no_harm(monkeypatch, encoding):
    """On Windows a pipe takes 256 characters; nowhere does it take what is no text."""
    shown = io.BytesIO()
    pipe = io.TextIOWrapper(shown, encoding=encoding, write_through=True)
    with monkeypatch.context() as patch:
        patch.setattr("sys.stdout", pipe)
        say("猫 \udce9 cat")
    text = shown.getvalue().decode(encoding)
    assert "\\udce9 cat" in text
    assert ("猫" in text) == (encoding == "utf-8")


def test_classes_that_differ_by_case_only(tmp_path, monkeypatch):
    """Windows and macOS take the two for one folder, which would mix their images."""
    mkdir = Path.mkdir

    def careless(self, *arguments, **options):
        mkdir(self.with_name(self.name.lower()), *arguments, **options)

    monkeypatch.setattr(Path, "mkdir", careless)
    images = np.zeros((2, 4, 4, 3), np.uint8), ["cat", "Cat"]
    with pytest.raises(ValueError, match="The class 'cat' gets the folder of another here"):
        convert(images, tmp_path / "out", verbose=0)
    assert not list(tmp_path.iterdir())


def test_sources_go_to_processes_that_are_spawned(photo_folder, tmp_path):
    """MacOS and Windows start processes anew, so everything is pickled."""
    packs = [convert(photo_folder, tmp_path / f"p{e}", verbose=0) for e in (".h5", ".csv", ".json")]
    sources = [open_source(data) for data in (photo_folder, *packs)]
    sources.append(sources[0].select(np.array([3, 1])))
    for source in sources:
        source.fetch(0)  # opens what is to be opened
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        found = [pool.submit(source.fetch, 1).result(60) for source in sources]
    assert found == [source.fetch(1) for source in sources]
