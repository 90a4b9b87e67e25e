"""What nobody has used for a while is let go, also where whoever made it is never deleted."""

from __future__ import annotations

import time
import weakref
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")

SECONDS = 5.0  # without use, after which a thing counts as idle


class IdleWatch(Generic[T]):
    """Lets go of things that are idle when another one is used.

    TensorFlow keeps every sequence that a `fit` was given, and with a wrapper those within it,
    which nothing tells that the `fit` is over. So the next one that works looks after those that do
    no longer, without a thread or a timer of its own.

    Args:
        let_go: Lets go of what a thing holds; it may be used again afterwards.

    Example:
        >>> class Thing:
        ...     name = "first"
        >>> watch = IdleWatch(lambda thing: print(thing.name, "is idle"))
        >>> first, second = Thing(), Thing()
        >>> watch.use(first, at=100.0)
        >>> watch.use(second, at=103.0)
        >>> watch.use(second, at=106.0)
        first is idle
    """

    def __init__(self, let_go: Callable[[T], None]) -> None:
        self._let_go = let_go
        self._used: dict[weakref.ref[T], float] = {}
        self._looked = 0.0

    def use(self, thing: T, at: float | None = None) -> None:
        """Note that a thing is used, and now and then look after the others.

        Args:
            thing: The thing, which is not kept alive.
            at: The time, in seconds; by default now.
        """
        now = time.monotonic() if at is None else at
        self._used[weakref.ref(thing, self._forget)] = now
        if now - self._looked < SECONDS / 2:
            return
        self._looked = now
        for reference, used in list(self._used.items()):
            other = reference()
            if other is not None and now - used > SECONDS:
                self._forget(reference)
                self._let_go(other)

    def _forget(self, reference: weakref.ref[T]) -> None:
        self._used.pop(reference, None)
