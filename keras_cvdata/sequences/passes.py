"""Where the passes of Keras over a sequence stand, and what each gets next."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

from keras_cvdata.sequences import keras_pass
from keras_cvdata.sequences.keras_pass import Asker

REMEMBERED = 16  # passes whose place is kept
OPEN = 2  # passes whose batches are prepared ahead


class _Pass:
    """Where a pass stands: the next batch of an epoch, and the batches from there on while open."""

    def __init__(self, epoch: int, is_trial: bool) -> None:
        self.epoch = epoch
        self.is_trial = is_trial  # Keras only wants to know what batches look like
        self.index = 0
        self.batches: Iterator[Any] | None = None


class PassTracker:
    """Hands each pass the batches of an epoch in order.

    Passes pause: training with `steps_per_epoch` for the validation of the same sequence, or for a
    prediction in a callback. Batches are pure functions, so a place in the epoch is all that a
    paused pass needs; the last two passes that were served keep what was begun ahead as well.
    An abandoned pass (early stop, Keras's trial batch before the first epoch) falls out when the
    `fit` is over or newer ones come; it never reaches the next epoch.

    It also notices epochs that were taken by index, which end by `on_epoch_end` only.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._passes: dict[FrameType, _Pass] = {}  # the one served last is the last
        self._latest: FrameType | None = None
        self._asked_by_latest = self._epoch_of_latest = 0
        self._trial: FrameType | None = None
        self._walkers: weakref.WeakSet[Any] = weakref.WeakSet()
        self._over: weakref.WeakSet[Any] = weakref.WeakSet()  # adapters that have done their work
        self.last_epoch = -1  # of the `fit` that goes on, as far as is known
        self._begun: tuple[int, Iterator[Any]] | None = None
        self._has_seen_pass = False
        self._epoch_by_index: int | None = None
        self._taken_by_keras: set[int] = set()  # indices of that epoch
        if not keras_pass.adapter_of_keras().is_known:
            keras_pass.warn_of_unknown_keras()

    def __reduce__(self) -> tuple[type[PassTracker], tuple[()]]:
        return PassTracker, ()

    def next(
        self,
        frame: FrameType,
        epoch: int,
        length: int,
        begin: Callable[[int, int, bool], Iterator[Any]],
    ) -> Any:
        """Return the next batch of a pass.

        Args:
            frame: The pass.
            epoch: Number of the epoch that a new pass gets.
            length: Number of batches in an epoch.
            begin: Starts the batches of an epoch from an index on, for a trial or not.

        Returns:
            The batch.

        Raises:
            ValueError: Keras shares the batches of a pass out over several processes.
        """
        with self._lock:
            self._has_seen_pass = True
            walk = self._passes.pop(frame, None) or self._new_pass(frame, epoch)
            self._make_room()
            if walk.batches is None:
                walk.batches = begin(walk.epoch, walk.index, walk.is_trial)
            batch = next(walk.batches)
            walk.index += 1
            if walk.index < length:
                self._passes[frame] = walk
            if self.is_over(frame):
                self._passes.pop(frame, None)
            return batch

    def keep_begun(self, epoch: int, stream: Iterator[Any]) -> None:
        """Keep the batches of the next epoch that a pass has begun, until it is asked for.

        Args:
            epoch: Number of that epoch.
            stream: Its batches from the first on.
        """
        self._begun = epoch, stream

    def take_begun(self, epoch: int) -> Iterator[Any]:
        """Return what was begun of an epoch; other epochs are given up.

        Args:
            epoch: Number of the epoch.

        Returns:
            Its batches from the first on, none where nothing was begun.
        """
        begun, self._begun = self._begun, None
        return begun[1] if begun is not None and begun[0] == epoch else iter(())

    def watch(self, walker: Any, when_over: Callable[[], None]) -> None:
        """Give the passes of a `fit`, `evaluate` or `predict` up when it is over.

        Args:
            walker: What `walker_of_keras` found.
            when_over: Called afterwards, perhaps by the garbage collector, in whatever thread: it
                must not wait for a lock.
        """
        if walker not in self._walkers:
            self._walkers.add(walker)
            end = weakref.finalize(walker, self._close, walker.data_adapter, when_over)
            end.atexit = False

    def _close(self, adapter: Any, when_over: Callable[[], None]) -> None:
        self._over.add(adapter)
        for frame in list(self._passes):
            if keras_pass.adapter_of(frame) is adapter:
                self._passes.pop(frame, None)
        self._begun, self.last_epoch = None, -1
        when_over()
        keras_pass.loosen(adapter)

    def is_over(self, frame: FrameType) -> bool:
        """Say whether a pass belongs to a `fit` that is over; `tf.data` may still ask for a batch.

        Args:
            frame: The pass.

        Returns:
            Whether nobody waits for its batches.
        """
        return keras_pass.adapter_of(frame) in self._over

    def leaves_early(self, frame: FrameType, epoch: int) -> bool:
        """Say whether a new pass follows one that left its epoch early; ask for every batch.

        Keras's trial does not count.

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
            if self._is_trial(frame):
                return False
            early = self._asked_by_latest > 1 and epoch == self._epoch_of_latest
            self._latest, self._asked_by_latest = frame, 1
            self._epoch_of_latest = epoch + early
            return early

    def note_index(self, asker: Asker | None, epoch: int, index: int) -> None:
        """Remember that a batch was asked for by its index.

        Args:
            asker: What `asker_by_index` found.
            epoch: Number of the current epoch.
            index: Number of the batch, not negative.
        """
        # Without the lock, which `next` may hold while it waits for code that asks by index.
        if asker == "trial":
            return
        if epoch != self._epoch_by_index:
            self._epoch_by_index, self._taken_by_keras = epoch, set()
        if asker == "keras":
            self._taken_by_keras.add(index)

    def ends_by_index(self, epoch: int, length: int, by_keras: bool) -> bool:
        """Say whether `on_epoch_end` ends an epoch that was taken by index.

        Keras's hook also fires before the first epoch and in the middle of long ones, so from Keras
        it counts only where Keras has taken every batch, and never where its passes are recognised.

        Args:
            epoch: Number of the current epoch.
            length: Number of batches in an epoch.
            by_keras: Whether Keras itself calls the hook, and not a person.

        Returns:
            Whether to go on to the next epoch.
        """
        if epoch != self._epoch_by_index:
            return False
        if not by_keras:
            return True
        if self._has_seen_pass or len(self._taken_by_keras) < length:
            return False
        keras_pass.warn_of_unknown_keras()
        return True

    def _new_pass(self, frame: FrameType, epoch: int) -> _Pass:
        keras_pass.refuse_shards(frame)
        return _Pass(epoch, self._is_trial(frame))

    def _is_trial(self, frame: FrameType) -> bool:
        if frame is not self._trial and keras_pass.is_trial(frame):
            self._trial = frame
        return frame is self._trial

    def _make_room(self) -> None:
        """Close what other passes began ahead, and drop the oldest, before one is served."""
        for frame in list(self._passes)[: -(REMEMBERED - 1)]:
            self._passes.pop(frame, None)
        for idle in list(self._passes.values())[: -(OPEN - 1)]:
            idle.batches = None
