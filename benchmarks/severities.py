"""Measure the suite "photo" on photographs, and compare it with the generator of ImageNet-C.

    python benchmarks/severities.py [--photographs FOLDER]

The images are six squares of the two photographs of scikit-learn, 224 x 224 x 3, with 20 draws
each (of the published glass blur, one). The numbers of the published generator are in
published_severities.json: mean, standard deviation, mean absolute change, PSNR and SSIM of
severities 1 to 5. They come from `imagenet_c/corruptions.py` of hendrycks/robustness, run on the
same images with scikit-image 0.22, SciPy 1.11, OpenCV 4.9 and NumPy 1.26, and with the motion blur
of ImageMagick by its formula. With a folder, PSNR and SSIM are also measured on 32 photographs of
it, spread over its files in their order. The tables go to benchmarks/results/severities.md.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from reports import arguments, keep

from keras_cvdata import apply
from keras_cvdata.stress.family import Family
from keras_cvdata.stress.suites import suite_of

SIDE, DRAWS, WITHIN = 224, 20, 0.1
PUBLISHED = Path(__file__).parent / "published_severities.json"
NUMBERS = ("mean", "standard deviation", "mean absolute change", "PSNR", "SSIM")


def squares() -> np.ndarray:
    """Cut the left, the middle and the right square out of both photographs."""
    from sklearn.datasets import load_sample_images

    cut = []
    for image in load_sample_images().images:
        height, width = image.shape[:2]
        for start in (0, (width - height) // 2, width - height):
            part = image[:, start : start + height]
            cut.append(cv2.resize(part, (SIDE, SIDE), interpolation=cv2.INTER_AREA))
    return np.stack(cut)


def photographs(folder: Path, count: int = 32) -> np.ndarray:
    files = sorted(folder.rglob("*.jpg"))
    files = files[:: max(len(files) // count, 1)][:count]
    images = [cv2.imread(str(file))[..., ::-1] for file in files]
    return np.stack([cv2.resize(x, (SIDE, SIDE), interpolation=cv2.INTER_AREA) for x in images])


def similarity(one: np.ndarray, other: np.ndarray) -> float:
    """SSIM of the brightness, with Gaussian windows of sigma 1.5 over 11 x 11 pixels."""

    def mean(values: np.ndarray) -> np.ndarray:
        return cv2.GaussianBlur(values, (11, 11), 1.5)

    x, y = (cv2.cvtColor(v, cv2.COLOR_RGB2GRAY).astype(float) for v in (one, other))
    u, v = mean(x), mean(y)
    own, others, both = mean(x * x) - u * u, mean(y * y) - v * v, mean(x * y) - u * v
    a, b = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    above, below = (2 * u * v + a) * (2 * both + b), (u * u + v * v + a) * (own + others + b)
    return float(np.mean(above / below))


def measure(image: np.ndarray, changed: np.ndarray) -> list[float]:
    """The five `NUMBERS` of a changed image."""
    difference = changed.astype(float) - image
    noise = 10 * np.log10(255**2 / np.mean(difference**2))
    spread = float(changed.std())
    return [
        float(changed.mean()),
        spread,
        float(np.abs(difference).mean()),
        float(noise),
        similarity(image, changed),
    ]


def ours(family: Family, images: np.ndarray, draws: int) -> np.ndarray:
    """(5 severities, 5 numbers), means over images and draws; draws are the same for severities."""
    return np.array(
        [
            np.mean(
                [
                    measure(image, apply(family(severity), image, seed=seed, row=row)[0])
                    for seed in range(draws)
                    for row, image in enumerate(images)
                ],
                axis=0,
            )
            for severity in family.severities
        ]
    )


def in_our_order(
    published: dict[str, list[list[float]]], families: dict[str, Family]
) -> dict[str, np.ndarray]:
    """The published numbers, with the severities in the order of ours."""
    return {
        name: np.array([published[name][n - 1] for n in family.published or family.severities])
        for name, family in families.items()
    }


def falls(numbers: np.ndarray) -> str:
    """Say which of PSNR and SSIM fall from each severity to the next, and where they do not."""
    said = []
    for name, values in (("PSNR", numbers[:, 3]), ("SSIM", numbers[:, 4])):
        rises = [str(i + 2) for i in range(len(values) - 1) if values[i + 1] >= values[i]]
        if not rises:
            return name if not said else f"{name} ({said[0]})"
        said.append(f"{name} rises at {', '.join(rises)}")
    return "**neither**: " + "; ".join(said)


def compared(name: str, mine: np.ndarray, theirs: np.ndarray) -> str:
    """A row of the comparison: the largest difference of each number, and where it is."""
    parts = np.abs(mine[:, :3] / theirs[:, :3] - 1)
    cells = [f"{column.max():.1%} at {column.argmax() + 1}" for column in parts.T]
    agrees = "yes" if parts.max() <= WITHIN else "**no**"
    return f"| {name} | {' | '.join(cells)} | {agrees} |"


def series(values: np.ndarray, digits: int) -> str:
    return " ".join(f"{value:.{digits}f}" for value in values)


def report(folder: Path | None) -> Iterator[str]:
    families = suite_of("photo")
    images = squares()
    published = in_our_order(json.loads(PUBLISHED.read_text()), families)
    measured = {name: ours(family, images, DRAWS) for name, family in families.items()}
    yield '# Severities of the suite "photo"'
    yield ""
    yield (
        "On six squares of the two photographs of scikit-learn, 224 x 224 pixels, means over "
        f'{DRAWS} draws. "Published" is the generator of ImageNet-C on the same images (see '
        "benchmarks/severities.py)."
    )
    yield ""
    yield "## Pixel statistics: largest difference from the published generator over severities"
    yield ""
    yield "| family | mean | standard deviation | mean absolute change | within 10 % |"
    yield "|---|---|---|---|---|"
    for name, numbers in measured.items():
        yield compared(name, numbers, published[name])
    yield ""
    yield from notes(families)
    yield ""
    yield "## Similarity to the original"
    yield ""
    yield "| family | PSNR, dB | published | SSIM | published | ours falls by | published by |"
    yield "|---|---|---|---|---|---|---|"
    for name, mine in measured.items():
        theirs = published[name]
        yield (
            f"| {name} | {series(mine[:, 3], 1)} | {series(theirs[:, 3], 1)} "
            f"| {series(mine[:, 4], 3)} | {series(theirs[:, 4], 3)} | {falls(mine)} "
            f"| {falls(theirs)} |"
        )
    if folder is not None:
        yield from of_folder(photographs(folder), families)
    yield ""
    command = "python benchmarks/severities.py" + (" --photographs FOLDER" if folder else "")
    yield f"Made by `{command}`."


def notes(families: dict[str, Family]) -> Iterator[str]:
    for name, family in families.items():
        if family.note:
            yield f"- {name}: {family.note}."
        if family.published:
            order = ", ".join(map(str, family.published))
            yield f"- {name}: severities 1 to 5 are the published {order}."


def of_folder(images: np.ndarray, families: dict[str, Family]) -> Iterator[str]:
    yield ""
    yield f"## Similarity to the original on {len(images)} photographs of flowers, one draw each"
    yield ""
    yield "| family | PSNR, dB | SSIM | falls by |"
    yield "|---|---|---|---|"
    for name, family in families.items():
        mine = ours(family, images, 1)
        yield f"| {name} | {series(mine[:, 3], 1)} | {series(mine[:, 4], 3)} | {falls(mine)} |"


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--photographs", type=Path, help="folder with photographs (.jpg)")
    keep("severities", report(parser.parse_args().photographs))


if __name__ == "__main__":
    main()
