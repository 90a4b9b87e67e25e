"""The old class of Keras beside ours: equal arguments and seeds, and how far the batches differ.

    python -m tests.preprocessing.parity FOLDER [--combinations 200]

compares on the photographs of a folder `<class>/<image>` and prints a table.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import random
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
from keras.src.legacy.preprocessing import image as old

from keras_cvdata.preprocessing import image as new


def halve(x: np.ndarray) -> np.ndarray:
    """A preprocessing function."""
    return x / 2


# Values of each argument that have a visible effect, one of which random combinations take.
ARGUMENTS: dict[str, list[Any]] = {
    "rotation_range": [25, 180],
    "width_shift_range": [0.3, 5, 3.0, [-4, 2, 7], (0.1, 0.2)],
    "height_shift_range": [0.3, 5, 3.0, [-4, 2, 7]],
    "brightness_range": [(0.5, 1.5), [0.2, 3]],
    "shear_range": [20],
    "zoom_range": [0.3, (0.5, 2), [1.1, 1.1]],
    "channel_shift_range": [40, 100.0],
    "fill_mode": ["nearest", "reflect", "constant", "wrap"],
    "cval": [0.0, 77.0],
    "horizontal_flip": [True],
    "vertical_flip": [True],
    "rescale": [1 / 255, 2],
    "preprocessing_function": [halve],
    "samplewise_center": [True],
    "samplewise_std_normalization": [True],
    "featurewise_center": [True],
    "featurewise_std_normalization": [True],
    "zca_whitening": [True],
    "zca_epsilon": [1e-3],
    "interpolation_order": [0, 1, 2, 3],
    "data_format": ["channels_last", "channels_first"],
    "dtype": ["float32", "float64"],
    "validation_split": [0.25],
}
# Options of the flows, by kind.
OPTIONS: dict[str, dict[str, list[Any]]] = {
    "all": {"batch_size": [3, 4, 32], "shuffle": [False, True], "seed": [0, 1, 12345]},
    "arrays": {"sample_weight": [True], "y": [None, "labels"], "misc": [1, 2]},
    "files": {
        "target_size": [(20, 28), (33, 21)],
        "color_mode": ["rgb", "grayscale", "rgba"],
        "interpolation": ["nearest", "bilinear", "bicubic", "hamming", "box", "lanczos"],
        "keep_aspect_ratio": [True],
    },
    "directory": {
        "class_mode": ["categorical", "binary", "sparse", "input", None],
        "classes": ["two"],
    },
    "frame": {
        "class_mode": ["categorical", "sparse", "raw", "multi_output", "input", None],
        "weight_col": ["weight"],
        "classes": ["two"],
    },
}
FLOWS = ("directory", "frame", "arrays")


@dataclass(frozen=True)
class Combination:
    """Arguments of the constructor and options of one flow."""

    flow: str
    arguments: dict[str, Any]
    options: dict[str, Any]

    def __str__(self) -> str:
        """The same text in every process: a function by its name, not by its address."""
        arguments = {key: getattr(v, "__name__", v) for key, v in self.arguments.items()}
        return f"{self.flow} {arguments} {self.options}"


# What an argument that does nothing alone goes with.
COMPANIONS: dict[str, dict[str, Any]] = {
    "fill_mode": {"rotation_range": 45},
    "cval": {"rotation_range": 45, "fill_mode": "constant"},
    "interpolation_order": {"rotation_range": 45},
    "zca_epsilon": {"zca_whitening": True},
}


def single_arguments() -> Iterator[Combination]:
    """Every value of every argument and option alone, on every flow that has it."""
    for flow in FLOWS:
        for name, values in ARGUMENTS.items():
            others = COMPANIONS.get(name, {})
            yield from (Combination(flow, {name: value, **others}, {}) for value in values)
        kinds = ["all", *(["arrays"] if flow == "arrays" else ["files", flow])]
        for kind in kinds:
            for name, values in OPTIONS[kind].items():
                if (flow, name) != ("frame", "keep_aspect_ratio"):
                    yield from (Combination(flow, {}, {name: value}) for value in values)


def random_combinations(count: int, seed: int = 0) -> Iterator[Combination]:
    """Random arguments and options, each on all three flows."""
    dice = random.Random(seed)

    def some(table: dict[str, list[Any]], rate: float) -> dict[str, Any]:
        return {name: dice.choice(v) for name, v in table.items() if dice.random() < rate}

    for _ in range(count):
        arguments = some(ARGUMENTS, 0.3)
        if arguments.get("data_format") == "channels_first":
            arguments.pop("brightness_range", None)  # which the old class cannot do
        if arguments.get("dtype") == "float64":
            # A warp of the old class may then end a hair above 255, and brightness takes another
            # way there.
            arguments.pop("brightness_range", None)
        shared = {name: dice.choice(values) for name, values in OPTIONS["all"].items()}
        files = some(OPTIONS["files"], 0.3)
        yield Combination("arrays", arguments, shared | some(OPTIONS["arrays"], 0.3))
        for flow in ("directory", "frame"):
            if flow == "frame":
                files.pop("keep_aspect_ratio", None)  # which the old class swallowed here
            yield Combination(flow, arguments, shared | files | some(OPTIONS[flow], 0.3))


class Data:
    """One folder of images as the three flows take it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        files = sorted(folder.glob("*/*"))
        names = [file.relative_to(folder).as_posix() for file in files]
        labels = [file.parent.name for file in files]
        self.frame = pd.DataFrame({"filename": names, "class": labels})
        self.frame["weight"] = np.arange(len(files)) / 2
        self.frame["size"] = np.arange(len(files)) * 3
        self.frame = self.frame.sample(frac=1, random_state=0)
        self.two_classes = sorted(set(labels))[::-2][:2]
        images = [cv2.resize(cv2.imread(str(file)), (25, 18)) for file in files]
        self.images = np.array(images)[self.frame.index]
        self.labels = np.arange(len(files)) % 2

    def open(self, module: Any, combination: Combination) -> Any:
        """The flow of a combination, by the old module or by ours."""
        options = {"seed": 7, "shuffle": True, "batch_size": 4, **combination.options}
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            generator = module.ImageDataGenerator(**combination.arguments)
            split = combination.arguments.get("validation_split")
            if combination.flow == "arrays":
                return self._open_arrays(generator, options, split)
            options = {"target_size": (18, 25), **options}
            options["subset"] = "training" if split else None
            if "classes" in options:
                options["classes"] = self.two_classes
            self._fit(generator, options["target_size"], options.get("color_mode", "rgb"))
            if combination.flow == "directory":
                return generator.flow_from_directory(self.folder, **options)
            y_col = {"raw": "size", "multi_output": ["size", "weight"]}
            options["y_col"] = y_col.get(options.get("class_mode", ""), "class")
            return generator.flow_from_dataframe(self.frame, str(self.folder), **options)

    def _open_arrays(self, generator: Any, options: dict[str, Any], split: Any) -> Any:
        images = self.images
        if generator.data_format == "channels_first":
            images = np.moveaxis(images, 3, 1)
        self._fit(generator, self.images.shape[1:3], "rgb")
        options = dict(options)
        misc = [self.labels * k for k in range(options.pop("misc", 0))]
        y = None if options.pop("y", "labels") is None else self.labels
        if options.pop("sample_weight", False):
            options["sample_weight"] = self.labels / 3
        options["subset"] = "validation" if split else None
        return generator.flow((images, misc) if misc else images, y, **options)

    def _fit(self, generator: Any, size: tuple[int, int], color_mode: str) -> None:
        if not generator.featurewise_center:
            return
        channels = {"rgb": 3, "rgba": 4, "grayscale": 1}[color_mode]
        shape = (40, *size, channels)
        if generator.data_format == "channels_first":
            shape = (40, channels, *size)
        generator.fit(np.random.RandomState(5).uniform(0, 255, shape))


@dataclass
class Difference:
    """How far two lists of batches differ, in grey levels of 256 over the range of the old ones.

    Attributes:
        equal: Share of pixels that are equal.
        mean: Mean difference of the batch that differs most.
        off: Share of its pixels that differ by more than 4 levels.
    """

    equal: float
    mean: float
    off: float


def batches(flow: Any, count: int) -> list[list[np.ndarray]]:
    """The parts of the next batches: images first."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return [flatten(next(flow)) for _ in range(count)]


def flatten(batch: Any) -> list[np.ndarray]:
    """All arrays of a batch in order."""
    if not isinstance(batch, tuple | list):
        return [batch]
    return [array for part in batch for array in flatten(part)]


def difference(theirs: list[list[np.ndarray]], ours: list[list[np.ndarray]]) -> Difference:
    """Compare images; everything else must be equal, dtypes and shapes too."""
    equal, mean, off = [], [0.0], [0.0]
    for their_batch, our_batch in zip(theirs, ours, strict=True):
        assert len(their_batch) == len(our_batch)
        for theirs_, ours_ in zip(their_batch, our_batch, strict=True):
            assert (theirs_.shape, theirs_.dtype) == (ours_.shape, ours_.dtype)
            if theirs_.ndim != 4:
                np.testing.assert_array_equal(theirs_, ours_)
                continue
            a, b = theirs_.astype(np.float64), ours_.astype(np.float64)
            apart = np.abs(a - b) * (255 / max(np.ptp(a), 1e-6))
            equal.append(np.mean(a == b))
            mean.append(apart.mean())
            off.append(np.mean(apart > 4))
    return Difference(float(np.mean(equal)), float(max(mean)), float(max(off)))


def public_attributes(flow: Any) -> dict[str, Any]:
    """What a flow says of itself, those names that the old class has."""
    names = [
        *("n", "batch_size", "seed", "shuffle", "batch_index", "total_batches_seen", "dtype"),
        *(
            "target_size",
            "image_shape",
            "color_mode",
            "class_mode",
            "data_format",
            "split",
            "subset",
        ),
        *("interpolation", "keep_aspect_ratio", "save_to_dir", "save_prefix", "save_format"),
        *("samples", "filenames", "filepaths", "directory", "class_indices", "num_classes"),
    ]
    return {name: repr(getattr(flow, name)) for name in names if hasattr(flow, name)}


def compare(data: Data, combination: Combination) -> Difference:
    """Two epochs of a combination, by the old class and by ours."""
    theirs, ours = data.open(old, combination), data.open(new, combination)
    assert public_attributes(theirs).items() <= public_attributes(ours).items()
    count = 2 * len(theirs)
    return difference(batches(theirs, count), batches(ours, count))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--combinations", type=int, default=200)
    options = parser.parse_args()
    data = Data(options.folder)
    print("| what | combinations | equal pixels | mean difference at most | off by more than 4 |")
    print("|---|---:|---:|---:|---:|")
    sweeps = {
        "each argument alone": list(single_arguments()),
        "random combinations": list(random_combinations(options.combinations)),
    }
    for name, combinations in sweeps.items():
        found = [compare(data, combination) for combination in combinations]
        print(
            f"| {name} | {len(found)} | {np.mean([each.equal for each in found]):.1%} "
            f"| {max(each.mean for each in found):.4f} | {max(each.off for each in found):.3%} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
