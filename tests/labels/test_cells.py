"""Text of table cells: several labels in one, lists, and integers without a type."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

from keras_cvdata.labels.cells import read_cells


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["a|b", "b", ""], [["a", "b"], ["b"], []]),
        ([" a | b ", "|", "  "], [["a", "b"], [], []]),
        (["1|0|1", "0|0|1"], [[1, 0, 1], [0, 0, 1]]),
        (["1|3", "3"], [[1, 3], [3]]),
        (["1|x", "3"], [["1", "x"], ["3"]]),
        (["007|1", "1"], [["007", "1"], ["1"]]),
        (["[0, 1, 1]", "[1,0,0]"], [[0, 1, 1], [1, 0, 0]]),
        (["(0, 1)", " [1 0] "], [[0, 1], [1, 0]]),
        (["[0. 1. 1.]", "[1. 0.\n 0.]"], [[0, 1, 1], [1, 0, 0]]),
        (["[0.0, 1.0]", "[1.0, 0.0]"], [[0, 1], [1, 0]]),
        (["[True, False]", "[False, False]"], [[True, False], [False, False]]),
        (["['red', 'a, b']", '["it\'s"]', "[]"], [["red", "a, b"], ["it's"], []]),
        (["[red, big car]", "[red]"], [["red", "big car"], ["red"]]),
        ([["a"], "b", None], [["a"], ["b"], None]),
        ([[1, 0], [0, 1]], [[1, 0], [0, 1]]),
    ],
)
def test_several_labels_in_one_cell(cells: list[Any], expected: list[Any]) -> None:
    """As people write them, and as pandas writes lists and NumPy arrays into a table."""
    assert read_cells(cells, "multilabel") == expected


def test_a_list_in_brackets_is_one_without_a_kind_too() -> None:
    assert read_cells(["[1, 0]", "[0, 1]"], None) == [[1, 0], [0, 1]]
    assert read_cells(["[1, 0]", "rest"], None) == ["[1, 0]", "rest"]
    assert read_cells(["[[1, 0]]"], None) == ["[[1, 0]]"]
    assert read_cells(["a|b"], None) == ["a|b"]


def test_numbers_are_split_where_there_are_several() -> None:
    assert read_cells(["1.5|2", "[3, 4]", "[5. 6.]"], "number") == [
        ["1.5", "2"],
        ["3", "4"],
        ["5.", "6."],
    ]
    assert read_cells(["1.5", ""], "number") == ["1.5", ""]


@pytest.mark.parametrize("kind", [None, "class"])
def test_text_of_a_table_without_types_gets_them(kind: str | None) -> None:
    assert read_cells(["0", "3"], kind, untyped=True) == [0, 3]
    assert read_cells(["True", "False"], kind, untyped=True) == [True, False]
    for cells in (["0", "03"], ["0", ""], ["0", "b"], ["True", "yes"]):
        assert read_cells(cells, kind, untyped=True) == cells
    assert read_cells(["0", "3"], kind) == ["0", "3"]
    assert read_cells(["0", "3"], kind, untyped=True, known=True) == ["0", "3"]


@pytest.mark.parametrize(
    ("cells", "mark"),
    [
        (["red,big", "red", "big,old"], ","),
        (["red;big", "old"], ";"),
        (["red/big", "red", "big", "old/big", "old/red"], "/"),
        (["haze primary", "haze", "primary", "clear primary", "clear"], " "),
        (["red+big", "red", "big", "big+old", "old+red"], "+"),
    ],
)
def test_labels_that_look_joined_otherwise_are_told(cells: list[str], mark: str) -> None:
    with pytest.warns(UserWarning, match=f"joined by '[{mark}]'.*label_separator='[{mark}]'"):
        read_cells(cells, "multilabel")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        parts = [[part.strip() for part in cell.split(mark)] for cell in cells]
        assert read_cells(cells, "multilabel", mark) == parts
        read_cells(cells, "multilabel", known=True)
        read_cells([f"{cells[0]}|x", *cells], "multilabel")


@pytest.mark.parametrize(
    "cells", [["polar bear", "brown bear"], ["n/a", "yes"], ["R&B", "soul"], ["a|b", "b"]]
)
def test_names_of_several_words_are_no_joined_labels(cells: list[str]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read_cells(cells, "multilabel")


def test_other_separator_is_told_also_where_it_is_the_usual_one() -> None:
    with pytest.warns(UserWarning, match="joined by '|', as in 'a|b', but are split at ','"):
        read_cells(["a|b", "b"], "multilabel", ",")


@pytest.mark.parametrize("separator", ["", None, 3])
def test_separator_that_is_no_text_is_refused(separator: Any) -> None:
    with pytest.raises(ValueError, match=r"label_separator must be the text .*; got"):
        read_cells(["a"], "multilabel", separator)


def test_millions_of_cells_are_read_in_seconds() -> None:
    cells = [str(code) for code in np.arange(200_000) % 100]
    assert read_cells(cells, None, untyped=True)[-1] == 99
