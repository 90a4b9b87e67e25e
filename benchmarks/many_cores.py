"""Say on paper what threads and processes give on 1 to 64 cores, from figures measured here.

    python benchmarks/many_cores.py [--data FOLDER] [--rounds 5]

CPU time of an image on one thread and its share in Python come from `python_share.md`. Measured at
the start are how much longer a process takes for it than a thread, what the program takes that
hands its batches over, and the same chain from a cache. The model has one thread or process for
each core:

- Bound. Threads make no more than `min(cores / CPU, 1 / Python)` images, since Python runs one
  thread at a time; processes `min(cores / (worker + program), 1 / program)`, since the program that
  hands batches over is one thread at a time, too.
- Queue. Threads wait for the lock while others hold it: a closed network of one server (Python) and
  a delay (all else), by mean value analysis, for times that vary like exponential ones.
- Hand-over. Where a thread finds another one in Python, the lock goes by way of the system, which
  takes long beside the Python between two calls. How long for an image is fitted to
  `accelerator.md`, the one run on 16 cores, and stands beside what was measured there; each call is
  taken to cost as much.

The model leaves out memory bandwidth, caches that cores share, two threads of one core, the clock
that falls when all cores work, disks, and the model that is trained. The tables go to
benchmarks/results/many_cores.md, with those of `processes.md` and `accelerator.md` as the check.
"""

from __future__ import annotations

import argparse
import math
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

import cv2
import numpy as np
from cache import settled
from loading import photographs
from processes import CHAIN, clock_ticks
from python_share import Clock, by_difference
from reports import RESULTS, arguments, keep

from keras_cvdata import DirectorySequence

CORES = (1, 2, 4, 8, 16, 32, 64)
BATCH = 32


@dataclass(frozen=True)
class Cost:
    """What an image takes, in ms of CPU.

    Attributes:
        cpu: All of it, on one thread.
        python: With the lock of the interpreter held.
        calls: Calls that let other threads run.
        worker: In a process that renders.
        program: In the program that hands over what the process rendered.
    """

    cpu: float
    python: float
    calls: float
    worker: float
    program: float


# The model: images a second


def bound(cores: int, cpu: float, serial: float) -> float:
    return 1000 * min(cores / cpu, 1 / serial)


def queued(threads: int, cpu: float, python: float, hand_over: float = 0) -> float:
    """Threads that wait for one lock; `hand_over` is paid as often as the lock is busy."""
    rate = waiting = 0.0
    for number in range(1, threads + 1):
        holds = python + hand_over * min(1.0, rate * python)
        takes = holds * (1 + waiting)
        rate = min(number / (cpu - python + takes), 1 / holds)
        waiting = rate * takes
    return 1000 * rate


# What is measured


def sequence(folder: Path, **options: Any) -> Any:
    given = {"image_size": 224, "batch_size": BATCH, "augment": CHAIN, "rescale": "unit", **options}
    return DirectorySequence(folder, seed=1, verbose=0, **given)


def all_batches(data: Any) -> Callable[[], None]:
    def run() -> None:
        for _ in data:
            pass

    run()
    return run


def with_process(folder: Path, rounds: int, **options: Any) -> tuple[float, float]:
    """Least CPU ms an image in the one process that renders, and in this one."""
    data = sequence(folder, processes=1, **options)
    run, count, found = all_batches(data), len(data.source), []
    for _ in range(rounds):
        before = np.array([clock_ticks(data._pool.pids), time.process_time()])
        run()
        run()
        after = np.array([clock_ticks(data._pool.pids), time.process_time()])
        found.append((after - before) * 1000 / count / 2)
    data._pool.end_threads()
    worker, program = np.min(found, axis=0)
    return float(worker), float(program)


def cost(folder: Path, rounds: int, cache: str | None, place: Path | None) -> Cost:
    data = sequence(folder, threads=1, cache=cache)
    run, count = all_batches(data), len(data.source)
    cpu, python = by_difference(run, count, rounds)
    clock = Clock()
    with clock.watching():
        run()
    worker, program = with_process(folder, rounds, cache=place)
    return Cost(cpu, python, sum(clock.counts.values()) / count, worker, program)


def chains(folder: Path, rounds: int, place: Path) -> dict[str, Cost]:
    """Costs of the chain from files of two sizes, and from a cache."""
    now = cost(folder, rounds, None, None)
    found = {
        f"Photographs of {size}": replace(
            now, cpu=float(cpu), python=float(python), worker=float(cpu) * now.worker / now.cpu
        )
        for size, cpu, python, _ in rows("python_share", "# Python share", 4)
    }
    return {**found, "From a cache": cost(folder, rounds, "memory", place)}


# What was measured elsewhere


def rows(report: str, title: str, columns: int) -> list[list[str]]:
    """Cells of the first table with so many columns below a title of a report."""
    text = (RESULTS / f"{report}.md").read_text(encoding="utf-8").partition(title)[2]
    lines = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines()]
    table = [cells for cells in lines if len(cells) == columns]
    return table[2:]


def on_16_cores(share: float) -> tuple[list[tuple[int, float, float, float]], float]:
    """Threads, images/s, CPU ms that 16 cores would take, and Python ms; and what fits best.

    CPU ms are those of one thread, made longer as those of decoding alone were; `share` is how much
    of them is taken for Python.
    """
    cells = rows("accelerator", "## Loading on threads", 9)
    decoding, alone = [float(row[2]) for row in cells], float(cells[0][5])
    found = [
        (int(row[0]), float(row[3]), alone * longer / decoding[0], alone * share)
        for row, longer in zip(cells, decoding, strict=True)
    ]

    def error(hand_over: float) -> float:
        return sum(math.log(queued(n, c, p, hand_over) / x) ** 2 for n, x, c, p in found)

    return found, min(np.arange(0, 2, 0.01).tolist(), key=error)


# The report


def paper(costs: dict[str, Cost], hand_over: float) -> Iterator[str]:
    whole = next(iter(costs.values())).calls
    for name, each in costs.items():
        handed = hand_over * each.calls / whole
        yield f"## {name}"
        yield ""
        yield (
            f"CPU {each.cpu:.2f} ms an image, of it Python {each.python:.3f} ms, with "
            f"{each.calls:.0f} calls that let others run; in a process {each.worker:.2f} ms, and "
            f"{each.program:.3f} ms in the program. Hand-over {handed:.2f} ms at most."
        )
        yield ""
        yield "| cores | threads: bound | queue | with hand-over | processes: bound |"
        yield "|---:|---:|---:|---:|---:|"
        for cores in CORES:
            rates = (
                bound(cores, each.cpu, each.python),
                queued(cores, each.cpu, each.python),
                queued(cores, each.cpu, each.python, handed),
                bound(cores, each.worker + each.program, each.program),
            )
            yield f"| {cores} | " + " | ".join(f"{rate:,.0f}" for rate in rates) + " |"
        yield ""


def check_here() -> Iterator[str]:
    yield "| chain | rendered by | images/s | bound | share of it |"
    yield "|---|---|---:|---:|---:|"
    for chain, by, cpu, rate in rows("processes", "# Threads", 4)[:8]:
        number, kind = by.split()
        serial = float(cpu) if (chain, kind) == ("Python", "threads") else 1e-9
        most = bound(int(number), float(cpu), serial)
        yield f"| {chain} | {by} | {rate} | {most:,.0f} | {float(rate) / most:.2f} |"


def check_on_16(found: list[tuple[int, float, float, float]], hand_over: float) -> Iterator[str]:
    processes = {int(row[0]): float(row[2]) for row in rows("accelerator", "## What processes", 8)
                 if row[1] == "1"}  # fmt: skip
    yield (
        "| threads | images/s | bound | queue | with hand-over | of it | processes: images/s "
        "| bound | of it |"
    )
    yield "|---:|---:|---:|---:|---:|---:|---:|---:|---:|"
    for number, rate, cpu, python in found:
        fitted, apart = queued(number, cpu, python, hand_over), bound(number, cpu, 1e-9)
        yield (
            f"| {number} | {rate:,.0f} | {bound(number, cpu, python):,.0f} "
            f"| {queued(number, cpu, python):,.0f} | {fitted:,.0f} | {rate / fitted:.2f} "
            f"| {processes[number]:,.0f} | {apart:,.0f} | {processes[number] / apart:.2f} |"
        )


def report(folder: Path, what: str, options: argparse.Namespace) -> Iterator[str]:
    costs = chains(folder, options.rounds, Path(options.scratch))
    share = 0.2 / 1.64  # ms of Python in the version that `accelerator.md` measured
    found, hand_over = on_16_cores(share)
    yield "# Threads and processes on many cores, on paper"
    yield ""
    yield (
        "Images a second at 224 x 224 with flip, rotation, zoom, shift and light, one thread or "
        "process for each core. CPU times of photographs are those of `python_share.md`; those of "
        f"processes and of the cache are the least of {options.rounds} rounds over {what} on a "
        f"machine of {os.cpu_count()} cores with a load of {os.getloadavg()[1]:.0f}, other "
        "programs included, which makes them longer. Memory bandwidth, shared caches, disks and "
        "the model that is trained are left out: cores of another machine are others, and many of "
        "them are slower than one."
    )
    yield ""
    yield from paper(costs, hand_over)
    yield "## Checked on 1 and 2 cores"
    yield ""
    yield (
        "`processes.md`, with the CPU time that each line took there; the lock counts in the chain "
        "that is all Python."
    )
    yield ""
    yield from check_here()
    yield ""
    yield "## Checked on 16 cores"
    yield ""
    yield (
        f"`accelerator.md`, uint8 batches, an earlier version of which {share:.0%} is taken for "
        "Python; CPU times made longer as those of decoding alone were. A hand-over of "
        f"{hand_over:.2f} ms an image fits best, and is what the tables above take."
    )
    yield ""
    yield from check_on_16(found, hand_over)
    yield ""
    yield "Made by `python benchmarks/many_cores.py --data FOLDER`."


def main() -> None:
    options = arguments(__doc__, data=True, rounds=5).parse_args()
    cv2.setNumThreads(1)
    with photographs(options.data) as (folder, what), tempfile.TemporaryDirectory() as scratch:
        if options.data is None:
            settled(folder)
        options.scratch = scratch
        keep("many_cores", report(folder, what, options))


if __name__ == "__main__":
    main()
