"""Measure how much of the time of an image threads cannot share: the Python share.

    python benchmarks/python_share.py [--data FOLDER] [--rounds 7]

Python lets one thread run at a time, but while a thread is in OpenCV, the decoder or the operating
system the others go on. So the share bounds what threads can give: with a share of a tenth, ten
threads at most keep busy. It is measured in two ways, on the chain of `floor.py`:

- By difference: the CPU time of the process less that of the calls that let other threads run. What
  such a call takes for an image of one pixel counts as Python, for arguments are read in Python.
- By sampling, where `py-spy` is installed: in how many moments some thread holds the lock of the
  interpreter (`--gil`), for one in which a thread works on images. The process is not stopped for
  it (`--nonblocking`): stopped threads hold the lock for longer than they would. A thread that has
  to wait for a core while it holds the lock counts too, so a busy machine makes this share larger.

The report goes to benchmarks/results/python_share.md.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

import cv2
import numpy as np
from floor import SETS, save_again, this_package
from loading import photographs
from reports import arguments, keep

RATE = 1000  # samples a second

PIXEL, FOUR = np.zeros((1, 1, 3), np.uint8), np.zeros((1, 1, 4), np.uint8)
FLOATS, PAIR = np.zeros((1, 1, 3), np.float32), np.zeros((1, 1, 2), np.int32)
TABLE, MATRIX = np.zeros((1, 256), np.float32), np.eye(2, 3)
JPEG = cv2.imencode(".jpg", PIXEL)[1]

# Module, name, and the call for an image of one pixel; `None` where it is a call of the system.
CALLS: list[tuple[str, str, Callable[[], object] | None]] = [
    ("cv2", "imdecode", lambda: cv2.imdecode(JPEG[:4], cv2.IMREAD_COLOR_RGB)),
    ("cv2", "cvtColor", lambda: cv2.cvtColor(PIXEL, cv2.COLOR_RGB2RGBA, dst=FOUR)),
    ("cv2", "resize", lambda: cv2.resize(PIXEL, (1, 1), interpolation=cv2.INTER_AREA)),
    ("cv2", "addWeighted", lambda: cv2.addWeighted(FOUR, 0.5, FOUR, 0.5, 0.25, FOUR)),
    ("cv2", "split", lambda: cv2.split(PAIR)),
    ("cv2", "copyMakeBorder", lambda: cv2.copyMakeBorder(FOUR, 0, 0, 0, 0, 2, dst=FOUR)),
    ("cv2", "warpAffine", lambda: cv2.warpAffine(FOUR, MATRIX, (1, 1), dst=FOUR)),
    ("cv2", "LUT", lambda: cv2.LUT(PIXEL, TABLE, dst=FLOATS)),
    ("cv2", "flip", lambda: cv2.flip(PIXEL, 1)),
    ("numpy", "multiply", lambda: np.multiply(PIXEL, np.float32(2), out=FLOATS)),
    ("numpy", "copyto", lambda: np.copyto(FOUR, FOUR)),
    ("simplejpeg", "decode_jpeg", None),
    *(("os", name, None) for name in ("open", "fstat", "read", "close")),
]


class Clock:
    """Adds up the CPU time of calls."""

    def __init__(self) -> None:
        self.spent = 0
        self.counts: dict[str, int] = {}

    def timed(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        """The same function, timed under a name."""

        def run(*args: Any, **options: Any) -> Any:
            start = time.thread_time_ns()
            result = call(*args, **options)
            self.spent += time.thread_time_ns() - start
            self.counts[name] = self.counts.get(name, 0) + 1
            return result

        return run

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Time the calls that let other threads run, wherever they are made."""
        found = [(sys.modules.get(module), name) for module, name, _ in CALLS]
        kept = [(module, name, getattr(module, name)) for module, name in found if module]
        try:
            for module, name, call in kept:
                setattr(module, name, self.timed(f"{module.__name__}.{name}", call))
            yield
        finally:
            for module, name, call in kept:
                setattr(module, name, call)


def microseconds(call: Callable[[], object], repeats: int = 2000) -> float:
    """Least CPU time of a call."""
    best = float("inf")
    for _ in range(5):
        start = time.process_time_ns()
        for _ in range(repeats):
            call()
        best = min(best, (time.process_time_ns() - start) / repeats / 1000)
    return best


def by_difference(run: Callable[[], None], images: int, rounds: int) -> tuple[float, float]:
    """CPU time of an image in ms, all of it and that in Python; the least of all rounds."""
    clock = Clock()
    watched = clock.timed("nothing", lambda: None)
    watch = microseconds(watched) - clock.spent / 1000 / clock.counts["nothing"]
    of_pixel = {f"{module}.{name}": call for module, name, call in CALLS}
    totals, shares = [], []
    for _ in range(rounds):
        start = time.process_time()
        run()
        totals.append((time.process_time() - start) * 1000 / images)
        clock = Clock()
        with clock.watching():
            start = time.process_time()
            run()
            taken = (time.process_time() - start) * 1000 - clock.spent / 1e6
        count = sum(clock.counts.values())
        shares.append((taken - watch * count / 1000) / images)
    arguments = sum(
        microseconds(call) * count / 1000 / images
        for name, count in clock.counts.items()
        if (call := of_pixel[name]) is not None
    )
    return min(totals), min(shares) + arguments


def samples(process: int, seconds: int, *options: str) -> list[str]:
    """Stacks of the threads of a process, one for each time that one was found."""
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch, "samples")
        call = ["py-spy", "record", "--pid", str(process), "--duration", str(seconds), *options]
        call += ["--rate", str(RATE), "--nonblocking", "--format", "raw", "--output", str(file)]
        subprocess.run(call, check=True, capture_output=True)
        lines = [line.rpartition(" ") for line in file.read_text().splitlines()]
    return [stack for stack, _, count in lines for _ in range(int(count))]


def by_sampling(folder: Path, seconds: int = 15) -> float:
    """Share of the moments at work in which the lock of the interpreter is held."""
    call = [sys.executable, __file__, "--run", str(folder)]
    with subprocess.Popen(call, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        held = len(samples(child.pid, seconds, "--gil"))
        working = ["concurrent/futures/thread.py" in each for each in samples(child.pid, seconds)]
        child.terminate()
    return held / sum(working)


def run_on(folder: Path) -> None:
    """Read a folder again and again."""
    run = this_package(folder)
    run()
    print("ready", flush=True)
    while True:
        run()


def report(data: Path, source: str, rounds: int) -> Iterator[str]:
    """Measure everything and word it as Markdown."""
    images = sorted(data.glob("*/*"))
    yield "# Python share"
    yield ""
    yield (
        f"{len(images)} {source}, saved again in two sizes; flip, rotation, zoom, shift and "
        "brightness at 224 x 224; CPU time of the process in ms per image, the least of "
        f"{rounds} rounds."
    )
    yield ""
    yield "| photographs | all | Python, by difference | Python, by sampling |"
    yield "|---|---:|---:|---:|"
    with tempfile.TemporaryDirectory() as scratch:
        for name, (height, width, quality) in list(SETS.items())[:2]:
            folder = Path(scratch, name)
            save_again(images, (height, width), quality, folder)
            run = this_package(folder)
            run()
            total, python = by_difference(run, len(images), rounds)
            sampled = "-"
            if shutil.which("py-spy"):
                sampled = f"{total * by_sampling(folder):.3f}"
            yield f"| {name} | {total:.3f} | {python:.3f} | {sampled} |"
    yield ""
    yield "Made by `python benchmarks/python_share.py --data FOLDER`."


def main() -> None:
    parser = arguments(__doc__, data=True, rounds=7)
    parser.add_argument("--run", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    if options.run:
        run_on(options.run)
    with photographs(options.data) as (folder, source):
        keep("python_share", report(folder, source, options.rounds))


if __name__ == "__main__":
    main()
