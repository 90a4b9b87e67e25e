"""Several columns as one target."""

from __future__ import annotations

import numpy as np
import pytest

from keras_cvdata.labels import Labels, from_names, from_numbers, infer, join_columns


@pytest.mark.parametrize(
    "cells",
    [[0, 1, 1], [0.0, 1.0, 1.0], [False, True, True], ["0", "1", "1"], ["0.0", "1.0", "1.0"]],
)
def test_columns_of_0_and_1_become_rows(cells: list) -> None:
    joined = join_columns({"a": infer(cells), "b": from_names([1, 1, 1])}, "multilabel")
    assert joined.values.tolist() == [[0, 1], [1, 1], [1, 1]]
    assert joined.values.dtype == np.uint8
    assert (joined.kind, joined.names) == ("multilabel", (("a", "b"),))
    assert joined.counts() == {"a": 2, "b": 3}


@pytest.mark.parametrize(
    ("cells", "value"),
    [([0, 1, 2], "'2'"), ([0, 1, 0.3], "0.3"), (["no", "no", "a"], "'no'"), ([1, 0, -1], "-1.0")],
)
def test_other_values_are_refused_with_their_place(cells: list, value: str) -> None:
    """-1 says "uncertain" in CheXpert; nobody but the user knows what it shall become."""
    row = 0 if value == "'no'" else 2
    message = rf"t\.csv, line {row + 2}: .* hold 0 or 1; 'b' holds .*{value}"
    with pytest.raises(ValueError, match=message):
        join_columns(
            {"a": from_names([0, 1, 1]), "b": infer(cells)},
            "multilabel",
            where=lambda row: f"t.csv, line {row + 2}",
        )


def test_columns_of_numbers_become_rows() -> None:
    columns = {"x": from_numbers([0.5, 1]), "y": from_names([3, 40]), "z": from_names(["5", "06"])}
    joined = join_columns(columns, "number")
    assert joined.values.tolist() == [[0.5, 3, 5], [1, 40, 6]]
    assert joined.values.dtype == np.float32
    assert joined.class_names == ("x", "y", "z")
    assert (joined.num_classes, joined.counts()) == (0, {})


def test_column_that_is_no_number_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="must hold numbers; 'y' holds 2 classes"):
        join_columns({"x": from_numbers([0.5, 1]), "y": from_names(["a", "b"])}, "number")


def test_joined_columns_take_other_names() -> None:
    flags = {"a": from_names([0, 1]), "b": from_names([1, 1])}
    assert join_columns(flags, "multilabel", ["edema", "fracture"]).class_names[0] == "edema"
    with pytest.raises(ValueError, match=r"hold 2 values together, but there are 3 names: 'x'"):
        join_columns(flags, "multilabel", ["x", "y", "z"])
    wide = Labels("number", np.zeros((2, 2), np.float32))
    with pytest.raises(ValueError, match="hold 3 values together, but there are 2 names"):
        join_columns({"w": wide, "a": flags["a"]}, "number")
