"""Processes that fill batches, where the threads of one wait for each other in Python."""

from __future__ import annotations

import itertools
import math
import os
import pickle
import threading
import weakref
from collections import deque
from collections.abc import Callable, Collection, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from keras_cvdata.child_process import ChildProcess, EndedError
from keras_cvdata.engine.plan import Plan
from keras_cvdata.loading.filling import Outcome, accept
from keras_cvdata.loading.rendering import BatchMemory, Reading, render_slot
from keras_cvdata.loading.shared_memory import SharedBuffers
from keras_cvdata.loading.threads import Pool
from keras_cvdata.loading.worker import Layout, Pickled, Request, arrays_of
from keras_cvdata.sources.base import Source
from keras_cvdata.types import Array

HAS_PROCESSES = os.name != "nt"

_FEWEST = 4  # slots that are worth a message
_ALIGNED = 64  # bytes
_Room: TypeAlias = dict[str, Any]  # of a batch, see `ProcessPool.allocate`


class Room(NamedTuple):
    """Shape and dtype of an array that is yet to be made."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]


class WorkerProcess(ChildProcess):
    """A process that renders slots of batches.

    Args:
        descriptor: Of the file of shared memory, which it inherits.
    """

    def __init__(self, descriptor: int) -> None:
        super().__init__("keras_cvdata.loading.worker", [str(descriptor)], [descriptor])

    def ask(self, request: Request, seconds: float | None = None) -> Any:
        """Send a request and wait for the answer.

        Args:
            request: What to render.
            seconds: See `ChildProcess.ask`.

        Returns:
            What `Worker.render` returned, or the exception that it raised.

        Raises:
            RuntimeError: The process has ended.
        """
        try:
            return super().ask(request, seconds)
        except EndedError as error:
            raise RuntimeError(
                f"A process that renders images ended ({error.how}). Where the system killed it "
                "for want of memory, use fewer processes or a smaller batch_size."
            ) from error


class ProcessPool(Pool):
    """A pool whose threads hand their work to a process each.

    It has the properties of `Pool`; the processes start when used, and end with the threads. They
    render images of uint8; others, whose curves are no tables, are left to the threads.

    Args:
        processes: Number of processes, at least 1.

    Raises:
        OSError: The system has no memory that processes inherit.
    """

    def __init__(self, processes: int) -> None:
        if not HAS_PROCESSES:
            raise OSError(
                f"processes={processes}: Windows lets no process inherit nameless memory. Leave "
                "processes out: threads decode in parallel, too."
            )
        super().__init__(processes)
        self._begin()

    def _begin(self) -> None:
        self._memory = SharedBuffers()
        self._running: set[WorkerProcess] = set()
        self._idle: deque[WorkerProcess] = deque()
        self._readers: weakref.WeakKeyDictionary[Any, tuple[Pickled, Array]] = (
            weakref.WeakKeyDictionary()
        )
        self._readers_lock = threading.Lock()
        self._numbers = itertools.count()
        self._stop_running = weakref.finalize(self, _stop, self._running)

    def __getstate__(self) -> dict[str, Any]:
        return {"processes": self.threads}

    def forget(self) -> None:
        """Forget what belongs to the process that this one was forked from."""
        super().forget()
        self._stop_running.detach()
        self._of_parent = self._running  # which alone may wait for them
        self._begin()

    def end_threads(self) -> None:
        """Let threads and processes end once they have done what they were given."""
        super().end_threads()
        idle, self._idle = self._idle, deque()
        self._running.difference_update(idle)
        _stop(idle)
        self._memory.clear()

    @property
    def pids(self) -> list[int]:
        """Numbers of the processes."""
        return [worker.pid for worker in list(self._running)]

    def allocate(self, room: _Room, plan: Plan) -> SharedBatch:
        """Make room for a batch and its plan in shared memory.

        Args:
            room: What a `BatchMemory` holds: arrays, whose values are copied, dicts of arrays that
                are like those to come, `Room` in place of arrays, or `None`.
            plan: The plan of the batch.

        Returns:
            The batch.

        Raises:
            TypeError: The plan holds a function that cannot be sent to another process.
        """
        pickled = _pickled(plan)
        end = 0

        def place(shape: tuple[int, ...], dtype: np.dtype[Any]) -> Layout:
            nonlocal end
            start, end = end, _aligned(end + math.prod(shape) * dtype.itemsize)
            return Layout(shape, dtype.str, start)

        layouts = _placed(room, place)
        block, memory = self._memory.lend(end + len(pickled))
        memory[end:] = np.frombuffer(pickled, np.uint8)
        span = Pickled(block, ((end, end + len(pickled)),), next(self._numbers))
        batch = SharedBatch(memory.data, span, layouts)
        for name, array in room.items():
            if isinstance(array, np.ndarray):
                getattr(batch.memory, name)[:] = array
        return batch

    def reader(self, owner: Any, source: Source, how: Reading) -> Pickled:
        """Put a source into shared memory, once for its owner.

        Args:
            owner: Who reads it; what lies in memory lives as long.
            source: The source.
            how: How it is read.

        Returns:
            Where it lies.

        Raises:
            TypeError: It cannot be pickled.
        """
        with self._readers_lock:
            if owner not in self._readers:
                arrays: list[pickle.PickleBuffer] = []
                first = pickle.dumps((source, how), 5, buffer_callback=arrays.append)
                parts = [memoryview(first), *(array.raw() for array in arrays)]
                starts = [0, *itertools.accumulate(_aligned(part.nbytes) for part in parts)]
                block, memory = self._memory.lend(starts[-1])
                spans = []
                for start, part in zip(starts, parts, strict=False):
                    spans.append((start, start + part.nbytes))
                    memory[start : start + part.nbytes] = np.frombuffer(part, np.uint8)
                self._readers[owner] = Pickled(block, tuple(spans), next(self._numbers)), memory
            return self._readers[owner][0]

    def ask(self, request: Request) -> list[Outcome | None]:
        """Have a process that is idle, or a new one, carry out a request.

        Args:
            request: Which slots to render.

        Returns:
            What `Worker.render` returned.
        """
        idle = self._idle
        try:
            worker = idle.pop()
        except IndexError:
            worker = WorkerProcess(self._memory.descriptor)
            self._running.add(worker)
        reply = None
        try:
            reply = worker.ask(request)
        finally:
            if reply is None or idle is not self._idle:  # it died, or all were told to end
                self._running.discard(worker)
                worker.stop()
            else:
                idle.append(worker)
        if isinstance(reply, Exception):
            raise reply
        found: list[Outcome | None] = reply
        return found


class SharedBatch:
    """A batch in shared memory.

    Args:
        buffer: Its memory.
        plan: Its plan.
        layouts: Where its arrays lie, see `Request`.

    Attributes:
        memory: The arrays of the batch.
    """

    def __init__(self, buffer: memoryview, plan: Pickled, layouts: dict[str, Any]) -> None:
        self._plan, self._layouts = plan, layouts
        self.memory = arrays_of(buffer, layouts)

    def request(self, reader: Pickled, slots: Sequence[int], positions: Sequence[int]) -> Request:
        """Ask for slots of the batch; the arguments are those of `Request`."""
        block = self._plan.block
        return Request(reader, self._plan, self._layouts, block, list(slots), list(positions))


class Pieces:
    """The work of a batch in pieces that are worth a message.

    Args:
        pool: The processes.
        loader: Whose batch it is, with its `source`, `how` and `bad`.
        plan: The plan of the batch.
        room: See `ProcessPool.allocate`.
        positions: Position of the sample of each slot.

    Attributes:
        runs: The slots of each piece.
    """

    def __init__(
        self, pool: ProcessPool, loader: Any, plan: Plan, room: _Room, positions: list[int]
    ) -> None:
        self._pool, self._loader, self._plan, self._room = pool, loader, plan, room
        self._positions, self._process = positions, os.getpid()
        self._batch = pool.allocate(room, plan)
        count = len(positions)
        size = max(_FEWEST, -(-count // (2 * pool.threads)))
        self.runs = [range(first, min(first + size, count)) for first in range(0, count, size)]

    @property
    def memory(self) -> BatchMemory:
        """The arrays of the batch."""
        return self._batch.memory

    def begin_anew_where_forked(self) -> None:
        """Leave the memory to the process that this one was forked from, which fills it as well."""
        if self._process != os.getpid():
            self._batch, self._process = self._pool.allocate(self._room, self._plan), os.getpid()

    def render(self, number: int) -> list[Outcome]:
        """Have a process render a piece, and render what it leaves.

        Args:
            number: Of the piece.

        Returns:
            What became of its slots.
        """
        loader, slots = self._loader, self.runs[number]
        positions = self._positions[slots.start : slots.stop]
        reader = self._pool.reader(loader, loader.source, loader.how)
        found = self._pool.ask(self._batch.request(reader, slots, positions))
        filled = (
            outcome or self._render_here(slot, position)
            for slot, position, outcome in zip(slots, positions, found, strict=True)
        )
        return [accept(outcome, loader.bad) for outcome in filled]

    def _render_here(self, slot: int, position: int) -> Outcome:
        source, how = self._loader.source, self._loader.how
        return render_slot(source, self._plan, slot, position, self.memory, how)


def _pickled(plan: Plan) -> bytes:
    """Pickle a plan; functions of the running program and lambdas by value."""
    refusal: Exception | None = None
    try:
        pickled = pickle.dumps(plan, pickle.HIGHEST_PROTOCOL)
        if b"__main__" not in pickled:
            return pickled
    except Exception as error:  # such as that of a lambda
        refusal = error
    try:
        import cloudpickle

        return cloudpickle.dumps(plan)  # type: ignore[no-any-return]
    except Exception as error:
        raise TypeError(
            f"The augmentation cannot be sent to other processes: {refusal or error}. Define its "
            "functions at the top of a module that is imported, use threads in place of processes, "
            "or install cloudpickle, which sends functions of notebooks as well."
        ) from error


def _placed(
    like: dict[str, Any], place: Callable[[tuple[int, ...], np.dtype[Any]], Layout]
) -> dict[str, Any]:
    layouts: dict[str, Any] = dict(like)
    for name, each in like.items():
        if isinstance(each, dict):
            layouts[name] = _placed(each, place)
        elif each is not None:
            layouts[name] = place(each.shape, each.dtype)
    return layouts


def _aligned(size: int) -> int:
    return -(-size // _ALIGNED) * _ALIGNED


def _stop(workers: Collection[WorkerProcess]) -> None:
    for worker in workers:
        worker.dismiss()
    for worker in workers:
        worker.stop()
