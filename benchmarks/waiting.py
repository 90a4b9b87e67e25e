"""How long a model of known step time waits in `fit`, by what it should wait, on each backend.

    python benchmarks/waiting.py [--data FOLDER] [--backends tensorflow jax torch]

Steps sleep, so that they take their time on any machine, however busy. First a source sleeps, too:
a batch takes a known number of steps, so what `LoadingStats` should find is known, and what
`stats()` alone says without it stands beside. Then the loader alone is 1.3 times as fast as the
model, which should wait for at most 2 % of the time: with a source that sleeps, where the time
between two steps counts, less what it is with batches that are there already, within the epochs and
at the seams between them; and with photographs. The tables go to benchmarks/results/waiting.md.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from loading import photographs
from reports import arguments, keep

STEP = 0.1  # seconds
BATCH, BATCHES, THREADS = 8, 20, 2
LOADS = (0.5, 0.8, 1.1, 1.5, 3.0)  # what a batch takes, in steps
AHEAD = 1.3  # by which loading alone is faster than the model
READ, EPOCHS = 0.02, 6  # seconds that an image takes to read, and epochs, where seams are measured


def sleeping_model(seconds: float, size: tuple[int, int]) -> Any:
    """Make a model whose step takes about so long."""
    import keras

    class Sleep(keras.layers.Layer):
        def call(self, x: Any) -> Any:
            def sleep(values: Any) -> Any:
                time.sleep(seconds)
                return np.asarray(values)

            if keras.backend.backend() == "torch":
                time.sleep(seconds)
                return x
            if keras.backend.backend() == "tensorflow":
                import tensorflow as tf

                slept = tf.numpy_function(sleep, [x], tf.float32)
                slept.set_shape(x.shape)
                return slept
            import jax

            stopped = jax.lax.stop_gradient(x)
            shape = jax.ShapeDtypeStruct(x.shape, x.dtype)
            return x + 0 * jax.lax.stop_gradient(jax.pure_callback(sleep, shape, stopped))

    layers = [keras.layers.GlobalAveragePooling2D(), Sleep(), keras.layers.Dense(1)]
    model = keras.Sequential([keras.Input((*size, 3)), *layers])
    model.compile("sgd", "mse")
    return model


def step_alone(model: Any, batch: np.ndarray) -> float:
    """Seconds of a step on a batch that is there."""
    targets, taken = np.zeros(len(batch)), []
    for _ in range(8):
        begun = time.perf_counter()
        model.train_on_batch(batch, targets)
        taken.append(time.perf_counter() - begun)
    return statistics.median(taken[2:])


def sleeping_sequence(seconds: float) -> Any:
    """Make a sequence whose images take so long to read."""
    from keras_cvdata import Sequence, sources

    class Slow(sources.ArraySource):
        def fetch(self, position: int) -> Any:
            time.sleep(seconds)
            return super().fetch(position)

    x = np.zeros((BATCH * BATCHES, 32, 32, 3), np.uint8)
    source = Slow(x, np.zeros(len(x)))
    options = {"batch_size": BATCH, "threads": THREADS, "label_mode": "regression", "verbose": 0}
    return Sequence(source, rescale="unit", **options)


def made_sequence() -> Any:
    """Make a sequence whose batches are there already."""
    import keras

    batch = np.zeros((BATCH, 32, 32, 3), np.float32), np.zeros((BATCH, 1), np.float32)

    class Made(keras.utils.PyDataset):
        def __len__(self) -> int:
            return BATCHES

        def __getitem__(self, index: int) -> Any:
            return batch

    return Made()


def gaps(data: Any, step: float, epochs: int) -> np.ndarray:
    """Seconds between the steps of all epochs, (epochs * BATCHES - 1,)."""
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


def seams() -> dict[str, float]:
    """Waiting within and between epochs, as shares of the time of all steps."""
    step = AHEAD * READ * BATCH / THREADS
    gaps(made_sequence(), 0, 2)  # what a framework does once
    ours = gaps(sleeping_sequence(READ), step, EPOCHS)
    plain = gaps(made_sequence(), step, EPOCHS)
    last = np.arange(len(ours)) % BATCHES == BATCHES - 1
    # Medians, as a machine that others use stops now and then; times their number in an epoch.
    within = (BATCHES - 1) * (np.median(ours[~last]) - np.median(plain[~last]))
    between = np.median(ours[last]) - np.median(plain[last])
    return {"within": within / (step * BATCHES), "between": between / (step * BATCHES)}


def known_waits() -> list[dict[str, float]]:
    """What should be waited, what `LoadingStats` finds, and what `stats()` says without it."""
    from keras_cvdata import LoadingStats

    model, found = sleeping_model(STEP, (32, 32)), []
    step = step_alone(model, np.zeros((BATCH, 32, 32, 3), np.float32))
    for load in LOADS:
        seq = sleeping_sequence(load * step * THREADS / BATCH)
        model.fit(seq, epochs=1, verbose=0)
        bound = seq.stats().waiting
        watch = LoadingStats(seq)
        model.fit(seq, epochs=1, verbose=0, callbacks=[watch])
        found.append(
            {
                "load": load,
                "expected": max(0.0, 1 - 1 / load),
                "found": watch.stats.waiting,
                "bound": bound,
            }
        )
    return found


def with_photographs(folder: Path) -> dict[str, float]:
    """Waiting where loading alone is 1.3 times as fast as the model."""
    from keras_cvdata import DirectorySequence, LoadingStats, layers

    augment = [layers.RandomFlip(), layers.RandomRotation(30 / 360), layers.RandomZoom(0.2)]
    options = {"augment": augment, "rescale": "unit", "label_mode": "int", "verbose": 0}
    seq = DirectorySequence(folder, image_size=224, batch_size=32, **options)
    for _ in range(2):
        begun = time.perf_counter()
        for _ in seq:
            pass
        load = (time.perf_counter() - begun) / len(seq)
    watch = LoadingStats(seq)
    model = sleeping_model(AHEAD * load, (224, 224))
    model.fit(seq, epochs=2, verbose=0, callbacks=[watch])
    return {"load_ms": load * 1e3, "waiting": watch.stats.waiting}


def rows(results: dict[str, dict[str, Any]]) -> Iterator[str]:
    yield "| backend | a batch takes | should wait | `LoadingStats` | `stats()` alone, at most |"
    yield "|---|---:|---:|---:|---:|"
    for backend, found in results.items():
        for row in found["known"]:
            yield (
                f"| {backend} | {row['load']:g} steps | {row['expected']:.0%} "
                f"| {row['found']:.0%} | {row['bound']:.0%} |"
            )
    yield ""
    yield (
        "| backend | within epochs | between epochs | both | photographs: a batch alone | waiting |"
    )
    yield "|---|---:|---:|---:|---:|---:|"
    for backend, found in results.items():
        seam, row = found["seams"], found["photographs"]
        both = seam["within"] + seam["between"]
        yield (
            f"| {backend} | {seam['within']:.1%} | {seam['between']:.1%} | {both:.1%} "
            f"| {row['load_ms']:.0f} ms | {row['waiting']:.1%} |"
        )


def report(folder: Path, what: str, backends: list[str]) -> Iterator[str]:
    results: dict[str, dict[str, Any]] = {}
    for backend in backends:
        call = [sys.executable, __file__, "--measure", "--data", str(folder)]
        quiet = {"KERAS_BACKEND": backend, "CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": "1"}
        done = subprocess.run(
            call, env={**os.environ, **quiet}, stdout=subprocess.PIPE, check=True, text=True
        )
        results[backend] = json.loads(done.stdout.splitlines()[-1])
    yield "# Waiting in `fit`"
    yield ""
    yield (
        f"Above, a step and the images of {BATCHES} batches of {BATCH} sleep. Below, the loader "
        f"alone is {AHEAD:g} times as fast as the model alone: one that sleeps, {EPOCHS} epochs of "
        f"{BATCHES} steps, and {what} at 224 x 224, augmented. Keras {version('keras')}, "
        f"{os.cpu_count()} cores with a load of {os.getloadavg()[1]:.0f}, other programs included."
    )
    yield ""
    yield from rows(results)
    yield ""
    yield "Made by `python benchmarks/waiting.py --data FOLDER`."


def main() -> None:
    parser = arguments(__doc__, data=True)
    parser.add_argument("--backends", nargs="+", default=["tensorflow", "jax", "torch"])
    parser.add_argument("--measure", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        photos = with_photographs(options.data)
        print(json.dumps({"known": known_waits(), "seams": seams(), "photographs": photos}))
        return
    with photographs(options.data) as (folder, what):
        keep("waiting", report(folder, what, options.backends))


if __name__ == "__main__":
    main()
