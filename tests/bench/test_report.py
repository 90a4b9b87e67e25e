"""What is advised, from figures that are given."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from keras_cvdata.bench.report import BenchReport, Row
from keras_cvdata.bench.timing import ModelSteps

STAGES = {"read": 0.1, "decode": 1.2, "augment": 0.5, "rest": 0.2}
ROWS = (
    Row("as it is", 2, 1000, 2.0, 1.0, 0.1),
    Row("threads", 1, 600, 2.0, 0.6, 0.1, "load on 1 thread", "threads=1"),
    Row("without augmentation", 2, 1300, 1.5, 1.3, 0.1),
    Row("uint8 batches", 2, 1200, 1.7, 1.2, 0.1, "let the model rescale", 'dtype="uint8"'),
    Row("packed", 2, 3100, 0.6, 3.1, 0.1, "pack it", "keras-cvdata convert pets out.h5"),
)


def report(**given: Any) -> BenchReport:
    return BenchReport(5000, 640, (32, 224, 224, 3), 5, STAGES, ROWS, **given)


def test_the_largest_part_of_the_work_is_the_limit_and_gains_are_sorted() -> None:
    found = report(cold=900.0)
    assert found.limit == "decode"
    assert found.advice().to_dict("records") == [
        {"do": "pack it", "code": "keras-cvdata convert pets out.h5", "gain": 3.1},
        {"do": "let the model rescale", "code": 'dtype="uint8"', "gain": 1.2},
    ]
    lines = found.summary().splitlines()
    assert lines[0] == "640 of 5000 images in batches of 32 x 224 x 224 x 3, 5 rounds"
    assert "Limit: decode. It is 60% of the work on an image." in lines
    assert "Pack it: keras-cvdata convert pets out.h5; 3.1 times as fast." in lines


def test_files_that_come_slowly_make_the_disk_the_limit() -> None:
    found = report(cold=300.0)
    assert found.limit == "disk"
    assert "From the disk come 300 images/s, from memory 1000." in found.summary()


def test_a_slow_model_has_nothing_to_gain() -> None:
    found = report(model=ModelSteps("train", 0.1, 320))
    assert (found.limit, found.waiting, len(found.advice())) == ("model", 0, 0)
    assert "Nothing that was tried makes it more than 15 % faster." in found.summary()


def test_a_fast_model_gains_until_it_is_the_limit() -> None:
    """It waits for three eighths of the time, and takes 1,600 images/s at most."""
    found = report(model=ModelSteps("predict", 0.02, 1600))
    assert (found.limit, found.waiting) == ("decode", pytest.approx(0.375))
    assert found.advice()["gain"].tolist() == pytest.approx([1.6, 1.2])
    assert "the model would wait for 38% of the time" in found.summary()
    assert "model alone (predict)" in found.summary()


def test_files_hold_all_figures(tmp_path: Path) -> None:
    file = tmp_path / "bench.json"
    found = report(cold=900.0, model=ModelSteps("train", 0.02, 1600))
    found.to_json(file)
    content = json.loads(file.read_text())
    assert content["stages"] == STAGES
    assert [row["setting"] for row in content["rows"]] == found.frame["setting"].tolist()
    assert content["model"]["images_per_second"] == 1600
    assert content["advice"][0]["code"] == "keras-cvdata convert pets out.h5"
    assert repr(found) == "BenchReport(640 of 5000 images, limit: decode)"
