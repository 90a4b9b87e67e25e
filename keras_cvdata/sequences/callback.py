"""The epoch of a sequence, taken from Keras."""

from __future__ import annotations

from typing import Any

import keras

from keras_cvdata.sequences.base import Sequence


class EpochCallback(keras.callbacks.Callback):
    """Sets the epoch of sequences to that of `fit`.

    A sequence counts its epochs itself. Use this where the count of Keras must hold, for example
    when a training is resumed with `initial_epoch` or `keras.callbacks.BackupAndRestore`.

    Args:
        *sequences: The sequences.

    Example:
        >>> import numpy as np
        >>> from keras_cvdata.sequences import ArraySequence
        >>> seq = ArraySequence(np.zeros((4, 8, 8, 1), "uint8"), [0, 1, 0, 1], verbose=0)
        >>> callback = EpochCallback(seq)  # model.fit(seq, initial_epoch=5, callbacks=[callback])
        >>> callback.on_epoch_begin(5)
        >>> seq.epoch
        5
    """

    def __init__(self, *sequences: Sequence) -> None:
        super().__init__()
        self.sequences = sequences

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:  # noqa: ARG002 # Keras's name
        """Set the epoch of all sequences."""
        for sequence in self.sequences:
            sequence.set_epoch(epoch)
