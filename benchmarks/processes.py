"""Compare threads with processes, and see that no end of a program leaves anything behind.

    python benchmarks/processes.py [--data FOLDER] [--runs 20] [--images 384]

`--data` is a folder `<class>/<image>`; without it, noise of 400 x 400 is written. The first table
shows the CPU time of all processes for an image, and images per second, of a chain that spends its
time in OpenCV and of one that counts in Python; `many_cores.py` says what they mean for 64 cores.
The second ends programs in the midst of an epoch, `--runs` times in each way, and counts the
seconds until the last process is gone. The tables go to benchmarks/results/processes.md.
"""

from __future__ import annotations

import argparse
import os
import platform
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import cv2
import numpy as np
from reports import arguments, keep

from keras_cvdata import DirectorySequence, layers

CHAIN = [
    layers.RandomFlip("horizontal"),
    layers.RandomRotation(degrees=30),
    layers.RandomZoom(0.2),
    layers.RandomTranslation(0.1, 0.1),
    layers.RandomLighting((0.8, 1.2)),
]
ENDS = {
    "the last batch": ("for batch in batches: pass\nprint(time.monotonic(), flush=True)", None),
    "early `break`": ("print(time.monotonic(), flush=True)\ndel batches", None),
    "exception": ("print(time.monotonic(), flush=True)\n1 / 0", None),
    "interrupt (Ctrl-C)": ("time.sleep(30)", signal.SIGINT),
    "worker killed": (
        "print(time.monotonic(), flush=True)\nos.kill(pool.pids[0], 9)\nfor batch in batches: pass",
        None,
    ),
    "program killed": ("time.sleep(30)", signal.SIGKILL),
}
PROGRAM = """
import os, sys, time
import numpy as np
from keras_cvdata.engine.chain import Chain
from keras_cvdata.engine.output import Output
from keras_cvdata.loading.loader import Loader
from keras_cvdata.loading.processes import ProcessPool
from keras_cvdata.loading.rendering import Reading
from keras_cvdata.loading.sampler import Sampler
from keras_cvdata.loading.threads import prefetch
from keras_cvdata.sources import DirectorySource

source = DirectorySource(sys.argv[1], verbose=0)
chain = Chain([], size=(224, 224), output=Output("uint8"))
loader = Loader(source, chain, Reading("rgb", source.rows),
                shape=(224, 224, 3), seed=0)
pool, sampler = ProcessPool(2), Sampler(len(source), 16, 0, True)
batches = prefetch((loader.start(pool, 0, sampler.batch(0, i)) for i in range(len(sampler))), 2)
next(batches)
print(*pool.pids, flush=True)
"""


def count_in_python(image: np.ndarray) -> np.ndarray:
    """Take about three milliseconds of the interpreter."""
    sum(range(200_000))
    return image


def clock_ticks(pids: list[int]) -> float:
    """CPU seconds of other processes so far."""
    fields = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in pids]
    return sum(int(each[11]) + int(each[12]) for each in fields) / os.sysconf("SC_CLK_TCK")


def measured(folder: Path, augment: Any, images: int, **options: Any) -> tuple[float, float]:
    """CPU milliseconds an image, and images per second; the best of three."""
    sequence = DirectorySequence(
        folder, image_size=224, augment=augment, rescale="unit", seed=1, verbose=0, **options
    )
    best = float("inf"), 0.0
    count = min(images // 32, len(sequence) - 1)
    for _ in range(3):
        batches = iter(sequence)
        next(batches)
        pids = getattr(sequence._pool, "pids", [])
        cpu, begin = time.process_time() + clock_ticks(pids), time.perf_counter()
        for _ in range(count):
            next(batches)
        seconds = time.perf_counter() - begin
        cpu = time.process_time() + clock_ticks(pids) - cpu
        best = min(best[0], 1000 * cpu / count / 32), max(best[1], count * 32 / seconds)
        batches.close()
    sequence._pool.end_threads()
    return best


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def seconds_to_end(folder: Path, end: str, kill: int | None) -> tuple[float, int]:
    """Seconds from the end of a program until all is gone, and the processes left after 10 s."""
    command = [sys.executable, "-c", PROGRAM + end, str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as program:
        assert program.stdout is not None
        pids = [program.pid, *map(int, program.stdout.readline().split())]
        assert len(pids) == 3, "the program did not get to its end"
        begin = time.monotonic()
        if kill is None:
            begin = float(program.stdout.readline())  # on the clock of the system
        else:
            program.send_signal(kill)
        program.wait(60)
        while any(map(is_running, pids)) and time.monotonic() < begin + 10:
            time.sleep(0.005)
        return time.monotonic() - begin, sum(map(is_running, pids))


def rates(folder: Path, images: int) -> Iterator[str]:
    from processes import count_in_python  # what other processes find in this module

    yield "| chain | rendered by | CPU ms an image | images/s |"
    yield "|---|---|---|---|"
    cores = len(os.sched_getaffinity(0))
    for name, augment in {"OpenCV": CHAIN, "Python": count_in_python}.items():
        for options in (
            {"threads": 1},
            {"threads": cores},
            {"processes": 1},
            {"processes": cores},
        ):
            cpu, rate = measured(folder, augment, images, **options)
            ((kind, number),) = options.items()
            yield f"| {name} | {number} {kind} | {cpu:.2f} | {rate:.0f} |"


def endings(folder: Path, runs: int) -> Iterator[str]:
    yield "| end | runs | seconds, longest | processes left | names left in /dev/shm |"
    yield "|---|---|---|---|---|"
    for name, (end, kill) in ENDS.items():
        before = set(Path("/dev/shm").iterdir())
        found = [seconds_to_end(folder, end, kill) for _ in range(runs)]
        longest, left = max(each[0] for each in found), sum(each[1] for each in found)
        names = len(set(Path("/dev/shm").iterdir()) - before)
        yield f"| {name} | {runs} | {longest:.2f} | {left} | {names} |"


def pictures(folder: Path) -> Path:
    random = np.random.default_rng(0)
    for name in ("a", "b"):
        (folder / name).mkdir()
        for number in range(224):
            pixels = cv2.resize(random.integers(0, 256, (50, 50, 3), np.uint8), (400, 400))
            cv2.imwrite(str(folder / name / f"{number}.jpg"), pixels)
    return folder


def report(folder: Path, options: argparse.Namespace) -> Iterator[str]:
    yield "# Threads and processes"
    yield ""
    yield (
        f"{len(os.sched_getaffinity(0))} cores, Python {platform.python_version()}, OpenCV "
        f"{cv2.__version__}. Made by `python benchmarks/processes.py`; the CPU time is that of "
        "all processes, the least of three rounds, and counts in hundredths of a second."
    )
    yield ""
    yield from rates(folder, options.images)
    yield ""
    yield from endings(folder, options.runs)


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--images", type=int, default=384)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        keep("processes", report(options.data or pictures(Path(made)), options))


if __name__ == "__main__":
    main()
