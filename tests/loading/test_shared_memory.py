"""Memory that processes share is lent again, and given back."""

from __future__ import annotations

import mmap
import os
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from keras_cvdata.loading.shared_memory import SharedBuffers


def test_memory_is_lent_again_once_nobody_holds_it() -> None:
    buffers = SharedBuffers()
    first, memory = buffers.lend(10_000)
    held = np.frombuffer(memory.data, np.uint16)[3:]
    del memory
    second, other = buffers.lend(10_000)
    assert second.offset != first.offset
    del held
    assert buffers.lend(9_000)[0] == first
    del other


def test_what_is_written_is_seen_by_whoever_opens_the_block() -> None:
    buffers = SharedBuffers()
    lent = [buffers.lend(5_000) for _ in range(3)]
    for number, (_, memory) in enumerate(lent):
        memory[:] = number
    for number, (block, memory) in enumerate(lent):
        assert memory.shape == (5_000,)
        assert set(block.open(buffers.descriptor)[:5_000]) == {number}


@pytest.mark.skipif(sys.platform != "linux", reason="other systems keep the pages")
def test_memory_that_nobody_holds_goes_back_to_the_system() -> None:
    def in_use() -> int:
        return os.fstat(buffers.descriptor).st_blocks * 512

    buffers = SharedBuffers()
    lent = [buffers.lend(1 << 20) for _ in range(8)]
    for _, memory in lent:
        memory[:] = 1
    assert in_use() == 8 << 20
    lent.clear()
    del memory
    assert in_use() == 4 << 20
    buffers.clear()
    assert in_use() == 0
    assert buffers.lend(1 << 20)[1].max() == 0


@pytest.mark.slow
def test_threads_may_lend_at_once() -> None:
    buffers = SharedBuffers()
    page = mmap.ALLOCATIONGRANULARITY

    def hold(number: int) -> bool:
        blocks = [buffers.lend(page * (1 + (number + i) % 7)) for i in range(50)]
        for _, memory in blocks:
            memory[:] = number
        opened = [block.open(buffers.descriptor)[: len(memory)] for block, memory in blocks]
        return all(set(seen) == {number} for seen in opened)

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(hold, range(1, 33)))
