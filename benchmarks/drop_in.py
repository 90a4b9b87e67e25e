"""Compare Keras's old ImageDataGenerator with the one of this package: images per second.

    python benchmarks/drop_in.py [--data FOLDER] [--repeats 5]

Both get the same arguments and seeds, and so make the same batches. They take turns, so that a busy
moment of the machine meets both, and a ratio compares runs of one turn. Several threads ask the old
class for batches at once, as Keras's workers did; ours has threads of its own. In `fit` a model
that costs next to nothing trains on each with its default settings: the old class then has one
thread, ours one per core. The table goes to benchmarks/results/drop_in.md.
"""

from __future__ import annotations

import os
import platform
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import redirect_stdout
from importlib.metadata import version
from pathlib import Path
from typing import Any

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

import cv2
import keras
import numpy as np
from keras.src.legacy.preprocessing import image as old
from loading import in_order, photographs
from reports import arguments, keep

from keras_cvdata.preprocessing import image as new

FULL = {
    "rotation_range": 30,
    "zoom_range": 0.2,
    "width_shift_range": 0.1,
    "height_shift_range": 0.1,
    "horizontal_flip": True,
    "brightness_range": (0.8, 1.2),
    "rescale": 1 / 255,
}

Flow = Callable[[Any, int | None], Any]  # makes a flow by a module, with so many threads


def from_folder(folder: Path, size: int = 224, **options: Any) -> Callable[..., Flow]:
    """Flows over the photographs of a folder."""

    def with_arguments(**arguments: Any) -> Flow:
        def make(module: Any, threads: int | None) -> Any:
            generator = generator_of(module, threads, arguments)
            with redirect_stdout(sys.stderr):
                return generator.flow_from_directory(
                    folder, target_size=(size, size), seed=1, **options
                )

        return make

    return with_arguments


def from_digits(**arguments: Any) -> Flow:
    """Flows over 3,000 small grey images in memory."""
    images = np.random.default_rng(0).integers(0, 256, (3000, 28, 28, 1), np.uint8)

    def make(module: Any, threads: int | None) -> Any:
        return generator_of(module, threads, arguments).flow(images, np.arange(3000), seed=1)

    return make


def generator_of(module: Any, threads: int | None, arguments: dict[str, Any]) -> Any:
    own = {"threads": threads} if module is new else {}
    return module.ImageDataGenerator(**arguments, **own)


def cases(folder: Path) -> dict[str, Flow]:
    full_size = from_folder(folder)
    return {
        "all moves and brightness": full_size(**FULL),
        "the same, `interpolation='bilinear'`": from_folder(folder, interpolation="bilinear")(
            **FULL
        ),
        "flip and rescale": full_size(horizontal_flip=True, rescale=1 / 255),
        "rescale only": full_size(rescale=1 / 255),
        "all moves and brightness, to 64 x 64": from_folder(folder, 64)(**FULL),
        "all moves, filled with a constant": full_size(
            rotation_range=30, zoom_range=0.2, fill_mode="constant"
        ),
        "rotation by splines, `interpolation_order=3`": full_size(
            rotation_range=30, interpolation_order=3
        ),
        "28 x 28 arrays, shifted": from_digits(width_shift_range=0.2),
        "28 x 28 arrays, all moves": from_digits(
            rotation_range=10, zoom_range=0.1, width_shift_range=0.1, height_shift_range=0.1
        ),
    }


def seconds_of_loop(flow: Any, threads: int) -> float:
    """Time of one pass by index."""
    start = time.perf_counter()
    if isinstance(flow, new.Iterator):
        for index in range(len(flow)):
            _ = flow[index]
    else:
        with ThreadPoolExecutor(threads) as pool:
            for _ in in_order(pool, flow.__getitem__, range(len(flow))):
                pass
    return time.perf_counter() - start


def seconds_of_fit(flow: Any, _: int) -> float:
    """Time of one epoch of a small model; the first warms up."""
    model = keras.Sequential(
        [keras.Input(flow.image_shape), keras.layers.AveragePooling2D(32), keras.layers.Flatten()]
    )
    model.add(keras.layers.Dense(len(flow.class_indices), activation="softmax"))
    model.compile("sgd", "categorical_crossentropy")
    model.fit(flow, epochs=1, verbose=0)
    start = time.perf_counter()
    model.fit(flow, epochs=1, verbose=0)
    return time.perf_counter() - start


def compare(
    make: Flow, threads: int | None, seconds: Callable[[Any, int], float], repeats: int
) -> tuple[float, float, float]:
    """Images/s of the old class and of ours, and how many times as fast ours is: medians."""
    flows = make(old, threads), make(new, threads)
    times = np.array(
        [[seconds(flow, threads or 1) for flow in flows] for _ in range(repeats + 1)][1:]
    )
    rates = flows[0].n / np.median(times, axis=0)
    return rates[0], rates[1], float(np.median(times[:, 0] / times[:, 1]))


def report(folder: Path, source: str, repeats: int) -> Iterator[str]:
    sizes = [file.stat().st_size for file in folder.glob("*/*")]
    found = [
        f"{name} {version(name)}" for name in ("keras", "tensorflow", "opencv-python", "scipy")
    ]
    yield "# `ImageDataGenerator`, old and new"
    yield ""
    yield (
        f"{len(sizes)} {source}, {np.mean(sizes) / 1000:.0f} kB on average, to float32 batches of "
        f"32 x 224 x 224 x 3 where nothing else is said. Images per second, medians of {repeats} "
        f"turns; a ratio is the median of those of each turn. Python {platform.python_version()}, "
        f"{', '.join(found)}; {os.cpu_count()} cores."
    )
    yield ""
    yield "| what | threads | old | new | new is |"
    yield "|---|---:|---:|---:|---:|"
    for name, make in cases(folder).items():
        for threads in (1, 2, None) if "arrays" in name else (1, 2):
            rates = compare(make, threads, seconds_of_loop, repeats)
            how = threads or "default"
            yield "| {} | {} | {:.0f} | {:.0f} | {:.1f} times as fast |".format(name, how, *rates)
    make = from_folder(folder)(**FULL)
    rates = compare(make, None, seconds_of_fit, repeats)
    yield (
        "| all moves and brightness, inside `fit` | default | {:.0f} | {:.0f} "
        "| {:.1f} times as fast |".format(*rates)
    )
    yield ""
    yield "Made by `python benchmarks/drop_in.py --data FOLDER`."


def main() -> None:
    parser = arguments(__doc__, data=True)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    warnings.simplefilter("ignore")  # of the old class
    with photographs(options.data) as (folder, source):
        keep("drop_in", report(folder, source, options.repeats))


if __name__ == "__main__":
    main()
