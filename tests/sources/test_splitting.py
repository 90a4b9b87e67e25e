"""Splitting collections."""

import numpy as np
import pytest

from keras_cvdata.sources import ArraySource
from keras_cvdata.sources.splitting import split

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
