"""A review from the model to the page, and the command that makes it."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import cv2
import keras
import numpy as np
import pytest

import keras_cvdata as cvd
from keras_cvdata import cli
from keras_cvdata.review.predictions import predictions_of
from tests.review.numpy_model import NumpyModel, one_hot_of_tens

VIOLET = (250, 0, 250)


@pytest.fixture(scope="module")
def model() -> keras.Model:
    """A model that takes what has a violet frame for the third class, and else goes by light."""
    inputs = keras.Input((16, 16, 3))
    dense = keras.layers.Dense(3, "softmax")
    made = keras.Model(inputs, dense(keras.layers.GlobalAveragePooling2D()(inputs)))
    dense.set_weights(
        [np.array([[0, 10, 40], [0, 20, -80], [0, 10, 40]], float), np.array([0.0, -20, -8])]
    )
    return made


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Dark nights, bright days and grey dusks; every third picture has a violet frame."""
    root = tmp_path_factory.mktemp("pictures")
    random = np.random.default_rng(0)
    for name, level in (("a night", 40), ("b day", 220), ("c dusk", 130)):
        (root / name).mkdir()
        for number in range(45):
            pixels = np.clip(random.normal(level, 25, (32, 32, 1)), 0, 255).repeat(3, axis=2)
            if number % 3 == 0:
                pixels[:5] = pixels[-5:] = pixels[:, :5] = pixels[:, -5:] = VIOLET
            cv2.imwrite(str(root / name / f"{number}.png"), pixels[..., ::-1].astype(np.uint8))
    return root


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a disk of Linux that is full")
def test_the_report_is_kept_where_the_disk_is_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    (tmp_path / "r.html").symlink_to("/dev/full")
    grey, names = np.uint8([0, 10, 20])[:, None, None, None], ["zero", "ten", "twenty"]
    options = {"class_names": names, "color_mode": "grayscale"}
    found = predictions_of(NumpyModel(one_hot_of_tens), (grey, names), **options)
    with pytest.raises(OSError, match=r"No space left on device\. It is kept as") as full:
        cvd.review(found, None, tmp_path / "r.html", measure=False, verbose=0)
    assert full.value.result.accuracy == 1
    assert len(list(tmp_path.glob("keras-cvdata-*/r.html"))) == 1


@pytest.mark.slow
@pytest.mark.backends
def test_a_planted_frame_is_found_and_named(
    model: keras.Model, pictures: Path, tmp_path: Path
) -> None:
    """R95: a ground that shows a class is what the model knows."""
    data = cvd.DirectorySequence(pictures, image_size=(16, 16), rescale="unit", seed=3, verbose=0)
    report = cvd.review(model, data, tmp_path / "r.html", verbose=0)
    first = report.findings[0]
    assert first.check == "biased_slice"
    assert first.message == (
        "of 30 images with border: constant, rgb(250, 0, 250) that are not 'c dusk', 100% are "
        "predicted as 'c dusk'; elsewhere 0%"
    )
    assert "layers.RandomBackground(rate=0.5)" in set(report.advice()["code"])
    assert (tmp_path / "r.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert report.mistakes["row"].is_unique


@pytest.mark.slow
@pytest.mark.backends
def test_the_command_writes_what_it_is_asked_for(
    model: keras.Model, pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model.save(tmp_path / "m.keras")
    files = [tmp_path / name for name in ("r.html", "r.json", "r.csv")]
    options = [f"--html={files[0]}", f"--json={files[1]}", f"--review-list={files[2]}"]
    arguments = ["review", str(tmp_path / "m.keras"), str(pictures), "--rescale=unit"]
    assert cli.main([*arguments, *options, "--slices=border,contrast"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "135 images"
    assert said[-3:] == [f"Wrote {file}" for file in files]
    assert {each["trait"] for each in json.loads(files[1].read_text())["slices"]} == {
        "border",
        "contrast",
    }
    assert cli.main([*arguments, "--html=no/such/r.html"]) == 2
    assert "there is no folder no/such" in capsys.readouterr().err
