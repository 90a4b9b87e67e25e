"""Use the package for an hour with changing settings, and watch what grows.

    python benchmarks/soak.py [--minutes 60] [--seed 0]

Each round makes a sequence with settings drawn anew (source, image size, batches, layers, cache,
threads, processes, kind of labels) over 300 photographs of which one in twenty is damaged, and
reads it for one or two epochs, to the end or not, or trains a model on it. The state of the process
is written down each minute. The table goes to benchmarks/results/soak.md; the exit status is 1
where memory grew by 20 MB or more after the first five minutes, or a thread or an open file was
left.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from repeated_fits import State, make_model, state

FILES, DAMAGED, SIDES = 300, 20, (64, 128)
WARM_UP, LIMIT = 5, 20  # minutes, MB
RESULTS = Path(__file__).parent / "results" / "soak.md"


def draw_photographs(folder: Path) -> None:
    """Three classes of JPEG files of many sizes; one file in twenty lost its second half."""
    numbers = np.random.default_rng(0)
    for number in range(FILES):
        height, width = numbers.integers(80, 400, 2)
        areas = numbers.integers(0, 256, (5, 6, 3), np.uint8)
        image = cv2.resize(areas, (int(width), int(height)), interpolation=cv2.INTER_CUBIC)
        data = cv2.imencode(".jpg", image)[1].tobytes()
        file = folder / "abc"[number % 3] / f"{number}.jpg"
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(data if number % DAMAGED else data[: len(data) // 2])


def sources(folder: Path) -> dict[str, Callable[..., Any]]:
    """Makers of sequences over the same photographs, by name."""
    import keras_cvdata as cvd

    photographs = folder / "photographs"
    photographs.mkdir()
    draw_photographs(photographs)
    whole = folder / "whole"
    quiet: dict[str, Any] = {"verbose": 0, "on_error": "skip"}
    cvd.convert(photographs, whole, **quiet)
    for name, options in (("encoded", {}), ("raw", {"pixels": "raw", "image_size": (128, 128)})):
        cvd.convert(photographs, folder / f"{name}.h5", **quiet, **options)
    cvd.convert(photographs, folder / "images.csv", **quiet)
    arrays = np.random.default_rng(0).integers(0, 256, (500, 32, 32, 3), np.uint8)
    labels = np.arange(500) % 3
    return {
        "folder": lambda **options: cvd.DirectorySequence(photographs, **options),
        "table": lambda **options: cvd.CSVSequence(folder / "images.csv", **options),
        "encoded pack": lambda **options: cvd.HDF5Sequence(folder / "encoded.h5", **options),
        "raw pack": lambda **options: cvd.HDF5Sequence(folder / "raw.h5", **options),
        "arrays": lambda **options: cvd.ArraySequence(arrays, labels, **options),
    }


def settings(draw: random.Random, cache: Path) -> dict[str, Any]:
    """Options of a sequence."""
    from keras_cvdata import layers

    augment = [
        layers.RandomFlip(),
        layers.RandomRotation(0.1),
        layers.RandomZoom(0.2),
        layers.RandomGaussianNoise(0.05),
        layers.RandomErasing(),
        layers.RandomBrightness(0.2),
    ]
    return {
        "image_size": draw.choice(SIDES),
        "batch_size": draw.choice((1, 7, 32, 64)),
        "augment": draw.sample(augment, draw.randrange(4)),
        "label_mode": draw.choice(("int", "categorical")),
        "cache": draw.choice((None, None, "memory", cache)),
        "threads": draw.choice((1, 2, 4)),
        "processes": draw.choice((None,) * 9 + (2,)),
        "rescale": draw.choice(("unit", None)),
        "seed": draw.randrange(1000),
        "on_error": "skip",
        "verbose": 0,
    }


class Soak:
    """Rounds of use, one after the other.

    Attributes:
        rounds: How many there were, by what was done.
        images: How many images came.
    """

    def __init__(self, folder: Path, seed: int) -> None:
        self.rounds: Counter[str] = Counter()
        self.images = 0
        self._folder = folder
        self._sources = sources(folder)
        self._draw = random.Random(seed)
        self._models = {side: make_model(side) for side in SIDES}

    def round(self) -> None:
        """Make a sequence and use it."""
        name = self._draw.choice(list(self._sources))
        options = settings(self._draw, self._folder / f"cache of {name}")
        in_memory = options["cache"] == "memory"
        if name == "arrays" or (in_memory and options["processes"]):  # refused: of no use there
            options["cache"] = None
        use = self._draw.choice((self._read, self._read, self._break_off, self._fit))
        if use == self._fit:
            options |= {"label_mode": "int", "rescale": "unit", "batch_size": 32}
        use(self._sources[name](**options))
        self.rounds[f"{name}, {use.__name__[1:]}"] += 1

    def _read(self, sequence: Any) -> None:
        for _ in range(self._draw.choice((1, 2))):
            for batch in sequence:
                self.images += len(batch[0])
            sequence.on_epoch_end()

    def _break_off(self, sequence: Any) -> None:
        for batch in sequence:
            self.images += len(batch[0])
            if self._draw.random() < 0.2:
                break

    def _fit(self, sequence: Any) -> None:
        self._models[sequence[0][0].shape[1]].fit(sequence, epochs=2, verbose=0)
        self.images += 2 * len(sequence) * 32


def measured(soak: Soak, minutes: float) -> Iterator[tuple[float, State]]:
    """The state at the end of each minute, with the minutes since the start."""
    start = time.monotonic()
    noted = 0
    while noted < minutes:
        soak.round()
        passed = (time.monotonic() - start) / 60
        if passed >= noted + 1:
            noted = int(passed)
            yield passed, state()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    warnings.simplefilter("ignore")  # of each damaged file
    states: list[State] = []
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        soak = Soak(Path(folder), options.seed)
        for minute, now in measured(soak, options.minutes):
            if minute > WARM_UP:
                states.append(now)
            row = f"| {minute:.0f} | {sum(soak.rounds.values())} | {soak.images} | "
            rows.append(row + f"{now[0]:.0f} | {now[1]} | {now[2]} |")
            print(rows[-1], flush=True)
    first, last = states[0], states[-1]
    grown = [b - a for a, b in zip(first, last, strict=True)]
    lines = [
        "# A soak with changing settings",
        "",
        f"{sum(soak.rounds.values())} sequences, {soak.images} images, Python "
        f"{sys.version.split()[0]}, keras {version('keras')} on {backend()}. From minute "
        f"{WARM_UP} to the end: {grown[0]:+.1f} MB, {grown[1]:+d} threads, {grown[2]:+d} open "
        "files.",
        "",
        "| minute | sequences | images | MB | threads | open files |",
        "|---:|---:|---:|---:|---:|---:|",
        *rows,
        "",
        "| what | sequences |",
        "|---|---:|",
        *(f"| {name} | {count} |" for name, count in sorted(soak.rounds.items())),
        "",
        f"Made by `python benchmarks/soak.py --minutes {options.minutes:g}`.",
    ]
    RESULTS.write_text("\n".join(lines) + "\n")
    sys.exit(grown[0] >= LIMIT or grown[1] > 0 or grown[2] > 0)


def backend() -> str:
    import keras

    return str(keras.backend.backend())


if __name__ == "__main__":
    main()
