"""Locks on open files, which end with the process that holds them."""

from __future__ import annotations

import os
import sys
from pathlib import Path

_FAR = 1 << 40  # a byte that nobody reads: Windows locks bytes against reading, too


def try_lock(descriptor: int) -> bool | None:
    """Lock an open file against others who open it.

    Args:
        descriptor: The file, open for writing; closing it ends the lock.

    Returns:
        Whether it is locked now, or None where system or file system have no such locks.
    """
    if sys.platform == "win32":
        import msvcrt

        os.lseek(descriptor, _FAR, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        finally:
            os.lseek(descriptor, 0, os.SEEK_SET)
        return True
    try:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except (ImportError, OSError):
        return None
    return True


def open_locked(path: Path) -> int | None:
    """Open a file, which is made where there is none, and lock it.

    Args:
        path: The file.

    Returns:
        Its descriptor, also where there are no locks; None while another has it.

    Raises:
        OSError: It cannot be opened.
    """
    while True:
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
        descriptor = os.open(path, flags, 0o666)
        if try_lock(descriptor) is False:
            os.close(descriptor)
            return None
        try:
            if os.path.samestat(os.fstat(descriptor), path.stat()):
                return descriptor
        except FileNotFoundError:
            pass
        os.close(descriptor)  # the one that held it deleted it in between
