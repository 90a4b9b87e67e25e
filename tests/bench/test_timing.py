"""Gains are rather too low than too high, and models stay as they are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from keras_cvdata.bench import timing
from keras_cvdata.bench.timing import Timing
from keras_cvdata.sequences import ArraySequence
from keras_cvdata.sources import ArraySource, DirectorySource

pytestmark = pytest.mark.backends


def measured(threads: int, seconds: list[float], cpu: list[float]) -> Timing:
    sequence = ArraySequence(np.zeros((10, 4, 4, 3), np.uint8), verbose=0)
    return Timing("", threads, sequence, seconds, cpu)


def test_a_gain_is_no_more_than_what_the_processor_is_relieved_by() -> None:
    base = measured(2, [1.0, 1.0, 1.0, 4.0], [1.2, 1.0, 1.3, 1.1])
    noisy = measured(2, [0.25, 0.5, 0.25, 1.0], [0.9, 0.8, 1.0, 1.1])
    assert noisy.gain_over(base) == pytest.approx(1 / 0.8)
    assert base.gain_over(base) == 1
    assert (base.cpu_ms, base.images_per_second, base.spread) == (100, 10, 3)


def test_a_gain_of_threads_holds_in_most_rounds() -> None:
    base = measured(1, [1.0] * 5, [1.0] * 5)
    more = measured(2, [0.5, 0.25, 0.5, 0.8, 2.0], [1.1] * 5)
    assert more.gain_over(base) == pytest.approx(1.25)


def test_stages_share_the_work_on_one_thread() -> None:
    one = measured(1, [], [])
    one.run(keep=False)
    one.run()
    stages = timing.stage_ms(one)
    assert list(stages) == ["read", "decode", "augment", "rest"]
    assert sum(stages.values()) == pytest.approx(one.cpu_ms)
    assert min(stages.values()) >= 0


def test_only_files_of_their_own_can_be_forgotten(
    photo_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = DirectorySource(photo_folder)
    assert timing.forget_files(source)
    assert not timing.forget_files(ArraySource(np.zeros((2, 4, 4, 3), np.uint8)))
    monkeypatch.setattr("sys.platform", "win32")
    assert not timing.forget_files(source)


def network(loss: Any) -> keras.Model:
    model = keras.Sequential([keras.Input((4, 4, 3)), keras.layers.Flatten()])
    model.add(keras.layers.Dense(2, "softmax"))
    model.compile("sgd", loss)
    return model


class Known:
    """A model that was not compiled."""

    asked = 0

    def predict_on_batch(self, images):
        self.asked += 1
        return images


def test_a_model_that_was_not_compiled_predicts() -> None:
    """Two steps warm up, and fifty are enough."""
    model = Known()
    steps = timing.model_steps(model, np.zeros((8, 4, 4, 3)), seconds=60)
    assert (steps.way, model.asked) == ("predict", 52)
    assert steps.images_per_second == pytest.approx(8 / steps.seconds)


@pytest.mark.slow
@pytest.mark.parametrize("loss", ["mse", "sparse_categorical_crossentropy"])
def test_a_copy_of_the_model_trains(loss: str) -> None:
    model = network(loss)
    before = [weights.copy() for weights in model.get_weights()]
    steps = timing.model_steps(model, np.ones((4, 4, 4, 3), np.float32), seconds=0.01)
    assert steps.way == "train"
    assert steps.images_per_second == pytest.approx(4 / steps.seconds)
    for ours, theirs in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.slow
def test_a_model_whose_loss_takes_nothing_known_predicts() -> None:
    def refuse(y_true, y_pred):
        raise ValueError("wants targets of its own")

    model = network(refuse)
    assert timing.model_steps(model, np.ones((4, 4, 4, 3)), seconds=0.01).way == "predict"
