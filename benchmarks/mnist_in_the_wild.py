"""Repeat the handbook's experiment on MNIST: what shift and inversion teach a small network.

    python benchmarks/mnist_in_the_wild.py --mnist mnist.npz [--epochs 5] [--seeds 0 1]

`mnist.npz` is the file of `keras.datasets.mnist`; the variable KERAS_CVDATA_MNIST can name it too.
The network has one convolution of 16 filters. The table goes to
benchmarks/results/mnist_in_the_wild.md; the exit code is 1 if an inequality does not hold.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import keras
import numpy as np

from keras_cvdata import ArraySequence, layers
from keras_cvdata.demo import cnn, in_the_wild

RESULTS = Path(__file__).parent / "results" / "mnist_in_the_wild.md"


def train(data: dict[str, np.ndarray], augmented: bool, epochs: int, seed: int) -> dict[str, float]:
    """Accuracy on each of the tests of one network."""
    keras.utils.set_random_seed(seed)
    augment = [layers.RandomTranslation(0, 0.2), layers.RandomInvert(0.1)] if augmented else None
    options = {"label_mode": "categorical", "rescale": "unit", "seed": seed, "verbose": 0}
    training = ArraySequence(data["x_train"], data["y_train"], augment=augment, **options)
    model = cnn((28, 28, 1), 10, [16])
    model.fit(training, epochs=epochs, verbose=0)
    return {
        test: model.evaluate(
            ArraySequence(pixels, data["y_test"], shuffle=False, **options), verbose=0
        )[1]
        for test, pixels in in_the_wild(data["x_test"][..., None]).items()
    }


def failures(plain: dict[str, float], augmented: dict[str, float]) -> Iterator[str]:
    gain = {test: augmented[test] - plain[test] for test in plain}
    if gain["shifted"] < 0.2:
        yield f"shifted rises by {gain['shifted']:.3f} only, not by 0.2"
    if gain["inverted"] < 0.3:
        yield f"inverted rises by {gain['inverted']:.3f} only, not by 0.3"
    if gain["clean"] <= -0.03:
        yield f"clean falls by {-gain['clean']:.3f}, not by less than 0.03"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mnist", default=os.environ.get("KERAS_CVDATA_MNIST"))
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1])
    args = parser.parse_args()
    if args.mnist is None:
        parser.error("name the file mnist.npz: --mnist PATH, or KERAS_CVDATA_MNIST=PATH")
    with np.load(args.mnist) as file:
        data = dict(file)
    lines = [
        "# MNIST in the wild",
        "",
        f"One convolution of 16 filters, {args.epochs} epochs of 60,000 images, tested on 10,000; "
        f"Keras {keras.__version__} on {keras.backend.backend()}, Python "
        f"{platform.python_version()}, {os.cpu_count()} cores. Made by "
        "`python benchmarks/mnist_in_the_wild.py`.",
        "",
        "| seed | augmentation | clean | inverted | shifted 4 px | seconds |",
        "|---|---|---|---|---|---|",
    ]
    failed = []
    for seed in args.seeds:
        rows = {}
        for name, augmented in {"none": False, "shift 20 %, invert 10 %": True}.items():
            began = time.monotonic()
            rows[name] = train(data, augmented, args.epochs, seed)
            figures = " | ".join(f"{accuracy:.3f}" for accuracy in rows[name].values())
            taken = time.monotonic() - began
            lines.append(f"| {seed} | {name} | {figures} | {taken:.0f} |")
            print(lines[-1], flush=True)
        failed += [f"seed {seed}: {text}" for text in failures(*rows.values())]
    RESULTS.write_text("\n".join(lines) + "\n")
    print("\n".join(failed))
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
