"""Threads that fill batches: images of a batch in parallel, and the next batches ahead of time."""

from __future__ import annotations

import itertools
import os
import threading
import weakref
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from typing import Any, ClassVar, Generic, TypeVar

import cv2

from keras_cvdata.cancellation import GLANCE, Cancellation
from keras_cvdata.loading.idle import IdleWatch
from keras_cvdata.loading.interrupts import Interrupts

Outcome = TypeVar("Outcome")
T = TypeVar("T")

THREAD_NAME = "keras_cvdata"  # how the names of our threads begin

# Seconds after Ctrl-C in which a batch may still come to its end. TensorFlow makes another error of
# what ends its waiting otherwise, so that a program does not find the `KeyboardInterrupt`.
_PATIENCE = 1.0


def available_cores() -> int:
    """Number of CPU cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class SingleThreadedOpenCV:
    """Keeps OpenCV to one thread per call while at least one thread works on a batch.

    The images of a batch are already spread over our threads; OpenCV's own would only compete with
    them. The setting is global to the process, so it is restored when the last user leaves.
    Entering and leaving takes a microsecond, so nobody needs to stay for longer than a batch.
    """

    _lock = threading.Lock()
    _users = 0
    _before = 0

    def __enter__(self) -> SingleThreadedOpenCV:
        cls = SingleThreadedOpenCV
        with cls._lock:
            if cls._users == 0:
                cls._before = cv2.getNumThreads()
                cv2.setNumThreads(1)
            cls._users += 1
        return self

    def __exit__(self, *_: object) -> None:
        cls = SingleThreadedOpenCV
        with cls._lock:
            cls._users -= 1
            if cls._users == 0:
                cv2.setNumThreads(cls._before)

    @classmethod
    def reset_after_fork(cls) -> None:
        """Forget users and lock of the process that this one was forked from."""
        cls._lock = threading.Lock()
        cls._users = 0
        cv2.setNumThreads(cls._before)


class Job(Generic[T]):
    """One batch in the making: `work(slot)` for every slot, then `finish` with all outcomes.

    Args:
        pool: Where the work runs; kept alive until the job is done.
        slots: Number of slots.
        work: Fills one slot and says what became of it; called once for each, from any thread.
        finish: Makes the result of the job of what `work` returned, in the order of the slots, once
            all are filled, on the thread that filled the last one.
        renew: Called before the work begins anew in a process that was forked meanwhile.
    """

    def __init__(
        self,
        pool: Pool,
        slots: int,
        work: Callable[[int], Outcome],
        finish: Callable[[list[Outcome]], T],
        renew: Callable[[], None] | None = None,
    ) -> None:
        self._pool = pool
        self._renew = renew
        self._slots = slots
        self._work: Callable[[int], Any] = work
        self._finish: Callable[[list[Any]], T] = finish
        self._begin()

    def _begin(self) -> None:
        self._process = os.getpid()
        self._next_slot = itertools.count()  # next() on it is atomic
        self._outcomes: list[Any] = [None] * self._slots
        self._errors: dict[int, BaseException] = {}
        self._cancellation = Cancellation()
        runs = max(1, min(self._pool.threads, self._slots))
        self._runs_left = itertools.count(runs - 1, -1)
        self._futures: list[Future[None]] = [self._pool.submit(self._run) for _ in range(runs)]

    def _run(self) -> None:
        with SingleThreadedOpenCV(), self._cancellation.covers():
            while self._goes_on() and (slot := next(self._next_slot)) < self._slots:
                try:
                    self._outcomes[slot] = self._work(slot)
                except BaseException as error:
                    self._errors[slot] = error
            if next(self._runs_left) == 0:
                self._complete()

    def _goes_on(self) -> bool:
        """Whether slots that nobody has begun are worth it."""
        return not self._errors and not self._cancellation.cancelled

    def _complete(self) -> None:
        try:
            self._cancellation.check()
            if not self._errors:
                self._result = self._finish(self._outcomes)
        except BaseException as error:
            self._errors[self._slots] = error

    def cancel(self) -> None:
        """Let the slots that nobody has begun be, and those that wait for a server, too."""
        self._cancellation.cancel()

    def wait(self) -> T:
        """Wait for all slots and return the result, or raise the error of the first bad slot.

        Where the waiting is interrupted, as by Ctrl-C, the job is cancelled.
        """
        if self._process != os.getpid():  # its threads did not come along when this one was forked
            if self._renew is not None:
                self._renew()
            self._begin()
        try:
            self._await_futures()
        except BaseException:
            self.cancel()
            raise
        if self._errors:
            raise self._errors[min(self._errors)]
        return self._result

    def _await_futures(self) -> None:
        if not Interrupts.listens or threading.get_ident() == threading.main_thread().ident:
            for future in self._futures:
                future.exception()  # in a fraction of the time that `concurrent.futures.wait` takes
            return
        before, glances = Interrupts.count(), 0
        for future in self._futures:
            while not _is_done(future):
                glances += Interrupts.count() != before
                if glances * GLANCE > _PATIENCE:
                    raise CancelledError("Ctrl-C was pressed while this batch was waited for.")


def _is_done(future: Future[None]) -> bool:
    try:
        future.exception(GLANCE)
    except TimeoutError:
        return False
    return True


class Pool:
    """A thread pool that starts when used, is not pickled, and ends when told or with its owner.

    A forked process has none of its parent's threads, so it starts its own. Idle threads end once
    another pool works, see `IdleWatch`.

    Args:
        threads: Number of worker threads, at least 1.
    """

    _all: ClassVar[weakref.WeakSet[Pool]] = weakref.WeakSet()
    _watch: ClassVar[IdleWatch[Pool]] = IdleWatch(lambda pool: pool.end_threads())

    def __init__(self, threads: int) -> None:
        self.threads = threads
        self._lock = threading.Lock()
        self._executor: ThreadPoolExecutor | None = None
        self._end: weakref.finalize[[], Pool] | None = None
        Pool._all.add(self)

    def __getstate__(self) -> dict[str, Any]:
        return {"threads": self.threads}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(**state)  # type: ignore[misc] # a pool is its number of threads

    def submit(self, run: Callable[[], None]) -> Future[None]:
        """Have a thread call `run`."""
        Pool._watch.use(self)
        with self._lock:
            if self._executor is None:
                self._executor = ThreadPoolExecutor(self.threads, THREAD_NAME)
                self._end = weakref.finalize(
                    self, self._executor.shutdown, wait=False, cancel_futures=True
                )
            return self._executor.submit(run)

    def end_threads(self) -> None:
        """Let the threads end once they have done what they were given; new work starts others.

        Where somebody gives them work right now, perhaps this very thread, which the garbage
        collector has interrupted, they stay.
        """
        if self._lock.acquire(blocking=False):
            try:
                if self._executor is not None and self._end is not None:
                    self._end.detach()
                    self._executor.shutdown(wait=False)
                self._executor = None
            finally:
                self._lock.release()

    @classmethod
    def reset_after_fork(cls) -> None:
        """Forget the threads and locks of the process that this one was forked from."""
        for pool in cls._all:
            pool.forget()

    def forget(self) -> None:
        """Forget what belongs to the process that this one was forked from."""
        self._lock, self._executor = threading.Lock(), None
        if self._end is not None:
            self._end.detach()

    def start(
        self,
        slots: int,
        work: Callable[[int], Outcome],
        finish: Callable[[list[Outcome]], T],
        renew: Callable[[], None] | None = None,
    ) -> Job[T]:
        """Begin to fill a batch and return at once; see `Job`."""
        return Job(self, slots, work, finish, renew)


def prefetch(jobs: Iterator[Job[T]], ahead: int) -> Iterator[T]:
    """Yield the results of jobs in order, with up to `ahead` further jobs under way.

    Args:
        jobs: Starts a job each time it is advanced.
        ahead: Number of jobs to start beyond the one that is waited for.

    Yields:
        The result of each job.
    """
    under_way: deque[Job[T]] = deque()
    try:
        under_way.extend(itertools.islice(jobs, ahead + 1))
        while under_way:
            result = under_way.popleft().wait()
            under_way.extend(itertools.islice(jobs, 1))
            yield result
    finally:
        for job in under_way:
            job.cancel()


def _reset_after_fork() -> None:
    SingleThreadedOpenCV.reset_after_fork()
    Pool.reset_after_fork()


if hasattr(os, "register_at_fork"):  # not on Windows, which cannot fork
    # Forking is a user of OpenCV as well: a child that ends OpenCV's threads, which only its parent
    # has, crashes.
    os.register_at_fork(
        before=SingleThreadedOpenCV().__enter__,
        after_in_parent=SingleThreadedOpenCV().__exit__,
        after_in_child=_reset_after_fork,
    )
