"""Work that nobody waits for any longer, and how what waits within it hears of that."""

from __future__ import annotations

import atexit
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager
from contextvars import ContextVar
from typing import ClassVar, TypeVar

T = TypeVar("T")

GLANCE = 0.1  # seconds after which whoever waits looks whether it is worth waiting still


class Cancellation:
    """Tells work, from another thread, that it is given up.

    Who begins work has it done within `covers`. What waits there, for a server or for a while,
    looks now and then at `current`. Work that is begun within other work is given up with it; all
    work is when the interpreter exits, which waits for its threads.

    Example:
        >>> work = Cancellation()
        >>> with work.covers():
        ...     part_of_it = Cancellation()
        >>> work.cancel()
        >>> part_of_it.cancelled
        True
    """

    _covering: ClassVar[ContextVar[Cancellation]] = ContextVar("cancellation")
    _of_process: ClassVar[Cancellation]

    def __init__(self) -> None:
        self._cancelled = False
        self._outer: Cancellation | None = self._covering.get(None)

    @classmethod
    def current(cls) -> Cancellation:
        """That of the work that this thread does, else that of all work of the process."""
        return cls._covering.get(cls._of_process)

    def cancel(self) -> None:
        """Give the work up; whoever asks hears of it."""
        self._cancelled = True

    @property
    def cancelled(self) -> bool:
        """Whether this work, or what it is a part of, was given up."""
        outer = self._outer or Cancellation._of_process
        return self._cancelled or (outer is not self and outer.cancelled)

    def check(self) -> None:
        """Leave work that was given up.

        Raises:
            CancelledError: It was.
        """
        if self.cancelled:
            raise CancelledError("This work was given up before it was complete.")

    def sleep(self, seconds: float) -> None:
        """Wait for a while, unless the work is given up meanwhile.

        Args:
            seconds: How long.

        Raises:
            CancelledError: The work was given up.
        """
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self.check()
            time.sleep(min(left, GLANCE))
        self.check()

    @contextmanager
    def covers(self) -> Iterator[None]:
        """Have all that this thread does within the block belong to this work."""
        token = self._covering.set(self)
        try:
            yield
        finally:
            self._covering.reset(token)


class Allowance:
    """Time that something may take, within work that may be given up.

    Args:
        seconds: How long it may take.
        work: The work; by default what this thread does.
    """

    def __init__(self, seconds: float, work: Cancellation | None = None) -> None:
        self._until = time.monotonic() + seconds
        self._work = work or Cancellation.current()

    def left(self) -> float:
        """See how much is left.

        Returns:
            Seconds, more than 0.

        Raises:
            TimeoutError: None are.
            CancelledError: The work was given up.
        """
        self._work.check()
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left

    def glance(self) -> float:
        """Seconds to wait at most before asking again; the errors are those of `left`."""
        return min(self.left(), GLANCE)

    def share(self, others: int) -> Allowance:
        """A part of the time that is left, which leaves as much to each of some others."""
        return Allowance(self.left() / (others + 1), self._work)

    def call(self, function: Callable[[], T]) -> T:
        """Call what cannot be interrupted on a thread that is left behind when time is up.

        Args:
            function: What is called.

        Returns:
            What it returned; what it raised is raised.
        """
        done, results, errors = threading.Event(), list[T](), list[BaseException]()

        def run() -> None:
            try:
                results.append(function())
            except BaseException as error:
                errors.append(error)
            done.set()

        threading.Thread(target=run, daemon=True).start()
        while not done.wait(self.glance()):
            pass
        if errors:
            raise errors[0]
        return results[0]


Cancellation._of_process = Cancellation()
# At exit, before the threads of executors are waited for, which `atexit` does only thereafter.
getattr(threading, "_register_atexit", atexit.register)(Cancellation._of_process.cancel)
