"""Settings of every test run, and the images that several tests share."""

from __future__ import annotations

import gc
import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # TensorFlow's notes about the machine
os.environ.setdefault("JAX_PLATFORMS", "cpu")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")  # the same numbers on every machine
# Threads of NumPy and PyTorch wait longer than they work on arrays as small as these.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import signal
from collections.abc import Generator
from pathlib import Path

import cv2
import hypothesis
import numpy as np
import pytest

# A shell starts what runs in the background deaf to Ctrl-C, and so would be what tests start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

hypothesis.settings.register_profile("repeatable", derandomize=True, deadline=None)
hypothesis.settings.load_profile("repeatable")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Look for no garbage among the million objects that TensorFlow and collecting leave."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.freeze()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Measure the coverage of the quick tests alone: slow ones run the same lines for longer."""
    for item in items:
        if item.get_closest_marker("slow"):
            item.add_marker("no_cover")


def photograph(seed: int, height: int, width: int) -> np.ndarray:
    """Draw an RGB uint8 image with the smooth areas, edges and grain of a photograph."""
    random = np.random.default_rng(seed)
    areas = random.integers(0, 256, (4, 5, 3), np.uint8)
    image = cv2.resize(areas, (width, height), interpolation=cv2.INTER_CUBIC)
    color = random.integers(0, 256, 3).tolist()
    cv2.circle(image, (width // 2, height // 2), min(height, width) // 4, color, -1)
    grain = random.normal(0, 4, image.shape)
    return np.clip(image + grain, 0, 255).astype(np.uint8)


@pytest.fixture(scope="session")
def photo_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder `<class>/<n>.jpg` of 3 classes with 4 JPEGs each, no two of one size.

    It is shared by all tests: copy it before changing a file.
    """
    root = tmp_path_factory.mktemp("photos")
    for number in range(12):
        folder = root / ("cat", "dog", "fox")[number % 3]
        folder.mkdir(exist_ok=True)
        image = photograph(number, 60 + 5 * number, 140 - 7 * number)
        file = folder / f"{number // 3}.jpg"
        assert cv2.imwrite(str(file), image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 92])
    return root
