"""A small collection with a few faults, as files."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

CLASSES = ("cat", "dog", "fox")


def picture(seed: int, side: int = 96) -> np.ndarray:
    """A colourful picture with edges, other for each seed, (side, side, 3) uint8 RGB."""
    random = np.random.default_rng(seed)
    coarse = random.integers(0, 256, (6, 6, 3), np.uint8)
    image = cv2.resize(coarse, (side, side), interpolation=cv2.INTER_CUBIC)
    noise = random.integers(-20, 21, image.shape)
    x, y = random.integers(side // 4, 3 * side // 4, 2).tolist()
    cv2.circle(image, (x, y), side // 6, random.integers(0, 256, 3).tolist(), -1)
    return np.clip(image + noise, 0, 255).astype(np.uint8)


def write(path: Path, image: np.ndarray) -> None:
    """Write RGB pixels as the file that the name says."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(cv2.imencode(path.suffix, image[..., ::-1])[1].tobytes())


@pytest.fixture(scope="session")
def pets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of three classes with twelve pictures each, three of which have faults.

    cat/03.jpg is dark, dog/05.jpg is cut in its middle, fox/00.png is text.
    """
    root = tmp_path_factory.mktemp("pets")
    for code, label in enumerate(CLASSES):
        for number in range(12):
            ending = "png" if number % 4 == 0 else "jpg"
            write(root / label / f"{number:02}.{ending}", picture(100 * code + number))
    write(root / "cat" / "03.jpg", picture(3) // 8)
    cut = root / "dog" / "05.jpg"
    cut.write_bytes(cut.read_bytes()[:900])
    (root / "fox" / "00.png").write_bytes(b"<html>not found</html>")
    return root
