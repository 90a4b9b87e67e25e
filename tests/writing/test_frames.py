"""Data frames with names that are no Unicode."""

import json

import pandas as pd

from keras_cvdata.writing.frames import frame_to_json


def test_names_are_spelled_out_wherever_they_stand():
    frame = pd.DataFrame({"name": ["a\udce9"], "b\udce9": [["c\udce9", 1]], "n": [0.5]})
    (row,) = json.loads(frame_to_json(frame, orient="records"))
    assert row == {"name": r"a\udce9", r"b\udce9": [r"c\udce9", 1], "n": 0.5}
    by_index = json.loads(frame_to_json(frame.set_index("name"), orient="index"))
    assert list(by_index) == [r"a\udce9"]


def test_others_are_as_pandas_writes_them():
    frame = pd.DataFrame({"name": ["é"], "n": [float("nan")]})
    assert frame_to_json(frame, orient="records") == frame.to_json(orient="records")
