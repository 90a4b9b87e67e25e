"""Flows over arrays: shapes, parts and what goes along."""

import numpy as np
import pytest
from keras.src.legacy.preprocessing import image as old

from keras_cvdata.preprocessing import image as new
from tests.conftest import photograph

IMAGES = np.array([photograph(n, 12, 15) for n in range(10)])
LABELS = np.array([0, 1] * 5)


def flow(x=IMAGES, y=LABELS, module=new, arguments=None, **options):
    options = {"shuffle": False, "batch_size": 4, **options}
    return module.ImageDataGenerator(**(arguments or {})).flow(x, y, **options)


def test_the_images_stay_as_they_are_in_memory():
    plain = flow()
    assert plain._given is IMAGES
    assert plain.x.dtype == np.float32
    np.testing.assert_array_equal(plain.x, IMAGES)
    x = IMAGES.astype("float32")
    _ = flow(x, arguments={"rescale": 2, "horizontal_flip": True})[0]
    np.testing.assert_array_equal(x, IMAGES)


def test_images_may_be_changed_and_replaced_through_the_flow():
    for module in (old, new):
        changed = flow(module=module)
        changed.x -= 7
        np.testing.assert_array_equal(changed[0][0], IMAGES[:4].astype("float32") - 7)
        changed.x = IMAGES / 2
        np.testing.assert_array_equal(changed[0][0], IMAGES[:4] / np.float32(2))


def test_further_inputs_go_along_in_tuples_by_index_and_lists_by_next():
    misc = [np.arange(10), np.arange(30).reshape(10, 3)]
    for further in (misc[0], misc):
        theirs, ours = (flow((IMAGES, further), module=m) for m in (old, new))
        x, y = ours[1]
        assert isinstance(x, tuple)
        for _ in range(2):
            a, b = next(theirs), next(ours)
            assert isinstance(b[0], list)
        for their_part, our_part, by_index in zip(a[0], b[0], x, strict=True):
            np.testing.assert_array_equal(their_part, our_part)
            np.testing.assert_array_equal(their_part, by_index)
        np.testing.assert_array_equal(a[1], y)
    theirs, ours = (flow((IMAGES, misc), None, module=m)[0] for m in (old, new))
    assert isinstance(ours, list)
    for their_part, our_part in zip(theirs, ours, strict=True):
        np.testing.assert_array_equal(their_part, our_part)


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        ({"x": (IMAGES, np.arange(9))}, {}, r"All of the arrays in `x` .* 10 images and 9 rows"),
        (
            {"y": np.arange(9)},
            {},
            r"`x` \(images tensor\) and `y` \(labels\) must be of one length",
        ),
        ({}, {"sample_weight": np.arange(9)}, "and `sample_weight` must be of one length"),
        ({"x": IMAGES[..., 0]}, {}, r"four axes.*got shape \(10, 12, 15\)"),
        ({}, {"subset": "test"}, "subset must be one of .*; got 'test'"),
        (
            {"y": np.arange(10)},
            {"subset": "training", "arguments": {"validation_split": 0.3}},
            r"different number of classes after the split: the first 3 labels are \[0 1 2\]",
        ),
    ],
)
def test_arrays_that_do_not_fit(arguments, options, message):
    with pytest.raises(ValueError, match=message):
        flow(**arguments, **options)
    with pytest.raises(ValueError):  # noqa: PT011 # the words of the old class are its own
        flow(**arguments, **options, module=old)


@pytest.mark.parametrize("subset", ["training", "validation"])
def test_parts(subset):
    arguments = {"validation_split": 0.4}
    theirs, ours = (
        flow((IMAGES, LABELS), arguments=arguments, module=m, subset=subset) for m in (old, new)
    )
    for a, b in zip(next(theirs)[0], next(ours)[0], strict=True):
        np.testing.assert_array_equal(a, b)
    assert theirs.n == ours.n
    # The old class gives every part the weights of the first rows.
    weights = flow(arguments=arguments, subset=subset, sample_weight=np.arange(10))[0][2]
    assert weights[0] == (4 if subset == "training" else 0)
    ours = flow(y=np.arange(10), arguments=arguments, subset=subset, ignore_class_split=True)
    assert ours.n == (6 if subset == "training" else 4)
    unlabelled = flow(y=None, arguments=arguments, subset=subset)
    assert unlabelled.n == ours.n


def test_stratify_serves_sorted_arrays_and_one_hot_labels():
    arguments = {"validation_split": 0.4, "stratify": True}
    for labels in (np.sort(LABELS), np.eye(2)[np.sort(LABELS)]):
        held = flow(y=labels, arguments=arguments, subset="validation")
        assert np.unique(held.y, axis=0, return_counts=True)[1].tolist() == [2, 2]
    assert flow(y=None, arguments=arguments, subset="training").n == 6


def test_balance_repeats_small_classes():
    labels = np.array([0] * 7 + [1] * 3)
    balanced = flow(y=labels, arguments={"balance": True}, batch_size=20)
    assert np.bincount(balanced[0][1]).tolist() == [7, 7]
    epochs = set()
    for _ in range(6):
        assert set(balanced.index_array) == set(range(10))
        epochs.add(tuple(balanced.index_array))
        balanced.on_epoch_end()
    assert len(epochs) > 1  # another of the small class comes three times


def test_validation_is_augmented_unless_told_otherwise():
    arguments = {"validation_split": 0.4, "rotation_range": 90}
    spared = flow(arguments={**arguments, "augment_validation": False}, subset="validation")
    np.testing.assert_array_equal(spared[0][0], IMAGES[:4])
    assert not np.array_equal(flow(arguments=arguments, subset="validation")[0][0], IMAGES[:4])
