"""How a sequence goes on where a run before stood."""

from __future__ import annotations

from collections.abc import Mapping

from keras_cvdata.sequences import checks


class Resumable:
    """The state of a sequence: all draws and orders depend on the seed and the epoch only."""

    seed: int
    _epoch: int

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
