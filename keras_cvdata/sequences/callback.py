"""The epoch of a sequence, taken from Keras."""

from __future__ import annotations

from typing import Any

import keras

from keras_cvdata.sequences.base import Sequence


class EpochCallback(keras.callbacks.Callback):
    """Sets the epoch of sequences to that of `fit`.

    A sequence counts its epochs itself. Use this where the count of Keras must hold: when training
    is resumed with `initial_epoch` or `keras.callbacks.BackupAndRestore`, and when Keras takes the
    batches by index from a wrapper around the sequence.

    Epochs of both must be of one length. `fit(steps_per_epoch=4)` on a sequence of 8 batches makes
    two epochs of one pass, so every other epoch of the sequence would never come: give the length
    to the sequence instead, `Sequence(..., steps_per_epoch=4)`.

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
        for sequence in sequences:
            sequence._epoch_is_told = True

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:  # noqa: ARG002 # Keras's name
        """Set the epoch of all sequences."""
        for sequence in self.sequences:
            sequence.set_epoch(epoch)
