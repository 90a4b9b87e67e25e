"""Where the numbers of the old class come from: a state of its own, or NumPy's global one.

The old class seeded the global generator for every batch. Here a batch with a seed draws from a
`RandomState` of its own, which gives the same numbers and disturbs nobody.
"""

from __future__ import annotations

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


@contextmanager
def drawing_from(state: Any) -> Iterator[None]:
    """Have `random_state()` return `state` within the block, on this thread."""
    token = _STATE.set(state)
    try:
        yield
    finally:
        _STATE.reset(token)
