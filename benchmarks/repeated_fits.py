"""Measure what trainings leave behind: memory, threads and open files.

    python benchmarks/repeated_fits.py [--fits 50] [--epochs 20] [--backends tensorflow jax torch]

Fits get a new sequence each, of 8 batches of 32 x 64 x 64 x 3 over the same images; some end within
the pass, by `steps_per_epoch`, and some go through a wrapper, another `PyDataset` that asks for
batches by index. A plain `PyDataset` shows what Keras itself leaves behind: on TensorFlow it keeps
every one. Then one sequence of JPEG files is trained on for many epochs, beside a second for
validation. Each line is measured in a process of its own. The table goes to
benchmarks/results/repeated_fits.md.
"""

from __future__ import annotations

import argparse
import gc
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from reports import arguments, keep

SIZE, SAMPLES = 64, 256
WARM_UP = 10  # fits until Keras and the allocator have what they keep for themselves
State = tuple[float, int, int]


def state() -> State:
    """Megabytes of memory of this process, and numbers of its threads and open files."""
    gc.collect()
    time.sleep(0.5)  # threads that were told to end do so
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    # Without the threads that a framework brings, which Python did not start.
    started = [each for each in threading.enumerate() if not each.name.startswith("Dummy-")]
    files = list(Path("/proc/self/fd").iterdir())
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6, len(started), len(files)


def make_model(size: int = SIZE) -> Any:
    import keras

    inputs = keras.Input((size, size, 3))
    pooled = keras.layers.GlobalAveragePooling2D()(inputs)
    model = keras.Model(inputs, keras.layers.Dense(1)(pooled))
    model.compile("sgd", "mse")
    return model


def new_sequence(x: np.ndarray, y: np.ndarray) -> Any:
    from keras_cvdata import ArraySequence, layers

    options: dict[str, Any] = {"label_mode": "regression", "verbose": 0}
    return ArraySequence(x, y, augment=layers.RandomFlip(), **options)


def new_wrapper(x: np.ndarray, y: np.ndarray) -> Any:
    import keras

    class Wrapper(keras.utils.PyDataset):
        def __init__(self) -> None:
            super().__init__()
            self.sequence = new_sequence(x, y)

        def __len__(self) -> int:
            return len(self.sequence)

        def __getitem__(self, index: int) -> Any:
            return self.sequence[index]

    return Wrapper()


def new_plain(x: np.ndarray, y: np.ndarray) -> Any:
    import keras

    class Plain(keras.utils.PyDataset):
        def __len__(self) -> int:
            return SAMPLES // 32

        def __getitem__(self, index: int) -> Any:
            batch = slice(32 * index, 32 * index + 32)
            return x[batch].astype("float32"), y[batch]

    return Plain()


def fits(make: Callable[..., Any], count: int, steps: int | None = None) -> tuple[State, State]:
    """State after the first fits and after `count` more."""
    import warnings

    warnings.simplefilter("ignore")  # a wrapper is told to name the epoch
    model = make_model()
    x = np.zeros((SAMPLES, SIZE, SIZE, 3), np.uint8)
    y = np.arange(SAMPLES, dtype=np.float32)

    def fit(count: int) -> State:
        for _ in range(count):
            model.fit(make(x, y), verbose=0, steps_per_epoch=steps)
        return state()

    return fit(WARM_UP), fit(count)


def epochs(count: int) -> tuple[State, State]:
    """State after the first epoch and after the last."""
    import cv2
    import keras

    from keras_cvdata import DirectorySequence, layers

    states = []
    note = keras.callbacks.LambdaCallback(on_epoch_end=lambda *_: states.append(state()))
    with tempfile.TemporaryDirectory() as folder:
        random = np.random.default_rng(0)
        for number in range(SAMPLES):
            file = Path(folder) / str(number % 2) / f"{number}.jpg"
            file.parent.mkdir(exist_ok=True)
            cv2.imwrite(str(file), random.integers(0, 256, (150, 200, 3), np.uint8))
        options: dict[str, Any] = {"image_size": 128, "rescale": "unit", "verbose": 0}
        augment = [layers.RandomFlip(), layers.RandomRotation(0.1)]
        train = DirectorySequence(folder, augment=augment, **options)
        validation = DirectorySequence(folder, shuffle=False, **options)
        model = make_model(128)
        model.fit(train, validation_data=validation, epochs=count + 1, verbose=0, callbacks=[note])
    return states[0], states[-1]


MEASURES: dict[str, Callable[[argparse.Namespace], tuple[State, State]]] = {
    "fits with new sequences": lambda options: fits(new_sequence, options.fits),
    "fits that end within the pass": lambda options: fits(new_sequence, options.fits, 2),
    "fits with new wrappers": lambda options: fits(new_wrapper, options.fits),
    "fits with plain PyDatasets": lambda options: fits(new_plain, options.fits),
    "epochs over files": lambda options: epochs(options.epochs),
}


def rows(options: argparse.Namespace) -> Iterator[str]:
    yield "| backend | what | number | MB | threads | open files |"
    yield "|---|---|---:|---:|---:|---:|"
    for backend in options.backends:
        for name in MEASURES:
            call = [sys.executable, __file__, "--measure", name]
            call += ["--fits", str(options.fits), "--epochs", str(options.epochs)]
            quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""}
            run = subprocess.run(
                call,
                env={**os.environ, **quiet, "KERAS_BACKEND": backend},
                capture_output=True,
                text=True,
                check=True,
            )
            count = options.epochs if name.startswith("epochs") else options.fits
            yield f"| {backend} | {name} | {count} | {run.stdout.splitlines()[-1]} |"


def report(options: argparse.Namespace) -> Iterator[str]:
    yield "# What trainings leave behind"
    yield ""
    yield (
        f"Growth from the first {WARM_UP} fits, or the first epoch, to the last. Python "
        f"{sys.version.split()[0]}, keras {version('keras')}."
    )
    yield ""
    yield from rows(options)
    yield ""
    yield "Made by `python benchmarks/repeated_fits.py`."


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--fits", type=int, default=50)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--backends", nargs="+", default=["tensorflow", "jax", "torch"])
    parser.add_argument("--measure", choices=MEASURES, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        before, after = MEASURES[options.measure](options)
        grown = [b - a for a, b in zip(before, after, strict=True)]
        print(f"{grown[0]:.1f} | {grown[1]} | {grown[2]}")
        return
    keep("repeated_fits", report(options))


if __name__ == "__main__":
    main()
