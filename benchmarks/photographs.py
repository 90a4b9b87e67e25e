"""Pictures that stand for photographs where there are none."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np


def photographs(folder: Path, count: int = 300) -> Path:
    """Write smooth pictures with some noise, of the sizes of photographs on the web."""
    rng = np.random.default_rng(0)
    for number in range(count):
        small = rng.integers(0, 256, (6, 8, 3), dtype=np.uint8)
        pixels = cv2.resize(small, (371, 273), interpolation=cv2.INTER_CUBIC)
        noisy = pixels + rng.normal(0, 8, pixels.shape)
        path = folder / f"{number % 3}" / f"{number:03}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), np.clip(noisy, 0, 255).astype(np.uint8))
    return folder
