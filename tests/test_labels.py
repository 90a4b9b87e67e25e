"""Label columns: how they are made, what they hold and what a loss sees."""

from __future__ import annotations

import pickle
import re
import time
from typing import Any

import numpy as np
import pandas as pd
import pytest

from keras_cvdata.labels import (
    Labels,
    check_mode,
    class_weights,
    default_mode,
    from_array,
    from_levels,
    from_names,
    from_numbers,
    from_sets,
    infer,
)

ANIMALS = from_names(["dog", "cat", "fox", "dog"])
PAIR = from_names(["no", "yes", "yes"])
TAGS = from_sets([["red", "ripe"], [], ["ripe", "ripe"], "green"])
BREEDS = from_levels(["dog/boxer", "cat/persian", "cat/other", "dog/other"])
PRICES = from_numbers([1.5, 2, 3])


def test_classes_are_sorted_integers_from_zero() -> None:
    """R49, R51: the same classes have the same codes whatever the order of the samples."""
    assert ANIMALS.class_names == ("cat", "dog", "fox")
    assert ANIMALS.values.tolist() == [1, 0, 2, 1]
    assert from_names(["fox", "dog", "cat"]).class_names == ANIMALS.class_names
    assert (len(ANIMALS), ANIMALS.num_classes, ANIMALS.kind) == (4, 3, "class")


def test_text_is_sorted_as_text_and_integers_keep_their_numbers() -> None:
    """R49: as Keras sorts the names of folders; an integer is the class that it says."""
    assert from_names(["10", "9", "-1"]).class_names == ("-1", "10", "9")
    assert from_names(["10", "9", "007"]).class_names == ("007", "10", "9")
    numbers = from_names([0, np.int64(1), 3, 4])
    assert numbers.values.tolist() == [0, 1, 3, 4]
    assert numbers.class_names == ("0", "1", "2", "3", "4")
    assert from_sets([[1, 3], [3], []]).values.tolist() == [[0, 1, 0, 1], [0, 0, 0, 1], [0] * 4]
    assert from_levels([(0, 2), (1, 0)]).values.tolist() == [[0, 2], [1, 0]]


def test_booleans_are_two_classes_also_where_one_is_missing() -> None:
    assert from_names([True, True]).counts() == {"False": 0, "True": 2}
    assert from_names([np.True_, False]).values.tolist() == [1, 0]


@pytest.mark.parametrize("value", [-1, 1_000_000, 2**70])
def test_integers_that_are_no_codes_are_refused_with_their_row(value: int) -> None:
    """They would be renumbered without a word, or need a million names."""
    with pytest.raises(
        ValueError, match=rf"row 1: .*from 0; got {value}.*class_names in the order"
    ):
        from_names([0, value])
    assert from_names([0, value], [str(value), "0"]).values.tolist() == [1, 0]


def test_row_of_classes_that_holds_one_twice_is_refused() -> None:
    """A multi-hot row of another length would be read as the classes 0 and 1."""
    with pytest.raises(ValueError, match=r"row 1: \[1, 0, 1\] holds a class twice"):
        from_sets([[1, 0], [1, 0, 1]])


def test_given_class_names_fix_the_codes() -> None:
    """R49: also of classes without a sample."""
    labels = from_names(["cat", "dog"], ["fox", "dog", "cat"])
    assert labels.values.tolist() == [2, 1]
    assert labels.counts() == {"fox": 0, "dog": 1, "cat": 1}


@pytest.mark.parametrize(("classes", "dtype"), [(65_535, "uint16"), (65_536, "uint32")])
def test_codes_are_uint16_and_uint32_beyond_65535_classes(classes: int, dtype: str) -> None:
    """R50."""
    labels = from_names([f"{n:06}" for n in range(classes)])
    assert labels.values.dtype == dtype
    assert labels.values[-1] == classes - 1
    assert from_array(np.array([classes - 1])).values.dtype == dtype
    assert labels.codes is labels.values


@pytest.mark.parametrize(
    "missing", [None, "", "  ", float("nan"), np.float32("nan"), pd.NA, pd.NaT], ids=repr
)
@pytest.mark.parametrize("make", [from_names, from_levels, from_sets, from_numbers, infer])
def test_missing_label_is_refused_with_its_row(make: Any, missing: Any) -> None:
    """R51: a table with a gap names the line."""
    rows = ["1", "2", missing] if make is not from_levels else ["a/b", "a/c", missing]
    with pytest.raises(ValueError, match=r"animals\.csv, line 4: "):
        make(rows, where=lambda row: f"animals.csv, line {row + 2}")
    for place in (2, 0):
        with pytest.raises(ValueError, match=f"row {place}: "):
            make([rows[2], *rows[:2]] if place == 0 else rows)


@pytest.mark.parametrize(
    ("kind", "rows"),
    [
        (None, ["cat", {"name": "dog"}]),
        (None, [["cat"], [["dog"]]]),
        (None, [["cat"], 5]),
        ("multilabel", ["cat", 5]),
        ("hierarchical", ["cat/persian", 5]),
        ("class", ["cat", ["dog"]]),
    ],
)
def test_label_that_is_no_name_is_refused_with_its_row(kind: str | None, rows: list) -> None:
    """R25: whatever JSON can hold."""
    with pytest.raises(ValueError, match=r"a\.json, line 3: the label must be a name.*; got "):
        infer(rows, kind, where=lambda row: f"a.json, line {row + 2}")


def test_label_outside_class_names_is_refused_with_its_row() -> None:
    with pytest.raises(
        ValueError, match=r"row 1: the label 'cow' is not in class_names, 'cat', 'd"
    ):
        from_names(["cat", "cow"], ["cat", "dog"])
    with pytest.raises(ValueError, match="row 1: the label 'cow' is not in class_names"):
        from_sets([["cat", "dog"], ["dog", "cow"]], ["cat", "dog"])
    with pytest.raises(
        ValueError, match="row 1: the label 'persian' is not in class_names, 'boxer'"
    ):
        from_levels(["dog/boxer", "cat/persian"], [["cat", "dog"], ["boxer"]])
    with pytest.raises(ValueError, match="'19', '20' and 10 more") as caught:
        from_names(["x"], [str(n) for n in range(11, 31)])
    assert "'21'" not in str(caught.value)


@pytest.mark.parametrize("names", ["cat", ["cat", "cat"]])
def test_class_names_that_are_no_list_of_names_are_refused(names: Any) -> None:
    with pytest.raises(ValueError, match="class_names must be a list of different names"):
        from_names(["cat"], names)


def test_sets_are_one_column_per_class() -> None:
    """R16: several attributes an image, also none, each counted once."""
    assert TAGS.class_names == ("green", "red", "ripe")
    assert TAGS.values.tolist() == [[0, 1, 1], [0, 0, 0], [0, 0, 1], [1, 0, 0]]
    assert TAGS.values.dtype == np.uint8
    assert TAGS.counts() == {"green": 1, "red": 1, "ripe": 2}
    assert TAGS.codes.tolist() == [2, 0, 1, 3]


def test_levels_have_classes_of_their_own() -> None:
    """R16, R19: species and breed; the full path is the class that counts."""
    assert BREEDS.names == (("cat", "dog"), ("boxer", "other", "persian"))
    assert BREEDS.class_names == ("boxer", "other", "persian")
    assert BREEDS.values.tolist() == [[1, 0], [0, 2], [0, 1], [1, 1]]
    assert BREEDS.codes.tolist() == [2, 1, 0, 3]
    assert list(BREEDS.counts()) == ["cat/other", "cat/persian", "dog/boxer", "dog/other"]
    assert from_levels([("dog", "boxer")]).names == (("dog",), ("boxer",))
    named = from_levels(["dog/boxer"], [["dog", "cat"], ["boxer"]])
    assert named.names == (("dog", "cat"), ("boxer",))


def test_levels_of_unequal_depth_are_refused_with_their_row() -> None:
    """R19."""
    with pytest.raises(
        ValueError, match=r"row 1: every label needs 2 levels .* 'dog/boxer'; got 'c"
    ):
        from_levels(["dog/boxer", "cat"])
    for names in (["cat", "dog"], [["cat"]]):
        with pytest.raises(ValueError, match="class_names must be 2 lists of names"):
            from_levels(["dog/boxer"], names)


def test_numbers_are_float32_of_one_or_more_values() -> None:
    """R16: regression targets, such as a price."""
    assert PRICES.values.dtype == np.float32
    assert from_numbers(["1.5", "-2e3"]).values.tolist() == [1.5, -2000]
    assert from_numbers([["1", "2"], [3, 4]]).values.tolist() == [[1, 2], [3, 4]]
    assert (PRICES.class_names, PRICES.num_classes, PRICES.counts()) == ((), 0, {})


@pytest.mark.parametrize("bad", [["1", "high"], [1, np.inf], [[1, 2], [1]], [[1, 2], ["a", "b"]]])
def test_targets_that_are_no_numbers_are_refused_with_their_row(bad: list) -> None:
    with pytest.raises(
        ValueError, match=rf"row 1: .* finite number.* got {re.escape(repr(bad[1]))}"
    ):
        from_numbers(bad)


def test_empty_collections_have_no_labels_but_a_form() -> None:
    for make in (from_names, from_levels, from_sets, from_numbers, from_array, infer):
        assert len(make([])) == 0
    assert from_levels([]).codes.tolist() == []


@pytest.mark.parametrize(
    ("y", "kind", "values", "names"),
    [
        ([3, 0, 1], "class", [3, 0, 1], ("0", "1", "2", "3")),
        (np.array([[3], [0]]), "class", [3, 0], ("0", "1", "2", "3")),
        ([True, False], "class", [1, 0], ("0", "1")),
        (["b", "a"], "class", [1, 0], ("a", "b")),
        (np.array([b"b", b"a"]), "class", [1, 0], ("a", "b")),
        (np.array(["b", "a"], object), "class", [1, 0], ("a", "b")),
        ([[0, 1, 0], [1, 0, 0]], "class", [1, 0], ("0", "1", "2")),
        (np.eye(3)[[2, 2]], "class", [2, 2], ("0", "1", "2")),
        ([[1, 1], [0, 0]], "multilabel", [[1, 1], [0, 0]], ("0", "1")),
        ([[1, 1], [0, 1]], "multilabel", [[1, 1], [0, 1]], ("0", "1")),
        ([["a", "b"], ["b"]], "multilabel", [[1, 1], [0, 1]], ("a", "b")),
        ([0.0, 1.0], "number", [0, 1], ()),
        ([[0.5, 1], [2, 3]], "number", [[0.5, 1], [2, 3]], ()),
        ([[10, 20, 30, 40]], "number", [[10, 20, 30, 40]], ()),
    ],
)
def test_arrays_are_taken_as_fit_takes_them(
    y: Any, kind: str, values: list, names: tuple[str, ...]
) -> None:
    """R28: integers are codes, one-hot rows are not encoded twice."""
    labels = from_array(y)
    assert (labels.kind, labels.values.tolist(), labels.class_names) == (kind, values, names)


def test_arrays_take_names_for_their_codes() -> None:
    """R28: keras.datasets gives integers, the names are known from its page."""
    assert from_array([1, 0, 1], ["cat", "dog"]).counts() == {"cat": 1, "dog": 2}
    assert from_array(np.eye(2), ["cat", "dog"]).class_names == ("cat", "dog")
    assert from_array(["dog"], ["dog", "cat"]).values.tolist() == [0]
    with pytest.raises(ValueError, match=r"row 1: .* below the 2 class_names; got 2"):
        from_array([1, 2], ["cat", "dog"])
    with pytest.raises(ValueError, match="3 classes, class_names 2"):
        from_array(np.eye(3), ["cat", "dog"])


@pytest.mark.parametrize(
    ("y", "message"),
    [
        ([1, -1], r"row 1: integer labels must count classes from 0; got -1. Renumber them"),
        ([0, 20_000_000], "row 1: .* got 20000000.* or use label_mode='regression'"),
        (np.zeros((2, 3, 4)), r"shape \(N,\).*; got \(2, 3, 4\)"),
        (7, r"got \(\)"),
        ([0.5, np.nan], "row 1: a regression target must be a finite number"),
    ],
)
def test_arrays_that_are_no_labels_are_refused(y: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        from_array(y)


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        (["cat", "dog"], "class"),
        (["7", "10"], "class"),
        ([7, 10], "class"),
        (["cat", 7], "class"),
        (["007", "1.x"], "class"),
        (["00000", "00042"], "class"),
        (["00", "0.5"], "number"),
        (["0.5", "1"], "number"),
        ([0.5, 1], "number"),
        ([["a"], ["a", "b"]], "multilabel"),
        (["a", ["b"]], "multilabel"),
        ([{"a"}, frozenset("b")], "multilabel"),
        ([np.array(["a", "b"]), ["b"]], "multilabel"),
    ],
)
def test_cells_of_a_table_show_the_kind_of_their_labels(cells: list, kind: str) -> None:
    """R21, R25: text, numbers as text and as numbers, lists."""
    assert infer(cells).kind == kind


def test_kind_can_be_demanded() -> None:
    """R16."""
    assert infer(["7", "10"], "number").values.tolist() == [7, 10]
    assert infer(["0.5", "1"], "class").class_names == ("0.5", "1")
    assert infer(["a", "b"], "multilabel").values.tolist() == [[1, 0], [0, 1]]
    assert infer(["a/b"], "hierarchical").names == (("a",), ("b",))
    with pytest.raises(ValueError, match=r"must be one of .*'hierarchical'.*; got 'tags'"):
        infer(["a"], "tags")


def test_integer_cells_index_class_names_unless_they_are_names() -> None:
    assert infer([1, 0, "1"], class_names=["cat", "dog"]).values.tolist() == [1, 0, 1]
    assert infer(["1", "0"], class_names=["1", "0"]).values.tolist() == [0, 1]
    assert infer([1, 0], class_names=["cat", "dog"]).class_names == ("cat", "dog")
    with pytest.raises(ValueError, match="row 0: the label 2 is not in class_names"):
        infer([2], class_names=["cat", "dog"])


@pytest.mark.parametrize(
    ("labels", "mode", "expected"),
    [
        (ANIMALS, "int", [1, 2]),
        (ANIMALS, "categorical", [[0, 1, 0], [0, 0, 1]]),
        (ANIMALS, "multilabel", [[0, 1, 0], [0, 0, 1]]),
        (PAIR, "binary", [[0], [1]]),
        (TAGS, "multilabel", [[0, 1, 1], [0, 0, 1]]),
        (BREEDS, "int", [0, 1]),
        (BREEDS, "categorical", [[1, 0, 0], [0, 1, 0]]),
        (PRICES, "regression", [1.5, 3]),
        (from_names(["30", "25", "40"]), "regression", [30, 40]),
        (from_numbers([[1, 2], [3, 4], [5, 6]]), "regression", [[1, 2], [5, 6]]),
    ],
)
def test_batches_are_encoded_for_their_loss(labels: Labels, mode: str, expected: list) -> None:
    """R52: one-hot is `np.eye(C)[codes]`."""
    check_mode(mode, labels)
    encoded = labels.encode(np.array([0, 2]), mode)
    assert isinstance(encoded, np.ndarray)
    assert encoded.tolist() == expected
    assert encoded.dtype == ("int32" if mode == "int" else "float32")
    if mode != "int":
        assert labels.encode(np.array([0, 2]), mode, "float16").dtype == "float16"


def test_integers_as_targets_are_read_once_and_not_for_every_batch() -> None:
    """R16: prices are integers, of which a table has as many as classes could be."""
    prices = from_names([str(number) for number in range(100_000)])
    prices.encode(np.arange(32), "regression")
    began = time.perf_counter()
    for start in range(50):
        prices.encode(np.arange(start, start + 32), "regression")
    assert time.perf_counter() - began < 0.5  # measured: 0.0003; reading each time takes 2


def test_hierarchy_is_one_target_per_level() -> None:
    """R16, R19: for a model with one head per level."""
    check_mode("hierarchical", BREEDS)
    species, breeds = BREEDS.encode(np.array([0, 2]), "hierarchical")
    assert (species.tolist(), breeds.tolist()) == ([1, 0], [0, 1])
    assert species.dtype == breeds.dtype == np.int32
    assert species.flags.c_contiguous


def test_encoding_a_batch_is_vectorised() -> None:
    """A batch of 256 one-hot rows of 1,000 classes costs less than a tenth of one image."""
    labels = from_array(np.arange(50_000) % 1000)
    positions = np.random.default_rng(0).integers(0, 50_000, 256)
    start = time.perf_counter()
    for _ in range(20):
        labels.encode(positions, "categorical")
    assert (time.perf_counter() - start) / 20 < 0.01  # measured: 0.0002; loops take 0.1


@pytest.mark.parametrize("labels", [ANIMALS, TAGS, BREEDS, PRICES], ids=repr)
def test_selections_keep_class_names_and_pickle(labels: Labels) -> None:
    """R49: a part without one of the classes keeps the codes of the whole."""
    part = pickle.loads(pickle.dumps(labels.take(np.array([2, 0]))))
    assert part.names == labels.names
    assert part.kind == labels.kind
    assert np.array_equal(part.values, labels.values[[2, 0]])


@pytest.mark.parametrize(
    ("labels", "mode", "message"),
    [
        (ANIMALS, "sparse", "label_mode must be one of 'int', .* or None; got 'sparse'"),
        (
            ANIMALS,
            "binary",
            "exactly two classes; there are 3: 'cat', 'dog', 'fox'. Use label_mode",
        ),
        (from_names([1, 2]), "binary", r"3: '0', '1', '2'. Use .* class_names, as \['1', '2'\]"),
        (from_names(["cat"]), "binary", "exactly two classes; there are 1: 'cat'"),
        (ANIMALS, "hierarchical", "does not fit .* 'class': 3 classes. Use label_mode='int'"),
        (ANIMALS, "regression", "needs numbers, but the labels are classes: 'cat', 'dog', 'fox'"),
        (TAGS, "int", "does not fit .* 'multilabel': 3 classes .* Use label_mode='multilabel'"),
        (
            BREEDS,
            "multilabel",
            r"'hierarchical': 2 and 3 classes \(hierarchical\). Use .*'hierarchical'",
        ),
        (PRICES, "categorical", r"numbers .* Use label_mode='regression' .*y.astype\('int64'\)"),
        (from_names(["cat"] * 3), "int", r"not two classes, only \['cat'\].* label_mode=None"),
    ],
)
def test_mode_that_does_not_fit_is_refused_with_the_mend(
    labels: Labels, mode: str, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        check_mode(mode, labels)


@pytest.mark.parametrize(
    ("labels", "mode"),
    [(ANIMALS, "int"), (TAGS, "multilabel"), (BREEDS, "hierarchical"), (PRICES, "regression")],
)
def test_default_mode_fits(labels: Labels, mode: str) -> None:
    assert default_mode(labels) == mode
    check_mode(mode, labels)


def test_numbers_have_no_codes() -> None:
    with pytest.raises(ValueError, match=r"Numbers have no classes.*stratify=False"):
        _ = PRICES.codes


def test_class_weights_balance_the_shares() -> None:
    """R9: every class weighs the same in total, and a sample weighs 1 on average."""
    codes = np.repeat([0, 1, 4], [70, 20, 10]).astype(np.uint16)
    weights = class_weights(codes)
    assert list(weights) == [0, 1, 4]
    assert all(type(code) is int for code in weights)
    totals = [weights[code] * (codes == code).sum() for code in weights]
    np.testing.assert_allclose(totals, 100 / 3)
