"""Tables with a row for each box are noticed, and what the answer says works."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
import pytest

from keras_cvdata import CSVSequence, DataFrameSequence

ROWS = [
    ("a.png", 1, 2, 5, 6, "cat"),
    ("a.png", 0, 0, 9, 9, "dog"),
    ("b.png", 3, 3, 4, 8, "cat"),
]
NAMES = ["filename", "xmin", "ymin", "xmax", "ymax", "class"]


@pytest.fixture
def frame(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    for name in ("a.png", "b.png"):
        cv2.imwrite(str(tmp_path / name), np.zeros((10, 12, 3), np.uint8))
    monkeypatch.chdir(tmp_path)
    return pd.DataFrame(ROWS, columns=NAMES)


def test_a_row_for_each_box_is_noticed(frame: Any) -> None:
    options = {"image_column": "filename", "label_column": "class", "verbose": 0}
    with pytest.warns(UserWarning, match=r"first 3 rows name 2 different images.*'xmin', 'ymin'"):
        DataFrameSequence(frame, **options)
    frame.to_csv("t.csv", index=False)
    with pytest.warns(UserWarning, match=r"each row is a box.*groupby\(IMAGE\)"):
        CSVSequence("t.csv", **options)
    sizes = frame.rename(columns={"xmax": "width", "ymax": "height"})
    with pytest.warns(UserWarning, match="'width', 'height'"):
        DataFrameSequence(sizes, **options)


def test_one_box_in_a_cell_is_noticed(frame: Any) -> None:
    """As in the wheat data set of Kaggle."""
    frame["bbox"] = frame[NAMES[1:5]].to_numpy().tolist()
    frame = frame[["filename", "bbox", "class"]]
    options = {"image_column": "filename", "label_column": "class", "verbose": 0}
    with pytest.warns(UserWarning, match="in 'bbox'"):
        DataFrameSequence(frame, **options)
    with pytest.raises(ValueError, match=r"row 0: .*this cell is one box, \[1, 2, 5, 6\].*groupby"):
        DataFrameSequence(frame, box_column="bbox", **options)


def test_a_table_of_retinanet_has_no_line_of_names(frame: Any) -> None:
    frame.to_csv("t.csv", index=False, header=False)
    with pytest.raises(ValueError, match=r"a box in each row, and no line of names.*header=None"):
        CSVSequence("t.csv", verbose=0)


def test_what_the_answer_says_works(frame: Any) -> None:
    frame["boxes"] = frame[["xmin", "ymin", "xmax", "ymax", "class"]].values.tolist()
    table = frame.groupby("filename")["boxes"].apply(list).reset_index()
    seq = DataFrameSequence(
        table,
        image_column="filename",
        box_column="boxes",
        label_mode=None,
        image_size=(10, 12),
        shuffle=False,
        verbose=0,
    )
    y = seq[0][1]
    assert y["labels"].tolist() == [[0, 1], [0, -1]]
    assert y["boxes"][0].tolist() == [[1, 2, 5, 6], [0, 0, 9, 9]]


def test_tables_of_images_are_left_alone(frame: Any) -> None:
    """Warnings are errors here: images once each, or again without boxes."""
    options = {"image_column": "filename", "label_column": "class", "verbose": 0}
    DataFrameSequence(frame.drop_duplicates("filename"), label_mode=None, **options)
    DataFrameSequence(frame[["filename", "class", "xmin"]], **options)
