"""How long a model of known step time waits in `fit`, by what it should wait, on each backend.

    python benchmarks/waiting.py [--data FOLDER] [--backends tensorflow jax torch]

A step of the model sleeps, so that it takes its time on any machine, however busy. First a source
sleeps, too: a batch takes a known number of steps, so what `LoadingStats` should find is known, and
what `stats()` alone says without it stands beside. Then with photographs: the step is 1.3 times as
long as the loading of a batch alone, and the model should wait for at most 2 % of the time. The
table goes to benchmarks/results/waiting.md.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from loading import photographs

RESULTS = Path(__file__).parent / "results" / "waiting.md"
STEP = 0.1  # seconds
BATCH, BATCHES, THREADS = 8, 20, 2
LOADS = (0.5, 0.8, 1.1, 1.5, 3.0)  # what a batch takes, in steps
AHEAD = 1.3  # by which loading alone is faster than the model


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


def table(results: dict[str, dict[str, Any]]) -> list[str]:
    lines = [
        "| backend | a batch takes | should wait | `LoadingStats` | `stats()` alone, at most |",
        "|---|---:|---:|---:|---:|",
    ]
    for backend, found in results.items():
        lines += [
            f"| {backend} | {row['load']:g} steps | {row['expected']:.0%} | {row['found']:.0%} "
            f"| {row['bound']:.0%} |"
            for row in found["known"]
        ]
    lines += ["", "| backend | loading of a batch alone | waiting |", "|---|---:|---:|"]
    for backend, found in results.items():
        row = found["photographs"]
        lines.append(f"| {backend} | {row['load_ms']:.0f} ms | {row['waiting']:.1%} |")
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="folder of class folders; generated if absent")
    parser.add_argument("--backends", nargs="+", default=["tensorflow", "jax", "torch"])
    parser.add_argument("--measure", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        found = {"known": known_waits(), "photographs": with_photographs(options.data)}
        print(json.dumps(found))
        return
    results: dict[str, dict[str, Any]] = {}
    with photographs(options.data) as (folder, what):
        for backend in options.backends:
            call = [sys.executable, __file__, "--measure", "--data", str(folder)]
            quiet = {"KERAS_BACKEND": backend, "CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": "1"}
            done = subprocess.run(
                call, env={**os.environ, **quiet}, stdout=subprocess.PIPE, check=True, text=True
            )
            results[backend] = json.loads(done.stdout.splitlines()[-1])
    lines = [
        "# Waiting in `fit`",
        "",
        f"A step sleeps for {STEP:g} s. Above, images sleep too, {BATCHES} batches of {BATCH}. "
        f"Below, {what} at 224 x 224, augmented, and steps {AHEAD:g} times as long as the loading "
        f"of a batch alone. {os.cpu_count()} cores, {time.strftime('%Y-%m-%d')}.",
        "",
        *table(results),
        "",
        "Made by `python benchmarks/waiting.py`.",
    ]
    print("\n".join(lines))
    RESULTS.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
