"""Repeat the handbook's experiments on MNIST: what networks make of inverted and shifted digits.

    python benchmarks/handbook.py --mnist mnist.npz [--seeds 0 1 2] [--epochs 10] [--only R83 R90]

`mnist.npz` is the file of `keras.datasets.mnist`; the variable KERAS_CVDATA_MNIST can name it too.
Each training goes to handbook.json in the folder of --out (by default benchmarks/results) as soon
as it is done and is not repeated, so the command may be stopped and called again, also with other
numbers. handbook.md beside it is written anew from all that is there of the same number of images
and epochs. --images takes the first ones alone, to try it out; such trainings are kept apart. The
exit code is 1 if an inequality does not hold.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import keras
import numpy as np

from keras_cvdata import ArraySequence, layers
from keras_cvdata.demo import cnn

RESULTS = Path(__file__).parent / "results"
TESTS = ("clean", "inverted", "shifted")
BATCH_SIZE = 32
Found = dict[str, dict[str, float]]


@dataclass(frozen=True)
class Network:
    """A network and what it is trained on.

    Attributes:
        dense: Units of each dense layer.
        filters: Filters of each convolution; the network has the one or the other.
        dropout: Whether half of the units are dropped after each dense layer.
        shift: Largest shift to the left or right, in parts of the width.
        inverted: Inverted images that are added, in percent of the others.
    """

    dense: tuple[int, ...] = ()
    filters: tuple[int, ...] = ()
    dropout: bool = False
    shift: float = 0.0
    inverted: int = 0

    def __str__(self) -> str:
        kind = f"CNN {self.filters}" if self.filters else f"DNN {self.dense}"
        text = kind.translate({ord("("): "[", ord(")"): "]"}).replace(",]", "]")
        text += ", dropout" if self.dropout else ""
        text += f", shifts of {self.shift:.0%}" if self.shift else ""
        text += f", {self.inverted}% inverted" if self.inverted else ""
        return text.replace("%", " %")

    def make(self) -> keras.Model:
        """Build and compile it as the book does."""
        if self.filters:
            return cnn((28, 28, 1), 10, self.filters)
        model = keras.Sequential([keras.Input((28, 28, 1)), keras.layers.Flatten()])
        for units in self.dense:
            model.add(keras.layers.Dense(units))
            model.add(keras.layers.ReLU())
            if self.dropout:
                model.add(keras.layers.Dropout(0.5))
        model.add(keras.layers.Dense(10))
        model.add(keras.layers.Activation("softmax"))
        model.compile("rmsprop", "categorical_crossentropy", metrics=["accuracy"])
        return model


class Experiment(NamedTuple):
    """A network, the accuracies that the book prints, and why ours may be others."""

    network: Network
    book: tuple[float | None, float | None, float | None]
    parameters: int | None = None
    reason: str = ""


TWO = (16, 32)
EXPERIMENTS = {
    "R83": Experiment(Network((512,)), (0.9791, 0.0206, 0.4107), 407_050),
    "R84": Experiment(Network((1024,)), (None, 0.0489, 0.4038), 814_090),
    "R85": Experiment(Network((512, 512)), (None, 0.1025, 0.3887), 669_706),
    "R86": Experiment(
        Network((512, 512), dropout=True),
        (None, 0.0144, 0.3965),
        reason="The text halves the dropout of the second layer; the code, and so this, does not.",
    ),
    "R87": Experiment(Network(filters=(16,)), (0.9809, 0.5302, 0.5682), 27_210),
    "R88": Experiment(Network(filters=TWO), (0.9882, 0.6332, 0.7679)),
    "R89": Experiment(Network(filters=TWO, shift=0.2), (0.986, 0.2338, 0.9796)),
    "R90": Experiment(
        Network(filters=TWO, shift=0.2, inverted=10),
        (0.9847, 0.9589, 0.979),
        reason="The book's code adds images as labels (`y_train_invert = x_train[0:6000]`); the "
        "labels are added here.",
    ),
}
CURVE = (0, 1, 2, 5, 10, 20, 50)  # R91: percent of inverted images


def networks(numbers: list[str]) -> dict[str, Network]:
    """The networks of some experiments by their names; each is there once."""
    chosen = [EXPERIMENTS[number].network for number in numbers if number in EXPERIMENTS]
    if "R91" in numbers:
        chosen += [Network(filters=TWO, shift=0.2, inverted=percent) for percent in CURVE]
    return {str(network): network for network in chosen}


def training_set(network: Network, data: Mapping[str, np.ndarray], seed: int) -> ArraySequence:
    """The images in the order of the file, and the first ones again, inverted."""
    x, y = data["x_train"], data["y_train"]
    added = round(len(x) * network.inverted / 100)
    return ArraySequence(
        np.concatenate([x, np.invert(x[:added])])[..., None],
        np.concatenate([y, y[:added]]),
        class_names=[str(digit) for digit in range(10)],
        label_mode="categorical",
        rescale="unit",
        batch_size=BATCH_SIZE,
        augment=layers.RandomTranslation(0, network.shift, fill_mode="nearest")
        if network.shift
        else None,
        seed=seed,
        verbose=0,
    )


def test_sets(x: np.ndarray) -> dict[str, np.ndarray]:
    """R82: as in the book, whose shift of 4 pixels is that of one long row of all images."""
    return dict(zip(TESTS, (x, np.invert(x), np.roll(x, 4)), strict=True))


def train(
    network: Network, data: Mapping[str, np.ndarray], epochs: int, seed: int
) -> dict[str, float]:
    """Train one network; accuracy on each of the tests, number of parameters, and seconds."""
    began = time.monotonic()
    keras.utils.set_random_seed(seed)
    model = network.make()
    model.fit(training_set(network, data, seed), epochs=epochs, verbose=0)
    y = keras.utils.to_categorical(data["y_test"], 10)
    found = {
        name: round(model.evaluate(x[..., None].astype("float32") / 255, y, verbose=0)[1], 4)
        for name, x in test_sets(data["x_test"]).items()
    }
    return {
        **found,
        "parameters": model.count_params(),
        "seconds": round(time.monotonic() - began),
    }


def failures(found: Found, seeds: list[int]) -> Iterator[str]:
    """What the book teaches and does not hold."""
    of = {number: str(each.network) for number, each in EXPERIMENTS.items()}
    for seed in seeds:
        rows = {number: found.get(f"{name}, seed {seed}") for number, name in of.items()}
        two, shifts, both = (rows[number] for number in ("R88", "R89", "R90"))
        if two and shifts and shifts["shifted"] - two["shifted"] < 0.1:
            yield f"seed {seed}: shifts in training raise the accuracy on shifted digits too little"
        if shifts and both and both["inverted"] - shifts["inverted"] < 0.3:
            yield f"seed {seed}: inverted digits raise the accuracy on such too little"
        if two and both and both["clean"] - two["clean"] <= -0.03:
            yield f"seed {seed}: accuracy on clean digits falls too much"


def rows_of(found: Found, network: Network) -> list[dict[str, float]]:
    """Trainings of a network, by seed."""
    start = f"{network}, seed "
    return [row for name, row in sorted(found.items()) if name.startswith(start)]


def cell(values: list[float], book: float | None = None) -> str:
    """The mean with the least and the largest value, after the book's."""
    ends = f" ({min(values):.3f} to {max(values):.3f})" if len(values) > 1 else ""
    printed = "" if book is None else f"{book:.3f} / "
    return f"{printed}{np.mean(values):.3f}{ends}"


def table(found: Found) -> Iterator[str]:
    """R83 to R90."""
    yield f"| number | network | parameters | {' | '.join(TESTS)} | seeds |"
    yield "|---|---|---|---|---|---|---|"
    for number, (network, book, parameters, _) in EXPERIMENTS.items():
        rows = rows_of(found, network)
        if rows:
            count = f"{int(rows[0]['parameters']):,}"
            count = f"{parameters:,} / {count}" if parameters else count
            cells = [
                cell([row[test] for row in rows], value)
                for test, value in zip(TESTS, book, strict=True)
            ]
            yield f"| {number} | {network} | {count} | {' | '.join(cells)} | {len(rows)} |"


def curve(found: Found) -> Iterator[str]:
    """R91."""
    yield f"| inverted images added | {' | '.join(TESTS)} | seeds |"
    yield "|---|---|---|---|---|"
    for percent in CURVE:
        rows = rows_of(found, Network(filters=TWO, shift=0.2, inverted=percent))
        if rows:
            cells = [cell([row[test] for row in rows]) for test in TESTS]
            yield f"| {percent} % | {' | '.join(cells)} | {len(rows)} |"


def page(found: Found, data: Mapping[str, np.ndarray], epochs: int) -> str:
    """The whole page."""
    lines = [
        "# The handbook's experiments on MNIST",
        "",
        f"{epochs} epochs of {len(data['x_train']):,} images in batches of {BATCH_SIZE}, tested on "
        f"{len(data['x_test']):,}; Keras {keras.__version__} on {keras.backend.backend()}, Python "
        f"{platform.python_version()}. Made by `python benchmarks/handbook.py --mnist mnist.npz`. "
        "Accuracy: the book's, where it prints one, / the mean of ours (least to largest).",
        "",
        *table(found),
        "",
        "Where ours are others:",
        "",
        "- The book tells one training of each network, without a seed; ours differ by as much as "
        "the ranges say.",
        *(f"- {number}: {each.reason}" for number, each in EXPERIMENTS.items() if each.reason),
        "",
        "## How many inverted images are enough (R91)",
        "",
        f"{Network(filters=TWO, shift=0.2)}, and inverted copies of the first images:",
        "",
        *curve(found),
    ]
    return "\n".join(lines) + "\n"


def arguments() -> argparse.Namespace:
    numbers = [*EXPERIMENTS, "R91"]
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mnist", default=os.environ.get("KERAS_CVDATA_MNIST"))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--epochs", type=int, default=10, help="by default as in the book")
    parser.add_argument("--only", nargs="+", choices=numbers, default=numbers, metavar="R83")
    parser.add_argument("--images", type=int, help="take that many images alone, to try it out")
    parser.add_argument("--threads", type=int, help="of TensorFlow; by default one a core")
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder of the results")
    args = parser.parse_args()
    if args.mnist is None:
        parser.error("name the file mnist.npz: --mnist PATH, or KERAS_CVDATA_MNIST=PATH")
    return args


def limit_threads(count: int | None) -> None:
    if count and keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        tf.config.threading.set_intra_op_parallelism_threads(count)
        tf.config.threading.set_inter_op_parallelism_threads(count)


def main() -> int:
    args = arguments()
    limit_threads(args.threads)
    with np.load(args.mnist) as file:
        data = {name: file[name][: args.images] for name in file.files}
    store = args.out / "handbook.json"
    every: dict[str, Found] = json.loads(store.read_text()) if store.exists() else {}
    found = every.setdefault(f"{len(data['x_train'])} images, {args.epochs} epochs", {})
    for seed in args.seeds:
        for name, network in networks(args.only).items():
            key = f"{name}, seed {seed}"
            if key not in found:
                found[key] = train(network, data, args.epochs, seed)
                store.write_text(json.dumps(every, indent=1) + "\n")
                print(f"{key}: {found[key]}", flush=True)
    (args.out / "handbook.md").write_text(page(found, data, args.epochs))
    failed = list(failures(found, args.seeds))
    print("\n".join(failed))
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
