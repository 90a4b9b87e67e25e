"""What the passes over a sequence cost, of the newest and of the last that came to its end."""

from __future__ import annotations

import threading
import weakref
from collections import deque
from types import FrameType
from typing import Any

from keras_cvdata.loading.stats import Delivery, Meter
from keras_cvdata.sequences import keras_pass

# Batches that may be on their way between a sequence and a model; `tf.data` keeps far fewer.
_ON_THEIR_WAY = 1024


class Steps:
    """Finds how long a model waited for its batches, of the ends of its steps.

    Frameworks take batches ahead and compute while Python goes on, so what a sequence sees of the
    time says little. A step begins when the one before has ended and its batch is there.

    Args:
        threads: Threads that make the batches.
    """

    def __init__(self, threads: int) -> None:
        self._threads = threads
        self._lock = threading.Lock()
        self._given: deque[Delivery] = deque(maxlen=_ON_THEIR_WAY)
        self.begin(0)

    def give(self, delivery: Delivery) -> None:
        """Note a batch that the model will use after those that it was given before."""
        with self._lock:
            self._given.append(delivery)

    def begin(self, at: int) -> None:
        """Begin an epoch of Keras.

        Args:
            at: Time, in nanoseconds of `time.perf_counter_ns`.
        """
        with self._lock:
            self.meter = Meter(0, self._threads)
            self._before, self._done = at, -1

    def end(self, step: int, at: int) -> None:
        """Note that the model is through with the batches up to one.

        Args:
            step: Number of the last batch in this epoch of Keras, from 0.
            at: Time, likewise.
        """
        with self._lock:
            count = min(step - self._done, len(self._given))
            if count < 1:  # an end that is told late, by a thread of Keras that was overtaken
                return
            used = [self._given.popleft() for _ in range(count)]
            if not self.meter.batches:
                self.meter.epoch = used[0].epoch
            # With `steps_per_execution` several steps have one end; the last tells how long one is.
            alone = at - max(used[-1].given, self._before)
            waited = max(0, at - self._before - count * alone)
            for delivery in used:
                self.meter.add(delivery, waited, at)
                waited = 0
            self._before, self._done = at, step

    def finish(self) -> Meter:
        """End the epoch.

        Returns:
            What it cost.
        """
        self.meter.complete = True
        return self.meter


class Recorder:
    """Keeps what the passes over a sequence cost.

    Args:
        threads: Threads that make the batches.
    """

    def __init__(self, threads: int) -> None:
        self.threads = threads
        self._lock = threading.Lock()
        self._of_adapters: weakref.WeakKeyDictionary[Any, Meter | None] = (
            weakref.WeakKeyDictionary()
        )
        self._by_index: Meter | None = None
        self.running = self.ended = Meter(0, threads)
        self.steps: Steps | None = None  # of the `fit` that `LoadingStats` watches

    def __reduce__(self) -> tuple[type[Recorder], tuple[int]]:
        return Recorder, (self.threads,)

    def begin(self, epoch: int, is_bound: bool = False) -> Meter:
        """Begin to measure a pass.

        Args:
            epoch: Number of its epoch.
            is_bound: Whether batches may be taken before they are needed.

        Returns:
            What `count` wants for each batch of it.
        """
        self.running = Meter(epoch, self.threads, is_bound)
        return self.running

    def count(self, meter: Meter, delivery: Delivery, length: int, for_fit: bool = False) -> None:
        """Count a batch.

        Args:
            meter: What measures its pass.
            delivery: The batch.
            length: Number of batches in an epoch.
            for_fit: Whether Keras asked for it.
        """
        with self._lock:
            meter.add(delivery)
            if meter.batches == length:
                meter.complete = True
                self.ended = meter
        if for_fit and self.steps is not None:
            self.steps.give(delivery)

    def count_by_index(self, delivery: Delivery, length: int, for_fit: bool) -> None:
        """Count a batch that was asked for by its index.

        Args:
            delivery: The batch.
            length: Number of batches in an epoch.
            for_fit: Whether it was Keras that asked, through others.
        """
        meter = self._by_index
        if meter is None or meter.complete or meter.epoch != delivery.epoch:
            meter = self._by_index = self.begin(delivery.epoch, is_bound=for_fit)
        self.count(meter, delivery, length, for_fit)

    def count_pass(self, walk: FrameType, delivery: Delivery, length: int) -> None:
        """Count a batch of a pass of Keras, but for a validation by what is trained on.

        Args:
            walk: The generator of Keras.
            delivery: The batch.
            length: Number of batches in an epoch.
        """
        adapter = keras_pass.adapter_of(walk)
        if adapter is None:  # of a Keras that is not known, whose passes cannot be told apart
            adapter = self
        if adapter not in self._of_adapters:
            is_aside = keras_pass.adapter_of_fit(walk) in self._of_adapters
            self._of_adapters[adapter] = None if is_aside else self.begin(delivery.epoch, True)
        meter = self._of_adapters[adapter]
        if meter is None:
            return
        if delivery.number == 0 and meter.batches:
            meter = self._of_adapters[adapter] = self.begin(delivery.epoch, True)
        self.count(meter, delivery, length, for_fit=True)

    def end(self, meter: Meter) -> None:
        """Take what `Steps` found for the last epoch."""
        self.ended = meter
