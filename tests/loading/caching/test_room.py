"""What is left of memory and disk."""

from __future__ import annotations

import shutil
import sys

import pytest

from keras_cvdata.loading.caching import room

GIB = 1 << 30


@pytest.fixture
def system(tmp_path, monkeypatch):
    """8 GiB available, and a folder for limits of a container."""
    (tmp_path / "meminfo").write_text("MemTotal: 9 kB\nMemAvailable: 8388608 kB\nodd line\n")
    monkeypatch.setattr(room, "_MEMORY", tmp_path / "meminfo")
    monkeypatch.setattr(room, "_CONTROL_GROUP", tmp_path)
    return tmp_path


def test_what_the_system_holds_available(system):
    assert room.free_memory() == 8 * GIB
    (system / "memory.max").write_text("max\n")
    assert room.free_memory() == 8 * GIB


def test_a_container_leaves_less(system):
    (system / "memory.max").write_text(f"{2 * GIB}\n")
    (system / "memory.current").write_text(f"{GIB}\n")
    (system / "memory.stat").write_text(f"anon 5\ninactive_file {GIB // 2}\n")
    assert room.free_memory() == GIB * 3 // 2
    (system / "memory.current").write_text(f"{3 * GIB}\n")
    assert room.free_memory() == 0


def test_systems_that_do_not_say(system, monkeypatch):
    (system / "meminfo").unlink()
    monkeypatch.setattr(
        room.os, "sysconf", {"SC_PHYS_PAGES": 4, "SC_PAGE_SIZE": GIB}.__getitem__, raising=False
    )
    assert room.free_memory() == GIB
    monkeypatch.delattr(room.os, "sysconf")
    assert room.free_memory() == GIB


def test_a_reserve_of_the_disk(tmp_path, monkeypatch):
    assert 0 <= room.free_disk(str(tmp_path)) < sys.maxsize
    for total, free, left in ((10, 5, 4), (100, 50, 45), (100, 3, 0)):
        usage = shutil._ntuple_diskusage(total * GIB, (total - free) * GIB, free * GIB)
        monkeypatch.setattr(room.shutil, "disk_usage", lambda _, usage=usage: usage)
        assert room.free_disk("x") == left * GIB
