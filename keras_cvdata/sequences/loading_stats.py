"""A callback that puts what loading costs beside the loss of each epoch."""

from __future__ import annotations

from time import perf_counter_ns
from typing import Any

import keras

from keras_cvdata.loading.stats import Stats
from keras_cvdata.sequences.epochs import Epochs
from keras_cvdata.sequences.recording import Steps

LOGGED = ("images_per_second", "waiting", "read_ms", "decode_ms", "augment_ms", "bad_items")


class LoadingStats(keras.callbacks.Callback):
    """Adds what loading costs to the logs of each epoch of `fit`, and finds how long it waited.

    The logs, and with them the `History`, the progress bar, `CSVLogger` and `TensorBoard`, get
    `images_per_second`, `waiting`, `read_ms`, `decode_ms`, `augment_ms` and `bad_items`, which
    `Stats` explains. Give it before callbacks that write the logs.

    Keras takes batches ahead on TensorFlow, and computes while Python goes on, on accelerators;
    so a sequence by itself knows only how long the model waited at most. This callback sees the end
    of each step. The first step of an epoch, which may compile the model, and the validation are
    left out. The copy of a batch to TensorFlow or to a device counts as part of a step.

    Args:
        sequence: The sequence that `fit` is given, or that a wrapper takes its batches from.

    Attributes:
        stats: The `Stats` of the last epoch.

    Raises:
        TypeError: It is no sequence of this package.

    Example:
        >>> import keras, numpy as np
        >>> from keras_cvdata import ArraySequence
        >>> x, y = np.zeros((8, 4, 4, 1), "uint8"), [0, 1] * 4
        >>> seq = ArraySequence(x, y, batch_size=2, verbose=0)
        >>> model = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(1)])
        >>> model.compile("sgd", "mse")
        >>> history = model.fit(seq, epochs=2, verbose=0, callbacks=[LoadingStats(seq)])
        >>> sorted(history.history)[-2:], len(history.history["waiting"])
        (['read_ms', 'waiting'], 2)
    """

    async_safe = True  # Keras need not wait for it after each step

    def __init__(self, sequence: Epochs) -> None:
        super().__init__()
        if not isinstance(sequence, Epochs):
            raise TypeError(
                "LoadingStats wants a sequence of keras_cvdata, such as DirectorySequence, which "
                f"measures what it does; got {type(sequence).__name__}. Of a wrapper, pass the "
                "sequence inside."
            )
        self.sequence = sequence
        self.stats = Stats(threads=sequence._recorder.threads)

    def on_train_begin(self, logs: Any = None) -> None:
        """Begin to note which batches are handed out."""
        self._steps = Steps(self.sequence._recorder.threads)
        self.sequence._recorder.steps = self._steps

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Begin an epoch."""
        self._steps.begin(perf_counter_ns())

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Note the end of a step."""
        self._steps.end(batch, perf_counter_ns())

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Add the figures of the epoch to the logs."""
        meter = self._steps.finish()
        if not meter.batches:  # the sequence is not what was trained on
            return
        self.stats = meter.stats()
        self.sequence._recorder.end(meter)
        if logs is not None:
            figures = self.stats.as_dict()
            logs.update({name: figures[name] for name in LOGGED})

    def on_train_end(self, logs: Any = None) -> None:
        """Leave the sequence alone."""
        self.sequence._recorder.steps = None
