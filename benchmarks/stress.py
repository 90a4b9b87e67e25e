"""How long a stress test takes beside a plain loop that decodes anew for every perturbation.

    python benchmarks/stress.py [--images 200]

Both make the same changed images for a model that costs nothing, on two threads: the loop opens a
sequence over the files with the perturbation as its last layer for each of the 96 lines; the stress
test reads each file once. Times are CPU seconds of the process, in turns, the lower of two.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import cv2
import keras
import numpy as np

import keras_cvdata as cvd
from keras_cvdata.review.outputs import asked_of
from keras_cvdata.stress.suites import suite_of

SIDE = 64


class Costless(keras.Model):
    """Takes every image for the first class."""

    def predict(self, batches, **_):
        """The same row for each image."""
        return np.concatenate([np.tile([0.9, 0.1], (len(batch[0]), 1)) for batch in batches])


def photographs(folder: Path, count: int) -> None:
    """JPEGs of 1024 x 768 pixels with areas, edges and grain."""
    random = np.random.default_rng(0)
    for number in range(count):
        file = folder / "ab"[number % 2] / f"{number}.jpg"
        file.parent.mkdir(exist_ok=True)
        image = cv2.resize(random.integers(0, 256, (6, 8, 3), np.uint8), (1024, 768))
        image = np.clip(image + random.normal(0, 6, image.shape), 0, 255).astype(np.uint8)
        cv2.imwrite(str(file), image)


def plain_loop(data: cvd.DirectorySequence, model: Costless) -> None:
    for family in suite_of("photo", SIDE).values():
        for severity in family.severities:
            model.predict(asked_of(data, augment=family(severity), seed=0))
    model.predict(asked_of(data))


def seconds(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--images", type=int, default=200)
    count = parser.parse_args().images
    with tempfile.TemporaryDirectory() as folder:
        photographs(Path(folder), count)
        data = cvd.DirectorySequence(
            folder, image_size=(SIDE, SIDE), rescale="unit", threads=2, verbose=0
        )
        model = Costless()
        loops, tests = [], []
        for _ in range(2):
            loops.append(seconds(lambda: plain_loop(data, model)))
            tests.append(seconds(lambda: cvd.stress_test(model, data, "photo", verbose=0)))
    loop, test = min(loops), min(tests)
    print(f"{count} images of 1024 x 768 to {SIDE} x {SIDE}, 96 lines")
    print(f"plain loop {loop:.1f} s, stress test {test:.1f} s of CPU: {test / loop:.2f}")


if __name__ == "__main__":
    main()
