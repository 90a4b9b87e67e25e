"""What packs save: CPU time of the process per image, read from a folder and from packs of it.

    python benchmarks/packs.py [--data FOLDER] [--rounds 7]

`FOLDER` holds `<class>/<image>`; without it, smooth pictures with some noise stand for photographs.
Two sets are made of it: the images as they are, and enlarged to an area of 470 x 400. All readers
serve 224 x 224; "chain" flips, rotates, zooms, shifts, changes light and scales to float32, "plain"
gives uint8 as stored. The readers take turns, and of each the least time counts, which is the
steady measure on a machine that others use too. Ratios compare times of one run. "Copy" copies the
same pixels from the page cache with NumPy, in the same random order, into batches of which as many
are held as a sequence prepares ahead. The table goes to benchmarks/results/packs.md.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable
from functools import partial
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
sys.path.insert(0, str(Path(__file__).parents[1]))

import cv2
import numpy as np

import keras_cvdata as cvd
from benchmarks.photographs import photographs
from keras_cvdata import layers
from keras_cvdata.loading.buffers import BufferPool
from keras_cvdata.sources.hdf5 import HDF5Source

SIZE = (224, 224)
BATCH = 32
AREA = 470 * 400
RESULTS = Path(__file__).parent / "results" / "packs.md"

Reader = Callable[[], None]  # reads every image once


def enlarged(folder: Path, target: Path) -> Path:
    """Copy a folder, each image brought to an area of about 470 x 400 pixels."""
    for path in sorted(folder.glob("*/*")):
        image = cv2.imread(str(path))
        scale = (AREA / (image.shape[0] * image.shape[1])) ** 0.5
        larger = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
        copy = target / path.parent.name / path.name
        copy.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(copy), larger)  # of quality 95
    return target


def chain() -> list[layers.Layer]:
    return [
        layers.RandomFlip("horizontal"),
        layers.RandomRotation(degrees=30),
        layers.RandomZoom(0.2),
        layers.RandomTranslation(0.1, 0.1),
        layers.RandomLighting(brightness=(-0.2, 0.2)),
    ]


def sequence(path: Path, augmented: bool) -> Reader:
    kind = cvd.HDF5Sequence if path.suffix == ".h5" else cvd.DirectorySequence
    how = {"augment": chain(), "rescale": "unit"} if augmented else {"dtype": "uint8"}
    served = kind(path, image_size=SIZE, batch_size=BATCH, threads=1, seed=1, verbose=0, **how)

    def read() -> None:
        for _ in served:
            pass

    return read


def copy(path: Path, memory: Callable[[tuple[int, int], type], np.ndarray]) -> Reader:
    """Copy the pixels of a raw pack from the page cache into batches of such memory."""
    source = HDF5Source(path)
    mapped = np.memmap(path, np.uint8, "r")
    bytes_each = int(np.prod(source.image_shape))
    places = source._starts[source.segment_of] + source.index_of * bytes_each
    held: deque[np.ndarray] = deque(memory((BATCH, bytes_each), np.uint8) for _ in range(5))
    order = np.random.default_rng(0).permutation(places)

    def read() -> None:
        for start in range(0, len(order), BATCH):
            batch = held[0]
            held.rotate()
            for slot, place in enumerate(order[start : start + BATCH].tolist()):
                batch[slot] = mapped[place : place + bytes_each]

    return read


def measure(readers: dict[str, Reader], images: int, rounds: int) -> dict[str, float]:
    """Least CPU time of each reader, in microseconds an image."""
    best = dict.fromkeys(readers, float("inf"))
    for number in range(rounds + 1):  # the first warms up
        for name, read in readers.items():
            began = time.process_time()
            read()
            taken = (time.process_time() - began) / images * 1e6
            best[name] = min(best[name], taken) if number else best[name]
    return best


def compare(name: str, folder: Path, work: Path, rounds: int) -> list[str]:
    """Lines of the table for one set of images."""
    count = len(list(folder.glob("*/*")))
    make = partial(cvd.convert, folder, verbose=0)
    paths = {
        "folder": folder,
        "pack, as they are": make(work / f"{name}-encoded.h5"),
        "pack, max_side=256, quality=90": make(work / f"{name}-256.h5", max_side=256, quality=90),
        "pack, raw": make(work / f"{name}-raw.h5", pixels="raw", image_size=SIZE),
    }
    readers = {(key, True): sequence(path, True) for key, path in paths.items()}
    readers |= {(key, False): sequence(path, False) for key, path in paths.items()}
    readers["copy of raw pixels", False] = copy(paths["pack, raw"], np.zeros)
    pool = BufferPool()
    readers["copy to large pages", False] = copy(paths["pack, raw"], pool.empty)
    taken = measure(readers, count, rounds)
    lines = []
    for key, augmented in readers:
        time_ = taken[key, augmented]
        path = paths.get(key)
        stored = "" if path is None else f"{_bytes(path) / count / 1000:.0f}"
        ratio = taken["folder", augmented] / time_
        work_ = "chain" if augmented else "plain"
        lines.append(f"| {name} | {work_} | {key} | {stored} | {time_:.0f} | {ratio:.2f} |")
    for kind in ("copy of raw pixels", "copy to large pages"):
        share = taken[kind, False] / taken["pack, raw", False]
        lines.append(f"| {name} | plain | a raw pack beside the {kind} | | | {share:.2f} |")
    return lines


def _bytes(path: Path) -> int:
    files = [path] if path.is_file() else path.glob("*/*")
    return sum(file.stat().st_size for file in files)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="folder <class>/<image>")
    parser.add_argument("--rounds", type=int, default=7)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        work = Path(scratch)
        folder = args.data or photographs(work / "photographs")
        large = enlarged(folder, work / "large")
        lines = compare("as they are", folder, work, args.rounds)
        lines += compare("about 470 x 400", large, work, args.rounds)
    head = [
        "# Packs",
        "",
        "`python benchmarks/packs.py`: CPU time of the process per image, least of "
        f"{args.rounds} rounds, one thread, 224 x 224. Times as fast compares with the folder of "
        "the same images and the same work; the last lines of each set with a copy, into memory as "
        "NumPy hands it out or as batches have it, of large pages.",
        "",
        f"{platform.machine()}, Python {platform.python_version()}, NumPy {np.__version__}, OpenCV "
        f"{cv2.__version__}; {'photographs' if args.data else 'made pictures'}.",
        "",
        "| images | work | read from | kB each | microseconds | times as fast |",
        "|---|---|---|---:|---:|---:|",
    ]
    text = "\n".join([*head, *lines]) + "\n"
    print(text)
    RESULTS.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
