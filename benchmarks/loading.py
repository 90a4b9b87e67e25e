"""Compare loaders on one folder of photographs: images per second, and memory.

    python benchmarks/loading.py [--data FOLDER] [--repeats 5] [--threads 1 2]

Each loader reads a folder `<class>/<image>` and yields float32 batches of 32 x 224 x 224 x 3,
flipped, rotated by up to 30 degrees, zoomed by up to 0.2, shifted by up to 0.1 and brightened by up
to 0.2. "Decode only" turns the same files into pixels and throws them away: no loader that decodes
with OpenCV can be faster. The loaders take turns, so that a busy moment of the machine meets all of
them, and a ratio compares runs of one turn. The table goes to benchmarks/results/loading.md.
"""

from __future__ import annotations

import argparse
import importlib.util
import itertools
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")  # it asks the network on import

import cv2
import numpy as np
from reports import arguments, keep

SIZE = (224, 224)
BATCH = 32

Epoch = Callable[[], Iterable[Any]]  # one pass over the folder, batch by batch


def in_order(
    pool: ThreadPoolExecutor, call: Callable[[Any], Any], items: Iterable[Any], ahead: int = 4
) -> Iterator[Any]:
    """Like `pool.map`, with a few results in memory instead of all."""
    waiting: deque[Future[Any]] = deque()
    for item in items:
        waiting.append(pool.submit(call, item))
        if len(waiting) > ahead:
            yield waiting.popleft().result()
    yield from (future.result() for future in waiting)


def decode_only(folder: Path, threads: int) -> Epoch:
    files = [str(file) for file in sorted(folder.glob("*/*"))]
    pool = ThreadPoolExecutor(threads)

    def decode(file: str) -> None:
        cv2.imdecode(np.fromfile(file, np.uint8), cv2.IMREAD_COLOR)

    return lambda: pool.map(decode, files)


def this_package(folder: Path, threads: int) -> Epoch:
    from keras_cvdata import DirectorySequence, layers

    augment = [
        layers.RandomFlip("horizontal"),
        layers.RandomRotateBound(degrees=30),
        layers.RandomZoomCrop((0.8, 1.2)),
        layers.RandomTranslation(0.1, 0.1),
        layers.RandomLighting(brightness=(-0.2, 0.2)),
    ]
    sequence = DirectorySequence(
        folder, image_size=SIZE, batch_size=BATCH, augment=augment, rescale="unit", threads=threads
    )
    return lambda: sequence


def image_data_generator(folder: Path, threads: int) -> Epoch:
    from keras.src.legacy.preprocessing.image import ImageDataGenerator

    generator = ImageDataGenerator(
        horizontal_flip=True,
        rotation_range=30,
        zoom_range=0.2,
        width_shift_range=0.1,
        height_shift_range=0.1,
        brightness_range=(0.8, 1.2),
        rescale=1 / 255,
    )
    batches = generator.flow_from_directory(folder, target_size=SIZE, batch_size=BATCH)
    pool = ThreadPoolExecutor(threads)
    return lambda: in_order(pool, batches.__getitem__, range(len(batches)))


def keras_layers(folder: Path, threads: int) -> Epoch:
    import keras
    import tensorflow as tf

    augment = keras.Sequential(
        [
            keras.layers.RandomFlip("horizontal"),
            keras.layers.RandomRotation(30 / 360),
            keras.layers.RandomZoom(0.2),
            keras.layers.RandomTranslation(0.1, 0.1),
            keras.layers.RandomBrightness(0.2),
            keras.layers.Rescaling(1 / 255),
        ]
    )
    dataset = keras.utils.image_dataset_from_directory(
        folder, image_size=SIZE, batch_size=BATCH, verbose=False
    )
    dataset = dataset.map(lambda x, y: (augment(x, training=True), y), num_parallel_calls=threads)
    options = tf.data.Options()
    options.threading.private_threadpool_size = threads
    options.threading.max_intra_op_parallelism = 1
    dataset = dataset.prefetch(2).with_options(options)
    return lambda: dataset


class AlbumentationsImages:
    """A torch map-style dataset; at module level, so that worker processes can unpickle it."""

    def __init__(self, folder: Path) -> None:
        import albumentations

        self.files = sorted(folder.glob("*/*"))
        self.names = sorted({file.parent.name for file in self.files})
        self.augment = albumentations.Compose(
            [
                albumentations.Resize(*SIZE),
                albumentations.HorizontalFlip(),
                albumentations.Affine(
                    rotate=(-30, 30), scale=(0.8, 1.2), translate_percent=(-0.1, 0.1), p=1
                ),
                albumentations.RandomBrightnessContrast(0.2, 0, p=1),
                albumentations.ToFloat(255),
            ]
        )

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, position: int) -> tuple[np.ndarray, int]:
        cv2.setNumThreads(1)
        file = self.files[position]
        image = cv2.imdecode(np.fromfile(file, np.uint8), cv2.IMREAD_COLOR_RGB)
        return self.augment(image=image)["image"], self.names.index(file.parent.name)


def torch_albumentations(folder: Path, threads: int) -> Epoch:
    from torch.utils.data import DataLoader

    loader = DataLoader(
        AlbumentationsImages(folder),
        batch_size=BATCH,
        shuffle=True,
        num_workers=threads,
        persistent_workers=True,
        multiprocessing_context="spawn",
    )
    return lambda: loader


LOADERS: dict[str, Callable[[Path, int], Epoch]] = {
    "decode only, `cv2.imdecode`": decode_only,
    "this package, `DirectorySequence`": this_package,
    "Keras' old `ImageDataGenerator`": image_data_generator,
    "`image_dataset_from_directory` + Keras layers": keras_layers,
}
if importlib.util.find_spec("torch") and importlib.util.find_spec("albumentations"):
    LOADERS["torch `DataLoader` + Albumentations, processes"] = torch_albumentations


def draw_photographs(folder: Path, count: int = 480) -> None:
    """Fill a folder with JPEGs that cost about as much to decode as small photographs."""
    random = np.random.default_rng(0)
    for number in range(count):
        areas = random.integers(0, 256, (8, 10, 3), np.uint8)
        width, height = random.integers(240, 500, 2).tolist()
        image = cv2.resize(areas, (width, height), interpolation=cv2.INTER_CUBIC)
        image = np.clip(image + random.normal(0, 8, image.shape), 0, 255).astype(np.uint8)
        file = folder / f"class_{number % 5}" / f"{number}.jpg"
        file.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(file), image)


@contextmanager
def photographs(folder: Path | None) -> Iterator[tuple[Path, str]]:
    """The folder that was given, or drawn photographs, and what to call them."""
    if folder is not None:
        yield folder, "photographs"
        return
    with tempfile.TemporaryDirectory() as scratch:
        draw_photographs(Path(scratch))
        yield Path(scratch), "generated JPEGs"


def seconds(epoch: Epoch) -> float:
    """Time of one pass over the folder."""
    start = time.perf_counter()
    for _ in epoch():
        pass
    return time.perf_counter() - start


def turns(folder: Path, threads: int, repeats: int) -> dict[str, np.ndarray]:
    """Measure every loader once a turn; the first turn warms up and is dropped."""
    epochs = {name: make(folder, threads) for name, make in LOADERS.items()}
    times: dict[str, list[float]] = {name: [] for name in epochs}
    for _, (name, epoch) in itertools.product(range(repeats + 1), epochs.items()):
        times[name].append(seconds(epoch))
        time.sleep(0.5)  # what was fetched ahead must not run into the next loader's time
    return {name: np.array(taken[1:]) for name, taken in times.items()}


def peak_memory(folder: Path, name: str, threads: int) -> float:
    """Growth of the memory of a fresh process over two passes, in MiB."""
    call = [sys.executable, __file__, "--data", folder, "--threads", str(threads)]
    output = subprocess.run([*call, "--memory-of", name], capture_output=True, check=True).stdout
    return float(output.split()[-1])


def peak_of_this_process() -> float:
    """Most memory held so far, in MiB (getrusage would count the parent's as well)."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def print_memory_growth(folder: Path, name: str, threads: int) -> None:
    epoch = LOADERS[name](folder, threads)
    before = peak_of_this_process()
    seconds(epoch)
    seconds(epoch)
    print(peak_of_this_process() - before)


def table(folder: Path, thread_counts: list[int], repeats: int) -> Iterator[str]:
    """Measure everything and word it as Markdown."""
    images = len(list(folder.glob("*/*")))
    yield "| loader | threads | images/s | of decode only | this package is | memory, MiB |"
    yield "|---|---:|---:|---:|---:|---:|"
    for threads in thread_counts:
        times = turns(folder, threads, repeats)
        floor, ours, *_ = times.values()
        for name, taken in times.items():
            yield (
                f"| {name} | {threads} | {images / np.median(taken):.0f} "
                f"| {np.median(floor / taken):.2f} | {np.median(taken / ours):.1f} times as fast "
                f"| {peak_memory(folder, name, threads):.0f} |"
            )


def report(folder: Path, source: str, thread_counts: list[int], repeats: int) -> Iterator[str]:
    sizes = [file.stat().st_size for file in folder.glob("*/*")]
    names = ("keras", "tensorflow", "opencv-python", "numpy", "torch", "albumentations")
    found = [f"{name} {version(name)}" for name in names if importlib.util.find_spec(module(name))]
    yield "# Loading, augmented"
    yield ""
    yield (
        f"{len(sizes)} {source}, {np.mean(sizes) / 1000:.0f} kB on average, to float32 batches of "
        f"{BATCH} x {SIZE[0]} x {SIZE[1]} x 3. Medians of {repeats} turns; a ratio is the median "
        "of those of each turn. "
        f"Python {platform.python_version()}, {', '.join(found)}; {os.cpu_count()} cores. "
        "Memory is the growth of the main process over two passes; worker processes come on top."
    )
    yield ""
    yield from table(folder, thread_counts, repeats)
    yield ""
    yield "Made by `python benchmarks/loading.py --data FOLDER`."


def module(name: str) -> str:
    return "cv2" if name == "opencv-python" else name


def main() -> None:
    parser = arguments(__doc__, data=True)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--memory-of", help=argparse.SUPPRESS)
    options = parser.parse_args()
    cv2.setNumThreads(1)  # threads are counted by the loaders
    if options.memory_of:
        print_memory_growth(options.data, options.memory_of, options.threads[0])
        return
    with photographs(options.data) as (folder, source):
        keep("loading", report(folder, source, options.threads, options.repeats))


if __name__ == "__main__":
    main()
