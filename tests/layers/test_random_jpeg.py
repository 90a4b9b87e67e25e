"""RandomJPEG against Pillow."""

from __future__ import annotations

import io
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from keras_cvdata.layers import RandomJPEG
from tests.distributions import drawn

pytestmark = pytest.mark.backends


def _photo(height: int, width: int) -> np.ndarray:
    noise = np.random.default_rng(0).normal(128, 400, (height, width, 3))
    return np.clip(cv2.GaussianBlur(noise, (0, 0), 2), 0, 255).astype(np.uint8)


def _by_pillow(pixels: np.ndarray, quality: int) -> np.ndarray:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "jpeg", quality=quality, subsampling="4:2:0")
    return np.asarray(Image.open(file))


@pytest.mark.parametrize("quality", [1, 20, 50, 75, 100])
@pytest.mark.parametrize("size", [(48, 64), (33, 41), (7, 5)])
def test_equals_pillow(apply: Any, quality: int, size: tuple[int, int]) -> None:
    """To the last level, also where blocks are cut at the edges."""
    photo = _photo(*size)
    assert np.array_equal(apply(RandomJPEG(quality), photo), _by_pillow(photo, quality))


def test_grey_equals_pillow(apply: Any) -> None:
    grey = _photo(30, 45)[:, :, 1]
    result = apply(RandomJPEG(40), grey[:, :, None])[:, :, 0]
    assert np.array_equal(result, _by_pillow(grey, 40))


def test_alpha_stays(apply: Any) -> None:
    photo = _photo(24, 24)
    alpha = np.random.default_rng(1).integers(0, 256, (24, 24, 1), np.uint8)
    result = apply(RandomJPEG(40), np.concatenate([photo, alpha], axis=2))
    assert np.array_equal(result[:, :, 3:], alpha)
    assert np.array_equal(result[:, :, :3], _by_pillow(photo, 40))


def test_floats_are_rounded_to_levels(apply: Any) -> None:
    photo = _photo(24, 32)
    signed = photo.astype(np.float32) / 127.5 - 1
    result = apply(RandomJPEG(60, value_range=(-1, 1)), signed)
    assert np.allclose((result + 1) * 127.5, _by_pillow(photo, 60), atol=1e-3)


def test_every_quality_is_as_likely() -> None:
    quality = drawn(RandomJPEG((30, 39)))["quality"]
    counts = np.bincount(quality, minlength=41)[30:41]
    assert counts.sum() == len(quality)
    assert counts[10] == 0
    assert np.abs(counts[:10] - 1000).max() < 4 * np.sqrt(1000)


@pytest.mark.parametrize(
    ("quality", "message"),
    [(0, "from 1 to 100"), ((50, 101), "from 1 to 100"), (50.5, "whole numbers")],
)
def test_bad_ranges_are_refused(quality: Any, message: str) -> None:
    with pytest.raises(ValueError, match=f"RandomJPEG: quality .*{message}"):
        RandomJPEG(quality)
