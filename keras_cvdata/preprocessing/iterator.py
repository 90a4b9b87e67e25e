"""The base of the old class's iterators: endless by `next`, random access by index."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator as Endless
from types import FrameType
from typing import Any, Self

import numpy as np

from keras_cvdata.arguments import integer
from keras_cvdata.loading.threads import Job, Pool, prefetch
from keras_cvdata.preprocessing.listing import FORMATS
from keras_cvdata.preprocessing.randomness import drawing_from, random_state
from keras_cvdata.sequences.keras_pass import (
    asker_by_index,
    called_by_keras,
    enclosing_pass,
    hear_interrupts,
    keras_pass,
    walker_of_keras,
)
from keras_cvdata.sequences.passes import PassTracker
from keras_cvdata.sequences.workers import WithoutWorkers
from keras_cvdata.types import Ints

# Batches that are made ahead of the one that a model trains on.
_AHEAD = 2


class Inputs(list[Any]):
    """Several inputs of a model in a batch without labels: a list, as in the old class.

    Keras takes a batch of two parts for inputs and labels, so it gets `((first, second),)`.
    """


class Iterator(WithoutWorkers):
    """Batches of images in the order and with the random numbers of the old class.

    A subclass says how to make a batch of given samples, in `_get_batches_of_transformed_samples`.

    `next(it)` goes on for ever; `batch_index` says where it stands, and with a seed its draws hang
    on `total_batches_seen`, which `it[i]` counts up as well. `it[i]` is batch `i` of the current
    epoch and may be asked for from many threads: with a seed it is what the old class gives as its
    batch number `epoch * len(it) + i` for the flows of this module, without one it draws from
    NumPy's global generator, as the old class did. `on_epoch_end()`, or
    a pass of Keras, leads to the next epoch; a loop of your own that asks by index must call it. In
    a pass of Keras the batches come in order, whatever `fit(shuffle=...)`.

    Args:
        n: Number of samples of an epoch.
        batch_size: Samples per batch; the last one of an epoch may be smaller.
        shuffle: Order the samples anew in every epoch.
        seed: Selects orders and draws; the global generator is left alone. `None` uses it.
        **kwargs: `workers`, `use_multiprocessing` and `max_queue_size` of `keras.utils.PyDataset`,
            which are ignored with one warning: the iterators have threads of their own.

    Raises:
        TypeError: A keyword is not known.

    Example:
        >>> class Numbers(Iterator):
        ...     def _get_batches_of_transformed_samples(self, index_array):
        ...         return index_array * 10
        >>> numbers = Numbers(5, batch_size=2, shuffle=False, seed=None)
        >>> [numbers.next().tolist() for _ in range(4)], numbers[2].tolist()
        ([[0, 10], [20, 30], [40], [0, 10]], [40])
    """

    white_list_formats = FORMATS
    _of_ours, _in_their_place = "Iterator", ""

    def __init__(
        self, n: int, batch_size: int, shuffle: bool, seed: int | None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.n = n
        self.batch_size = batch_size if not n else integer("batch_size", batch_size, 1)
        self.seed = seed
        self.shuffle = shuffle
        self.batch_index = 0
        self.total_batches_seen = 0
        self.index_array: Ints | None = None
        self._epoch = self._epoch_to_order = 0
        self._known_order: tuple[int, int, Ints] | None = None
        self._asked = False  # so that Keras's hook counts where a subclass makes its own batches
        self._passes = PassTracker()
        self._ahead = Pool(1)
        self._set_up()

    def _set_up(self) -> None:
        """Make what cannot be pickled."""
        self.lock = threading.RLock()
        self._next_state: Any = np.random
        self.index_generator = self._flow_index()

    def __getstate__(self) -> dict[str, Any]:
        unpicklable = ("lock", "index_generator", "_next_state")
        return {name: value for name, value in vars(self).items() if name not in unpicklable}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._set_up()

    def __len__(self) -> int:
        return (self.n + self.batch_size - 1) // self.batch_size

    # By index

    def __getitem__(self, idx: int) -> Any:
        caller = sys._getframe(1)
        self._asked = True
        around = enclosing_pass(caller)
        if around is not None and self._passes.leaves_early(around, self._epoch):
            self._next_epoch()
        if (walk := keras_pass(caller, self)) is not None:
            batch = self._passes.next(walk, self._epoch, len(self), self._batches)
            if self._passes.is_over(walk):
                self._let_go()
        else:
            batch = self._by_index(caller, idx)
        with self.lock:
            self.total_batches_seen += 1
        if isinstance(batch, Inputs) and called_by_keras(caller, self, "__getitem__"):
            return (tuple(batch),)
        return batch

    def _by_index(self, caller: FrameType, idx: int) -> Any:
        if not -len(self) <= idx < len(self):
            hint = "" if self.n else " No images were found. Check the folder or the split."
            raise ValueError(f"There are {len(self)} batches in an epoch; got index {idx}.{hint}")
        index = idx % len(self)
        self._passes.note_index(asker_by_index(caller, self), self._epoch, index)
        return self._batch(self._epoch, index)

    def _batch(self, epoch: int, index: int) -> Any:
        """One batch of an epoch, with several inputs or outputs in tuples, as Keras wants them."""
        order = self._order(epoch)
        samples = order[index * self.batch_size : (index + 1) * self.batch_size]
        with drawing_from(self._state(epoch, index)):
            batch = self._get_batches_of_transformed_samples(samples)
        if isinstance(batch, list | tuple) and not isinstance(batch, Inputs):
            return tuple(tuple(part) if isinstance(part, list) else part for part in batch)
        return batch

    def _state(self, epoch: int, index: int) -> Any:
        """What a batch draws from."""
        if self.seed is None:
            return np.random
        state = random_state(self.seed + epoch * len(self) + index)
        if (epoch, index) == (0, 0):
            self._shuffled(state, 0)  # which the old class draws from the same state, before
        return state

    def _order(self, epoch: int) -> Ints:
        """The samples of an epoch in order."""
        with self.lock:
            if self.seed is None:
                if self.index_array is None:
                    self._set_index_array()
                assert self.index_array is not None
                return self.index_array
            if self._known_order is None or self._known_order[:2] != (epoch, self.seed):
                self._epoch_to_order = epoch
                with drawing_from(self._state_of_order(epoch)):
                    self._set_index_array()
                assert self.index_array is not None
                self._known_order = epoch, self.seed, self.index_array
            return self._known_order[2]

    def _state_of_order(self, epoch: int) -> Any:
        """What the order of an epoch is drawn from."""
        if not epoch or not self.shuffle or not self.n:
            return random_state(self.seed)
        # The old class shuffles with what the last batch of the epoch before has left of its state.
        last = len(self) - 1
        state = self._state(epoch - 1, last)
        with drawing_from(state):
            self._draw(min(self.batch_size, self.n - last * self.batch_size))
        return state

    def _shuffled(self, state: Any, epoch: int) -> Ints:
        members = self._members(epoch)
        result: Ints = state.permutation(members) if self.shuffle else members
        return result

    def _members(self, epoch: int) -> Ints:  # noqa: ARG002 # balanced ones are others each time
        """The samples of an epoch, in the order of the files or arrays."""
        return np.arange(self.n)

    def _draw(self, count: int) -> None:
        """Draw what a batch of so many samples needs from `random_state()`."""

    def on_epoch_end(self) -> None:
        """Go on to the next epoch; passes of Keras do so by themselves, and their hook is idle."""
        by_keras = called_by_keras(sys._getframe(1), self, "on_epoch_end")
        is_hook = by_keras and self._asked
        if not is_hook or self._passes.ends_by_index(self._epoch, len(self), True):
            self._next_epoch()

    def on_epoch_begin(self) -> None:
        """Have the thread and memory let go when the `fit`, `evaluate` or `predict` is over."""
        hear_interrupts()
        walker = walker_of_keras(sys._getframe(1))
        if walker is not None:
            self._passes.watch(walker, self._let_go)

    def _let_go(self) -> None:
        """End idle threads, until they are needed again."""
        self._ahead.end_threads()

    def _next_epoch(self) -> None:
        with self.lock:
            self._epoch += 1
            if self.seed is None:
                self._epoch_to_order = self._epoch
                self._set_index_array()
            else:
                self._order(self._epoch)

    def _batches(self, epoch: int, first: int = 0, is_trial: bool = False) -> Endless[Any]:
        """Batches of an epoch from an index on; the end leads to the next epoch, but of a trial."""
        jobs = (self._begin(epoch, index) for index in range(first, len(self)))
        loaded = (job.wait() for job in jobs) if is_trial else prefetch(jobs, _AHEAD)
        for index, (batch,) in enumerate(loaded, first):
            if index == len(self) - 1 and self._epoch == epoch and not is_trial:
                self._next_epoch()
            yield batch

    def _begin(self, epoch: int, index: int) -> Job[list[Any]]:
        return self._ahead.start(1, lambda _: self._batch(epoch, index), list)

    # One after the other

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Any:
        with self.lock:
            index_array = next(self.index_generator)
            state = self._next_state
        with drawing_from(state):
            return self._get_batches_of_transformed_samples(index_array)

    def next(self) -> Any:
        """Return the next batch, for ever."""
        return next(self)

    def reset(self) -> None:
        """Have `next` begin a new epoch."""
        self.batch_index = 0

    def _flow_index(self) -> Endless[Ints]:
        """Samples of one batch after the other, for ever."""
        order = self.index_array  # which, unpickled, may be in the middle of an epoch
        while True:
            seed = None if self.seed is None else self.seed + self.total_batches_seen
            self._next_state = random_state(seed)
            if not self.batch_index or order is None:
                self._epoch_to_order = self.total_batches_seen // len(self) if self.n else 0
                with drawing_from(self._next_state):
                    self._set_index_array()
                order = self.index_array
            assert order is not None  # `_set_index_array` has set it
            start = self.batch_index * self.batch_size % max(self.n, 1)
            self.batch_index = self.batch_index + 1 if self.n > start + self.batch_size else 0
            self.total_batches_seen += 1
            yield order[start : start + self.batch_size]

    def _set_index_array(self) -> None:
        """Order the samples of an epoch anew, by `random_state()`."""
        self.index_array = self._shuffled(random_state(), self._epoch_to_order)

    def _get_batches_of_transformed_samples(self, index_array: Ints) -> Any:
        """Make a batch.

        Args:
            index_array: (B,) numbers of the samples.

        Returns:
            What a model trains on.
        """
        raise NotImplementedError(
            f"{type(self).__name__} must say how to make a batch of given samples."
        )
