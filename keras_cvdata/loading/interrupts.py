"""Ctrl-C that comes while the main thread waits for a batch within a framework."""

from __future__ import annotations

import os
import signal
import socket
import threading
from contextlib import suppress
from typing import ClassVar


class Interrupts:
    """Tells any thread of Ctrl-C.

    Python tells the main thread alone, and only once that runs Python again. TensorFlow keeps it
    for as long as it waits for a batch, which another thread makes. The handler in C, however,
    writes the number of each signal to a socket at once, where a program wants that.

    Attributes:
        listens: Whether Ctrl-C is heard.
    """

    listens: ClassVar[bool] = False
    _lock: ClassVar[threading.Lock] = threading.Lock()
    _sockets: ClassVar[tuple[socket.socket, socket.socket] | None] = None
    _count: ClassVar[int] = 0

    @classmethod
    def listen(cls) -> None:
        """Hear of Ctrl-C from now on, where nobody else does and it means to end the program.

        To be called before the main thread is lent to a framework; on others it does nothing.
        """
        if threading.get_ident() != threading.main_thread().ident:
            return
        if cls._sockets is None:
            cls._sockets = socket.socketpair()
            for each in cls._sockets:
                each.setblocking(False)
        ours = cls._sockets[1].fileno()
        before = signal.set_wakeup_fd(ours, warn_on_full_buffer=False)
        if before not in (-1, ours):  # that of asyncio, for example
            signal.set_wakeup_fd(before)
        cls.listens = before in (-1, ours)

    @classmethod
    def count(cls) -> int:
        """Number of times that Ctrl-C was heard, but where the program handles it itself."""
        if cls._sockets is not None:
            ends = signal.getsignal(signal.SIGINT) is signal.default_int_handler
            with cls._lock, suppress(BlockingIOError):
                while heard := cls._sockets[0].recv(1 << 12):
                    cls._count += ends * heard.count(signal.SIGINT)
        return cls._count

    @classmethod
    def forget(cls) -> None:
        """Leave the socket to the process that this one was forked from."""
        cls._lock = threading.Lock()
        if cls._sockets is not None:
            if cls.listens:
                signal.set_wakeup_fd(-1)
            for each in cls._sockets:
                each.close()
        cls._sockets, cls.listens = None, False


if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=Interrupts.forget)
