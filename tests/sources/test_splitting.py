"""Splitting collections."""

import json
import pathlib
import tempfile

import numpy as np
import pytest

from keras_cvdata.sources import ArraySource
from keras_cvdata.sources.splitting import folds, part_names, split

X = np.zeros((100, 4, 4, 1), np.uint8)


def labels_of(source):
    return source.labels["label"].values


def test_every_class_has_its_share_on_both_sides():
    """R53, R54, R58: automatic share, shuffled, stratified, disjoint, complete."""
    source = ArraySource(X, np.repeat(["apple", "banana", "cherry"], [70, 20, 10]))
    training, validation = split(source)
    assert (len(training), len(validation)) == (80, 20)
    assert np.bincount(labels_of(validation)).tolist() == [14, 4, 2]
    assert sorted([*training.rows, *validation.rows]) == list(range(100))
    again = split(source)[1].rows
    assert np.array_equal(validation.rows, again)
    assert not np.array_equal(validation.rows, split(source, seed=1)[1].rows)


def test_groups_stay_together():
    """R58: groups by the name of a column or by values."""
    scene = np.repeat(np.arange(20), 5)
    source = ArraySource(X, columns={"scene": scene})
    for groups in ("scene", scene):
        training, validation = split(source, 0.25, groups=groups)
        assert not set(training.columns["scene"]) & set(validation.columns["scene"])
        assert len(validation) == 25
    with pytest.raises(KeyError, match=r"No column 'patient'.*\['scene'\]"):
        split(source, groups="patient")


def test_too_small_classes_are_named():
    """R54: every class on both sides, or an error that names it."""
    y = ["apple"] * 99 + ["banana"]
    with pytest.raises(ValueError, match="'banana'"):
        split((X, y))
    training, validation = split((X, y), stratify=False)
    assert (len(training), len(validation)) == (80, 20)


def test_rare_combinations_of_labels_do_not_stop_a_split():
    """R16, R58: multi-label collections are split by label, not by combination."""
    y = np.zeros((100, 3), np.uint8)
    y[:50, 0] = 1
    y[7] = 1  # once
    with pytest.warns(UserWarning, match="no sample of 2 of the 3 classes: Class '1', Class '2'"):
        training, validation = split((X, y), 0.2)
    assert len(validation) == 20
    assert labels_of(validation)[:, 0].sum() in (10, 11)
    assert len(training) == 80


def test_numbers_are_split_as_one():
    """R16: nothing to stratify by."""
    training, validation = split((X, np.linspace(0, 1, 100)), 0.1)
    assert (len(training), len(validation)) == (90, 10)


def test_sequences_give_sequences():
    """R46, R59: the validation part is made for evaluation."""

    class Sequence:
        def __init__(self, source, training=True):
            self.source, self.training = source, training

        def with_source(self, source, training):
            return Sequence(source, training)

    training, validation = split(Sequence(ArraySource(X)), 0.2)
    assert (training.training, validation.training) == (True, False)
    assert len(validation.source) == 20


def test_shares_make_as_many_parts():
    """R54, R58."""
    source = ArraySource(X, np.repeat(["apple", "banana"], [60, 40]))
    parts = split(source, (0.7, 0.2, 0.1), seed=3)
    assert [np.bincount(labels_of(part)).tolist() for part in parts] == [[42, 28], [12, 8], [6, 4]]
    assert sorted(row for part in parts for row in part.rows) == list(range(100))
    for share in (0.3, np.float32(0.3), np.float64(0.3)):
        assert np.array_equal(split(source, share)[1].rows, split(source, (0.7, 0.3))[1].rows)
    with pytest.raises(ValueError, match="sum to 1"):
        split(source, (0.7, 0.2))
    assert part_names(5) == ["train", "validation", "test", "part4", "part5"]


def test_all_parts_but_the_first_of_a_sequence_are_for_evaluation():
    class Sequence:
        def __init__(self, source, training=True):
            self.source, self.training = source, training

        def with_source(self, source, training):
            return Sequence(source, training)

    parts = split(Sequence(ArraySource(X)), (0.6, 0.2, 0.2))
    assert [part.training for part in parts] == [True, False, False]
    pairs = list(folds(Sequence(ArraySource(X)), 4))
    assert [(part.training, other.training) for part, other in pairs] == [(True, False)] * 4


def test_each_image_validates_once():
    """R54, R58: k-fold, each class alike, a column of groups kept together."""
    scene = np.repeat(np.arange(20), 5)
    source = ArraySource(X, np.tile(["apple", "banana"], 50), columns={"scene": scene})
    pairs = list(folds(source, 5, seed=2))
    assert sorted(row for _, validation in pairs for row in validation.rows) == list(range(100))
    for training, validation in pairs:
        assert np.bincount(labels_of(validation)).tolist() == [10, 10]
        assert sorted([*training.rows, *validation.rows]) == list(range(100))
    for training, validation in folds(source, 5, groups="scene"):
        assert not set(training.columns["scene"]) & set(validation.columns["scene"])
        assert len(validation) == 20
    with pytest.raises(ValueError, match="k must be at least 2"):
        folds(source, 1)


def with_copies(count):
    """Images of noise, every third of which is a copy of another, turned, in other classes too."""
    random = np.random.default_rng(0)
    x = random.integers(0, 256, (count, 64, 64, 3), np.uint8)
    of = random.permutation(count)
    for copy, original in zip(of[: count // 3], of[count // 3 :], strict=False):
        x[copy] = np.rot90(x[original], copy % 4)
    return ArraySource(x, np.arange(count) % 3), of


def test_copies_are_never_in_two_parts(tmp_path):
    """R58: and each class has its share within a hundredth; the certificate says so."""
    source, of = with_copies(300)
    path = tmp_path / "leak-free.json"
    shares = (0.7, 0.15, 0.15)
    options = {"groups": "near-copies", "verbose": 0}
    parts = split(source, shares, seed=1, certificate=path, **options)
    side = np.zeros(300, int)
    for number, part in enumerate(parts):
        side[part.rows] = number
        assert np.bincount(labels_of(part)) / 100 == pytest.approx([shares[number]] * 3, abs=0.0101)
    assert (side[of[:100]] == side[of[100:200]]).all()
    unaware = split(source, shares, seed=1)[1].rows
    assert len(set(unaware) & set(of[:100])) > 0

    said = json.loads(path.read_text())
    assert said["groups"] == {
        "all": 200,
        "of_several_images": 100,
        "images_in_them": 200,
        "divided": 0,
    }
    assert said["thresholds"] == {"phash": 8, "dhash": 10, "unit": "bits"}
    assert said["compared"]["by_hashes"] == 300
    assert said["split"] == {"validation": [0.7, 0.15, 0.15], "stratify": True, "seed": 1}
    assert list(said["parts"]) == ["train", "validation", "test"]
    assert said["parts"]["test"]["classes"]["label"] == {"0": 15, "1": 15, "2": 15}
    nearest = said["nearest_pair_across_parts"]
    assert nearest["phash"] > 8 or nearest["dhash"] > 10
    names = [source.name(position) for position in range(300)]
    first, second = (names.index(image["name"]) for image in nearest["images"])
    assert side[first] != side[second]
    assert nearest["images"][0]["part"] == ("train", "validation", "test")[side[first]]

    for training, validation in folds(source, 4, **options):
        assert not set(of[:100][np.isin(of[100:200], training.rows)]) & set(validation.rows)


def test_images_without_hashes_are_split_by_equal_pixels(tmp_path):
    """Small digits are compared by their pixels, and the certificate says that."""
    x = np.random.default_rng(0).integers(0, 256, (40, 28, 28, 1), np.uint8)
    x[20:] = x[:20]
    path = tmp_path / "c.json"
    training, validation = split(x, 0.25, groups="near-copies", certificate=path, verbose=0)
    assert not set(training.rows % 20) & set(validation.rows % 20)
    said = json.loads(path.read_text())
    assert said["compared"]["by_equal_pixels"]["below 64 pixels a side"] == 40
    assert said["nearest_pair_across_parts"] == "none, as no two parts have images with hashes"


def test_names_that_are_no_utf_8_do_not_stop_a_certificate(tmp_path):
    source, _ = with_copies(30)
    source.name = lambda position: f"ro\udcffse {position}"
    path = tmp_path / "c.json"
    split(source, 0.3, groups="near-copies", certificate=path, verbose=0)
    nearest = json.loads(path.read_text(encoding="utf-8"))["nearest_pair_across_parts"]
    assert nearest["images"][0]["name"].startswith("ro\udcffse ")


@pytest.mark.skipif(not pathlib.Path("/dev/full").exists(), reason="a disk of Linux that is full")
def test_parts_are_kept_where_the_disk_is_full(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    (tmp_path / "c.json").symlink_to("/dev/full")
    with pytest.raises(OSError, match=r"No space left on device\. It is kept as") as full:
        split(
            with_copies(30)[0],
            *(0.3, True, "near-copies"),
            certificate=tmp_path / "c.json",
            verbose=0,
        )
    assert sum(map(len, full.value.result)) == 30
    assert len(list(tmp_path.glob("*/c.json"))) == 1


def test_a_certificate_is_about_near_copies(tmp_path):
    with pytest.raises(ValueError, match='certificate needs groups="near-copies"'):
        split(X, 0.2, certificate=tmp_path / "c.json")
    with pytest.raises(KeyError, match="'near-copies' keeps copies together"):
        split(X, 0.2, groups="near copies")
