"""The epoch at which a sequence stands: kept, moved on, saved, or taken from Keras."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras

from keras_cvdata import arguments


class Position:
    """The state of a sequence: all draws and orders depend on the seed and the epoch only."""

    seed: int
    _epoch: int
    _epoch_is_told: bool = False  # by an `EpochCallback`

    @property
    def epoch(self) -> int:
        """Number of the epoch that the next iteration serves, from 0."""
        return self._epoch

    def set_epoch(self, epoch: int) -> None:
        """Go to an epoch, for example to resume a training.

        An iteration that was begun before goes on with its own epoch.

        Args:
            epoch: Number of the epoch, from 0.
        """
        self._epoch = arguments.integer("epoch", epoch, 0)

    def state_dict(self) -> dict[str, int]:
        """What a later run needs, besides the same arguments, to go on with the next epoch."""
        return {"seed": self.seed, "epoch": self._epoch}

    def load_state_dict(self, state: Mapping[str, int]) -> None:
        """Go on where `state_dict` was taken.

        Args:
            state: What `state_dict` returned.

        Raises:
            ValueError: The state was taken with another seed.
        """
        if state["seed"] != self.seed:
            raise ValueError(
                f"The state was taken with seed {state['seed']}, this sequence has {self.seed}. "
                f"Construct it with seed={state['seed']}."
            )
        self.set_epoch(state["epoch"])


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

    def __init__(self, *sequences: Position) -> None:
        super().__init__()
        self.sequences = sequences
        for sequence in sequences:
            sequence._epoch_is_told = True

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Set the epoch of all sequences."""
        for sequence in self.sequences:
            sequence.set_epoch(epoch)
