"""Threads or processes: what renders the batches of a sequence."""

from __future__ import annotations

import time
from typing import Literal

from keras_cvdata.arguments import integer
from keras_cvdata.loading.loader import Loader
from keras_cvdata.loading.processes import HAS_PROCESSES, ProcessPool
from keras_cvdata.loading.sampler import BatchIndices
from keras_cvdata.loading.threads import Pool

ENOUGH = 0.7  # share of what so many threads could gain, from which on they are kept
_ROUNDS = 3


def check_processes(given: int | Literal["auto"] | None) -> int | Literal["auto"] | None:
    """Refuse what is no number of processes."""
    if given is None or given == "auto":
        return given
    if isinstance(given, str):
        raise ValueError(f"processes must be a number, 'auto' or None; got {given!r}.")
    return integer("processes", given, 1)


def make_pool(threads: int, processes: int | Literal["auto"] | None) -> Pool:
    """Make what renders batches: processes where a number of them is known, else threads."""
    return ProcessPool(processes) if isinstance(processes, int) else Pool(threads)


def choose_processes(loader: Loader, indices: BatchIndices, threads: int) -> tuple[int | None, str]:
    """Choose between threads and processes by what threads gain.

    A batch is rendered by one thread and by all of them in turn, and the best of three rounds
    counts. Threads gain little where much of the work is done in Python, which runs one of them at
    a time.

    Args:
        loader: What renders batches.
        indices: The samples of a batch.
        threads: Number of threads.

    Returns:
        The number of processes, `None` for threads, and a sentence that says why.
    """
    if not HAS_PROCESSES:
        return None, "processes='auto': this system has none that share memory; threads are kept."
    if loader.whole:
        return None, "processes='auto': such small images are made as whole batches by one thread."
    if threads == 1:
        return None, "processes='auto': there is one thread alone, which needs no processes."
    pools = Pool(1), Pool(threads)
    seconds = [float("inf")] * 2
    for _ in range(_ROUNDS):
        for number, pool in enumerate(pools):
            begin = time.perf_counter()
            loader.start(pool, 0, indices).wait()
            seconds[number] = min(seconds[number], time.perf_counter() - begin)
    for pool in pools:
        pool.end_threads()
    gain = seconds[0] / seconds[1]
    taken = None if gain >= ENOUGH * threads else threads
    choice = "threads are kept" if taken is None else f"{threads} processes are taken"
    return taken, (
        f"processes='auto': {threads} threads render {gain:.1f} times as fast as one; {choice}."
    )
