"""How much memory and how much of a disk is left."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

_CONTROL_GROUP = Path("/sys/fs/cgroup")
_MEMORY = Path("/proc/meminfo")
_UNKNOWN = 1 << 30
_RESERVE = 1 << 30  # bytes of a disk that are left alone, or a twentieth of it


def free_memory() -> int:
    """Bytes of memory that can be had without swapping, as far as the system says.

    On Linux it is what the system holds available, and what the limit of a container leaves. On
    other systems it is a quarter of the memory that is built in, on Windows 1 GiB.

    Returns:
        The number of bytes.
    """
    try:
        text = _MEMORY.read_text(encoding="ascii")
    except OSError:
        return _installed() // 4
    fields = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
    available = int(fields["MemAvailable"].split()[0]) * 1024
    return max(0, min(available, _left_by_limit(_CONTROL_GROUP)))


def free_disk(folder: str) -> int:
    """Bytes of the disk of a folder that a cache may take: what is left, less a reserve.

    The reserve is 1 GiB, or a twentieth of the disk where that is more.

    Args:
        folder: Path of the folder.

    Returns:
        The number of bytes; at least 0.
    """
    usage = shutil.disk_usage(folder)
    return max(0, usage.free - max(_RESERVE, usage.total // 20))


def _left_by_limit(group: Path) -> int:
    """What the limit of a control group (version 2) leaves; very much where there is none."""
    try:
        limit = (group / "memory.max").read_text(encoding="ascii").strip()
        if limit == "max":
            return sys.maxsize
        used = int((group / "memory.current").read_text(encoding="ascii"))
        counters = (group / "memory.stat").read_text(encoding="ascii").splitlines()
    except OSError:
        return sys.maxsize
    pages = dict(line.split() for line in counters)
    return int(limit) - used + int(pages.get("inactive_file", 0))  # pages of files give way


def _installed() -> int:
    """Bytes of memory that are built in."""
    sysconf = getattr(os, "sysconf", None)
    if sysconf is None:  # Windows
        return 4 * _UNKNOWN
    return int(sysconf("SC_PHYS_PAGES")) * int(sysconf("SC_PAGE_SIZE"))
