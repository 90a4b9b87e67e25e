"""What loading costs stands in the logs of `fit`, on each backend."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

from keras_cvdata import LoadingStats
from keras_cvdata.sequences import ArraySequence
from keras_cvdata.sequences.loading_stats import LOGGED

pytestmark = pytest.mark.backends


def make(count: int = 10, **options: Any) -> ArraySequence:
    x = np.zeros((count, 6, 6, 1), np.uint8)
    given = {"batch_size": 2, "color_mode": "grayscale", "seed": 0, "verbose": 0}
    return ArraySequence(x, np.arange(count) % 2, **{**given, **options})


def model() -> Any:
    made = keras.Sequential([keras.Input((6, 6, 1)), keras.layers.Flatten(), keras.layers.Dense(1)])
    made.compile("sgd", "mse", run_eagerly=True)  # which spares the time to compile
    return made


class Peek(keras.callbacks.Callback):
    """Predicts on the sequence that is trained on."""

    def __init__(self, seq: ArraySequence) -> None:
        super().__init__()
        self.seq = seq

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.model.predict(self.seq, verbose=0, steps=2)


@pytest.mark.slow
def test_logs_of_an_epoch_have_the_figures_of_its_training(tmp_path: Any) -> None:
    """Neither validation on the same sequence nor predictions of callbacks are among them."""
    seq, table = make(), tmp_path / "log.csv"
    stats = LoadingStats(seq)
    callbacks = [Peek(seq), stats, keras.callbacks.CSVLogger(str(table))]
    options = {"epochs": 2, "verbose": 0, "validation_data": seq}  # which takes every other epoch
    history = model().fit(seq, callbacks=callbacks, **options).history
    assert set(LOGGED) < set(history)
    assert all(0 <= share <= 1 for share in history["waiting"])
    assert all(rate > 0 for rate in history["images_per_second"])
    assert history["bad_items"] == [0, 0]
    assert (stats.stats.batches, stats.stats.images, stats.stats.is_bound) == (5, 10, False)
    assert seq.stats() == stats.stats
    assert (seq.stats().epoch, seq.epoch) == (2, 4)
    assert set(LOGGED) < set(table.read_text().splitlines()[0].split(","))


@pytest.mark.slow
def test_epochs_of_keras_that_are_shorter_than_those_of_the_sequence() -> None:
    seq = make(18)
    stats = LoadingStats(seq)
    model().fit(seq, epochs=3, steps_per_epoch=3, verbose=0, callbacks=[stats])
    assert (stats.stats.batches, stats.stats.images) == (3, 6)


@pytest.mark.slow
def test_without_the_callback_waiting_is_a_bound() -> None:
    seq, validation = make(), make(6)
    model().fit(seq, epochs=2, verbose=0, validation_data=validation)
    stats = seq.stats()
    assert (stats.complete, stats.images, stats.is_bound) == (True, 10, True)
    assert (validation.stats().images, validation.stats().complete) == (6, True)


@pytest.mark.slow
def test_trials_of_keras_count_for_nothing() -> None:
    """It builds a model by the shapes of batches."""
    seq = make(4, batch_size=4)
    unbuilt = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(1)])
    unbuilt.compile("sgd", "mse")
    unbuilt.fit(seq, epochs=2, verbose=0)
    assert (seq.stats().epoch, seq.stats().images) == (1, 4)


def test_another_sequence_is_trained_on() -> None:
    stats, logs = LoadingStats(make()), {"loss": 1.0}
    stats.on_train_begin()
    stats.on_epoch_begin(0)
    stats.on_train_batch_end(0)
    stats.on_epoch_end(0, logs)
    stats.on_train_end()
    assert logs == {"loss": 1.0}
    assert stats.stats.batches == 0


def test_what_does_not_measure_is_refused() -> None:
    with pytest.raises(TypeError, match=r"wants a sequence of keras_cvdata.*got ndarray.*inside"):
        LoadingStats(np.zeros(3))
