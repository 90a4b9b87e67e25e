"""CLAHE against OpenCV."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest

from keras_cvdata.layers import CLAHE
from tests.distributions import assert_share


def scene(height: int, width: int, channels: int) -> np.ndarray:
    """A smooth image with noise, dark at the top."""
    random = np.random.default_rng(height)
    small = random.normal(90, 50, (5, 6, channels))
    values = cv2.resize(small, (width, height)).reshape(height, width, channels)
    values = (
        values + random.normal(0, 8, values.shape) + np.linspace(-40, 40, height)[:, None, None]
    )
    return np.clip(values, 0, 255).astype(np.uint8)


SIZES = [(64, 64), (97, 130), (64, 60), (9, 12), (5, 3), (1, 1), (224, 224)]

pytestmark = pytest.mark.backends


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("limit", [1.0, 2.0, 3.7, 40.0])
def test_gray_images_equal_opencv(apply: Any, size: tuple[int, int], limit: float) -> None:
    """Sides that are no multiples of 8 and tiles of one pixel included."""
    image = scene(*size, 1)
    expected = cv2.createCLAHE(limit, (8, 8)).apply(image[..., 0])
    assert np.abs(apply(CLAHE(clip_limit=limit), image)[..., 0].astype(int) - expected).max() <= 1


def test_colours_move_by_as_much_as_their_brightness(apply: Any) -> None:
    image = scene(80, 96, 3)
    gray = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    moved = cv2.createCLAHE(2.0, (8, 8)).apply(gray).astype(int) - gray
    expected = np.clip(image + moved[..., None], 0, 255)
    assert np.abs(apply(CLAHE(clip_limit=2.0), image) - expected).max() <= 1
    clear = np.dstack([image, image[..., 0]])
    result = apply(CLAHE(clip_limit=2.0), clear)
    assert np.abs(result[..., :3] - expected).max() <= 1
    assert np.array_equal(result[..., 3], clear[..., 3])


def test_other_channels_are_equalized_by_themselves(apply: Any) -> None:
    image = scene(80, 96, 5)
    alone = [apply(CLAHE(), image[..., i : i + 1]) for i in range(5)]
    assert np.array_equal(apply(CLAHE(), image), np.concatenate(alone, axis=2))


@pytest.mark.parametrize("channels", [1, 3])
def test_floats_are_moved_as_their_levels(apply: Any, channels: int) -> None:
    image = scene(80, 96, channels)
    result = apply(CLAHE(value_range=(-1, 1)), image.astype(np.float32) / 127.5 - 1)
    assert np.abs((result + 1) * 127.5 - apply(CLAHE(), image)).max() <= 1.01


def test_a_limit_of_one_hardly_raises_contrast(apply: Any) -> None:
    image = scene(80, 96, 1)
    assert apply(CLAHE(clip_limit=1.0), image).std() < apply(CLAHE(clip_limit=8.0), image).std()


def test_a_rate_makes_it_an_augmentation() -> None:
    u = np.random.default_rng(1).random((10_000, 1))
    assert_share(CLAHE(rate=0.3).draw(u, 5, 5, np)["active"], 0.3)


@pytest.mark.parametrize(
    ("limit", "message"), [(0.5, "from 1 to 256"), ("x", "must be a"), (float("inf"), "got inf")]
)
def test_bad_limits_are_refused(limit: Any, message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=f"CLAHE: clip_limit .*{message}"):
        CLAHE(clip_limit=limit)
