"""Measure how long a model waits for data in `fit`, where the loader is a little faster than it.

    python benchmarks/seams.py [--faster 1.3] [--epochs 6] [--backends tensorflow jax torch]

A source takes 10 ms for each image, so two threads make a batch of 16 in 80 ms, and a step takes as
many times as long as `--faster` says; both sleep instead of computing, so that what is measured is
the order of work and not the machine. The time between two steps counts as waiting, less what it is
with batches that are there already. Epochs have 16 steps; those after the first count with the
seams between them. The table goes to benchmarks/results/seams.md.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

READ, THREADS, BATCH, STEPS = 0.01, 2, 16, 16
RESULTS = Path(__file__).parent / "results" / "seams.md"


def slow_sequence() -> Any:
    from keras_cvdata import Sequence, sources

    class SlowSource(sources.ArraySource):
        def fetch(self, position: int) -> Any:
            time.sleep(READ)
            return super().fetch(position)

    x = np.zeros((BATCH * STEPS, 32, 32, 3), np.uint8)
    source = SlowSource(x, np.zeros(len(x)), label_kind="number")
    options: dict[str, Any] = {"label_mode": "regression", "verbose": 0}
    return Sequence(source, batch_size=BATCH, threads=THREADS, **options)


def made_sequence() -> Any:
    import keras

    batch = np.zeros((BATCH, 32, 32, 3), np.float32), np.zeros((BATCH, 1), np.float32)

    class Made(keras.utils.PyDataset):
        def __len__(self) -> int:
            return STEPS

        def __getitem__(self, index: int) -> Any:
            return batch

    return Made()


def gaps(data: Any, step: float, epochs: int) -> np.ndarray:
    """Seconds between the steps of all epochs, (epochs * STEPS - 1,)."""
    import keras

    ends: list[float] = []
    begins: list[float] = []

    def begin(*_: Any, **__: Any) -> None:
        begins.append(time.perf_counter())
        time.sleep(step)

    def end(*_: Any, **__: Any) -> None:
        ends.append(time.perf_counter())

    note = keras.callbacks.LambdaCallback(on_train_batch_begin=begin, on_train_batch_end=end)
    model = keras.Sequential(
        [keras.Input((32, 32, 3)), keras.layers.Flatten(), keras.layers.Dense(1)]
    )
    model.compile("sgd", "mse")
    model.fit(data, epochs=epochs, verbose=0, callbacks=[note])
    found: np.ndarray = np.array(begins[1:]) - np.array(ends[:-1])
    return found


def measure(options: argparse.Namespace) -> None:
    """Print waiting within the epochs and at their seams, as shares of the time of the steps."""
    step = options.faster * READ * BATCH / THREADS
    gaps(made_sequence(), 0, 2)  # what a framework does once
    ours = gaps(slow_sequence(), step, options.epochs)
    plain = gaps(made_sequence(), step, options.epochs)
    seams = np.arange(len(ours)) % STEPS == STEPS - 1
    # Medians, as a machine that others use stops now and then; times their number in an epoch.
    within = (STEPS - 1) * (np.median(ours[~seams]) - np.median(plain[~seams]))
    between = np.median(ours[seams]) - np.median(plain[seams])
    shares = np.array([within, between]) / (step * STEPS)
    print(" | ".join(f"{100 * share:.1f} %" for share in (*shares, shares.sum())))


def rows(options: argparse.Namespace) -> Iterator[str]:
    yield "| backend | within epochs | between epochs | both |"
    yield "|---|---:|---:|---:|"
    for backend in options.backends:
        call = [sys.executable, __file__, "--measure", "--faster", str(options.faster)]
        quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""}
        run = subprocess.run(
            [*call, "--epochs", str(options.epochs)],
            env={**os.environ, **quiet, "KERAS_BACKEND": backend},
            capture_output=True,
            text=True,
            check=True,
        )
        yield f"| {backend} | {run.stdout.splitlines()[-1]} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--faster", type=float, default=1.3)
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--backends", nargs="+", default=["tensorflow", "jax", "torch"])
    parser.add_argument("--measure", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        measure(options)
        return
    lines = [
        "# Waiting for data",
        "",
        f"A loader that alone is {options.faster} times as fast as the model alone; "
        f"{options.epochs} epochs of {STEPS} steps. Shares of the time of all steps after the "
        f"first. Python {sys.version.split()[0]}, keras {version('keras')}.",
        "",
    ]
    for line in rows(options):
        print(line, flush=True)
        lines.append(line)
    lines += ["", "Made by `python benchmarks/seams.py`."]
    RESULTS.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
