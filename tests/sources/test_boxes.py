"""Cells of boxes that are none."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from keras_cvdata.sources.boxes import Boxes


@pytest.mark.parametrize(
    "cell",
    [
        [[0, 0, 1e300, 5]],
        [[0, 0, 10**400, 5]],
        [[0, 0, 4, 5, 2**31]],
        [{"box": 7}],
        [{"box": [1, 2, 3, 4, 5]}],
        [[0, 0, float("nan"), 5]],
        [[0] * 100_000],
        "[" * 100_000,
        '[[1, 2, 3, "4,"]]',
        "x" * 100_000,
        [7],
    ],
)
def test_what_is_no_box_is_named_with_its_row(cell: Any) -> None:
    with pytest.raises(ValueError, match=r"^row 1: .{,400}$"):
        Boxes.from_cells([None, cell])


def test_boxes_are_rounded_once() -> None:
    box = [0.1, 1 / 3, 3e38, -1e-50]
    boxes = Boxes.from_cells([[box, [*box, 2**31 - 1]], [{"box": box, "label": 1}]])
    assert boxes.boxes.tolist() == np.float32([box] * 3).tolist()
    assert boxes.labels.tolist() == [0, 2**31 - 1, 1]
