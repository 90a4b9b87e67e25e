"""Compare a sequence with a bare loop of the same OpenCV calls: CPU time of the process per image.

    python benchmarks/floor.py [--data FOLDER] [--rounds 7]

The images of a folder `<class>/<image>` are read as they are, and saved again as photographs of
401 x 468, 273 x 371 and 1200 x 1600 pixels. "Decode" turns files into pixels. "Loop" is what a user
would write in thirty lines, with all that this package knows of fast calls: it decodes by
`cv2.imdecode`, averages whole blocks, lays the border beforehand, and flips, rotates, zooms and
shifts in one warp of four channels and brightens by one table. It averages each side as far as it
can, as the package does, so that no pixel of a side that shrinks more than the other is left out.
"Fewer averages" is this loop with as many on both sides, which is faster and not the same picture.
CPU time hardly hangs on what else the machine does: each figure is the least of several rounds, in
which the candidates take turns. The report goes to benchmarks/results/floor.md.
"""

from __future__ import annotations

import importlib.util
import math
import os
import platform
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

import cv2
import numpy as np
from loading import photographs
from reports import arguments, keep

from keras_cvdata import DirectorySequence, layers
from keras_cvdata.engine.opencv.ways import shrink_factors
from keras_cvdata.sources import DirectorySource

SIDE, BATCH = 224, 32
SETS = {"401 x 468": (401, 468, 98), "273 x 371": (273, 371, 97), "1200 x 1600": (1200, 1600, 90)}
AS_THEY_ARE, LARGE = "as they are", "1200 x 1600"

Matrix = tuple[float, float, float, float, float, float]
Averages = Callable[[Matrix], tuple[int, int]]


def save_again(images: list[Path], size: tuple[int, int], quality: int, folder: Path) -> None:
    """Fill a folder with the same photographs in one size."""
    for file in images:
        image = cv2.imdecode(np.fromfile(file, np.uint8), cv2.IMREAD_COLOR)
        height, width = sorted(size) if image.shape[1] > image.shape[0] else sorted(size)[::-1]
        image = cv2.resize(image, (width, height), interpolation=cv2.INTER_CUBIC)
        target = folder / file.parent.name / f"{file.stem}.jpg"
        target.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(target), image, [cv2.IMWRITE_JPEG_QUALITY, quality])


def after(m: Matrix, n: Matrix) -> Matrix:
    """The product of two affine matrices."""
    (a, b, x, c, d, y), (e, f, u, g, h, v) = m, n
    return (
        *(a * e + b * g, a * f + b * h, a * u + b * v + x),
        *(c * e + d * g, c * f + d * h, c * u + d * v + y),
    )


def drawn(height: int, width: int) -> Matrix:
    """Flip, rotation with the frame widened, zoom and shift, from the output to the image."""
    middle, angle = (SIDE - 1) / 2, math.radians(random.uniform(-30, 30))
    cosine, sine, mirror = math.cos(angle), math.sin(angle), random.choice((-1, 1))
    step = (abs(cosine) + abs(sine)) / random.uniform(0.8, 1.2)
    x, y = (random.uniform(-0.1, 0.1) * SIDE - middle for _ in range(2))
    m = (step * cosine, step * sine, 0, -step * sine, step * cosine, 0)
    m = after(after((mirror, 0, middle, 0, 1, middle), m), (1, 0, x, 0, 1, y))
    across, down = width / SIDE, height / SIDE
    return after((across, 0, (across - 1) / 2, 0, down, (down - 1) / 2), m)


def alike(m: Matrix) -> tuple[int, int]:
    """Pixels down and across that can be averaged, as many on both sides."""
    a, b, _, c, d, _ = m
    p, q, r = a * a + b * b, c * c + d * d, a * c + b * d
    finest = math.sqrt(max(0, p + q - math.sqrt((p - q) ** 2 + 4 * r * r)) / 2)
    k = max(1, int(finest + 1e-6))
    return k, k


def each_side(m: Matrix) -> tuple[int, int]:
    """Pixels down and across that can be averaged, on each side as many as it can spare."""
    return shrink_factors([list(m[:3]), list(m[3:]), [0, 0, 1]], (SIDE, SIDE))


def one_by_hand(file: str, out: np.ndarray, averages: Averages) -> None:
    """The thirty lines (with two of the functions above)."""
    image = cv2.imdecode(np.fromfile(file, np.uint8), cv2.IMREAD_COLOR_RGB)
    height, width = image.shape[:2]
    matrix = a, b, x, c, d, y = drawn(height, width)
    k, n = averages(matrix)
    if (k, n) != (1, 1):  # average blocks of k x n pixels
        height, width = height // k, width // n
        image = image[: height * k, : width * n]
        image = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
        blocks = (1 / n, 0, (1 / n - 1) / 2, 0, 1 / k, (1 / k - 1) / 2)
        a, b, x, c, d, y = after(blocks, matrix)
    image = cv2.cvtColor(image, cv2.COLOR_RGB2RGBA)  # four channels are warped faster than three
    last = SIDE - 1
    left = max(0, math.ceil(-x - min(0, a * last) - min(0, b * last)) + 1)
    top = max(0, math.ceil(-y - min(0, c * last) - min(0, d * last)) + 1)
    right = max(0, math.ceil(x + max(0, a * last) + max(0, b * last) - width + 1) + 1)
    bottom = max(0, math.ceil(y + max(0, c * last) + max(0, d * last) - height + 1) + 1)
    image = cv2.copyMakeBorder(image, top, bottom, left, right, cv2.BORDER_REFLECT)
    image = cv2.warpAffine(
        image,
        np.array([[a, b, x + left], [c, d, y + top]]),
        (SIDE, SIDE),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REFLECT,
    )
    image = cv2.cvtColor(image, cv2.COLOR_RGBA2RGB)
    light = LEVELS + np.float32(random.uniform(-0.2, 0.2))
    cv2.LUT(image, np.clip(light, 0, 1, out=light), dst=out)


LEVELS = (np.arange(256, dtype=np.float32) / np.float32(255)).reshape(1, 256)


def by_hand(folder: Path, averages: Averages = each_side) -> Callable[[], None]:
    files = [str(file) for file in sorted(folder.glob("*/*"))]
    batch = np.empty((BATCH, SIDE, SIDE, 3), np.float32)

    def run() -> None:
        for number, file in enumerate(files):
            one_by_hand(file, batch[number % BATCH], averages)

    return run


def decode_only(folder: Path) -> Callable[[], None]:
    files = [str(file) for file in sorted(folder.glob("*/*"))]

    def run() -> None:
        for file in files:
            cv2.imdecode(np.fromfile(file, np.uint8), cv2.IMREAD_COLOR_RGB)

    return run


def this_package(folder: Path, augmented: bool = True) -> Callable[[], None]:
    augment = [
        layers.RandomFlip("horizontal"),
        layers.RandomRotateBound(degrees=30),
        layers.RandomZoomCrop((0.8, 1.2)),
        layers.RandomTranslation(0.1, 0.1),
        layers.RandomLighting(brightness=(-0.2, 0.2)),
    ]
    sequence = DirectorySequence(
        folder,
        verbose=0,
        image_size=(SIDE, SIDE),
        batch_size=BATCH,
        augment=augment if augmented else None,
        rescale="unit",
        threads=1,
    )

    def run() -> None:
        for _ in sequence:
            pass

    return run


def least(candidates: dict[str, Callable[[], None]], images: int, rounds: int) -> dict[str, float]:
    """CPU time of each in ms per image; a first round warms up."""
    taken: dict[str, float] = dict.fromkeys(candidates, math.inf)
    for turn in range(rounds + 1):
        for name, run in candidates.items():
            start = time.process_time()
            run()
            if turn:
                taken[name] = min(taken[name], (time.process_time() - start) * 1000 / images)
    return taken


def likeness(folder: Path) -> float:
    """How near the images of a sequence come to an antialiased resize, in dB over all images."""
    source = DirectorySource(folder, verbose=0)
    sequence = DirectorySequence(
        folder,
        verbose=0,
        image_size=(SIDE, SIDE),
        batch_size=BATCH,
        shuffle=False,
        label_mode=None,
    )
    errors = []
    for number, batch in enumerate(sequence):
        for slot, image in enumerate(np.asarray(batch)):
            whole = source.image(number * BATCH + slot)
            wanted = cv2.resize(whole, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
            errors.append(np.mean((image.astype(np.float32) - wanted) ** 2))
    return float(10 * np.log10(255**2 / np.mean(errors)))


def report(data: Path, source: str, rounds: int) -> Iterator[str]:
    """Measure everything and word it as Markdown."""
    names = ("opencv-python", "simplejpeg", "numpy")
    modules = {"opencv-python": "cv2"}
    found = [f"{n} {version(n)}" for n in names if importlib.util.find_spec(modules.get(n, n))]
    images = sorted(data.glob("*/*"))
    yield "# A loop of the same calls"
    yield ""
    yield (
        f"{len(images)} {source}, as they are and saved again in three sizes, to float32 batches "
        f"of {BATCH} x {SIDE} x {SIDE} x 3: flip, rotation by up to 30 degrees, zoom, shift and "
        f"brightness. CPU time of the process in ms per image, the least of {rounds} rounds; one "
        f"thread. Python {platform.python_version()}, {', '.join(found)}."
    )
    yield ""
    yield "| photographs | kB | decode | loop | fewer averages | this package | of the loops |"
    yield "|---|---:|---:|---:|---:|---:|---:|"
    with tempfile.TemporaryDirectory() as scratch:
        for name in (AS_THEY_ARE, *SETS):
            folder, some = data, images[:: 5 if name == LARGE else 1]
            if name in SETS:
                folder, (height, width, quality) = Path(scratch, name), SETS[name]
                save_again(some, (height, width), quality, folder)
            size = np.mean([file.stat().st_size for file in folder.glob("*/*")]) / 1000
            candidates = {
                "decode": decode_only(folder),
                "loop": by_hand(folder),
                "fewer": by_hand(folder, alike),
                "package": this_package(folder),
            }
            if name == LARGE:
                candidates["plain"] = this_package(folder, augmented=False)
            taken = least(candidates, len(some), rounds)
            yield (
                f"| {name} | {size:.0f} | {taken['decode']:.2f} | {taken['loop']:.2f} "
                f"| {taken['fewer']:.2f} | {taken['package']:.2f} "
                f"| {taken['package'] / taken['loop']:.2f} and "
                f"{taken['package'] / taken['fewer']:.2f} |"
            )
        yield ""
        yield (
            f"Photographs of {LARGE} are decoded at a part of their size where that is enough: "
            f"decoding them whole takes {taken['decode'] / taken['package']:.1f} times as long as "
            f"the whole way to an augmented batch, and {taken['decode'] / taken['plain']:.1f} times"
            f" as long as that to a batch without augmentation, which comes within "
            f"{likeness(folder):.1f} dB of an antialiased resize of the whole photographs."
        )
    yield ""
    yield "Made by `python benchmarks/floor.py --data FOLDER`."


def main() -> None:
    parser = arguments(__doc__, data=True, rounds=7)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    random.seed(0)
    with photographs(options.data) as (folder, source):
        keep("floor", report(folder, source, options.rounds))


if __name__ == "__main__":
    main()
