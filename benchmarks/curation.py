"""Follow the advice of a stress test on MNIST: what two proposals close, cost and open.

    python benchmarks/curation.py --mnist mnist.npz [--epochs 15] [--seeds 0 1 2]

`mnist.npz` is the file of `keras.datasets.mnist`; the variable KERAS_CVDATA_MNIST can name it too.
The handbook's network of one convolution is trained, tested by the suite "handbook", and trained
again with the first two layers that the test proposes. The table goes to
benchmarks/results/curation.md; the exit code is 1 if an inequality does not hold.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np

import keras_cvdata as cvd
from keras_cvdata.demo import cnn

RESULTS = Path(__file__).parent / "results" / "curation.md"
PROPOSED = {"layers.RandomInvert(rate=0.1)", "layers.RandomTranslation(0, 0.2)"}


def sequence(data: dict[str, np.ndarray], part: str, seed: int, augment: Any = None) -> Any:
    return cvd.ArraySequence(
        data[f"x_{part}"],
        data[f"y_{part}"],
        augment=augment,
        color_mode="grayscale",
        label_mode="categorical",
        rescale="unit",
        seed=seed,
        verbose=0,
    )


def tested(data: dict[str, np.ndarray], augment: Any, epochs: int, seed: int) -> Any:
    """Stress test of a new network by the suite of the handbook."""
    keras.utils.set_random_seed(seed)
    model = cnn((28, 28, 1), 10, [16])
    model.fit(sequence(data, "train", seed, augment), epochs=epochs, verbose=0)
    return cvd.stress_test(model, sequence(data, "test", seed), seed=seed, verbose=0)


def failures(advice: Any, plain: Any, better: Any) -> Iterator[str]:
    first = set(advice.code[:2])
    if first != PROPOSED:
        yield f"the first two proposals are {' and '.join(sorted(first))}"
    under = better.matrix[1]
    if under["invert"] < 0.92:
        yield f"inverted {under['invert']:.4f}, less than 0.92"
    for side in ("shift left", "shift right"):
        if under[side] < 0.96:
            yield f"{side} {under[side]:.4f}, less than 0.96"
    cost = plain.clean.accuracy - better.clean.accuracy
    if cost > 0.015:
        yield f"clean images cost {cost:.4f}, more than 0.015"
    told = better.compare(plain)
    if "low contrast" not in {**told.of("opened"), **told.left}:
        yield "low contrast is reported neither as opened nor as left"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mnist", default=os.environ.get("KERAS_CVDATA_MNIST"))
    parser.add_argument("--epochs", type=int, default=15)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    args = parser.parse_args()
    if args.mnist is None:
        parser.error("name the file mnist.npz: --mnist PATH, or KERAS_CVDATA_MNIST=PATH")
    with np.load(args.mnist) as file:
        data = dict(file)
    lines = [
        "# Curation",
        "",
        f"The handbook's network of one convolution of 16 filters, {args.epochs} epochs of 60,000 "
        f"digits, tested on 10,000; Keras {keras.__version__} on {keras.backend.backend()}, Python "
        f"{platform.python_version()}, {os.cpu_count()} cores. Made by "
        "`python benchmarks/curation.py`.",
        "",
        "| seed | trained | clean | inverted | left | right | up | down | contrast 0.8 | 0.6 | 0.5 "
        "| 0.4 | 0.3 |",
        "|" + "---|" * 13,
    ]
    failed, told = [], []
    for seed in args.seeds:
        plain = tested(data, None, args.epochs, seed)
        advice = plain.advice()
        better = tested(data, list(advice.layer[:2]), args.epochs, seed)
        for name, report in {"as it is": plain, "with the first two": better}.items():
            dull = report.matrix.loc["low contrast"]
            figures = [report.clean.accuracy, *report.matrix[1][:5], *dull]
            row = " | ".join(f"{figure:.4f}" for figure in figures)
            lines.append(f"| {seed} | {name} | {row} |")
            print(lines[-1], flush=True)
        proposals = "; ".join(f"`{row.code}` ({row.perturbation})" for row in advice.itertuples())
        told += ["", f"Seed {seed} proposes {proposals}. Then:", ""]
        told += [f"- {line}" for line in better.compare(plain).summary().splitlines()]
        failed += [f"seed {seed}: {text}" for text in failures(advice, plain, better)]
    ends = [f"Falls short: {text}." for text in failed] or ["All inequalities hold."]
    RESULTS.write_text("\n".join([*lines, *told, "", *ends]) + "\n")
    print("\n".join(ends))
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
