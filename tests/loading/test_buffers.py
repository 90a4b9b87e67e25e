"""Memory that is used again: never while anybody can still read it."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from keras_cvdata import ArraySequence
from keras_cvdata.layers import RandomFlip
from keras_cvdata.loading.buffers import BufferPool

SHAPE = (4, 8, 8, 3)


def address(array: np.ndarray) -> int:
    return int(array.ctypes.data)


def test_memory_comes_back_once_nobody_holds_it() -> None:
    memory = BufferPool()
    first = memory.empty(SHAPE, np.float32)
    where = address(first)
    second = memory.empty(SHAPE, np.float32)
    assert not np.shares_memory(first, second)
    del first
    assert address(memory.empty(SHAPE, np.float32)) == where


@pytest.mark.parametrize(
    "hold",
    [
        pytest.param(lambda a: a, id="itself"),
        pytest.param(lambda a: a[1:], id="slice"),
        pytest.param(lambda a: a[0].T[0], id="view-of-view"),
        pytest.param(memoryview, id="memoryview"),
        pytest.param(np.from_dlpack, id="dlpack"),
        pytest.param(lambda a: a.astype(np.float32, copy=False), id="astype"),
    ],
)
def test_views_keep_their_memory(hold: Callable[[np.ndarray], Any]) -> None:
    memory = BufferPool()
    array = memory.empty(SHAPE, np.float32)
    array[:] = 1
    held = hold(array)
    del array
    for _ in range(3):
        memory.empty(SHAPE, np.float32)[:] = 7
    assert (np.asarray(held) == 1).all()


@pytest.mark.slow
def test_tensors_that_share_memory_keep_it() -> None:
    torch = pytest.importorskip("torch")
    memory = BufferPool()
    array = memory.empty(SHAPE, np.float32)
    array[:] = 1
    tensor = torch.from_numpy(array)[1:]
    assert tensor.data_ptr() == address(array[1:])
    del array
    for _ in range(3):
        memory.empty(SHAPE, np.float32)[:] = 7
    assert (tensor.numpy() == 1).all()


def test_batches_of_a_sequence_stay_as_they_were() -> None:
    x = np.random.default_rng(0).integers(0, 256, (40, 24, 24, 3), np.uint8)
    sequence = ArraySequence(x, label_mode=None, batch_size=4, augment=[RandomFlip()], verbose=0)
    held = [(batch, batch.copy()) for _ in range(3) for batch in sequence]
    assert len(held) == 30
    assert all(np.array_equal(batch, copy) for batch, copy in held)


def test_batches_take_spare_memory_of_about_their_size() -> None:
    memory = BufferPool()
    where = address(memory.empty(SHAPE, np.float32))
    smaller = memory.empty((3, 8, 8, 3), np.float32)
    assert address(smaller) == where
    assert smaller.shape == (3, 8, 8, 3)
    del smaller
    sample = memory.empty((1, 8, 8, 3), np.float32)  # who keeps it would keep a whole batch
    assert address(sample) != where
    larger = memory.empty((5, 8, 8, 3), np.float32)
    larger[:] = 1  # would write beyond the end of smaller memory
    assert larger.nbytes == 5 * 8 * 8 * 3 * 4


@pytest.mark.parametrize("dtype", ["uint8", "float16", "float32"])
def test_arrays_are_like_those_of_numpy(dtype: str) -> None:
    """R35: a batch is one contiguous array."""
    array = BufferPool().empty(SHAPE, dtype)
    assert (array.shape, array.dtype.name) == (SHAPE, dtype)
    assert array.flags.c_contiguous
    assert array.flags.writeable
    assert array.flags.aligned


def test_little_memory_is_kept() -> None:
    memory = BufferPool()
    held = [memory.empty(SHAPE, np.float32) for _ in range(50)]
    held.clear()
    assert len(memory._spare) < 10


def test_the_last_memory_that_came_back_is_taken_first() -> None:
    memory = BufferPool()
    first, second = (memory.empty(SHAPE, np.float32) for _ in range(2))
    last = address(first)
    del second, first
    assert address(memory.empty(SHAPE, np.float32)) == last


@pytest.mark.parametrize("size", [2 << 20, (2 << 20) + 1, 9 << 20])
def test_large_memory_begins_where_a_large_page_does(size: int) -> None:
    memory = BufferPool()
    several = [memory.empty((size,), np.uint8) for _ in range(3)]
    assert [address(each) % (2 << 20) for each in several] == [0, 0, 0]
    several[0][:] = 1
    assert several[0].nbytes == size


def test_cleared_memory_does_not_come_back() -> None:
    memory = BufferPool()
    lent = memory.empty(SHAPE, np.float32)
    memory.empty(SHAPE, np.float32)
    memory.clear()
    del lent
    assert not memory._spare


def test_pickled_memory_begins_empty() -> None:
    memory = BufferPool()
    memory.empty(SHAPE, np.float32)
    assert memory._spare
    data = pickle.dumps(memory)
    assert len(data) < 200
    assert not pickle.loads(data)._spare
