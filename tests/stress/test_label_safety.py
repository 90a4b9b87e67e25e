"""Label safety: which classes a layer exchanges, told from those that a model only confuses."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import keras_cvdata as cvd
from keras_cvdata import layers
from keras_cvdata.sources import ArraySource
from keras_cvdata.stress.label_safety import exchanges
from keras_cvdata.types import ImageError
from tests.review.numpy_model import NumpyModel, means

pytestmark = pytest.mark.backends

ARROWS = ("left", "right", "up", "bar")
SIDE = 8
HALF = layers.RandomRot90(k=(2,))
MIRROR = layers.RandomFlip("horizontal", rate=1.0)


def arrow(name: str, shift: int = 0) -> np.ndarray:
    """A dark image with a bright edge on one side; a bar has a bright middle."""
    image = np.zeros((SIDE, SIDE, 1), np.uint8)
    where = {
        "left": np.s_[:, shift],
        "right": np.s_[:, SIDE - 1 - shift],
        "up": np.s_[shift],
        "bar": np.s_[3:5],
    }
    image[where[name]] = 255
    return image


def arrows(each: int = 8) -> cvd.ArraySequence:
    images = [arrow(name, number % 2) for name in ARROWS for number in range(each)]
    labels = [name for name in ARROWS for _ in range(each)]
    return sequence(np.stack(images), labels)


def sequence(images: np.ndarray, labels: list[str], **options: Any) -> cvd.ArraySequence:
    settings = {"color_mode": "grayscale", "rescale": "unit", "batch_size": 16, "verbose": 0}
    return cvd.ArraySequence(images, labels, class_names=list(ARROWS), **settings | options)


def reader(sharpness: float = 2.0) -> NumpyModel:
    """Recognises arrows by the edge that is bright; what is bright below is a bar."""

    def read(x: np.ndarray) -> np.ndarray:
        parts = [x[:, :, :2], x[:, :, -2:], x[:, :2], x[:, 3:, 2:-2]]
        scores = np.stack([part.sum(axis=(1, 2, 3)) for part in parts], axis=1)
        odds = np.exp(sharpness * scores)
        return odds / odds.sum(axis=1, keepdims=True)

    return NumpyModel(read)


def unsafe(report: cvd.LabelSafetyReport) -> dict[str, str]:
    return dict(zip(report.unsafe["class"], report.unsafe["becomes"], strict=True))


@pytest.mark.parametrize("layer", [MIRROR, HALF], ids=["mirror", "half turn"])
def test_classes_that_are_exchanged_are_named(layer: Any) -> None:
    """R61: labels are kept. Half turns make bars of what points up, too, but nothing of bars."""
    report = cvd.label_safety(reader(), arrows(), layer)
    assert unsafe(report) == {"left": "right", "right": "left"}
    rows = report.table.set_index("class")
    assert rows.loc["left", "share"] == 1
    assert rows["images"].tolist() == [8] * 4
    assert rows["safe"].tolist() == [False, False, True, True]
    expected = "" if layer is MIRROR else "bar"
    assert rows.loc["up", "becomes"] == expected
    assert "'left' becomes 'right' (100 % of 8 images)" in report.summary()


def test_draws_and_strengths_have_their_shares() -> None:
    named = {
        "never": layers.RandomFlip("horizontal", rate=0.0),
        "half": layers.RandomFlip("horizontal", rate=0.5),
    }
    report = cvd.label_safety(reader(), arrows(20), named, draws=4, seed=1)
    assert set(report.unsafe["layer"]) == {"half"}
    assert report.unsafe["share"].to_numpy() == pytest.approx([0.5] * 2, abs=0.15)
    assert report.summary().startswith("never exchanges no labels of 4 classes.\nhalf changes")
    again = cvd.label_safety(reader(), arrows(20), named, draws=4, seed=1)
    assert again.table.equals(report.table)


def test_what_a_model_confuses_without_confidence_is_safe() -> None:
    assert unsafe(cvd.label_safety(reader(0.1), arrows(), MIRROR, draws=1)) == {}


def test_images_that_a_model_does_not_know_say_nothing() -> None:
    """Of one class there are too few, of one none, of one wrong labels."""
    images = [arrow("left")] * 4 + [arrow("right")] * 6 + [arrow("up")] * 6
    data = sequence(np.stack(images), ["left"] * 4 + ["right"] * 6 + ["bar"] * 6)
    report = cvd.label_safety(reader(), data, MIRROR, draws=1)
    assert report.table["images"].tolist() == [4, 6, 0, 0]
    assert report.table["safe"].isna().tolist() == [True, False, True, True]
    assert unsafe(report) == {}
    assert "Of 'left', 'up', 'bar' the model recognises fewer than 5 images" in report.summary()


def test_images_that_cannot_be_read_are_not_asked() -> None:
    class Damaged(ArraySource):
        def fetch(self, position: int) -> Any:
            if position % 2:
                raise ImageError(self.name(position), "damaged")
            return super().fetch(position)

    names = ["left"] * 12 + ["right"] * 12
    source = Damaged(np.stack([arrow(name) for name in names]), names)
    settings = {"color_mode": "grayscale", "rescale": "unit", "on_error": "skip", "verbose": 0}
    report = cvd.label_safety(
        reader(), cvd.Sequence(source, **settings), MIRROR, draws=1, class_names=ARROWS
    )
    assert report.table["images"].tolist() == [6, 6, 0, 0]
    assert report.unsafe["share"].tolist() == [1, 1]


def test_ways_back_may_lead_through_other_classes() -> None:
    """Arrows of four directions by quarter turns; a class that only receives is no exchange."""
    turn = np.roll(np.eye(5), 1, axis=1)
    turn[3:] = 0
    turn[3, 0], turn[4, 0] = 1, 1
    expected = turn.astype(bool)
    expected[4] = False
    assert np.array_equal(exchanges(turn, 0.1), expected)


def test_spread_confusion_is_no_exchange() -> None:
    shares = np.full((8, 8), 1 / 8)
    assert not exchanges(shares, 0.1).any()


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        ({}, "layer must be a layer, a list of layers or a dict"),
        ([], "layer must be a layer, a list of layers or a dict"),
        ({"no": None}, "layer must be a layer, a list of layers or a dict"),
        (layers.MixUp(), "mixes whole batches"),
    ],
    ids=["no name", "no layer", "nothing by name", "mixing"],
)
def test_what_is_no_layer_is_refused(layer: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        cvd.label_safety(reader(), arrows(), layer)


def test_models_and_data_that_say_nothing_are_refused() -> None:
    images = np.stack([arrow("left")] * 6)
    with pytest.raises(ValueError, match="recognises none of the images"):
        cvd.label_safety(reader(), sequence(images, ["up"] * 6), MIRROR)
    unlabelled = cvd.ArraySequence(images, color_mode="grayscale", rescale="unit", verbose=0)
    with pytest.raises(ValueError, match="data has no labels"):
        cvd.label_safety(reader(), unlabelled, MIRROR)
    two = NumpyModel(lambda x: [np.eye(4)[[0] * len(x)]] * 2)
    with pytest.raises(ValueError, match="the model must have one output; it has 2"):
        cvd.label_safety(two, unlabelled, MIRROR)
    values = cvd.ArraySequence(
        images, np.linspace(0, 1, 6), label_mode="regression", color_mode="grayscale", verbose=0
    )
    with pytest.raises(ValueError, match="must say one class an image; its output is 'regression'"):
        cvd.label_safety(NumpyModel(means), values, MIRROR)
