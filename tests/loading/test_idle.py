"""What is idle is let go when another one works; who is in use stays."""

from __future__ import annotations

import gc

import numpy as np
import pytest

from keras_cvdata.loading import idle
from keras_cvdata.loading.buffers import BufferPool
from keras_cvdata.loading.idle import IdleWatch
from keras_cvdata.loading.threads import Pool


class Thing:
    pass


def test_idle_things_are_let_go_once() -> None:
    gone: list[Thing] = []
    watch = IdleWatch(gone.append)
    one, two, three = Thing(), Thing(), Thing()
    watch.use(one, at=0.0)
    watch.use(two, at=4.0)
    watch.use(three, at=7.0)
    assert gone == [one]
    watch.use(three, at=30.0)
    watch.use(three, at=60.0)
    assert gone == [one, two]
    watch.use(one, at=60.0)
    watch.use(three, at=90.0)
    assert gone == [one, two, one]


def test_things_are_not_kept_alive() -> None:
    gone: list[Thing] = []
    watch = IdleWatch(gone.append)
    watch.use(Thing(), at=0.0)
    gc.collect()
    assert not watch._used
    watch.use(Thing(), at=60.0)
    assert not gone


def test_threads_of_idle_pools_end(monkeypatch: pytest.MonkeyPatch) -> None:
    idle_pool, other = Pool(1), Pool(1)
    idle_pool.start(1, abs, list).wait()
    other.start(1, abs, list).wait()
    assert idle_pool._executor is not None
    monkeypatch.setattr(idle, "SECONDS", 0.0)
    other.start(1, abs, list).wait()
    assert idle_pool._executor is None
    assert other._executor is not None
    assert idle_pool.start(1, abs, list).wait() == [0]


def test_spare_memory_that_is_idle_is_freed(monkeypatch: pytest.MonkeyPatch) -> None:
    unused, other = BufferPool(), BufferPool()
    unused.empty((2, 3), np.float32)
    other.empty((2, 3), np.float32)
    assert unused._spare
    monkeypatch.setattr(idle, "SECONDS", 0.0)
    other.empty((2, 3), np.float32)
    assert not unused._spare
    assert other._spare
