"""The epoch at which a sequence stands: kept, moved on, saved, or taken from Keras."""

from __future__ import annotations

from collections.abc import Mapping
from types import FrameType
from typing import Any

import keras

from keras_cvdata.sequences import checks
from keras_cvdata.sequences.keras_pass import PassTracker, asker_by_index, warn_of_one_epoch


class Position:
    """The state of a sequence: all draws and orders depend on the seed and the epoch only."""

    seed: int
    _epoch: int
    _epoch_is_told: bool = False  # by an `EpochCallback`
    _watch_epochs: bool  # they differ, and nobody was told yet that Keras would see only one
    _passes_of_keras: PassTracker

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
        self._epoch = checks.check_count("epoch", epoch, 0)

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

    def _note_index(self, caller: FrameType, index: int) -> None:
        """Take note of who asks for a batch by index, and warn where that never leads on."""
        asker = asker_by_index(caller, self)
        self._passes_of_keras.note_index(asker, self._epoch, index)
        if asker == "workers" or (asker == "wrapper" and not self._epoch_is_told):
            if self._watch_epochs:
                warn_of_one_epoch(asker, self._epoch)
            self._watch_epochs = False  # one warning is enough


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

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:  # noqa: ARG002 # Keras's name
        """Set the epoch of all sequences."""
        for sequence in self.sequences:
            sequence.set_epoch(epoch)
