"""Decoding without lines that OpenCV writes about images that it does not name."""

from __future__ import annotations

import os
import threading
from typing import ClassVar

from cv2.utils import logging


class QuietOpenCV:
    """Keeps OpenCV from writing to the standard error while at least one thread decodes.

    What it has to say of an image is in the `ImageError`, which names the image. The setting is
    global to the process, so it is restored when the last user leaves.
    """

    _lock: ClassVar[threading.Lock] = threading.Lock()
    _users: ClassVar[int] = 0
    _before: ClassVar[int] = 0

    def __enter__(self) -> None:
        cls = QuietOpenCV
        with cls._lock:
            if cls._users == 0:
                cls._before = logging.setLogLevel(logging.LOG_LEVEL_SILENT)
            cls._users += 1

    def __exit__(self, *_: object) -> None:
        cls = QuietOpenCV
        with cls._lock:
            cls._users -= 1
            if cls._users == 0:
                logging.setLogLevel(cls._before)

    @classmethod
    def reset_after_fork(cls) -> None:
        """Forget users and lock of the process that this one was forked from."""
        if cls._users:
            logging.setLogLevel(cls._before)
        cls._lock, cls._users = threading.Lock(), 0


if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=QuietOpenCV.reset_after_fork)
