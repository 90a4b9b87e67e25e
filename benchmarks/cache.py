"""Measure what a cache saves: CPU time per image, cached in memory and on disk, and the pixels.

    python benchmarks/cache.py [--data FOLDER] [--rounds 5] [--kills 50]

The full chain flips, rotates by up to 30 degrees, zooms by 0.8 to 1.2, shifts by up to 0.1 and
changes brightness by up to 0.2, at 224 x 224, to float32. Sequences take turns on one thread; a
figure is the least CPU time of the whole process per image of all rounds, which other work on the
machine changes far less than images per second. The sets are made of the photographs of the folder.

The pixels of cached batches are compared with those without a cache, and both with an antialiased
reference: the same draws at four times the size, averaged.

Then two processes at once fill a folder again and again, and are killed at a random moment; all
images that are read afterwards must be those without a cache. The tables go to
benchmarks/results/cache.md.
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

import cv2
import numpy as np
from loading import photographs
from reports import arguments, keep

from keras_cvdata.engine.chain import Chain
from keras_cvdata.loading.caching.cache import ImageCache
from keras_cvdata.loading.caching.disk import DiskStore
from keras_cvdata.loading.rendering import BatchMemory, Reading, render_slot
from keras_cvdata.sources import DirectorySource

SIZE = (224, 224)
SETS: dict[str, tuple[int, int, int] | None] = {  # width, height, quality
    "photographs as they are": None,
    "photographs of 468 x 401, quality 90": (468, 401, 90),
    "photographs of 468 x 401, quality 98": (468, 401, 98),
    "large ones of 1600 x 1200": (1600, 1200, 90),
    "small ones of 96 x 96": (96, 96, 90),
}


def resized(folder: Path, target: Path, form: tuple[int, int, int], count: int) -> Path:
    """Copies of photographs at (width, height), as JPEG of a quality."""
    *size, quality = form
    files = sorted(folder.glob("*/*"))
    for file in files[:: max(1, len(files) // count)]:
        image = cv2.resize(cv2.imread(str(file)), (*size,), interpolation=cv2.INTER_CUBIC)
        (target / file.parent.name).mkdir(parents=True, exist_ok=True)
        name = str(target / file.parent.name / f"{file.stem}.jpg")
        assert cv2.imwrite(name, image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return settled(target)


def settled(folder: Path) -> Path:
    """Files of another time than now, which are kept at their first use."""
    for file in folder.glob("*/*"):
        os.utime(file, (1_000_000_000, 1_000_000_000))
    return folder


def moves(light: bool = True) -> list[Any]:
    from keras_cvdata import layers

    return [
        layers.RandomFlip("horizontal"),
        layers.RandomRotation(30 / 360),
        layers.RandomZoomCrop((0.8, 1.2)),
        layers.RandomTranslation(0.1, 0.1),
        *([layers.RandomLighting(brightness=(-0.2, 0.2))] if light else []),
    ]


def sequence(folder: Path, **options: Any) -> Any:
    from keras_cvdata import DirectorySequence

    defaults = {"image_size": SIZE, "rescale": "unit", "seed": 1, "threads": 1, "verbose": 0}
    return DirectorySequence(folder, **{**defaults, **options})


def cost(data: Any) -> float:
    """CPU time of a pass, in milliseconds per image."""
    start = time.process_time()
    for _ in data:
        pass
    return (time.process_time() - start) / len(data.source) * 1000


def costs(folder: Path, augment: Any, rounds: int) -> tuple[dict[str, float], float]:
    """Least cost of each kind of pass, and bytes that an image takes in the cache."""
    with tempfile.TemporaryDirectory() as place:
        plain, memory, disk = (
            sequence(folder, augment=augment, cache=cache)
            for cache in (None, "memory", Path(place) / "kept")
        )
        for data in (plain, memory, disk):
            cost(data)
        taken = memory._store.used
        half = sequence(folder, augment=augment, cache="memory", cache_bytes=taken // 2)
        cost(half)

        def first(kind: str, number: int) -> float:
            cache = "memory" if kind == "memory" else Path(place) / f"{number}"
            return cost(sequence(folder, augment=augment, cache=cache))

        kinds: dict[str, Callable[[int], float]] = {
            "JPEG": lambda _: cost(plain),
            "first pass, memory": lambda number: first("memory", number),
            "first pass, folder": lambda number: first("folder", number),
            "memory": lambda _: cost(memory),
            "folder": lambda _: cost(disk),
            "folder, first pass of a later run": lambda _: cost(
                sequence(folder, augment=augment, cache=Path(place) / "kept")
            ),
            "memory, room for half": lambda _: cost(half),
        }
        found = {kind: [] for kind in kinds}
        for number in range(rounds):
            for kind, run in kinds.items():
                found[kind].append(run(number))
    return {kind: min(all_) for kind, all_ in found.items()}, taken / len(plain.source)


def pixels(folder: Path) -> list[str]:
    """How cached pixels differ from those without a cache, and both from a reference."""
    augment = moves(light=False)
    finer = sequence(folder, augment=augment, image_size=(4 * SIZE[0], 4 * SIZE[1]), batch_size=8)
    plain, cached = (
        sequence(folder, augment=augment, cache=cache, batch_size=8) for cache in (None, "memory")
    )
    rows = []
    for _, (theirs, _), (ours, _), (fine, _) in zip(range(12), plain, cached, finer, strict=False):
        blocks = fine.reshape(len(fine), SIZE[0], 4, SIZE[1], 4, 3).mean(axis=(2, 4))
        levels = np.abs(ours - theirs) * 255
        rows.append(
            [
                levels.mean(),
                np.quantile(levels, 0.99),
                levels.max(),
                *(
                    ((a - b) ** 2).mean()
                    for a, b in ((ours, theirs), (theirs, blocks), (ours, blocks))
                ),
            ]
        )
    values = np.array(rows)
    squares = -10 * np.log10(np.maximum(values[:, 3:].mean(axis=0), 1e-12))
    shown = [
        f"{values[:, 0].mean():.2f}",
        f"{values[:, 1].mean():.0f}",
        f"{values[:, 2].max():.0f}",
    ]
    return [*shown, *(f"{value:.1f}" if value < 100 else "equal" for value in squares)]


FILL = """
import sys
sys.path.insert(0, sys.argv[3])
import cache
source, how, plan, out = cache.plainly(sys.argv[1], sys.argv[2])
print("begun", flush=True)
for position in range(len(source)):
    cache.render_slot(source, plan, 0, position, out, how)
print("done", flush=True)
"""


def plainly(folder: str, kept: str | None) -> Any:
    """What renders the images of a folder without any layer, and without Keras."""
    source = DirectorySource(folder, verbose=0)
    chain = Chain([], size=SIZE)
    plan = chain.plan(np.empty((1, 0)), *SIZE, 3)
    cache = None if kept is None else ImageCache(DiskStore(kept), chain, (*SIZE, 3), "rgb")
    out = BatchMemory(np.zeros((1, *SIZE, 3), np.uint8), {})
    return source, Reading("rgb", source.rows, cache=cache), plan, out


def rendered(folder: Path, kept: Path | None) -> Iterator[np.ndarray]:
    source, how, plan, out = plainly(str(folder), None if kept is None else str(kept))
    for position in range(len(source)):
        outcome = render_slot(source, plan, 0, position, out, how)
        assert outcome.error is None
        yield out.pixels[0].copy()


def kill_while_filling(folder: Path, kills: int) -> tuple[int, int]:
    """Numbers of images that survived in all, and of images that were not as they should be."""
    expected = list(rendered(folder, None))
    random = np.random.default_rng()
    survived = wrong = 0
    with tempfile.TemporaryDirectory() as place:
        for number in range(kills):
            kept = Path(place) / f"{number // 2}"  # every second pair goes on where one was killed
            pair = [
                subprocess.Popen(
                    [sys.executable, "-c", FILL, folder, kept, Path(__file__).parent],
                    stdout=subprocess.PIPE,
                )
                for _ in range(2)
            ]
            for process in pair:
                assert process.stdout is not None
                process.stdout.readline()
            time.sleep(random.uniform(0, 0.4))
            for process in pair:
                process.kill()
                process.communicate()
            survived += len(DiskStore(kept))
            again = rendered(folder, kept)
            wrong += sum(not np.array_equal(a, b) for a, b in zip(again, expected, strict=True))
    return survived, wrong


def times(sets: dict[str, Path], rounds: int) -> Iterator[str]:
    """Rows of the table of CPU times."""
    yield (
        "| images | chain | kB kept | JPEG | memory | folder | times less | first pass, memory | "
        "first pass, folder | folder, first pass of a later run | memory, room for half |"
    )
    yield "|---|---|" + "---:|" * 9
    for name, folder in sets.items():
        for chain, augment in (("full", moves()), ("none", None)):
            found, taken = costs(folder, augment, rounds)
            plain, *firsts, memory, disk, later, half = found.values()
            rest = " | ".join(f"{value:.2f}" for value in (*firsts, later, half))
            yield (
                f"| {name} | {chain} | {taken / 1000:.0f} | {plain:.2f} | {memory:.2f} | "
                f"{disk:.2f} | {plain / memory:.1f} / {plain / disk:.1f} | {rest} |"
            )


def report(folder: Path, source: str, rounds: int, kills: int) -> Iterator[str]:
    packages = ", ".join(f"{name} {version(name)}" for name in ("opencv-python", "numpy", "keras"))
    yield "# Cached images"
    yield ""
    yield (
        f"{source}. CPU time of the process in ms per image, one thread, least of {rounds} rounds "
        f"in turn. Python {platform.python_version()}, {packages}."
    )
    yield ""
    with tempfile.TemporaryDirectory() as place:
        sets = {
            name: folder
            if form is None
            else resized(folder, Path(place) / name, form, 100 if form[0] > 1000 else 500)
            for name, form in SETS.items()
        }
        yield from times(sets, rounds)
        yield ""
        yield "Without random layers cached batches are those without a cache, bit for bit."
        yield "With the moves of the full chain they differ, in levels of 255 and decibels:"
        yield ""
        yield (
            "| images | mean | 99 % | most | cached to uncached, dB | uncached to reference | "
            "cached to reference |"
        )
        yield "|---|" + "---:|" * 6
        for name, used in sets.items():
            yield f"| {name} | {' | '.join(pixels(used))} |"
        survived, wrong = kill_while_filling(sets["photographs as they are"], kills)
    yield ""
    yield (
        f"Two processes that fill one folder, killed at {kills} random moments: {survived} images "
        f"survived in all, {wrong} of the images that were read afterwards differ from those "
        "without a cache."
    )
    yield ""
    yield "Made by `python benchmarks/cache.py --data FOLDER`."


def main() -> None:
    parser = arguments(__doc__, data=True, rounds=5)
    parser.add_argument("--kills", type=int, default=50)
    options = parser.parse_args()
    with photographs(options.data) as (folder, source):
        if options.data is None:
            settled(folder)
        keep("cache", report(folder, source, options.rounds, options.kills))


if __name__ == "__main__":
    main()
