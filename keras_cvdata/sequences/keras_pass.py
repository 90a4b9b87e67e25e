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
import warnings
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

REMEMBERED = 16  # passes whose place is kept
OPEN = 2  # passes whose batches are prepared ahead


def keras_pass(frame: FrameType | None, sequence: object) -> FrameType | None:
    """Return the generator of Keras that walks over a sequence and asks for a batch now.

    Args:
        frame: The frame that called `__getitem__` of the sequence.
        sequence: The sequence.

    Returns:
        The frame of the generator, also where it asks through a `__getitem__` of a subclass; None
        where anybody else asks.
    """
    while frame is not None and is_method_of(frame, sequence, "__getitem__"):
        frame = frame.f_back
    return frame if frame is not None and _is_generator_of_keras(frame) else None


def walker_by_index(frame: FrameType | None) -> str | None:
    """Say by what Keras asks for a batch by its index.

    Args:
        frame: The frame that called `__getitem__` of the sequence.

    Returns:
        "workers" of Keras's enqueuer, a "wrapper" between Keras and the sequence, or None where it
        is not Keras that asks.
    """
    while frame is not None:
        if is_of_keras(frame) and frame.f_code.co_name == "get_index":
            return "workers"
        if _is_generator_of_keras(frame):
            return "wrapper"
        frame = frame.f_back
    return None


def enclosing_pass(frame: FrameType | None) -> FrameType | None:
    """Return the generator of Keras that asks for a batch, through whatever wrappers.

    Args:
        frame: The frame that called `__getitem__` of the sequence.

    Returns:
        The frame of the generator, or None where it is not Keras that asks.
    """
    while frame is not None and not _is_generator_of_keras(frame):
        frame = frame.f_back
    return frame


def warn_of_one_epoch(walker: str, epoch: int) -> None:
    """Say that indices alone do not lead to the next epoch; for `__getitem__` to call.

    Args:
        walker: What `walker_by_index` found.
        epoch: Number of the epoch that would be served for ever.
    """
    if walker == "workers":
        way = "by workers of its own"
        mend = "Set workers to 1; the sequence has its threads, and those serve no stale batches."
    else:
        way = "through a wrapper"
        mend = "Pass callbacks=[EpochCallback(sequence)] to fit."
    warnings.warn(
        f"Keras takes the batches of this sequence by index, {way}, which does not tell when an "
        f"epoch ends: all would be epoch {epoch}. {mend}",
        stacklevel=3,
    )


def is_method_of(frame: FrameType, owner: object, name: str) -> bool:
    """Say whether a frame runs a method of this name of an object."""
    code = frame.f_code
    if code.co_name != name or not code.co_argcount:
        return False
    return frame.f_locals.get(code.co_varnames[0]) is owner


def _is_generator_of_keras(frame: FrameType) -> bool:
    return is_of_keras(frame) and bool(frame.f_code.co_flags & inspect.CO_GENERATOR)


def is_of_keras(frame: FrameType) -> bool:
    """Say whether a frame runs code of Keras."""
    name: str = frame.f_globals.get("__name__", "")
    return name.startswith("keras.")


class _Pass:
    """Where a pass stands: the next batch of an epoch, and the batches from there on while open."""

    def __init__(self, epoch: int) -> None:
        self.epoch = epoch
        self.index = 0
        self.batches: Iterator[Any] | None = None


class PassTracker:
    """Hands each pass the batches of an epoch in order.

    Passes pause: training with `steps_per_epoch` for the validation of the same sequence, or for a
    prediction in a callback. Batches are pure functions, so a place in the epoch is all that a
    paused pass needs; the last two passes that were served keep what was begun ahead as well.
    An abandoned pass (early stop, Keras's trial batch before the first epoch) falls out when newer
    ones come; it never reaches the next epoch.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._passes: dict[FrameType, _Pass] = {}  # the one served last is the last
        self._latest: FrameType | None = None
        self._asked_by_latest = self._epoch_of_latest = 0

    def __reduce__(self) -> tuple[type[PassTracker], tuple[()]]:
        return PassTracker, ()

    def next(
        self, frame: FrameType, epoch: int, length: int, begin: Callable[[int, int], Iterator[Any]]
    ) -> Any:
        """Return the next batch of a pass.

        Args:
            frame: The pass.
            epoch: Number of the epoch that a new pass gets.
            length: Number of batches in an epoch.
            begin: Starts the batches of an epoch from an index on.

        Returns:
            The batch.
        """
        with self._lock:
            walk = self._passes.pop(frame, None) or _Pass(epoch)
            self._make_room()
            if walk.batches is None:
                walk.batches = begin(walk.epoch, walk.index)
            batch = next(walk.batches)
            walk.index += 1
            if walk.index < length:
                self._passes[frame] = walk
            return batch

    def leaves_early(self, frame: FrameType, epoch: int) -> bool:
        """Say whether a new pass follows one that left its epoch early; ask for every batch.

        Keras's trial batch is a pass of one and does not count.

        Args:
            frame: The pass that asks for a batch.
            epoch: Number of the current epoch.

        Returns:
            Whether the epoch is that of the pass before, which got more than one batch of it.
        """
        with self._lock:
            if frame is self._latest:
                self._asked_by_latest += 1
                return False
            early = self._asked_by_latest > 1 and epoch == self._epoch_of_latest
            self._latest, self._asked_by_latest = frame, 1
            self._epoch_of_latest = epoch + early
            return early

    def _make_room(self) -> None:
        """Close what other passes began ahead, and drop the oldest, before one is served."""
        for frame in list(self._passes)[: -(REMEMBERED - 1)]:
            del self._passes[frame]
        for idle in list(self._passes.values())[: -(OPEN - 1)]:
            idle.batches = None
