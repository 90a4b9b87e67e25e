"""Sequences with a cache: the same batches first, later, from elsewhere and when it is full."""

from __future__ import annotations

import os
import pickle
import shutil
import warnings
from pathlib import Path

import cv2
import numpy as np
import pytest

import keras_cvdata as cvd
from keras_cvdata import layers
from keras_cvdata.loading.caching.memory import MemoryStore
from keras_cvdata.sequences import ArraySequence, CSVSequence, DirectorySequence, HDF5Sequence
from keras_cvdata.sequences.base import Sequence
from keras_cvdata.sources import ArraySource, DirectorySource
from keras_cvdata.sources.base import Source
from keras_cvdata.types import ImageError

pytestmark = pytest.mark.backends

MOVES = [layers.RandomFlip(), layers.RandomRotation(0.1), layers.RandomZoomCrop((0.8, 1.3))]
LONG_AGO = 1_000_000_000


def settle(root):
    """Give files a time of last change that is not now."""
    for file in Path(root).rglob("*.*"):
        os.utime(file, (LONG_AGO, LONG_AGO))
    return root


@pytest.fixture
def photos(photo_folder, tmp_path):
    return settle(shutil.copytree(photo_folder, tmp_path / "photos"))


def make(root, **options):
    defaults = {"image_size": (20, 16), "batch_size": 5, "seed": 7, "verbose": 0, "threads": 2}
    return DirectorySequence(root, **{**defaults, **options})


def epochs(sequence, count=2):
    """Pixels of some epochs, by epoch."""
    return [np.concatenate([batch[0] for batch in sequence]) for _ in range(count)]


def same(ours, theirs):
    for our, their in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(our, their)


def no_reading(monkeypatch):
    """Let every further attempt to read a file fail."""

    def fetch(self, position):
        raise ImageError(self.name(position), "it was read again")

    monkeypatch.setattr(DirectorySource, "fetch", fetch)


EXACT = [
    {},
    {"augment": [layers.RandomLighting(), layers.RandomFlip()]},
    {"augment": MOVES, "interpolation": "bicubic"},
    {"augment": MOVES, "pad_to_aspect_ratio": True, "rescale": "unit"},
    {"augment": MOVES, "interpolation": "nearest"},
    {"augment": [layers.Equalization(), *MOVES], "interpolation": "area", "dtype": "uint8"},
    {"augment": layers.CenterCrop(8, 8), "crop_to_aspect_ratio": True, "color_mode": "grayscale"},
    {"augment": layers.RandomFlip(), "image_size": (300, 200), "color_mode": "rgba"},
]


@pytest.mark.parametrize("options", EXACT)
@pytest.mark.parametrize("kind", ["memory", "folder"])
def test_batches_are_those_without_a_cache(photos, tmp_path, monkeypatch, options, kind):
    plain = epochs(make(photos, **options))
    cache = "memory" if kind == "memory" else tmp_path / "cache"
    cached = make(photos, cache=cache, **options)
    first = epochs(cached, 1)
    later = make(photos, cache=cache, **options)
    no_reading(monkeypatch)
    same(first + epochs(cached, 1), plain)
    if kind == "folder":
        same(epochs(later), plain)


def large(root):
    """Photographs that are shrunk for a batch of (20, 16), odd in size, one of them no JPEG."""
    for number in range(4):
        image = cv2.resize(
            np.random.default_rng(number).integers(0, 256, (9, 7, 3), np.uint8),
            (101 + 30 * number, 133 - 20 * number),
            interpolation=cv2.INTER_CUBIC,
        )
        folder = root / f"{number % 2}"
        folder.mkdir(parents=True, exist_ok=True)
        assert cv2.imwrite(str(folder / f"{number}.{'png' if number == 3 else 'jpg'}"), image)
    return settle(root)


@pytest.mark.parametrize(
    "augment", [MOVES, [layers.RandomResizedCrop(scale=(0.4, 1)), layers.RandomFlip()]]
)
def test_pixels_do_not_depend_on_what_is_there(tmp_path, monkeypatch, augment):
    """Shrunk images: full or not, in memory or on disk, made here or elsewhere, first or later."""
    root = large(tmp_path / "photos")
    options = {"augment": augment, "batch_size": 4}
    plain = epochs(make(root, **options), 3)
    cached = make(root, cache="memory", **options)
    expected = epochs(cached, 3)
    assert len(cached._store) == 4
    assert cached._store.used < 4 * 101 * 73 * 3
    nothing = make(root, cache="memory", cache_bytes=1, **options)
    same(epochs(nothing, 3), expected)
    assert nothing._store.used == 0
    part = make(root, cache="memory", cache_bytes=cached._store.used // 2, **options)
    same(epochs(part, 3), expected)
    assert 0 < part._store.used < cached._store.used
    same(epochs(make(root, cache=tmp_path / "cache", **options), 3), expected)
    later = make(root, cache=tmp_path / "cache", threads=1, **options)
    no_reading(monkeypatch)
    same(epochs(later, 3), expected)
    difference = np.abs(np.array(expected) - np.array(plain))
    assert 0 < difference.mean() < 3


@pytest.mark.parametrize("kind", ["memory", "folder"])
def test_a_changed_file_is_read_again(photos, tmp_path, kind):
    cache = "memory" if kind == "memory" else tmp_path / "cache"
    seq = make(photos, shuffle=False, cache=cache)
    before = seq[0][0]
    file = photos / "cat" / "0.jpg"
    status = file.stat()
    assert cv2.imwrite(str(file), np.full((60, 60, 3), 9, np.uint8))
    after = seq[0][0]
    assert np.abs(after[0] - 9).max() <= 1
    same(after[1:], before[1:])
    file.write_bytes(file.read_bytes().ljust(status.st_size, b"\0")[: status.st_size])
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns + 1))
    assert np.abs(seq[0][0][0] - before[0]).max() > 20  # of the same size
    file.write_bytes(b"")
    with pytest.raises(ImageError, match="empty"):
        seq[0]
    file.unlink()
    with pytest.raises(ImageError, match="does not exist"):
        seq[0]


def test_files_that_may_be_changing_are_not_kept_yet(photos):
    os.utime(photos / "cat" / "0.jpg")
    seq = make(photos, cache="memory")
    epochs(seq, 1)
    assert len(seq._store) == 11


def test_a_file_that_changes_while_it_is_read_is_not_kept(photos, monkeypatch):
    read = DirectorySource.fetch

    def fetch(self, position):
        payload = read(self, position)
        os.utime(self.name(position), (LONG_AGO, LONG_AGO - 1))
        return payload

    seq = make(photos, cache="memory")
    monkeypatch.setattr(DirectorySource, "fetch", fetch)
    epochs(seq, 1)
    assert len(seq._store) == 0


def test_substitutes_are_kept_under_their_own_names(photos):
    (photos / "cat" / "0.jpg").write_text("no image")
    settle(photos)
    seq = make(photos, on_error="substitute", shuffle=False, cache="memory")
    plain = make(photos, on_error="substitute", shuffle=False)
    same(epochs(seq), epochs(plain))
    assert len(seq._store) == 11
    assert [bad.row for bad in seq.report] == [0]
    shutil.copy(photos / "dog" / "0.jpg", photos / "cat" / "0.jpg")
    settle(photos)
    again = make(photos, shuffle=False, batch_size=12)[0][0]
    np.testing.assert_array_equal(np.concatenate([seq[i][0] for i in range(3)]), again)


def test_sequences_of_many_settings_share_a_folder(photos, tmp_path):
    cache = tmp_path / "cache"
    settings = [
        {},
        {"color_mode": "grayscale"},
        {"image_size": (16, 20)},
        {"crop_to_aspect_ratio": True},
        {"interpolation": "area"},
        {"augment": MOVES},
        {"augment": layers.CenterCrop(6, 6)},
        {"augment": layers.CenterCrop(6, 7)},
        {"max_pixels": 10_000},
    ]
    for options in settings:
        expected = epochs(make(photos, cache="memory", **options))
        same(epochs(make(photos, cache=cache, **options)), expected)
        same(epochs(make(photos, cache=cache, **options)), expected)
    with pytest.raises(ImageError, match="pixels"):
        epochs(make(photos, cache=cache, max_pixels=100))


def test_images_that_belong_into_another_batch_are_refused_out_of_a_cache_too(photos, tmp_path):
    for name in ("cat", "dog"):
        assert cv2.imwrite(str(photos / name / "0.jpg"), np.zeros((30, 30), np.uint8))
    settle(photos)
    seq = make(photos, color_mode="unchanged", cache=tmp_path, batch_size=12)
    grey, colour = seq.source.select(np.array([0, 4])), seq.source.select(np.array([1, 2, 8]))
    assert [seq.with_source(each)[0][0].shape[3] for each in (grey, colour)] == [1, 3]
    with pytest.raises(ImageError, match="channels where the batch has 1"):
        seq[0]


def test_parts_and_copies_share_what_is_kept(photos, monkeypatch):
    seq = make(photos, cache="memory")
    epochs(seq, 1)
    training, validation = cvd.split(seq, 0.25)
    batches = [epochs(cvd.split(make(photos), 0.25)[number], 1)[0] for number in (0, 1)]
    no_reading(monkeypatch)
    same(epochs(training, 1) + epochs(validation, 1), batches)
    assert len(seq._store) == 12


def test_fitting_statistics_leaves_the_room_for_training(photos):
    seq = make(photos, cache="memory")
    cvd.Standardization.fit(seq)
    assert len(seq._store) == 0


def test_layers_that_reach_further_than_before_read_the_file(tmp_path):
    root = large(tmp_path / "photos")
    zoom = layers.RandomZoomCrop((1.0, 1.2))
    cached, plain = (make(root, augment=[zoom], cache=cache) for cache in ("memory", None))
    epochs(cached, 1)
    zoom.magnification = layers.RandomZoomCrop((4.0, 4.2)).magnification
    same(
        [cached._load(cached._sampler.batch(1, 0), 1)[0]],
        [plain._load(plain._sampler.batch(1, 0), 1)[0]],
    )


@pytest.mark.parametrize(("dtype", "name"), [("uint16", "png"), ("float32", "tif")])
def test_depth_is_kept(tmp_path, monkeypatch, dtype, name):
    (tmp_path / "photos" / "a").mkdir(parents=True)
    pixels = np.random.default_rng(0).random((40, 30, 3))
    pixels = (pixels * 65535).astype(dtype) if dtype == "uint16" else pixels.astype(dtype)
    (tmp_path / "photos" / "b").mkdir()
    cv2.imwrite(str(tmp_path / "photos" / "b" / "0.png"), np.zeros((40, 30, 3), np.uint8))
    file = tmp_path / "photos" / "a" / f"0.{name}"
    file.write_bytes(cvd.codec.encode(pixels, f".{name}"))
    settle(tmp_path)
    for options in ({}, {"augment": layers.RandomFlip(), "image_size": (40, 30)}):
        plain = epochs(make(tmp_path / "photos", rescale="unit", **options))
        cached = make(tmp_path / "photos", rescale="unit", cache=tmp_path / "cache", **options)
        same(epochs(cached), plain)
    kept = {entry.dtype for _, entry in cached._store._entries.values()}
    assert kept == {"|u1", np.dtype(dtype).str}


def test_masks_and_boxes_follow_images_out_of_a_cache(photos, tmp_path):
    rows = "".join(
        f'{file},{file.parent.name},"[[3, 4, 30, 40, ""x""]]",{mask}\n'
        for file in sorted(photos.rglob("*.jpg"))
        for mask in [tmp_path / f"{file.parent.name}{file.stem}.png"]
        if cv2.imwrite(str(mask), cv2.imread(str(file))[..., 0] // 64)
    )
    (tmp_path / "table.csv").write_text("location,label,boxes,mask\n" + rows)
    for augment in (None, MOVES):
        plain, cached = (
            CSVSequence(
                tmp_path / "table.csv",
                image_size=(20, 16),
                box_column="boxes",
                mask_column="mask",
                augment=augment,
                pad_to_aspect_ratio=augment is not None,
                seed=3,
                verbose=0,
                cache=cache,
            )
            for cache in (None, "memory")
        )
        for _ in range(2):
            for (x, y), (other_x, other_y) in zip(plain, cached, strict=True):
                same([x, y["segmentation_masks"]], [other_x, other_y["segmentation_masks"]])
                same(y["bounding_boxes"].values(), other_y["bounding_boxes"].values())


def test_a_cache_needs_versions():
    x = np.zeros((3, 8, 8, 3), np.uint8)
    with pytest.raises(ValueError, match=r"no use for ArraySource.*in memory already"):
        ArraySequence(x, cache="memory", verbose=0)
    with pytest.raises(ValueError, match="limits a cache, and there is none"):
        ArraySequence(x, cache_bytes=10, verbose=0)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"cache": True}, TypeError, "cache must be 'memory', the path of a folder, or None"),
        ({"cache": ""}, TypeError, "got ''"),
        ({"cache": "memory", "cache_bytes": 0}, ValueError, "cache_bytes"),
        ({"cache": "memory", "processes": 2}, ValueError, "path of a folder, which all of them"),
        ({"cache": "memory", "cache_bytes": "1 GB"}, TypeError, "cache_bytes"),
    ],
)
def test_arguments_that_are_none(photos, options, error, message):
    with pytest.raises(error, match=message):
        make(photos, **options)


def test_no_images_are_told_before_the_cache(photos):
    source = DirectorySource(photos).select(np.array([], int))
    with pytest.raises(ValueError, match="holds no images"):
        Sequence(source, cache="memory", verbose=0)


class Half(Source):
    """Encoded images, of which the first half have versions."""

    def __init__(self, folder):
        self.files = DirectorySource(folder)
        self.labels = self.files.labels

    def __len__(self):
        return len(self.files)

    def fetch(self, position):
        return self.files.fetch(position)

    def name(self, position):
        return self.files.name(position)

    def version(self, position):
        return "" if position < 6 else None


def test_samples_without_a_version_are_read_each_time(photos):
    options = {"image_size": (20, 16), "augment": MOVES, "seed": 3, "verbose": 0}
    cached, plain = (Sequence(Half(photos), cache=cache, **options) for cache in ("memory", None))
    epochs(cached)
    assert len(cached._store) == 6
    later = cached.with_source(ArraySource(np.zeros((3, 8, 8, 3), np.uint8), [0, 1, 2]))
    assert later[0][0].max() == 0  # as a test of robustness does with the images of a sequence
    del plain


def test_packs_are_kept_too(photos, tmp_path, monkeypatch):
    cvd.convert(DirectorySource(photos), tmp_path / "photos.h5")
    options = {"image_size": (20, 16), "seed": 3, "verbose": 0}
    plain, cached = (
        HDF5Sequence(tmp_path / "photos.h5", cache=cache, **options) for cache in (None, "memory")
    )
    same(epochs(cached), epochs(plain))
    assert len(cached._store) == 12


def test_readings_can_be_pickled_with_their_cache(photos, tmp_path):
    for cache in ("memory", tmp_path / "cache"):
        seq = make(photos, augment=MOVES, cache=cache)
        epochs(seq, 1)
        copy = pickle.loads(pickle.dumps(seq._loader.how))
        assert len(copy.cache.store) == (0 if cache == "memory" else 12)


def test_summary_says_what_it_takes_and_saves(photos):
    without = make(photos).summary()
    assert without.startswith("Found 12 images\n  label: 3 classes")
    assert "cache='memory' would take about 11.5 kB (960 bytes an image) of" in without
    assert "ms of reading and decoding" in without
    seq = make(photos, cache="memory", cache_bytes=5000)
    epochs(seq, 1)
    assert "cache in memory: takes about 11.5 kB (960 bytes an image) of 5 kB" in seq.summary()
    assert seq.summary().endswith("cache: holds 5 images, 4.8 kB")
    assert "differ" not in seq.summary()
    assert "differ slightly" in make(photos, augment=MOVES).summary()
    assert "cache" not in ArraySequence(np.zeros((3, 8, 8, 3), np.uint8), verbose=0).summary()
    for file in photos.rglob("*.jpg"):
        file.write_text("no image")
    assert seq.summary().endswith("cache: none of a few images could be read")


def test_warnings_of_a_full_disk_reach_the_caller_and_training_goes_on(photos, tmp_path):
    cached = make(photos, cache=tmp_path / "cache", threads=1)
    (tmp_path / "cache").rmdir()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        same(epochs(cached), epochs(make(photos)))
    assert len(caught) == 1
    assert "takes no more images: No such file" in str(caught[0].message)


def test_stores_are_of_the_kind_that_is_asked_for(photos):
    assert isinstance(make(photos, cache="memory")._store, MemoryStore)


@pytest.mark.parametrize(
    ("options", "exact"),
    [
        *((options, True) for options in EXACT[:-1]),
        ({"augment": MOVES}, False),
        ({"augment": layers.RandomResizedCrop(interpolation="nearest")}, True),
    ],
)
def test_it_is_known_where_pixels_may_differ(photos, options, exact):
    assert make(photos, cache="memory", **options)._loader.how.cache.exact is exact


def test_pixels_in_a_table_are_parsed_once(tmp_path, monkeypatch):
    rows = "\n".join(f'{"ab"[n % 2]},"[[{n},2,3],[4,5,6]]"' for n in range(4))
    (tmp_path / "table.csv").write_text(f"label,location\n{rows}\n")
    options = {"image_size": (2, 3), "color_mode": "grayscale", "seed": 3, "verbose": 0}
    plain, cached = (
        CSVSequence(tmp_path / "table.csv", cache=cache, **options) for cache in (None, "memory")
    )
    expected = epochs(plain)
    first = epochs(cached, 1)
    monkeypatch.setattr(type(cached.source), "fetch", None)
    same(first + epochs(cached, 1), expected)


@pytest.mark.slow
def test_processes_share_a_folder(photos, tmp_path, monkeypatch):
    plain = epochs(make(photos, augment=MOVES, cache="memory"))
    several = make(photos, augment=MOVES, cache=tmp_path / "cache", processes=2)
    same(epochs(several), plain)
    later = make(photos, augment=MOVES, cache=tmp_path / "cache")
    assert len(later._store) == 12
    no_reading(monkeypatch)
    same(epochs(later), plain)


def test_layers_that_follow_masks_see_them_moved(photos, tmp_path):
    masks = tmp_path / "masks"
    for file in photos.rglob("*.jpg"):
        (masks / file.parent.name).mkdir(parents=True, exist_ok=True)
        name = str(masks / file.parent.name / f"{file.stem}.png")
        assert cv2.imwrite(name, cv2.imread(str(file))[..., 0] // 128)
    augment = [layers.CenterCrop(16, 12), layers.RandomBackground(mask_classes=0)]
    plain, cached = (
        make(photos, augment=augment, mask_directory=masks, targets=["segmentation_masks"], cache=c)
        for c in (None, "memory")
    )
    same(epochs(cached), epochs(plain))
