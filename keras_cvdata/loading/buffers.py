"""Memory of batches that is used again, since fresh memory has to be cleared page by page."""

from __future__ import annotations

import math
import weakref
from collections import deque
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from keras_cvdata.loading.idle import IdleWatch
from keras_cvdata.types import Array

# Batches that are kept for later at most: as many as a loop has under way that prepares two ahead.
_SPARE = 5

_LARGE_PAGE = 2 << 20  # bytes


class BufferPool:
    """Lends arrays, whose memory comes back once nobody holds them or a view of them any more.

    Clearing fresh memory takes a tenth of the time of a batch, and threads wait for each other
    in it. It is not pickled: a copy begins with none. What is spare is let go once other memory is
    lent and this has not been for a while, see `IdleWatch`.

    Example:
        >>> buffers = BufferPool()
        >>> batch = buffers.empty((2, 3), np.float32)
        >>> address, batch = batch.ctypes.data, None
        >>> buffers.empty((3, 2), np.float32).ctypes.data == address
        True
    """

    _watch: ClassVar[IdleWatch[BufferPool]] = IdleWatch(lambda buffers: buffers.clear())

    def __init__(self) -> None:
        self._spare: deque[Array] = deque(maxlen=_SPARE)

    def __getstate__(self) -> dict[str, Any]:
        return {}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__()  # type: ignore[misc] # a copy begins anew

    def empty(self, shape: Sequence[int], dtype: str | np.dtype[Any]) -> Array:
        """Like `np.empty`: an array whose values are yet to be written."""
        BufferPool._watch.use(self)
        count = math.prod(shape)
        owner = self._take(count * np.dtype(dtype).itemsize)
        # NumPy shortens chains of views, but not past a memoryview: whatever is made of the result
        # holds `lent`.
        lent = owner.view()
        weakref.finalize(lent, self._spare.append, owner).atexit = False
        result: Array = np.frombuffer(lent.data, dtype, count).reshape(shape)
        return result

    def clear(self) -> None:
        """Let go of spare memory, and of what is still lent once it comes back."""
        self._spare = deque(maxlen=_SPARE)

    def _take(self, size: int) -> Array:
        """Memory of about this many bytes; spare memory of other sizes is let go."""
        try:
            # The last one that came back is likeliest to be in the caches of the processor.
            while not size <= (owner := self._spare.pop()).nbytes <= 2 * size:
                pass
        except IndexError:  # there is no more
            return _fresh(size)
        return owner


def _fresh(size: int) -> Array:
    """Fresh memory, of large pages throughout where it is large and the system has them.

    NumPy asks for them from 4 MiB on, and a page must begin within. To write to them takes a tenth
    to a fifth less time than to small ones.
    """
    if size < _LARGE_PAGE:
        return np.empty(size, np.uint8)
    pages = -(-size // _LARGE_PAGE) + 1
    whole = np.empty(pages * _LARGE_PAGE, np.uint8)
    start = -whole.ctypes.data % _LARGE_PAGE
    return whole[start : start + size]
