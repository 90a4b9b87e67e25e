"""Where the numbers of the old class come from: a state of its own, or NumPy's global one.

The old class seeded the global generator for every batch. Here a batch with a seed draws from a
`RandomState` of its own, which gives the same numbers and disturbs nobody.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import numpy as np

_STATE: ContextVar[Any] = ContextVar("state", default=np.random)


def random_state(seed: int | None = None) -> Any:
    """What to draw from: that of the batch in the making, else NumPy's global functions.

    Args:
        seed: Given, a fresh state with it.

    Returns:
        Something with the methods of `numpy.random.RandomState`.

    Example:
        >>> random_state(7).randint(100)
        47
    """
    return _STATE.get() if seed is None else np.random.RandomState(seed)


_GLOBAL = threading.Lock()  # of NumPy's global generator, while it stands for another


@contextmanager
def as_global(state: Any) -> Iterator[None]:
    """Have NumPy's global generator go on where `state` is, and take it back afterwards.

    Args:
        state: A `RandomState`, which goes on where the block ends; nothing is done for
            `numpy.random` itself.
    """
    if state is np.random:
        yield
        return
    with _GLOBAL:
        before = np.random.get_state()
        np.random.set_state(state.get_state())
        try:
            with drawing_from(np.random):
                yield
        finally:
            state.set_state(np.random.get_state())
            np.random.set_state(before)


@contextmanager
def drawing_from(state: Any) -> Iterator[None]:
    """Have `random_state()` return `state` within the block, on this thread."""
    token = _STATE.set(state)
    try:
        yield
    finally:
        _STATE.reset(token)
