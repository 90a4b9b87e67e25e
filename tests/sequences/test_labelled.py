"""Names, numbers and weights of classes."""

from __future__ import annotations

import numpy as np
import pytest

from keras_cvdata import ArraySequence, Sequence
from keras_cvdata.sources import ArraySource

pytestmark = pytest.mark.backends

X = np.zeros((8, 4, 4, 1), np.uint8)
COLUMNS = {"species": ["cat"] * 6 + ["dog"] * 2, "age": [0, 1, 3, 3, 3, 3, 3, 3]}


def test_weights_of_one_column_of_several():
    seq = ArraySequence(X, COLUMNS, verbose=0)
    assert seq.class_weights("species") == pytest.approx({0: 8 / 12, 1: 8 / 4})
    assert seq.class_weights("age") == pytest.approx({0: 8 / 3, 1: 8 / 3, 3: 8 / 18})
    for column, message in ((None, "one column of classes"), ("breed", "a label column 'breed'")):
        with pytest.raises(ValueError, match=rf"{message}; there are \['species', 'age'\]. Name"):
            seq.class_weights(column)


def test_balance_by_one_column_of_several():
    seq = ArraySequence(X, COLUMNS, balance="species", batch_size=12, verbose=0)
    ((_, y),) = list(seq)
    assert np.bincount(y["species"]).tolist() == [6, 6]
    ((_, y),) = list(ArraySequence(X, COLUMNS, balance="age", batch_size=18, verbose=0))
    assert np.bincount(y["age"]).tolist() == [6, 6, 0, 6]
    for balance in (True, "breed"):
        with pytest.raises(ValueError, match=rf"balance={balance!r} needs .*'species', 'age'"):
            ArraySequence(X, COLUMNS, balance=balance, verbose=0)


def test_one_column_can_be_named_too():
    seq = ArraySequence(X, COLUMNS["species"], balance="label", batch_size=12, verbose=0)
    assert np.bincount(next(iter(seq))[1]).tolist() == [6, 6]
    assert seq.class_weights("label") == seq.class_weights()


@pytest.mark.parametrize(
    ("y", "mode", "reason"),
    [
        ([[1, 0], [1, 1]] * 4, "multilabel", "multi-label: an image of several classes"),
        (np.linspace(0, 1, 8), "regression", "they are numbers. Bin them"),
    ],
)
def test_labels_without_one_class_an_image_are_refused_with_the_reason(y, mode, reason):
    with pytest.raises(ValueError, match=rf"class_weights\(\) needs .* but .*{reason}"):
        ArraySequence(X, y, label_mode=mode, verbose=0).class_weights()
    with pytest.raises(ValueError, match=f"balance=True needs .* but .*{reason}"):
        ArraySequence(X, y, label_mode=mode, balance=True, verbose=0)


def test_no_labels_have_no_weights():
    with pytest.raises(ValueError, match=r"there are \[\]. Give labels"):
        ArraySequence(X, verbose=0).class_weights()


def test_weights_of_a_hierarchy_are_those_of_its_last_level():
    """By the integers that `label_mode="int"` serves, not by paths through the levels."""
    paths = [("cat", "other")] * 3 + [("cat", "persian")] + [("dog", "other")] * 4
    source = ArraySource(X, paths, label_kind="hierarchical")
    for mode in ("int", "hierarchical"):
        seq = Sequence(source, label_mode=mode, shuffle=False, verbose=0)
        assert seq.class_weights() == pytest.approx({0: 8 / 14, 1: 8 / 2})
        y = seq[0][1] if mode == "int" else seq[0][1][1]
        assert y.tolist() == [0, 0, 0, 1, 0, 0, 0, 0]


def test_class_names_of_several_columns_are_asked_for_by_column():
    seq = ArraySequence(X, COLUMNS, verbose=0)
    with pytest.raises(ValueError, match=r"2 label columns, not one: \['species', 'age'\]"):
        _ = seq.class_names
    assert seq.source.labels["species"].class_names == ("cat", "dog")


def test_gaps_of_integer_labels_have_no_weight_and_a_name():
    seq = ArraySequence(X, COLUMNS["age"], verbose=0)
    assert seq.class_names == ("0", "1", "2", "3")
    assert seq.class_indices == {"0": 0, "1": 1, "2": 2, "3": 3}
    assert list(seq.class_weights()) == [0, 1, 3]
    assert "4 classes, 1 without images (0 1, 1 1, 2 0, 3 6)" in seq.source.summary()
