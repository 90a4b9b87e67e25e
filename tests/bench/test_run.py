"""A benchmark measures what a collection allows, and changes nothing of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

import keras_cvdata as cvd
from keras_cvdata import layers
from keras_cvdata.bench import run
from keras_cvdata.bench.candidates import candidates

pytestmark = pytest.mark.backends


@pytest.fixture(autouse=True)
def few_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "_ROUNDS", 2)


QUICK: dict[str, Any] = {"seconds": 0.2, "verbose": 0}


def test_photographs_are_measured_with_all_settings(photo_folder: Path) -> None:
    before = sorted(file.stat().st_mtime_ns for file in photo_folder.glob("*/*"))
    augment = [layers.RandomFlip(), layers.MixUp()]
    report = cvd.bench(
        photo_folder, image_size=(24, 32), augment=augment, rescale="unit", threads=[1, 3],
        batch_size=4, label_mode="categorical", **QUICK,
    )  # fmt: skip
    assert {each.setting for each in candidates()} < set(report.frame["setting"])
    assert {1, 3} < {*report.frame["threads"], 0}
    assert (report.images, report.sample, report.batch) == (12, 12, (4, 24, 32, 3))
    (pack,) = (row for row in report.rows if row.setting.startswith("pixels packed"))
    assert pack.code == f"keras-cvdata convert {photo_folder} out.h5 --image-size 24x32"
    assert pack.do == "pack pixels at 24x32, which takes 0 MB"
    assert report.cold is not None
    assert sorted(file.stat().st_mtime_ns for file in photo_folder.glob("*/*")) == before


def test_what_changes_nothing_is_left_out() -> None:
    """Arrays are not packed; a sequence of uint8 without augmentation is as it is."""
    seq = cvd.ArraySequence(np.zeros((8, 6, 6, 3), np.uint8), dtype="uint8", threads=1, verbose=0)
    report = cvd.bench(seq, threads=[1], **QUICK)
    assert [row.setting for row in report.rows] == ["as it is"]
    assert seq.epoch == 0
    assert (report.cold, report.model, report.waiting) == (None, None, 0)


def test_a_sample_is_spread_over_a_large_collection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "_TRIED", 10)
    seq = cvd.ArraySequence(np.zeros((1000, 6, 6, 3), np.uint8), threads=1, verbose=0)
    assert run._sample(seq, 1e-9, 1).source.rows.tolist() == list(range(0, 1000, 100))


def test_a_benchmark_ends_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "_ROUNDS", 50)
    assert (
        cvd.bench(np.zeros((8, 6, 6, 3), np.uint8), threads=[1], seconds=1e-6, verbose=0).rounds
        == 1
    )


@pytest.mark.slow
def test_a_model_says_how_long_it_would_wait(photo_folder: Path) -> None:
    model = keras.Sequential([keras.Input((16, 16, 3)), keras.layers.Flatten()])
    report = cvd.bench(model=model, data=photo_folder, threads=[1], **QUICK)
    assert report.batch[1:] == (16, 16, 3)
    assert report.model is not None
    assert (report.model.way, 0 <= report.waiting < 1) == ("predict", True)


def test_wrong_arguments_are_refused() -> None:
    seq = cvd.ArraySequence(np.zeros((8, 6, 6, 3), np.uint8), verbose=0)
    with pytest.raises(TypeError, match="has its settings; the options"):
        cvd.bench(seq, image_size=4)
    with pytest.raises(ValueError, match="seconds must be more than 0; got 0"):
        cvd.bench(seq, seconds=0)
