"""Measure the search for near copies: CPU time, memory, and whether it finds what brute force does.

    python benchmarks/near_copies.py [--photographs FOLDER]

Each case is a fresh process. Generated hashes are random but for one in a hundred, which is another
one with some bits changed, in a random orientation; "two motifs" are hashes of two pictures under
changing light and grain, nearly all different and all copies of one of two. Brute force compares a
sample of images with all, and its time for all of them is reckoned from that. With a folder of
photographs, copies are planted in it and searched for. The table goes to
benchmarks/results/near_copies.md.
"""

from __future__ import annotations

import argparse
import os
import platform
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from keras_cvdata import codec
from keras_cvdata.copies.comparing import INVERSE
from keras_cvdata.copies.hashing import perceptual_hashes, thumbnail
from keras_cvdata.copies.searching import groups, near_pairs

RESULTS = Path(__file__).parent / "results" / "near_copies.md"
CASES = {
    "random 100": ("random", 100, False),
    "random 1,000": ("random", 1_000, False),
    "random 10,000": ("random", 10_000, False),
    "random 100,000": ("random", 100_000, False),
    "random 1,000,000": ("random", 1_000_000, False),
    "two motifs 2,000": ("motifs", 2_000, False),
    "two motifs 2,000, linking pairs": ("motifs", 2_000, True),
    "two motifs 20,000, linking pairs": ("motifs", 20_000, True),
}
SAMPLE = 100


def random_hashes(count: int) -> np.ndarray:
    random = np.random.default_rng(0)
    hashes = random.integers(1, 2**64, (count, 8, 2), np.uint64)
    for _ in range(count // 100):
        source, copy, turn = random.integers(0, [count, count, 8])
        for kind, most in enumerate((8, 10)):
            bits = random.choice(64, random.integers(0, most + 1), replace=False)
            change = np.bitwise_or.reduce(np.uint64(1) << bits.astype(np.uint64), initial=0)
            hashes[copy, turn, kind] = hashes[source, 0, kind] ^ np.uint64(change)
    return hashes


def motif_hashes(count: int) -> np.ndarray:
    random = np.random.default_rng(0)
    motifs = [
        cv2.resize(random.integers(0, 256, (6, 7), np.uint8), (32, 32), interpolation=3)
        for _ in range(2)
    ]
    pictures = np.empty((count, 32, 32), np.uint8)
    for number, picture in enumerate(pictures):
        light, grain = random.uniform(0.8, 1.2), random.normal(0, 8, (32, 32))
        picture[:] = np.clip(motifs[number % 2] * light + grain, 0, 255)
    return perceptual_hashes(pictures)


def by_brute_force(hashes: np.ndarray, image: int) -> set[tuple[int, int]]:
    """All pairs that an image is in, with the nearest orientation left out."""
    forth = np.bitwise_count(hashes[image, 0] ^ hashes)
    back = np.bitwise_count(hashes[:, :1] ^ hashes[image, INVERSE])
    apart = np.concatenate([forth, back], axis=1)
    near = ((apart[:, :, 0] <= 8) & (apart[:, :, 1] <= 10)).any(axis=1)
    near[image] = False
    return {(min(image, other), max(image, other)) for other in np.flatnonzero(near).tolist()}


def measure(case: str) -> str:
    kind, count, linking = CASES[case]
    hashes = random_hashes(count) if kind == "random" else motif_hashes(count)
    start = time.process_time()
    pairs = near_pairs(hashes, linking=linking)
    taken = time.process_time() - start
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    images = np.random.default_rng(1).choice(count, min(SAMPLE, count // 10), replace=False)
    start = time.process_time()
    expected = [by_brute_force(hashes, image) for image in images.tolist()]
    brute = (time.process_time() - start) * count / len(images) / 2
    if linking:
        together = groups(count, pairs)
        equal = all(len(set(together[list(pair)])) == 1 for found in expected for pair in found)
    else:
        found = pairs[["first", "second"]].tolist()
        distinct = {row.tobytes(): number for number, row in reversed(list(enumerate(hashes)))}
        of = [distinct[row.tobytes()] for row in hashes] if kind == "motifs" else range(count)
        stands = {tuple(sorted((of[first], of[second]))) for first, second in found}
        equal = all(
            tuple(sorted((of[first], of[second]))) in stands
            for pairs_of_one in expected
            for first, second in pairs_of_one
        ) and all(
            pair in expected[place]
            for place, image in enumerate(images.tolist())
            for pair in found
            if image in pair
        )
    faster = f"{brute / taken:.2g}" if brute < 100 * taken else f"{brute / taken:,.0f}"
    answer = "yes" if equal else "NO"
    return f"| {case} | {len(pairs):,} | {taken:.2f} | {memory:,.0f} | {faster} | {answer} |"


def changes() -> dict[str, Callable[[np.ndarray], np.ndarray]]:
    def jpeg(quality: int) -> Callable[[np.ndarray], np.ndarray]:
        return lambda image: cv2.imdecode(
            cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], cv2.IMREAD_COLOR
        )

    def crop(image: np.ndarray) -> np.ndarray:
        top, left = (side // 100 for side in image.shape[:2])
        return image[top : len(image) - top, left : image.shape[1] - left]

    def turn(image: np.ndarray) -> np.ndarray:
        height, width = image.shape[:2]
        matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), 2, 1)
        return cv2.warpAffine(image, matrix, (width, height), borderMode=cv2.BORDER_REFLECT)

    return {
        "JPEG 90": jpeg(90),
        "JPEG 50": jpeg(50),
        "JPEG 10": jpeg(10),
        "half size": lambda image: cv2.resize(image, None, fx=0.5, fy=0.5, interpolation=3),
        "mirrored": lambda image: image[:, ::-1],
        "upside down": lambda image: image[::-1],
        "turned by 90": np.rot90,
        "turned by 180": lambda image: np.rot90(image, 2),
        "turned by 270": lambda image: np.rot90(image, 3),
        "20 % brighter": lambda image: cv2.convertScaleAbs(image, alpha=1.2),
        "20 % darker": lambda image: cv2.convertScaleAbs(image, alpha=0.8),
        "2 % cropped": crop,
        "turned by 2 degrees": turn,
    }


def hashes_of(images: list[np.ndarray]) -> np.ndarray:
    jpegs = (cv2.imencode(".jpg", image)[1].tobytes() for image in images)
    return perceptual_hashes(np.stack([thumbnail(codec.decode(j, "grayscale")) for j in jpegs]))


def recall(folder: str) -> list[str]:
    """Share of planted copies that are found, and the pairs that were there already."""
    files = sorted(Path(folder).rglob("*.jpg"))
    images = [cv2.imread(str(file)) for file in files]
    originals = hashes_of(images)
    natural = near_pairs(originals)
    lines = [f"| nothing: pairs among the {len(images)} photographs | {len(natural)} |"]
    for name, change in changes().items():
        copies = hashes_of([np.ascontiguousarray(change(image)) for image in images])
        pairs = near_pairs(np.concatenate([originals, copies]))
        together = groups(2 * len(images), pairs).reshape(2, -1)
        lines.append(f"| {name} | {(together[0] == together[1]).mean():.3f} |")
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photographs", metavar="FOLDER")
    parser.add_argument("--case", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.case:
        print(measure(args.case))
        return
    lines = [
        "# Near copies",
        "",
        "pHash within 8 bits and dHash within 10, in eight orientations. CPU time of the process, "
        f"Python {platform.python_version()}, NumPy {np.__version__}, {os.cpu_count()} cores.",
        "",
        "| hashes | pairs | CPU s | peak MB | times as fast as brute force | finds the same |",
        "|---|---:|---:|---:|---:|---|",
    ]
    for case in CASES:
        command = [sys.executable, __file__, "--case", case]
        run = subprocess.run(command, capture_output=True, text=True, check=True)
        lines.append(run.stdout.strip())
        print(lines[-1], flush=True)
    if args.photographs:
        lines += ["", "| planted change | found |", "|---|---:|", *recall(args.photographs)]
    lines += ["", "Made by `python benchmarks/near_copies.py --photographs FOLDER`."]
    print("\n".join(lines))
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
