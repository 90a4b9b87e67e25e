"""Images kept in the memory of the process."""

from __future__ import annotations

import os
import threading
from typing import Any

import numpy as np

from keras_cvdata.loading.caching.entries import Kept
from keras_cvdata.loading.caching.room import free_memory

_STEP = 16 * 2**20  # bytes after which the memory that is left is looked at again


class MemoryStore:
    """Images in memory, under keys; none is ever given up for another one.

    It is read and filled by many threads at once. A pickled copy, as in another process, is empty.

    Args:
        limit: Bytes of pixels that it may take; `None` for as many as it leaves free: it grows
            while it is not larger than the memory that is still available.

    Example:
        >>> from keras_cvdata.engine.opencv import Reduced
        >>> store = MemoryStore(100)
        >>> for key, side in ((b"a", 5), (b"b", 6), (b"c", 4)):
        ...     store.put(key, Kept(np.zeros((side, side, 3), np.uint8), Reduced(9, 9, 1)))
        >>> store.get(b"a").pixels.shape, store.get(b"b"), store.used
        ((5, 5, 3), None, 75)
    """

    def __init__(self, limit: int | None = None) -> None:
        self.limit = limit
        self._clear()

    def _clear(self) -> None:
        self.used = 0
        self._granted = 0  # bytes up to which it may grow before it looks at what is left
        self._full = False
        self._entries: dict[bytes, Kept] = {}
        self._renew_lock()

    def _renew_lock(self) -> None:
        self._lock, self._owner = threading.Lock(), os.getpid()

    def __getstate__(self) -> dict[str, Any]:
        return {"limit": self.limit}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.limit = state["limit"]
        self._clear()

    def __len__(self) -> int:
        return len(self._entries)

    def __repr__(self) -> str:
        return "memory"

    def get(self, key: bytes) -> Kept | None:
        """The image under a key, where there is one."""
        return self._entries.get(key)

    def put(self, key: bytes, kept: Kept) -> None:
        """Keep a copy of an image, where there is room."""
        if self._owner != os.getpid():  # another thread may have held the lock during the fork
            self._renew_lock()
        size = kept.pixels.nbytes
        with self._lock:
            if key in self._entries or not self._has_room(size):
                return
            self.used += size
            self._entries[key] = kept._replace(pixels=np.array(kept.pixels))

    def room(self) -> int:
        """Bytes of pixels that it may hold in all, as it looks now."""
        return (self.used + free_memory()) // 2 if self.limit is None else self.limit

    def _has_room(self, size: int) -> bool:
        after = self.used + size
        if self.limit is not None:
            return after <= self.limit
        if after > self._granted and not self._full:
            self._full = after > self.room()
            self._granted = after + _STEP
        return not self._full
