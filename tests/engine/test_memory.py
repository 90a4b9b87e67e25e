"""Memory that is used again: never while anybody can still read it."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from keras_cvdata.engine.memory import Memory

SHAPE = (4, 8, 8, 3)


def address(array: np.ndarray) -> int:
    return int(array.ctypes.data)


def test_memory_comes_back_once_nobody_holds_it() -> None:
    memory = Memory()
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
    memory = Memory()
    array = memory.empty(SHAPE, np.float32)
    array[:] = 1
    held = hold(array)
    del array
    for _ in range(3):
        memory.empty(SHAPE, np.float32)[:] = 7
    assert (np.asarray(held) == 1).all()


@pytest.mark.backends
def test_tensors_keep_their_memory() -> None:
    import keras

    memory = Memory()
    array = memory.empty(SHAPE, np.float32)
    array[:] = 1
    tensor = keras.ops.convert_to_tensor(array)
    del array
    for _ in range(3):
        memory.empty(SHAPE, np.float32)[:] = 7
    assert (keras.ops.convert_to_numpy(tensor) == 1).all()


def test_a_smaller_batch_takes_spare_memory_and_a_larger_one_does_not() -> None:
    memory = Memory()
    where = address(memory.empty(SHAPE, np.float32))
    smaller = memory.empty((2, 8, 8, 3), np.float32)
    assert address(smaller) == where
    assert smaller.shape == (2, 8, 8, 3)
    del smaller
    larger = memory.empty((5, 8, 8, 3), np.float32)
    larger[:] = 1  # would write beyond the end of smaller memory
    assert larger.nbytes == 5 * 8 * 8 * 3 * 4


@pytest.mark.parametrize("dtype", ["uint8", "float16", "float32"])
def test_arrays_are_like_those_of_numpy(dtype: str) -> None:
    array = Memory().empty(SHAPE, dtype)
    assert (array.shape, array.dtype.name) == (SHAPE, dtype)
    assert array.flags.c_contiguous
    assert array.flags.writeable
    assert array.flags.aligned


def test_little_memory_is_kept() -> None:
    memory = Memory()
    held = [memory.empty(SHAPE, np.float32) for _ in range(50)]
    held.clear()
    assert len(memory._spare) < 10


def test_pickled_memory_begins_empty() -> None:
    memory = Memory()
    memory.empty(SHAPE, np.float32)
    copy = pickle.loads(pickle.dumps(memory))
    assert copy.empty(SHAPE, np.float32).shape == SHAPE
