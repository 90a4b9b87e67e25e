"""What labels are by their looks."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pandas as pd
import pytest

from keras_cvdata.labels import categories, from_array, from_arrays, infer, making

HOT = [[0, 1, 0], [1, 1, 0], [0, 0, 1]]


@pytest.mark.parametrize(
    "cells",
    [
        HOT,
        [tuple(row) for row in HOT],
        [np.array(row) for row in HOT],
        [np.array(row, float) for row in HOT],
        [np.array(row, bool) for row in HOT],
        [[str(v) for v in row] for row in HOT],
        ["0|1|0", "1|1|0", "0|0|1"],
        ["[0, 1, 0]", "[1, 1, 0]", "[0, 0, 1]"],
    ],
)
def test_rows_of_0_and_1_are_multi_hot(cells: Any) -> None:
    labels = infer(cells, "multilabel")
    assert (labels.kind, labels.values.tolist()) == ("multilabel", HOT)
    assert labels.values.dtype == np.uint8
    assert infer(cells, "multilabel", ["a", "b", "c"]).class_names == ("a", "b", "c")


def test_one_hot_rows_are_classes_unless_several_are_asked_for() -> None:
    """R28: as in arrays."""
    rows = [[0, 1, 0], [1, 0, 0]]
    for make in (infer, from_array):
        assert make(rows).values.tolist() == [1, 0]
        assert make(rows, kind="multilabel").values.tolist() == rows


def test_lists_of_names_and_classes_stay_such() -> None:
    assert infer([["b", "a"], ["b", "c"]], "multilabel").class_names == ("a", "b", "c")
    assert infer([[0, 2], [1, 2]], "multilabel").values.tolist() == [[1, 0, 1], [0, 1, 1]]
    assert infer([[0, 1], [0, 1]], "multilabel", ["x", "y", "z"]).values.tolist() == [[1, 1, 0]] * 2
    assert infer([[0], [1]], "multilabel").values.tolist() == [[1, 0], [0, 1]]
    assert infer([0, 2], "multilabel").encode([0, 1], "multilabel").tolist() == [
        [1, 0, 0],
        [0, 0, 1],
    ]


@pytest.mark.parametrize("cells", [["1|0|1", "", "0|1|1"], [[1, 0], [], [0, 1]]])
def test_gap_among_rows_of_0_and_1_is_refused_with_its_row(cells: Any) -> None:
    """It would turn the other rows into lists of the classes 0 and 1."""
    with pytest.raises(ValueError, match=r"row 1: the label is missing, where .* hold [32] values"):
        infer(cells, "multilabel")


@pytest.mark.parametrize(
    "cells", [[[0.2, 0.8], [1, 0]], ["[0.2, 0.8]", "[1.0, 0]"], ["0.2|.8", "1"]]
)
def test_shares_are_no_classes(cells: Any) -> None:
    """They became the classes "0.2" and "0.8", with a 1 for each."""
    with pytest.raises(ValueError, match=r"row 0: \[0.2, 0.8\] .* no classes. Use .*'regression'"):
        infer(cells, "multilabel")
    assert infer(["0.2|.8"], "multilabel", [".8", "0.2"]).values.tolist() == [[1, 1]]


def test_row_of_another_length_is_refused_with_its_row() -> None:
    with pytest.raises(ValueError, match=r"row 0: .* holds a class twice"):
        infer(["1|0|1", "1|0"], "multilabel")


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        ([0, 1, 3], "class"),
        (["0", "10"], "class"),
        ([-1, 1], "number"),
        ([1, 2_000_000], "number"),
        ([True, False], "class"),
        ([[0.5, 1.0], [2.0, 3.0]], "number"),
        ([[1, 2], [3]], "multilabel"),
        (["[1, 0]", "[1, 1]"], "multilabel"),
    ],
)
def test_kind_is_seen_from_the_values(cells: Any, kind: str) -> None:
    assert infer(cells).kind == kind


def test_numbers_that_are_no_codes_are_classes_where_they_are_listed() -> None:
    """-1 and 1 of other tools: never renumbered without a word."""
    assert infer([-1, 1, 1], class_names=["-1", "1"]).values.tolist() == [0, 1, 1]
    assert infer(["-1", "1"], class_names=["-1", "1"], untyped=True).values.tolist() == [0, 1]
    assert infer([0.5, 1.5], class_names=["1.5", "0.5"]).values.tolist() == [1, 0]


def test_text_of_numbers_is_text_where_a_table_has_types() -> None:
    """A folder "10" and a JSON string "10" are names; the number 10 is a code."""
    assert infer(["10", "2", "1"]).class_names == ("1", "10", "2")
    assert infer(["10", "2", "1"], untyped=True).values.tolist() == [10, 2, 1]
    assert infer([10, 2, 1]).values.tolist() == [10, 2, 1]


@pytest.mark.parametrize("wrap", [lambda c: c, pd.Series])
def test_order_of_a_categorical_is_kept(wrap: Any) -> None:
    sizes = wrap(pd.Categorical(["m", "s", "m"], ["s", "m", "l"]))
    labels = from_array(sizes)
    assert labels.class_names == ("s", "m", "l")
    assert labels.values.tolist() == [1, 0, 1]
    assert from_array(sizes, ["m", "s"]).values.tolist() == [0, 1, 0]
    assert from_array(wrap(pd.Categorical(["a|b", "b"])), kind="multilabel").class_names == (
        "a",
        "b",
    )


def test_categories_of_integers_are_integers() -> None:
    """Parquet makes categories of any column, in the order of their first row."""
    assert categories(pd.Categorical([3, 1], [3, 1])) is None
    assert from_array(pd.Categorical([3, 1], [3, 1])).values.tolist() == [3, 1]
    assert categories(np.array(["a"])) is None


def test_gap_in_a_categorical_is_refused() -> None:
    with pytest.raises(ValueError, match="row 1: the label is missing"):
        from_array(pd.Categorical(["a", None], ["a"]))


def test_kind_of_arrays_can_be_demanded() -> None:
    """Two targets of 0 and 1 are no one-hot rows where numbers are wanted."""
    assert from_array([[0, 1], [1, 0]], kind="number").values.tolist() == [[0, 1], [1, 0]]
    assert from_array([1, 0], kind="number").values.tolist() == [1, 0]
    assert from_array(["a|b", "b"], kind="multilabel").values.tolist() == [[1, 1], [0, 1]]
    assert from_array([("cat", "persian"), ("dog", "boxer")], kind="hierarchical").names == (
        ("cat", "dog"),
        ("boxer", "persian"),
    )


def test_several_arrays() -> None:
    flags = {"edema": [0, 1], "fracture": np.array([True, True])}
    assert from_arrays(flags)["fracture"].values.tolist() == [1, 1]
    joined = from_arrays(flags, kinds="multilabel")["label"]
    assert joined.values.tolist() == [[0, 1], [1, 1]]
    assert joined.class_names == ("edema", "fracture")
    apart = from_arrays({"x": [0, 1], "y": ["a", "b"]}, kinds={"x": "number"})
    assert [labels.kind for labels in apart.values()] == ["number", "class"]


def test_one_long_text_does_not_lengthen_the_others() -> None:
    """In an array of text each takes the memory of the longest: 40 GB of a megabyte."""
    tracemalloc.start()
    try:
        long = "b" * 10_000
        assert len(infer([["a", long], *[["a", "c"]] * 5000], "multilabel")) == 5001
        assert from_array([long, 0.5, *["a"] * 5000]).class_names == ("0.5", "a", long)
        assert from_array([[long], *[["a"]] * 5000]).class_names == ("a", long)
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("value", ["9" * 4000, 10**4000, 1e300], ids=["text", "int", "float"])
def test_numbers_beyond_floats_are_refused_with_their_row(value: Any) -> None:
    with pytest.raises(ValueError, match=r"^row 0: .{,200}\d") as raised:
        infer([value, type(value)(1)], untyped=True)
    assert len(str(raised.value)) < 500
    with pytest.raises(ValueError, match=r"row [01]: a regression target must be a finite"):
        infer([value, "x"], "number")


@pytest.mark.parametrize(
    ("cells", "megabytes"),
    [
        ([[999_999], [0, 1]] * 200, 400),
        ([[f"a{n}"] for n in range(20_000)], 400),
        ([[999_999]] * 20, 20),
    ],
)
def test_rows_of_0_and_1_of_far_more_classes_than_labels_are_refused(
    cells: Any, megabytes: int
) -> None:
    with pytest.raises(ValueError, match=rf"samples with .* {megabytes} MB as rows of 0 and 1"):
        infer(cells, "multilabel")


def test_what_is_wrong_with_a_whole_table_names_it_and_what_mends_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(making, "_FEW_CELLS", 10)
    monkeypatch.setattr(making, "_FEW_EACH", 1)
    monkeypatch.setattr(making, "_CELLS_EACH", 1)
    cells, where = [["a"], ["b"], ["c"], ["d", "a"]], "t.csv, line {}".format
    with pytest.raises(
        ValueError, match=r"^t\.csv, line 0 and all .* list the classes in class_na"
    ):
        infer(cells, "multilabel", where=where)
    assert infer(cells, "multilabel", list("dcba"), where).values[3].tolist() == [1, 0, 0, 1]
    with pytest.raises(ValueError, match=r"^t\.csv, line 0 and all .* must be 2 lists of names"):
        infer(["a/b"], "hierarchical", ["a"], where)


def test_levels_are_few() -> None:
    with pytest.raises(ValueError, match="row 0: the label has 500 levels; at most 100"):
        infer(["/".join("a" * 500)], "hierarchical")
    with pytest.raises(ValueError, match="more than 1,000,000 classes together"):
        infer([(999_999, 999_999)], "hierarchical")


def test_classes_that_look_alike_are_named() -> None:
    with pytest.warns(UserWarning, match=r"'cafe\\u0301' and 'caf\\xe9'"):
        assert infer(["caf\xe9", "cafe\u0301", "\xe9"]).num_classes == 3
