"""Measure what fits with new sequences leave behind: memory and threads.

    KERAS_BACKEND=jax python benchmarks/repeated_fits.py [--fits 50] [--steps 2] [--keep]

Each fit gets a new sequence of 8 batches of 32 x 64 x 64 x 3 over the same images. `--steps` ends
each fit within the pass, by `steps_per_epoch`. With `--keep` somebody holds all sequences, as
TensorFlow does whatever one writes.
"""

from __future__ import annotations

import argparse
import gc
import threading
import time
from pathlib import Path
from typing import Any

import keras
import numpy as np

from keras_cvdata import ArraySequence, layers

SIZE, SAMPLES = 64, 256
WARM_UP = 10  # fits until Keras and the allocator have what they keep for themselves


def resident_megabytes() -> float:
    """Memory of this process, from the kernel."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 1e6


def make_model() -> keras.Model:
    inputs = keras.Input((SIZE, SIZE, 3))
    pooled = keras.layers.GlobalAveragePooling2D()(inputs)
    model = keras.Model(inputs, keras.layers.Dense(1)(pooled))
    model.compile("sgd", "mse")
    return model


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--fits", type=int, default=50)
    parser.add_argument("--steps", type=int)
    parser.add_argument("--keep", action="store_true")
    arguments = parser.parse_args()

    model, kept = make_model(), []
    x = np.zeros((SAMPLES, SIZE, SIZE, 3), np.uint8)
    y = np.arange(SAMPLES, dtype=np.float32)

    def fit(count: int) -> None:
        for _ in range(count):
            options: dict[str, Any] = {"label_mode": "regression", "verbose": 0}
            sequence = ArraySequence(x, y, augment=layers.RandomFlip(), **options)
            model.fit(sequence, verbose=0, steps_per_epoch=arguments.steps)
            if arguments.keep:
                kept.append(sequence)

    def state() -> tuple[float, int]:
        gc.collect()
        time.sleep(0.5)  # threads that were told to end do so
        started = [each for each in threading.enumerate() if not each.name.startswith("Dummy-")]
        return resident_megabytes(), len(started)  # without those that TensorFlow brings itself

    fit(WARM_UP)
    before, threads_before = state()
    fit(arguments.fits)
    after, threads_after = state()
    print(
        f"{keras.backend.backend()}: {arguments.fits} fits left {after - before:.1f} MB "
        f"and {threads_after - threads_before} threads behind"
    )


if __name__ == "__main__":
    main()
