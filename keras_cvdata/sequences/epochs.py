"""How the batches of an epoch are handed out: to passes of Keras, by index, and to a loop."""

from __future__ import annotations

import abc
import sys
from collections.abc import Iterator
from time import perf_counter_ns
from types import FrameType
from typing import Any, NamedTuple

import numpy as np

from keras_cvdata import arguments
from keras_cvdata.loading.loader import Images, Loader
from keras_cvdata.loading.sampler import BatchIndices, Sampler
from keras_cvdata.loading.stats import Delivery, Stats
from keras_cvdata.loading.threads import Job, Pool
from keras_cvdata.sequences.keras_pass import (
    Asker,
    asker_by_index,
    called_by_keras,
    epochs_left,
    hear_interrupts,
    keras_pass,
    refuse_class_weight,
    walker_of_keras,
    warn_of_one_epoch,
)
from keras_cvdata.sequences.options import PassesOptionsOn
from keras_cvdata.sequences.passes import PassTracker
from keras_cvdata.sequences.position import Position
from keras_cvdata.sequences.recording import Recorder
from keras_cvdata.sequences.workers import WithoutWorkers
from keras_cvdata.sources.base import Source
from keras_cvdata.types import Ints


class Served(NamedTuple):
    """A batch as Keras gets it, what it cost, and whether Keras only tries what batches are."""

    batch: Any
    delivery: Delivery
    is_trial: bool = False


class Epochs(PassesOptionsOn, Position, WithoutWorkers):
    """Base of `Sequence`: batches, made ahead, of one epoch after the other.

    A subclass calls `_begin`, and says how a batch is started (`_start`) and what Keras gets of it
    (`_batch`).
    """

    source: Source
    prefetch: int
    on_error: str
    _pool: Pool
    _loader: Loader

    def _begin(self, sampler: Sampler, epochs_differ: bool) -> None:
        """Stand at epoch 0 of a sampler.

        Args:
            sampler: Which samples make up each batch.
            epochs_differ: Whether it matters which epoch is served.
        """
        self._sampler = sampler
        self._epoch = 0
        self._epoch_is_told = False  # by an EpochCallback
        self._watch_epochs = epochs_differ
        self._passes = PassTracker()
        self._recorder = Recorder(self._pool.threads)

    @abc.abstractmethod
    def _start(self, epoch: int, index: int) -> Job[Images]:
        """Begin to load a batch and return at once."""

    @abc.abstractmethod
    def _batch(self, images: Images) -> Any:
        """What a model gets of a loaded batch."""

    def __len__(self) -> int:
        return len(self._sampler)

    def __getitem__(self, index: int) -> Any:
        caller = sys._getframe(1)
        if self.on_error == "skip":
            refuse_class_weight(caller, self)
        walk = keras_pass(caller, self)
        if walk is not None:
            served = self._passes.next(walk, self._epoch, len(self), self._batches)
            if not served.is_trial:
                self._recorder.count_pass(walk, served.delivery, len(self))
            if self._passes.is_over(walk):
                self._let_go()
            return served.batch
        index = arguments.position("batch", index, len(self), "batches of an epoch")
        asker, epoch, asked = self._note_index(caller, index), self._epoch, perf_counter_ns()
        served = self._served(epoch, index, asked, self._start(epoch, index).wait())
        if asker != "trial":
            self._recorder.count_by_index(served.delivery, len(self), for_fit=asker is not None)
        return served.batch

    def _served(self, epoch: int, index: int, asked: int, images: Images) -> Served:
        batch, bad = self._batch(images), len(images.read) - int(np.count_nonzero(images.read))
        given = perf_counter_ns()
        count = len(images.positions)
        return Served(batch, Delivery(epoch, index, asked, given, count, bad, images.times))

    def _note_index(self, caller: FrameType, index: int) -> Asker | None:
        """Take note of who asks for a batch by index, and warn where that never leads on."""
        asker = asker_by_index(caller, self)
        self._passes.note_index(asker, self._epoch, index)
        if asker == "workers" or (asker == "wrapper" and not self._epoch_is_told):
            if self._watch_epochs:
                warn_of_one_epoch(asker, self._epoch)
            self._watch_epochs = False  # one warning is enough
        return asker

    def on_epoch_end(self) -> None:
        """Go on to the next epoch after batches by index; a pass of Keras does so by itself."""
        by_keras = called_by_keras(sys._getframe(1), self, "on_epoch_end")
        if self._passes.ends_by_index(self._epoch, len(self), by_keras):
            self._epoch += 1

    def on_epoch_begin(self) -> None:
        """Have threads and memory let go when the `fit`, `evaluate` or `predict` is over."""
        hear_interrupts()
        self._passes.last_epoch = self._epoch + epochs_left(sys._getframe(1))
        walker = walker_of_keras(sys._getframe(1))
        if walker is not None:
            self._passes.watch(walker, self._let_go)

    def _let_go(self) -> None:
        """End idle threads and free spare memory, until they are needed again."""
        self._pool.end_threads()
        self._loader.memory.clear()
        self._loader.workspaces.clear()

    def __iter__(self) -> Iterator[Any]:
        if type(self).__getitem__ is Epochs.__getitem__:
            meter = self._recorder.begin(self._epoch)
            for served in self._batches(self._epoch):
                self._recorder.count(meter, served.delivery, len(self))
                yield served.batch
            return
        epoch = self._epoch  # of a subclass that changes what it gets of `super()[index]`
        for index in range(len(self)):
            batch = self[index]
            if index == len(self) - 1 and self._epoch == epoch:
                self._epoch = epoch + 1
            yield batch

    def stats(self, running: bool = False) -> Stats:
        """What loading cost in the last epoch: images/s, waiting, time of each step, bad items.

        Passes by Keras, by a loop and by index count alike; validation on this very sequence within
        its `fit` does not.

        Args:
            running: Of the pass that began last, instead of the one that came to its end last. It
                is so too where none has come to its end.

        Returns:
            The figures, which print as a person reads them.
        """
        recorder = self._recorder
        chosen = recorder.running if running or not recorder.ended.batches else recorder.ended
        return chosen.stats()

    def rows(self, index: int) -> Ints:
        """Rows in the source of the samples of a batch of the current epoch, in its order.

        Args:
            index: Number of the batch, from the end where negative.

        Returns:
            (B,) int64.
        """
        return self.source.rows[self._positions(index)]

    def names(self, index: int) -> list[str]:
        """Names of the samples of a batch of the current epoch, such as paths, in its order.

        Args:
            index: Number of the batch, from the end where negative.

        Returns:
            One name for each sample.
        """
        return [self.source.name(position) for position in self._positions(index).tolist()]

    @property
    def file_paths(self) -> list[str]:
        """Names of all samples in the order of the source: paths, URLs or places in a file."""
        return [self.source.name(position) for position in range(len(self.source))]

    def _positions(self, index: int) -> Ints:
        index = arguments.position("batch", index, len(self), "batches of an epoch")
        return self._sampler.batch(self._epoch, index).positions

    def _batches(self, epoch: int, first: int = 0, is_trial: bool = False) -> Iterator[Served]:
        """Batches of an epoch from an index on; the end leads to the next epoch, but of a trial."""
        stream = iter(()) if first or is_trial else self._passes.take_begun(epoch)
        asked = perf_counter_ns()
        for index in range(first, len(self)):
            images = next(stream, None)
            if images is None:  # nothing was begun
                stream = self._stream(epoch, first, is_trial)
                images = next(stream)
            if index == len(self) - 1 and not is_trial:
                if self._epoch == epoch:
                    self._epoch = epoch + 1
                if epoch < self._passes.last_epoch:
                    self._passes.keep_begun(epoch + 1, stream)
            served = self._served(epoch, index, asked, images)
            yield served._replace(is_trial=is_trial)
            asked = perf_counter_ns()

    def _stream(self, epoch: int, first: int, is_trial: bool) -> Iterator[Images]:
        """Load batches from an index on; those of the next epoch follow where a `fit` goes on."""
        if is_trial:  # of which one batch is wanted
            return (self._start(epoch, index).wait() for index in range(first, len(self)))
        return self._loader.stream(self._pool, self._samples(epoch, first), self.prefetch)

    def _samples(self, epoch: int, first: int) -> Iterator[tuple[int, BatchIndices]]:
        """Epoch and samples of batches from an index on, as far as a `fit` is known to go."""
        for index in range(first, len(self)):
            yield epoch, self._sampler.batch(epoch, index)
        while epoch < self._passes.last_epoch:
            epoch += 1
            for index in range(len(self)):
                yield epoch, self._sampler.batch(epoch, index)
