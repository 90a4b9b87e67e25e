"""Slices that are worse: blamed for what their classes do not explain, and for no accident."""

from __future__ import annotations

import numpy as np

from keras_cvdata.review.slices import find_misses, find_slices
from keras_cvdata.review.traits import Trait

NAMES = ("cat", "dog", "fox")


def trait(codes: np.ndarray, measured: bool = False) -> Trait:
    return Trait("camera", codes, tuple("abcdefgh"[: codes.max() + 1]), measured)


def test_a_slice_is_not_blamed_for_hard_classes() -> None:
    """Camera b took all the foxes, which are hard with any camera; its cats are as good."""
    labels = np.repeat([0, 0, 2, 2], [100, 100, 20, 200])
    camera = trait(np.repeat([0, 1, 0, 1], [100, 100, 20, 200]))
    predicted = np.where(labels == 2, np.arange(len(labels)) % 2, labels)
    found = find_slices([camera], labels, predicted, NAMES)
    assert not any(each.sure for each in found)
    unweighted = find_misses([camera], labels != predicted, np.ones(len(labels), bool))
    assert [each.what for each in unweighted if each.sure] == ["camera: b"]


def test_what_is_taken_for_one_class_is_named() -> None:
    labels = np.tile([0, 1, 2], 40)
    camera = trait(np.repeat([0, 1], 60))
    predicted = np.where(camera.codes == 1, 2, labels)
    predicted[0] = 1
    found = {
        (each.kind, each.label): each for each in find_slices([camera], labels, predicted, NAMES)
    }
    fox = found["predicted as", "fox"]
    assert (fox.value, fox.number, fox.share, fox.rest) == ("b", 40, 1.0, 0.0)
    assert (fox.excess, fox.sure) == (20, True)
    whole = found["accuracy", None]
    assert (whole.number, whole.share) == (60, 40 / 60)
    assert whole.rest == 1 / 60  # cats, dogs and foxes are as many on both sides
    assert found["recall", "dog"].share == 1.0


def test_accidents_are_not_sure() -> None:
    """Of 200 columns of noise none is worse; the 5 % are for all of them together."""
    random = np.random.default_rng(0)
    labels = random.integers(0, 3, 600)
    predicted = np.where(random.random(600) < 0.3, random.integers(0, 3, 600), labels)
    noise = [trait(random.integers(0, 8, 600), measured=True) for _ in range(200)]
    found = find_slices(noise, labels, predicted, NAMES)
    assert len(found) > 1000
    assert not any(each.sure for each in found)


def test_few_images_are_no_slice() -> None:
    labels = np.zeros(100, np.int64)
    camera = trait((np.arange(100) < 9).astype(np.int64))
    predicted = camera.codes.copy()
    assert find_slices([camera], labels, predicted, NAMES) == []


def test_a_border_of_one_class_cannot_be_told_from_the_class() -> None:
    labels = np.repeat([0, 1, 2], 30)
    border = trait((labels == 2).astype(np.int64), measured=True)
    (found,) = find_slices([border], labels, labels, NAMES)
    assert (found.kind, found.label, found.value, found.sure) == ("one class", "fox", "b", True)
    # A column that says the class is no surprise.
    assert find_slices([trait(border.codes)], labels, labels, NAMES) == []


def test_images_of_which_nothing_is_known_are_left_out() -> None:
    labels = np.tile([0, 1, -1], 20)
    codes = np.repeat([0, 1, -1], 20)
    predicted = np.where(codes == 1, 1 - labels, labels)
    worst = find_slices([trait(codes)], labels, predicted, NAMES)[0]
    assert (worst.number, worst.share, worst.rest) == (13, 1.0, 0.0)
