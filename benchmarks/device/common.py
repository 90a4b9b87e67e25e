"""How much is measured, on which images, and what all parts on a device need."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np

Row = dict[str, Any]
Cell = float | str  # a number, or why there is none


class OutOfTime(BaseException):
    """The time of a part is over; nothing on the way may take it for an error of its own."""


@dataclass
class Sizes:
    """How much is measured; `--quick` makes it little."""

    side: int = 224
    batches: tuple[int, ...] = (32, 128)
    files: int = 600
    threads: tuple[int, ...] = (1, 2, 4, 8, 16)
    processes: tuple[tuple[int, int], ...] = (  # processes, threads of each
        *((1, 1), (2, 1), (4, 1), (8, 1), (16, 1)),
        *((1, 2), (2, 2), (4, 2), (8, 2)),
    )
    seconds: float = 1.0  # for one number
    repeats: int = 3
    steps: int = 100
    filters: int = 64

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width."""
        return self.side, self.side


QUICK = Sizes(32, (2, 4), 64, (1, 2), ((1, 1), (2, 1)), 0.1, 1, 4, 4)


@dataclass
class Job:
    """What a part gets to know.

    Attributes:
        sizes: How much to measure.
        folder: Photographs, `<class>/<image>`.
        known: What parts of one worker hand on to later ones.
    """

    sizes: Sizes
    folder: Path
    known: dict[Any, float] = field(default_factory=dict)


def photograph(seed: int, height: int, width: int, grain: float = 4) -> np.ndarray:
    """Draw an RGB image with the smooth areas, edges and grain of a photograph."""
    random = np.random.default_rng(seed)
    areas = random.integers(0, 256, (4, 5, 3), np.uint8)
    image = cv2.resize(areas, (width, height), interpolation=cv2.INTER_CUBIC)
    color = random.integers(0, 256, 3).tolist()
    cv2.circle(image, (width // 2, height // 2), min(height, width) // 4, color, -1)
    noise = random.standard_normal(image.shape, np.float32) * grain
    return np.clip(image + noise, 0, 255).astype(np.uint8)


def photographs(count: int, side: int) -> np.ndarray:
    some = np.stack([photograph(seed, side, side) for seed in range(min(count, 16))])
    return np.resize(some, (count, side, side, 3))


def draw_folder(folder: Path, count: int) -> None:
    """Fill a folder with JPEGs of about 400 x 468 pixels."""

    def draw(number: int) -> None:
        image = photograph(number, 360 + number % 81, 428 + number % 83, grain=13)
        file = folder / f"class_{number % 10}" / f"{number}.jpg"
        cv2.imwrite(str(file), image, [cv2.IMWRITE_JPEG_QUALITY, 90])

    for number in range(10):
        (folder / f"class_{number}").mkdir()
    with ThreadPoolExecutor() as pool:
        list(pool.map(draw, range(count)))


def our_layers(value_range: tuple[float, float] | None = None) -> list[Any]:
    from keras_cvdata import layers as L  # noqa: N812

    return [
        L.RandomFlip("horizontal"),
        L.RandomRotation(1 / 12),
        L.RandomZoom(0.2),
        L.RandomTranslation(0.1, 0.1),
        L.RandomContrast(0.2, value_range=value_range),
        L.RandomSaturation(0.3, value_range=value_range),
    ]


def their_layers() -> list[Any]:
    from keras import layers as L  # noqa: N812

    return [
        L.RandomFlip("horizontal"),
        L.RandomRotation(1 / 12),
        L.RandomZoom(0.2),
        L.RandomTranslation(0.1, 0.1),
        L.RandomContrast(0.2),
        L.RandomSaturation((0.35, 0.65)),
    ]


def backend() -> str:
    import keras

    return str(keras.backend.backend())


def synchronise(result: Any = None) -> None:
    """Wait for the device."""
    if backend() == "jax":
        import jax

        jax.block_until_ready(result)
    else:
        import torch

        if torch.cuda.is_available():
            torch.cuda.synchronize()


def reason(error: BaseException) -> str:
    """One line of a table for an error."""
    text = re.sub(r"\x1b\[\d*m", "", f"{type(error).__name__}: {error}")
    words = " ".join(text.split()).replace("|", "/")
    return f"failed ({words[:120]})"


def usual_mode() -> str:
    return "jit" if backend() == "jax" else "eager"
