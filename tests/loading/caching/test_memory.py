"""Images in memory: copies, a limit, and what is left of the memory."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from keras_cvdata.engine.opencv import Reduced
from keras_cvdata.loading.caching import memory
from keras_cvdata.loading.caching.entries import Kept
from keras_cvdata.loading.caching.memory import MemoryStore


def kept(value=0, side=10):
    return Kept(np.full((side, side, 1), value, np.uint8), Reduced(side, side, 1, 1))


def test_copies_are_kept_and_the_first_stays():
    store, mine = MemoryStore(), kept(1)
    store.put(b"a", mine)
    mine.pixels[:] = 7
    store.put(b"a", kept(2))
    assert store.get(b"a").pixels.max() == 1
    assert (len(store), store.used, repr(store)) == (1, 100, "memory")


def test_no_more_than_the_limit_is_kept():
    store = MemoryStore(250)
    for number in range(4):
        store.put(bytes([number]), kept(number))
    assert [store.get(bytes([number])) is not None for number in range(4)] == [
        True,
        True,
        False,
        False,
    ]
    store.put(b"small", kept(0, 5))
    assert store.used == 225
    assert store.room() == 250


def test_it_grows_while_as_much_is_left(monkeypatch):
    left = [1000]
    monkeypatch.setattr(memory, "free_memory", lambda: left[0])
    monkeypatch.setattr(memory, "_STEP", 0)
    store = MemoryStore()
    for number in range(20):
        before = store.used
        store.put(bytes([number]), kept(number))
        left[0] -= store.used - before
    assert store.used == 500  # the next would make it larger than what is left
    assert store.room() == 500


def test_a_pickled_copy_is_empty():
    store = MemoryStore(250)
    store.put(b"a", kept())
    copy = pickle.loads(pickle.dumps(store))
    assert (len(copy), copy.used, copy.limit) == (0, 0, 250)
    copy.put(b"a", kept())
    assert len(copy) == 1


def test_a_fork_does_not_inherit_a_held_lock(monkeypatch):
    store = MemoryStore()
    assert store._lock.acquire()
    monkeypatch.setattr(store, "_owner", -1)
    store.put(b"a", kept())
    assert len(store) == 1


@pytest.mark.parametrize("limit", [None, 10**9])
def test_room_is_at_least_nothing(limit):
    assert MemoryStore(limit).room() >= 0
