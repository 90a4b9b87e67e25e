"""How Keras's passes over a sequence get our batches in our order.

`fit(shuffle=True)`, the default of Keras, asks for batch indices in a random order that nobody can
look ahead in, so an epoch is served by order of arrival. Keras's hooks do not tell when: they fire
a different number of times on each backend, and not at all when a fit is cut short. What is always
there is the generator with which Keras walks over the sequence. One generator is one pass; a person
who writes `seq[i]` is none.
"""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any


def keras_pass(frame: FrameType) -> FrameType | None:
    """Return the frame if it is a generator of Keras, which walks over an epoch.

    Args:
        frame: The frame that asks for a batch.

    Returns:
        The frame, or None where anybody else asks.
    """
    ours = frame.f_globals.get("__name__", "").startswith("keras.")
    return frame if ours and frame.f_code.co_flags & inspect.CO_GENERATOR else None


class Feed:
    """Hands each pass the batches of an epoch in order.

    Two passes are remembered, because training with `steps_per_epoch` pauses a pass while the
    validation of the same sequence runs another. An abandoned pass (early stop, Keras's trial
    batch before the first epoch) falls out when newer ones come; it never reaches the next epoch.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._passes: dict[FrameType, Iterator[Any]] = {}
        self._left: dict[FrameType, int] = {}

    def __reduce__(self) -> tuple[type[Feed], tuple[()]]:
        return Feed, ()

    def next(self, frame: FrameType, length: int, begin: Callable[[], Iterator[Any]]) -> Any:
        """Return the next batch of a pass.

        Args:
            frame: The pass.
            length: Number of batches in an epoch.
            begin: Starts the batches of an epoch; called at the first batch of a pass.

        Returns:
            The batch.
        """
        with self._lock:
            if frame not in self._passes:
                for abandoned in list(self._passes)[:-1]:
                    self._forget(abandoned)
                self._passes[frame], self._left[frame] = begin(), length
            try:
                batch = next(self._passes[frame])
            except BaseException:
                self._forget(frame)
                raise
            self._left[frame] -= 1
            if not self._left[frame]:
                self._forget(frame)
            return batch

    def _forget(self, frame: FrameType) -> None:
        """Drop a pass, which closes its batches and cancels what was begun ahead."""
        del self._passes[frame], self._left[frame]
