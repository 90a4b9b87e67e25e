"""Measure what small arrays cost: CPU time per image, alone and inside `fit`.

    python benchmarks/small_arrays.py [--package PATH] [--images 8192] [--rounds 5]

Epochs of 32 x 32 x 3, 28 x 28 x 1 and 64 x 64 x 3 uint8 images, as float32 of 0 to 1, without
augmentation, with flip, shift and light, and with flip, rotation and zoom; then a small network is
trained on 32 x 32 x 3. `--package` names another state of this repository to compare with, such as
one from before images were loaded a batch at a time; its batches must be the same. Keras's old
`ImageDataGenerator` takes part where Keras still has it. Each state works in a process of its own,
and they take turns. The table goes to benchmarks/results/small_arrays.md.
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

import numpy as np
from reports import arguments, keep

ROOT = Path(__file__).parents[1]
SHAPES = {"32 x 32 x 3": (32, 32, 3), "28 x 28 x 1": (28, 28, 1), "64 x 64 x 3": (64, 64, 3)}
CHAINS = ("none", "flip, shift, light", "flip, rotation, zoom")
PACKAGE, OLD_CLASS, HELD = "this package", "ImageDataGenerator", "held"


def data(shape: tuple[int, ...], count: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    return random.integers(0, 256, (count, *shape), dtype=np.uint8), np.arange(count) % 10


# What a process that is measured does


def this_package(case: dict[str, Any]) -> Iterable[Any]:
    from keras_cvdata import ArraySequence, layers

    flip = layers.RandomFlip("horizontal")
    light = layers.RandomLighting((0.9, 1.1), (-0.1, 0.1))
    augment = {
        "none": None,
        "flip, shift, light": [flip, layers.RandomTranslation(0.1, 0.1), light],
        "flip, rotation, zoom": [flip, layers.RandomRotation(0.04), layers.RandomZoom(0.1)],
    }[case["chain"]]
    options = {name: case[name] for name in ("batch_size", "threads")}
    x, y = data(case["shape"], case["images"])
    return ArraySequence(x, y, augment=augment, rescale="unit", seed=1, verbose=0, **options)


def old_class(case: dict[str, Any]) -> Iterable[Any]:
    from keras.src.legacy.preprocessing.image import ImageDataGenerator

    moves: dict[str, Any] = {
        "none": {},
        "flip, shift, light": {
            "horizontal_flip": True,
            "width_shift_range": 0.1,
            "height_shift_range": 0.1,
            "brightness_range": (0.9, 1.1),
        },
        "flip, rotation, zoom": {"horizontal_flip": True, "rotation_range": 15, "zoom_range": 0.1},
    }[case["chain"]]
    x, y = data(case["shape"], case["images"] // 8)  # it takes its time
    return Finite(ImageDataGenerator(rescale=1 / 255, **moves).flow(x, y, case["batch_size"]))


class Finite:
    """One epoch of batches that have an index."""

    def __init__(self, batches: Any) -> None:
        self.batches = batches

    def __iter__(self) -> Iterator[Any]:
        return (self.batches[index] for index in range(len(self.batches)))


MAKERS = {PACKAGE: this_package, OLD_CLASS: old_class}


def epoch(_: dict[str, Any], batches: Iterable[Any]) -> list[float]:
    """CPU and wall time of an image."""
    before = now()
    count = sum(len(images) for images, *_ in batches)
    return ((now() - before) / count).tolist()


def training(case: dict[str, Any], batches: Any) -> list[float]:
    """CPU and wall time of an image in the best of some epochs of training; not of the first."""
    import keras

    model = keras.Sequential(
        [
            keras.Input(case["shape"]),
            keras.layers.Conv2D(16, 3, 2, activation="relu"),
            keras.layers.Conv2D(32, 3, 2, activation="relu"),
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Dense(10, "softmax"),
        ]
    )
    model.compile("sgd", "sparse_categorical_crossentropy")
    times: list[np.ndarray] = []
    note = keras.callbacks.LambdaCallback(on_epoch_begin=lambda *_: times.append(now()))
    fit: dict[str, Any] = {"epochs": 6, "verbose": 0, "callbacks": [note]}
    if case["who"] == HELD:
        x, y = data(case["shape"], case["images"])
        model.fit(x / np.float32(255), y, batch_size=case["batch_size"], **fit)
    else:
        model.fit(batches, **fit)
    return (np.diff(times, axis=0)[1:].min(axis=0) / case["images"]).tolist()


def digest(_: dict[str, Any], batches: Iterable[Any]) -> str:
    found = hashlib.sha256()
    for images, labels in batches:
        found.update(images.tobytes())
        found.update(labels.tobytes())
    return found.hexdigest()


def now() -> np.ndarray:
    return np.array([time.process_time(), time.perf_counter()])


def serve() -> None:
    """Answer one case after the other, each a line of JSON."""
    known = ""
    for line in sys.stdin:
        case = json.loads(line)
        task = {"epoch": epoch, "training": training, "digest": digest}[case.pop("task")]
        if json.dumps(case) != known:
            known, batches = json.dumps(case), MAKERS.get(case["who"], lambda _: None)(case)
        print(json.dumps(task(case, batches)), flush=True)


# What compares them


class Worker:
    """A process with one state of the package.

    Args:
        who: What makes the batches.
        package: Folder out of which it imports the package.
    """

    def __init__(self, who: str, package: Path = ROOT) -> None:
        self.who = who
        self.process = subprocess.Popen(
            [sys.executable, __file__, "--serve"],
            env={**os.environ, "PYTHONPATH": str(package)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def ask(self, task: str, **case: Any) -> Any:
        """What it answers to a task, see `serve`."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps({"task": task, "who": self.who, **case}) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())


def measured(workers: list[Worker], rounds: int, task: str, **case: Any) -> np.ndarray:
    """Least CPU and wall time of an image, in microseconds, of workers that take turns: (W, 2)."""
    if task == "epoch":
        ours = [worker for worker in workers if worker.who == PACKAGE]
        assert len({worker.ask("digest", **case) for worker in ours}) == 1, "other batches"
    times = [[worker.ask(task, **case) for worker in workers] for _ in range(rounds + 1)]
    found: np.ndarray = np.array(times)[1:].min(axis=0) * 1e6  # the first turn warms up
    return found


def loading_rows(workers: list[Worker], options: argparse.Namespace) -> Iterator[str]:
    names = ["before"] * (len(workers) - 2) + ["now", f"`{OLD_CLASS}`"]
    yield "| images | augmentation | batch | threads | " + " | ".join(names) + " | now, images/s |"
    yield "|---|---|---:|---:|" + "---:|" * (len(names) + 1)
    cases = itertools.product(SHAPES, CHAINS, options.batch_size, options.threads)
    for shape, chain, batch_size, threads in cases:
        count = options.images // (4 if shape.startswith("64") else 1)
        case = {"shape": SHAPES[shape], "chain": chain, "batch_size": batch_size, "images": count}
        times = measured(workers, options.rounds, "epoch", threads=threads, **case)[:, 0]
        cells = " | ".join(f"{each:.1f}" for each in times)
        yield (
            f"| {shape} | {chain} | {batch_size} | {threads} | {cells} | {1e6 / times[-2]:,.0f} |"
        )


def training_rows(workers: list[Worker], options: argparse.Namespace) -> Iterator[str]:
    names = ["before"] * (len(workers) - 2) + ["now", "arrays, no augmentation"]
    yield "| threads | " + " | ".join(f"{each}: CPU | wall" for each in names) + " |"
    yield "|---:|" + "---:|" * (2 * len(names))
    case = {"shape": (32, 32, 3), "chain": CHAINS[1], "batch_size": 128, "images": options.images}
    for threads in options.threads:
        times = measured(workers, 2, "training", threads=threads, **case)
        cells = " | ".join(f"{each:.1f}" for each in times.ravel())
        yield f"| {threads} | {cells} |"


def report(options: argparse.Namespace) -> Iterator[str]:
    packages = [options.package, ROOT] if options.package else [ROOT]
    ours = [Worker(PACKAGE, package) for package in packages]
    found = ", ".join(f"{name} {version(name)}" for name in ("keras", "opencv-python", "numpy"))
    yield "# Small arrays"
    yield ""
    yield (
        "Microseconds of CPU of the whole process for an image, the least of "
        f"{options.rounds} epochs in turns; the batches of both states are the same, bit for bit. "
        f"uint8 in memory to float32 of 0 to 1. Python {platform.python_version()}, {found}; "
        f"{os.cpu_count()} cores with a load of {os.getloadavg()[1]:.0f}, other programs included."
    )
    yield ""
    yield from loading_rows([*ours, Worker(OLD_CLASS)], options)
    yield ""
    yield (
        "Inside `fit` of a small network on 32 x 32 x 3, flip, shift and light, batches of 128, on "
        f"{os.environ['KERAS_BACKEND']}: microseconds for an image, with those of the model."
    )
    yield ""
    yield from training_rows([*ours, Worker(HELD)], options)
    yield ""
    yield "Made by `python benchmarks/small_arrays.py --package FOLDER`."


def main() -> None:
    parser = arguments(__doc__, rounds=5)
    parser.add_argument("--package", type=Path, help="another state of this repository")
    parser.add_argument("--images", type=int, default=8192)
    parser.add_argument("--batch-size", type=int, nargs="+", default=[32, 128])
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve()
        return
    keep("small_arrays", report(options))


if __name__ == "__main__":
    main()
