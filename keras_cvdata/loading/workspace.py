"""Memory for what is made on the way to an image, used again for the next one."""

from __future__ import annotations

from typing import Any

import numpy as np

from keras_cvdata.types import Array

# Beyond this many bytes an image is rare and takes long anyway, so nothing is kept for it.
_MOST = 64 << 20


class Workspace:
    """Hands out arrays for one image after another; all are taken back before the next image.

    Clearing fresh memory takes a large image as long as decoding it. Arrays are never handed out
    twice for one image, so no step meets memory that another one still reads. It serves one thread
    at a time, and nothing that outlives the image may be a view of its memory.

    Example:
        >>> workspace = Workspace()
        >>> for _ in range(3):
        ...     workspace.take_back()
        ...     first, second = (workspace.empty((2, 3), np.uint8) for _ in range(2))
        >>> first.base is second.base, np.shares_memory(first, second)
        (True, False)
    """

    def __init__(self) -> None:
        self._memory = np.empty(0, np.uint8)
        self._used = 0

    def empty(self, shape: tuple[int, ...], dtype: Any) -> Array:
        """Like `np.empty`: an array whose values are yet to be written."""
        try:
            array: Array = np.ndarray(shape, dtype, self._memory, self._used)
        except (TypeError, ValueError):  # it ends or begins beyond the end
            array = np.empty(shape, dtype)
        self._used += array.nbytes + -array.nbytes % 64  # beyond the end too, to grow as far
        return array

    def take_back(self) -> None:
        """Begin anew, with memory for as much as was asked for last time."""
        if len(self._memory) < self._used <= _MOST:
            self._memory = np.empty(self._used + self._used // 4, np.uint8)
        self._used = 0


class Workspaces:
    """The workspaces that no thread is using, to be lent to any. They are not pickled."""

    def __init__(self) -> None:
        self._idle: list[Workspace] = []

    def __getstate__(self) -> dict[str, Any]:
        return {}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__()  # type: ignore[misc] # a copy begins anew

    def lend(self) -> Workspace:
        """One that nobody else has, cleared of the last image."""
        try:
            workspace = self._idle.pop()
        except IndexError:
            workspace = Workspace()
        workspace.take_back()
        return workspace

    def give_back(self, workspace: Workspace) -> None:
        """Let others have it."""
        self._idle.append(workspace)

    def clear(self) -> None:
        """Let go of those that are idle."""
        self._idle = []
