"""Measure what predictions with names and a review cost, against `model.predict` of the same data.

    python benchmarks/predict.py [--images 4000] [--repeats 5]

JPEGs of 160 x 160 in a temporary folder, a tiny model, CPU time of the whole process in one run, in
turns; the table goes to benchmarks/results/predict.md.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import cv2
import keras
import numpy as np

from keras_cvdata import DirectorySequence, predict, review

RESULTS = Path(__file__).parent / "results" / "predict.md"
SIZE, CLASSES = 160, 20


def write_images(folder: Path, count: int) -> None:
    random = np.random.default_rng(0)
    for number in range(count):
        target = folder / f"class{number % CLASSES:02}"
        target.mkdir(exist_ok=True)
        small = random.integers(0, 256, (20, 20, 3), np.uint8)
        cv2.imwrite(str(target / f"{number}.jpg"), cv2.resize(small, (SIZE, SIZE)))


def make_model() -> keras.Model:
    inputs = keras.Input((SIZE, SIZE, 3))
    pooled = keras.layers.GlobalAveragePooling2D()(inputs)
    return keras.Model(inputs, keras.layers.Dense(CLASSES, "softmax")(pooled))


def cpu_seconds(run: Callable[[], object]) -> float:
    start = time.process_time()
    run()
    return time.process_time() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=4000)
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        write_images(Path(folder), arguments.images)
        model = make_model()
        data = DirectorySequence(folder, image_size=SIZE, rescale="unit", verbose=0)
        cases: dict[str, Callable[[], object]] = {
            "`model.predict(data)`": lambda: model.predict(data, verbose=0),
            "`cvd.predict(model, data)`": lambda: predict(model, data, verbose=0),
            '`cvd.predict(model, data, tta="mirror")`': lambda: predict(
                model, data, tta="mirror", verbose=0
            ),
            "`cvd.review(model, data, None, measure=False)`": lambda: review(
                model, data, None, measure=False, verbose=0
            ),
            "`cvd.review(model, data, None)`": lambda: review(model, data, None, verbose=0),
        }
        times: dict[str, list[float]] = {name: [] for name in cases}
        for turn in range(arguments.repeats + 1):
            for name, run in cases.items():
                taken = cpu_seconds(run)
                if turn:  # the first turn compiles
                    times[name].append(1000 * taken / arguments.images)
    first = statistics.median(next(iter(times.values())))
    lines = [
        "# What predictions with names and reviews cost",
        "",
        f"{arguments.images} JPEGs of {SIZE} x {SIZE}, {CLASSES} classes, a model of one layer on "
        f"{keras.backend.backend()}; medians of {arguments.repeats} turns in one run.",
        "",
        "| | CPU ms an image | ratio |",
        "|---|---:|---:|",
        *(
            f"| {name} | {statistics.median(taken):.3f} | {statistics.median(taken) / first:.2f} |"
            for name, taken in times.items()
        ),
        "",
        "Made by `python benchmarks/predict.py`.",
    ]
    print("\n".join(lines))
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
