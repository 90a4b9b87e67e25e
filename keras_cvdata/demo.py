"""The handbook's experiment: what augmentation teaches a small network about images in the wild.

It runs on real handwriting that scikit-learn carries, or on a folder of one's own.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import keras
import numpy as np

from keras_cvdata import layers
from keras_cvdata.conversion import convert
from keras_cvdata.plots import bar_chart, contact_sheet, save_png
from keras_cvdata.progress import say
from keras_cvdata.review.run import review
from keras_cvdata.sequences import DirectorySequence
from keras_cvdata.sources import DirectorySource, Source
from keras_cvdata.splits import split_positions
from keras_cvdata.stress.report import StressReport
from keras_cvdata.stress.run import stress_test
from keras_cvdata.types import Array, ImageError

Table = dict[str, dict[str, float]]

_TEST_FOLDERS = ("test", "testing", "validation", "valid", "val")
_SIDES = (28, 96)  # smallest and largest side that is chosen, in pixels


class Collection(NamedTuple):
    """A folder of images and how its two parts are read.

    Attributes:
        directory: The folder.
        training: Keywords of `DirectorySequence` for the training part.
        test: Keywords of `DirectorySequence` for the test part.
        image_size: `(height, width)` of the network's input.
        color_mode: "grayscale" or "rgb".
    """

    directory: Path
    training: Mapping[str, Any]
    test: Mapping[str, Any]
    image_size: tuple[int, int]
    color_mode: str


def run(
    data: str | os.PathLike[str] | None = None,
    output: str | os.PathLike[str] = "demo",
    *,
    image_size: tuple[int, int] | None = None,
    epochs: int | None = None,
    seed: int = 0,
) -> Table:
    """Train the handbook's network without and with augmentation, and test both in the wild.

    Prints the classes, the closing table, and what a stress test of the plain network advises and
    the augmented one changed. Writes a contact sheet `augmented.png` and, where matplotlib is
    installed, a chart `accuracy.png`; the pages `stress.html` and `review.html`; without `data`
    also the digits, as folders, CSV, JSON and HDF5.

    Args:
        data: Folder `<class>/<image>`, or one that holds `train/<class>/<image>` and the same for
            `test` or `validation`; by default the digits of scikit-learn are written out and taken.
        output: Folder to write to; it is made where it does not exist.
        image_size: `(height, width)` of the network's input; by default square, of the usual
            shorter side of the images between 28 and 96 pixels.
        epochs: Passes over the training images; by default 50 for the digits and 20 for `data`.
        seed: Selects the split, the first weights and every draw.

    Returns:
        Accuracy by network ("plain", "augmented") and test ("clean", "invert", "shift left", ...).

    Raises:
        ImportError: scikit-learn is not installed, and `data` is None.
        ValueError: The folder holds no classes or no images.

    Source: Handbook 2, part 8; R82, R87 to R92.
    """
    output = Path(output)
    if data is None:
        collection = write_digits(output / "digits", seed)
    else:
        collection = look_at(Path(data), image_size)
    augment = [layers.RandomTranslation(0, 0.2), layers.RandomInvert(0.1)]
    networks = {
        name: _open(collection, collection.training, seed, rescale="unit", augment=added)
        for name, added in {"plain": None, "augmented": augment}.items()
    }
    classes = networks["plain"].source.class_names
    test = _open(collection, collection.test, seed, rescale="unit", class_names=classes)
    say(describe_balance(networks["plain"].source, test.source))
    output.mkdir(parents=True, exist_ok=True)
    images, targets = networks["augmented"].peek(32)
    titles = [classes[code] for code in targets.argmax(axis=-1)]
    save_png(output / "augmented.png", contact_sheet(images, titles))

    epochs = epochs or (50 if data is None else 20)
    models = {name: _train(name, train, epochs, seed) for name, train in networks.items()}
    reports = {name: stress_test(model, test, verbose=0) for name, model in models.items()}
    bad = {bad.name: bad.reason for network in networks.values() for bad in network.report}
    for name, reason in {**bad, **reports["plain"].unread}.items():
        say(f"Left out {name}: {reason}")
    table = {name: _accuracies(report) for name, report in reports.items()}
    print(f"\n{format_table(table)}\n\nPictures: {', '.join(_draw_chart(table, output))}")
    compared = reports["augmented"].compare(reports["plain"])
    print(f"\nThe plain network: {reports['plain'].summary()}")
    print(f"\nThe augmented one beside it:\n{compared.summary()}")
    pages = output / "stress.html", output / "review.html"
    reports["plain"].to_html(pages[0])
    review(models["augmented"], test, pages[1], verbose=0)
    print(f"\nPages: {pages[0]}, {pages[1]}")
    return table


def _accuracies(report: StressReport) -> dict[str, float]:
    """Accuracy on the images as they are and under each perturbation, over its severities."""
    return {"clean": report.clean.accuracy, **report.matrix.mean(axis=1)}


def _draw_chart(table: Table, output: Path) -> list[str]:
    """Write the chart, if that is possible; return the pictures that there are."""
    pictures = [str(output / "augmented.png")]
    try:
        bar_chart(
            output / "accuracy.png",
            {name: list(row.values()) for name, row in table.items()},
            list(next(iter(table.values()))),
            "Accuracy in the wild",
            "share of the test images",
        )
    except ImportError as error:
        return [*pictures, f"no chart ({error})"]
    return [*pictures, str(output / "accuracy.png")]


def write_digits(directory: Path, seed: int) -> Collection:
    """Write the handwritten digits of scikit-learn as folders of PNGs, CSV, JSON and HDF5.

    Their 8 x 8 pixels are enlarged to 20 x 20 and framed by 4 black pixels, as MNIST is (R80).

    Args:
        directory: Folder to make or write anew; it gets `train` and `test`, each in four formats.
        seed: Selects the test images, a fifth of every class.

    Returns:
        The collection.

    Raises:
        ImportError: scikit-learn is not installed.
    """
    try:
        from sklearn.datasets import load_digits
    except ImportError as error:
        raise ImportError(
            "The digits come with scikit-learn. Install it with: pip install 'keras-cvdata[demo]', "
            "or give a folder of images with --data."
        ) from error
    digits = load_digits()
    images, codes = np.stack([_framed(image) for image in digits.images]), digits.target
    directory.mkdir(parents=True, exist_ok=True)
    parts = split_positions(len(codes), 0.2, codes=codes, seed=seed)
    for name, positions in zip(("train", "test"), parts, strict=True):
        by_class = positions[np.argsort(codes[positions], kind="stable")]
        part = (images[by_class], codes[by_class].astype(str))
        folder = convert(part, directory / name, overwrite=True, verbose=0)
        for extension in (".csv", ".json", ".h5"):
            convert(folder, folder.with_suffix(extension), overwrite=True, verbose=0)
    return Collection(directory, {"split": "train"}, {"split": "test"}, (28, 28), "grayscale")


def _framed(image: Array) -> Array:
    """Bring one digit, (8, 8) from 0 to 16, to (28, 28) uint8."""
    grey = np.rint(image * (255 / 16)).astype(np.uint8)
    enlarged = cv2.resize(grey, (20, 20), interpolation=cv2.INTER_CUBIC)
    return cv2.copyMakeBorder(enlarged, 4, 4, 4, 4, cv2.BORDER_CONSTANT)


def look_at(directory: Path, image_size: tuple[int, int] | None = None) -> Collection:
    """Find out how a folder of images is divided, how large its images are and if they are grey.

    Args:
        directory: Folder of classes, or of `train` and `test` (or `validation`) folders of classes.
        image_size: `(height, width)`; by default chosen by 64 of the images.

    Returns:
        The collection.
    """
    test_name = next((name for name in _TEST_FOLDERS if (directory / name).is_dir()), None)
    if test_name is not None and (directory / "train").is_dir():
        training, test = {"split": "train"}, {"split": test_name}
    else:
        training, test = (
            {"validation_split": "auto", "subset": subset} for subset in ("training", "validation")
        )
    source = DirectorySource(directory, split=training.get("split"))
    images = _some_images(source)
    if image_size is None:
        usual = np.median([min(image.shape[:2]) for image in images]) if images else _SIDES[1]
        image_size = (int(np.clip(usual, *_SIDES)),) * 2
    grey = bool(images) and all((image == image[..., :1]).all() for image in images)
    return Collection(directory, training, test, image_size, "grayscale" if grey else "rgb")


def _some_images(source: Source) -> list[Array]:
    """Up to 64 images from all over a collection; unreadable ones are reported later."""
    images = []
    for position in np.unique(np.linspace(0, len(source) - 1, 64).astype(int)).tolist():
        try:
            images.append(source.image(position))
        except ImageError:
            continue
    return images


def _open(
    collection: Collection, part: Mapping[str, Any], seed: int, **options: Any
) -> DirectorySequence:
    return DirectorySequence(
        collection.directory,
        image_size=collection.image_size,
        color_mode=collection.color_mode,
        label_mode="categorical",
        seed=seed,
        on_error="substitute",
        verbose=0,
        **part,
        **options,
    )


def cnn(
    input_shape: tuple[int, int, int], classes: int, filters: Sequence[int] | None = None
) -> keras.Model:
    """Build and compile the handbook's network (R87, R88, R93).

    Args:
        input_shape: `(height, width, channels)`.
        classes: Number of classes.
        filters: Filters of each convolution; by default 16, doubled with every layer, until the
            shorter side of the map is below 8 pixels.

    Returns:
        Convolution 3 x 3, ReLU, max pooling and dropout of 25 % for each entry of `filters`, then
        softmax.
    """
    if filters is None:
        filters, side = [], min(input_shape[:2])
        while side >= 8:
            filters.append(16 * 2 ** len(filters))
            side = (side - 2) // 2
    model = keras.Sequential([keras.Input(input_shape)])
    for count in filters:
        model.add(keras.layers.Conv2D(count, 3))
        model.add(keras.layers.ReLU())
        model.add(keras.layers.MaxPooling2D(2))
        model.add(keras.layers.Dropout(0.25))
    model.add(keras.layers.Flatten())
    model.add(keras.layers.Dense(classes))
    model.add(keras.layers.Activation("softmax"))
    model.compile("rmsprop", "categorical_crossentropy", metrics=["accuracy"])
    return model


def _train(name: str, train: DirectorySequence, epochs: int, seed: int) -> keras.Model:
    """A newly trained network."""
    print(f"Training the {name} network: {epochs} epochs", end="", flush=True)
    began = time.monotonic()
    keras.utils.set_random_seed(seed)  # both networks start from the same weights
    model = cnn(train.image_shape, len(train.source.class_names))
    model.fit(train, epochs=epochs, verbose=0)
    print(f", {time.monotonic() - began:.0f} s")
    return model


def describe_balance(training: Source, test: Source) -> str:
    """Write out how many images each class has in both parts, and how even that is.

    Args:
        training: The training part, with one column of classes.
        test: The test part.

    Returns:
        A table of several lines.
    """
    counts, held = (source.labels["label"].counts() for source in (training, test))
    width = max(len("class"), *map(len, counts))
    lines = [f"{'class':{width}}  train   test"]
    lines += [f"{name:{width}}  {n:5}  {held.get(name, 0):5}" for name, n in counts.items()]
    mean = len(training) / len(counts)
    lines.append(f"{'all':{width}}  {len(training):5}  {len(test):5}")
    smallest, largest = min(counts.values()) / mean, max(counts.values()) / mean
    lines.append(f"Balance: the classes have {smallest:.0%} to {largest:.0%} of their mean size.")
    return "\n".join(lines)


def format_table(table: Table) -> str:
    """Write accuracies as a table, one line a test.

    Args:
        table: Accuracy by network and test.

    Returns:
        The table, with the names of the networks above.
    """
    tests = list(next(iter(table.values())))
    width = max(map(len, tests))
    lines = [" " * width + "".join(f"{name:>11}" for name in table)]
    lines += [
        f"{test:{width}}" + "".join(f"{row[test]:11.3f}" for row in table.values())
        for test in tests
    ]
    return "\n".join(lines)
