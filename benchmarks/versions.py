"""Compare two states of this package: CPU time of an image, old and new beside each other.

    python benchmarks/versions.py OLD NEW [--data FOLDER] [--images 96] [--rounds 30] [--starts 3]
                                         [--cases NAME ...]

OLD and NEW are checkouts. Each works in a process of its own, and OLD in a second one, which shows
how far equal states come apart. They take turns with short passes: photographs through the full
chain at 224 x 224 (flip, rotation, zoom, shift, brightness), decoding alone, the chain from a cache
and from a pack of pixels, and small arrays; all on one thread. Each round asks in another order,
and all processes are started anew several times, since the place of memory matters as well. CPU
time depends far less on what else the machine does than images per second; what of it does so, the
least of many short passes leaves out. The report goes to benchmarks/results/versions.md.
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from importlib.metadata import version
from pathlib import Path
from typing import Any

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

import cv2
import numpy as np
from loading import photographs
from reports import arguments, keep

SIDE, SMALL, LIMIT = 224, 4096, 1.02
CASES = ("full chain", "decoding alone", "full chain, cached", "full chain, pack of pixels",
         "small arrays")  # fmt: skip
Pass = Callable[[], Iterable[Any]]  # all images once, in batches or one by one


# What a process that is measured does


def augment() -> list[Any]:
    from keras_cvdata import layers

    return [
        layers.RandomFlip("horizontal"),
        layers.RandomRotateBound(degrees=30),
        layers.RandomZoomCrop((0.8, 1.2)),
        layers.RandomTranslation(0.1, 0.1),
        layers.RandomLighting(brightness=(-0.2, 0.2)),
    ]


def small_arrays(options: dict[str, Any]) -> Pass:
    import keras_cvdata as cvd
    from keras_cvdata import layers

    x = np.random.default_rng(0).integers(0, 256, (SMALL, 32, 32, 3), np.uint8)
    light = layers.RandomLighting((0.9, 1.1), (-0.1, 0.1))
    moves = [layers.RandomFlip("horizontal"), layers.RandomTranslation(0.1, 0.1), light]
    sequence = cvd.ArraySequence(x, np.arange(SMALL) % 10, augment=moves, **options)
    return lambda: sequence


def passes(case: str, folder: Path, place: Path) -> tuple[Pass, int]:
    """A case, and the number of its images."""
    import keras_cvdata as cvd

    options: dict[str, Any] = {"rescale": "unit", "seed": 1, "threads": 1, "verbose": 0}
    if case == "small arrays":
        return small_arrays(options), SMALL
    source = cvd.sources.DirectorySource(folder, verbose=0)
    if case == "decoding alone":
        return lambda: map(source.image, range(len(source))), len(source)
    options["augment"] = augment()
    if case == "full chain, pack of pixels":
        pack = cvd.convert(folder, place / "pack.h5", image_size=(SIDE, SIDE), verbose=0)
        sequence = cvd.HDF5Sequence(pack, **options)
    else:
        cache = "memory" if case == "full chain, cached" else None
        sequence = cvd.DirectorySequence(folder, image_size=SIDE, cache=cache, **options)
    return lambda: sequence, len(source)


def cost(run: Pass, images: int) -> float:
    """CPU time of a pass in ms per image."""
    start = time.process_time()
    for _ in run():
        pass
    return (time.process_time() - start) * 1000 / images


def digest(run: Pass) -> str:
    found = hashlib.sha256()
    for batch in run():
        for part in batch if isinstance(batch, tuple) else (batch,):
            found.update(np.asarray(part).tobytes())
    return found.hexdigest()


def serve(folder: Path) -> None:
    """Answer case by case: once with a digest, then with times."""
    import keras_cvdata

    cv2.setNumThreads(1)
    print(keras_cvdata.__file__, flush=True)
    known: dict[str, tuple[Pass, int]] = {}
    with tempfile.TemporaryDirectory() as place:
        for line in sys.stdin:
            case = line.strip()
            if case in known:
                print(cost(*known[case]), flush=True)
                continue
            known[case] = passes(case, folder, Path(place))
            print(digest(known[case][0]), flush=True)


# What compares them


class State:
    """A process with one state of the package.

    Args:
        checkout: Folder out of which it imports the package.
        folder: The photographs.
    """

    def __init__(self, checkout: Path, folder: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, __file__, "--serve", str(folder)],
            env={**os.environ, "PYTHONPATH": str(checkout)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        imported = Path(self._answer())
        assert imported.is_relative_to(checkout), f"{imported} is not of {checkout}"

    def ask(self, case: str) -> str:
        """What it answers to a case, see `serve`."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{case}\n")
        self.process.stdin.flush()
        return self._answer()

    def _answer(self) -> str:
        assert self.process.stdout is not None
        if answer := self.process.stdout.readline().strip():
            return answer
        raise RuntimeError(f"the process ended with {self.process.wait()}")

    def close(self) -> None:
        """End the process."""
        self.process.communicate()


Times = dict[str, dict[str, list[float]]]  # ms an image of all rounds, by case and state


def measured(checkouts: dict[str, Path], folder: Path, rounds: int, times: Times) -> set[str]:
    """Add to the times of processes that take turns, and name cases whose batches differ."""
    with ExitStack() as stack:
        states = {name: State(checkout, folder) for name, checkout in checkouts.items()}
        for state in states.values():
            stack.callback(state.close)
        changed = {case for case in times if len({s.ask(case) for s in states.values()}) > 1}
        names = list(states)
        for turn in range(rounds + 1):
            names = names[1:] + names[:1]
            for case, name in itertools.product(times, names):
                taken = float(states[name].ask(case))
                if turn:  # the first turn warms up
                    times[case][name].append(taken)
    return changed


def ratios(new: list[float], old: list[float]) -> tuple[float, float]:
    """New by old: of the least, and the median of all rounds."""
    return min(new) / min(old), statistics.median(n / o for n, o in zip(new, old, strict=True))


def commit(checkout: Path) -> str:
    """Name of a state."""
    call = ["git", "-C", str(checkout), "describe", "--always", "--dirty"]
    done = subprocess.run(call, capture_output=True, text=True, check=False)
    return done.stdout.strip() or checkout.name


def report(folder: Path, options: argparse.Namespace) -> Iterator[str]:
    checkouts = {"old": options.old, "again": options.old, "new": options.new}
    times: Times = {case: {name: [] for name in checkouts} for case in options.cases}
    changed: set[str] = set()
    each = -(-options.rounds // options.starts)
    for _ in range(options.starts):
        changed |= measured(checkouts, folder, each, times)
    yield "# Two states of the package"
    yield ""
    names = ", ".join(f"{name} {version(name)}" for name in ("opencv-python", "numpy", "keras"))
    yield (
        f"Old {commit(options.old)}, new {commit(options.new)}. CPU ms an image of the whole "
        f"process, one thread, {each * options.starts} rounds of {options.images} photographs or "
        f"{SMALL} small arrays, in which the states took turns, in {options.starts} sets of "
        "processes. Old / old is a second process of the old state: what differs there is chance. "
        f"Python {platform.python_version()}, {names}; {os.cpu_count()} cores with a load of "
        f"{os.getloadavg()[1]:.0f}, other programs included."
    )
    yield ""
    yield (
        "| | old, least | new, least | new / old, of the least | median of rounds "
        "| old / old, of the least | median of rounds | batches |"
    )
    yield "|---|---:|---:|---:|---:|---:|---:|---|"
    slower = []
    for case, by_name in times.items():
        old, again, new = by_name["old"], by_name["again"], by_name["new"]
        (least, median), chance = ratios(new, old), ratios(again, old)
        slower += [case] if min(least, median) > LIMIT * max(1.0, *chance) else []
        yield (
            f"| {case} | {min(old):.4g} | {min(new):.4g} | {least:.3f} | {median:.3f} "
            f"| {chance[0]:.3f} | {chance[1]:.3f} | {'differ' if case in changed else 'equal'} |"
        )
    yield ""
    yield (
        f"Slower in both by more than {LIMIT - 1:.0%}, beside what equal states come apart: "
        f"{', '.join(slower) or 'none'}."
    )
    yield ""
    yield "Made by `python benchmarks/versions.py OLD NEW --data FOLDER`."


def sample(folder: Path, count: int, target: Path) -> Path:
    """Copy some photographs, with times long ago, so that a cache takes them at once."""
    files = sorted(folder.glob("*/*"))
    for file in files[:: max(1, len(files) // count)][:count]:
        copy = target / file.parent.name / file.name
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, copy)
        os.utime(copy, (1e9, 1e9))
    return target


def main() -> None:
    parser = arguments(__doc__, data=True, rounds=30)
    parser.add_argument("old", type=Path, nargs="?")
    parser.add_argument("new", type=Path, nargs="?")
    parser.add_argument("--images", type=int, default=96)
    parser.add_argument("--starts", type=int, default=3)
    parser.add_argument("--cases", nargs="+", choices=CASES, default=CASES)
    parser.add_argument("--serve", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(options.serve)
        return
    if not (options.old and options.new):
        parser.error("name two checkouts, OLD and NEW")
    options.old, options.new = options.old.resolve(), options.new.resolve()
    with photographs(options.data) as (folder, _), tempfile.TemporaryDirectory() as scratch:
        keep("versions", report(sample(folder, options.images, Path(scratch)), options))


if __name__ == "__main__":
    main()
