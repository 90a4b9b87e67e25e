"""How Keras's passes over a sequence get our batches in our order.

`fit(shuffle=True)`, the default of Keras, asks for batch indices in a random order that nobody can
look ahead in, so an epoch is served by order of arrival. Keras's hooks do not tell when: they fire
a different number of times on each backend, and not at all when a fit is cut short. What is always
there is the generator with which Keras walks over the sequence. One generator is one pass; a person
who writes `seq[i]` is none.

The generators are known by their code, as methods of Keras's adapter, which is not public. Where
that changes, one warning says so, batches are served by index, and `on_epoch_end` leads on.
"""

from __future__ import annotations

import functools
import inspect
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from types import CodeType, FrameType
from typing import Any, Literal, NamedTuple

import keras

ADAPTER, GENERATOR = "PyDatasetAdapter", "_finite_generator"
KNOWN_TO_WORK = "3.12 to 3.16"
FRAMEWORKS = ("keras.", "tensorflow.", "torch.")

REMEMBERED = 16  # passes whose place is kept
OPEN = 2  # passes whose batches are prepared ahead


Asker = Literal["workers", "wrapper", "keras", "trial"]


class _Adapter(NamedTuple):
    """The code of Keras's adapter of sequences."""

    generators: frozenset[CodeType]  # each walks over a sequence
    others: frozenset[CodeType]  # one infers shapes from batches that are not trained on
    is_known: bool


@functools.cache
def adapter_of_keras() -> _Adapter:
    """Find the code that walks over sequences, in the module that defines `PyDataset` itself."""
    module = sys.modules[keras.utils.PyDataset.__module__]
    members = vars(getattr(module, ADAPTER, object))
    functions = [inspect.unwrap(each) for each in members.values() if inspect.isfunction(each)]
    codes = [code for function in functions for code in _with_nested(function.__code__)]
    generators = frozenset(code for code in codes if code.co_flags & inspect.CO_GENERATOR)
    is_known = GENERATOR in {code.co_name for code in generators}
    return _Adapter(generators, frozenset(codes) - generators, is_known)


def _with_nested(code: CodeType) -> Iterator[CodeType]:
    """A function's code and that of what is defined in it, such as comprehensions."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _with_nested(constant)


@functools.cache
def warn_of_unknown_keras() -> None:
    """Say once in a process that passes may not be recognised, and what happens then."""
    warnings.warn(
        f"Keras {keras.__version__} goes over sequences in a way that keras_cvdata does not "
        f"recognise; Keras {KNOWN_TO_WORK} is known to work. Training goes on: each epoch still "
        "has every sample once and draws of its own, but batches may come in the order that Keras "
        "asks for, and the number of the epoch may be ahead. Pass "
        "callbacks=[EpochCallback(sequence)] to fit where that number matters.",
        stacklevel=_frames_of_ours(),
    )


def _frames_of_ours() -> int:
    """Number of frames from the caller outwards to the first that is not of this package."""
    frame, count = sys._getframe(1), 1
    while frame.f_back is not None and _module(frame).startswith("keras_cvdata."):
        frame, count = frame.f_back, count + 1
    return count


def keras_pass(frame: FrameType | None, sequence: object) -> FrameType | None:
    """Return the generator of Keras that walks over a sequence and asks for a batch now.

    Args:
        frame: The frame that called `__getitem__` of the sequence.
        sequence: The sequence.

    Returns:
        The frame of the generator, also where it asks through a `__getitem__` of a subclass; None
        where anybody else asks.
    """
    frame = _caller_of(frame, sequence, "__getitem__")
    is_pass = frame is not None and frame.f_code in adapter_of_keras().generators
    return frame if is_pass else None


def asker_by_index(frame: FrameType | None, sequence: object) -> Asker | None:
    """Say who asks for a batch by its index.

    Args:
        frame: The frame that called `__getitem__` of the sequence.
        sequence: The sequence.

    Returns:
        "workers" of Keras's enqueuer; a "wrapper" between Keras and the sequence; "keras" itself,
        where it does not walk as we know it; "trial" where it looks at shapes before an epoch; None
        for a person.
    """
    frame = _caller_of(frame, sequence, "__getitem__")
    if frame is None or frame.f_code in adapter_of_keras().others:
        return "trial" if frame else None
    if _module(frame).startswith(FRAMEWORKS):
        return "workers" if _is_worker(frame) else "keras"
    while frame is not None:
        if _is_worker(frame):
            return "workers"
        if _is_generator_of_keras(frame):
            return "wrapper"
        frame = frame.f_back
    return None


def called_by_keras(frame: FrameType | None, sequence: object, method: str) -> bool:
    """Say whether Keras itself calls a method of a sequence.

    Args:
        frame: The frame that called the method.
        sequence: The sequence.
        method: Name of the method, which subclasses may have overridden.

    Returns:
        Whether the call comes from code of Keras, not of a wrapper or a person.
    """
    frame = _caller_of(frame, sequence, method)
    return frame is not None and _is_of_keras(frame)


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


def warn_of_one_epoch(walker: Literal["workers", "wrapper"], epoch: int) -> None:
    """Say that indices alone do not lead to the next epoch; for `_note_index` to call.

    Args:
        walker: What `asker_by_index` found.
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
        stacklevel=4,
    )


def _refuse_shards(frame: FrameType) -> None:
    """Refuse a pass that gets its share of the batches by index, as Keras 3.16 deals them out.

    Each process would get the first batches of the epoch, the same as all others.
    """
    shards = getattr(frame.f_locals.get("self"), "_num_data_shards", 1)
    if shards > 1:
        raise ValueError(
            f"Keras deals the batches of this sequence out over {shards} processes, which is not "
            "supported: each process would train on the same batches. Make a sequence of a part "
            "of the samples in each process, and set auto_shard_dataset=False in the distribution."
        )


def _caller_of(frame: FrameType | None, owner: object, method: str) -> FrameType | None:
    """The first frame, outwards, that does not run a method of this name of an object."""
    while frame is not None and _is_method_of(frame, owner, method):
        frame = frame.f_back
    return frame


def _is_method_of(frame: FrameType, owner: object, name: str) -> bool:
    code = frame.f_code
    if code.co_name != name or not code.co_argcount:
        return False
    return frame.f_locals.get(code.co_varnames[0]) is owner


def _is_worker(frame: FrameType) -> bool:
    return frame.f_code.co_name == "get_index" and _is_of_keras(frame)


def _is_generator_of_keras(frame: FrameType) -> bool:
    return _is_of_keras(frame) and bool(frame.f_code.co_flags & inspect.CO_GENERATOR)


def _is_of_keras(frame: FrameType) -> bool:
    return _module(frame).startswith("keras.")


def _module(frame: FrameType) -> str:
    name: str = frame.f_globals.get("__name__", "")
    return name


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

    It also notices epochs that were taken by index, which end by `on_epoch_end` only.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._passes: dict[FrameType, _Pass] = {}  # the one served last is the last
        self._latest: FrameType | None = None
        self._asked_by_latest = self._epoch_of_latest = 0
        self._has_seen_pass = False
        self._epoch_by_index: int | None = None
        self._taken_by_keras: set[int] = set()  # indices of that epoch
        if not adapter_of_keras().is_known:
            warn_of_unknown_keras()

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

        Raises:
            ValueError: Keras shares the batches of a pass out over several processes.
        """
        with self._lock:
            self._has_seen_pass = True
            walk = self._passes.pop(frame, None) or self._new_pass(frame, epoch)
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
        warn_of_unknown_keras()
        return True

    @staticmethod
    def _new_pass(frame: FrameType, epoch: int) -> _Pass:
        _refuse_shards(frame)
        return _Pass(epoch)

    def _make_room(self) -> None:
        """Close what other passes began ahead, and drop the oldest, before one is served."""
        for frame in list(self._passes)[: -(REMEMBERED - 1)]:
            del self._passes[frame]
        for idle in list(self._passes.values())[: -(OPEN - 1)]:
            idle.batches = None
