"""Perceptual hashes of thumbnails."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from scipy.fft import dctn

from keras_cvdata.copies.hashing import (
    ORIENTATIONS,
    has_hashes,
    packed,
    perceptual_hashes,
    thumbnail,
    unpacked,
)

PINNED = [
    ["c0843f12373e1f3e", "faf0e0d0c9918343"],
    ["95d16e45626b4e63", "a0f0f8f46c763e3d"],
]


def pictures(count: int, seed: int = 0, side: int = 32) -> np.ndarray:
    """Smooth grey pictures with grain."""
    random = np.random.default_rng(seed)
    made = np.empty((count, side, side), np.uint8)
    for picture in made:
        areas = random.integers(0, 256, (6, 7), np.uint8)
        smooth = cv2.resize(areas, (side, side), interpolation=cv2.INTER_CUBIC)
        picture[:] = np.clip(smooth + random.normal(0, 6, smooth.shape), 0, 255)
    return made


def in_all_orientations(picture: np.ndarray) -> list[np.ndarray]:
    mirrored = picture[:, ::-1]
    return [np.rot90(side, turns) for side in (picture, mirrored) for turns in range(4)]


def number(bits: np.ndarray) -> int:
    return int("".join("01"[bool(bit)] for bit in bits.flat), 2)


def test_hashes_are_those_of_the_definition() -> None:
    """The pHash by SciPy's cosine transform and median, the dHash by OpenCV's areas."""
    for picture in pictures(30):
        low = dctn(picture.astype(float), norm="ortho")[:8, :8]
        rows = cv2.resize(picture.astype(np.float32), (9, 8), interpolation=cv2.INTER_AREA)
        expected = [number(low > np.median(low)), number(np.diff(rows) > 0)]
        assert perceptual_hashes(picture)[0].tolist() == expected


def test_orientations_are_hashes_of_the_turned_picture() -> None:
    """All eight, bit for bit, also of symmetric pictures and of areas that are flat."""
    flat_areas = np.zeros((32, 32), np.uint8)
    flat_areas[4:12, 6:20] = 200
    symmetric = pictures(1)[0]
    symmetric[:, 16:] = symmetric[:, 15::-1]
    for picture in [*pictures(20), flat_areas, symmetric]:
        turned = np.stack(in_all_orientations(picture))
        assert np.array_equal(perceptual_hashes(turned)[:, 0], perceptual_hashes(picture))
    assert len(ORIENTATIONS) == 8


def test_hashes_stay_the_same_across_versions() -> None:
    """Hashes in caches and certificates keep their meaning, so these never change."""
    y, x = np.mgrid[:32, :32]
    picture = ((x * 7 + y * 3 + (x * y) % 37 * 4) % 256).astype(np.uint8)
    assert [[f"{h:016x}" for h in row] for row in perceptual_hashes(picture)[::4]] == PINNED


def test_a_stack_is_hashed_as_its_pictures_are() -> None:
    stack = pictures(5)
    hashes = perceptual_hashes(stack)
    assert (hashes.shape, hashes.dtype) == ((5, 8, 2), np.uint64)
    assert np.array_equal(hashes, [perceptual_hashes(picture) for picture in stack])
    assert perceptual_hashes(stack[:0]).shape == (0, 8, 2)


def test_packed_hashes_hold_all_orientations() -> None:
    stack = np.concatenate([pictures(50), np.zeros((1, 32, 32), np.uint8)])
    stack[7, :, 16:] = stack[7, :, 15::-1]
    stack[8, 4:20] = 77  # areas without a step to the right
    hashes = perceptual_hashes(stack)
    words = packed(hashes)
    assert words.shape == (51, 8)
    assert np.array_equal(unpacked(words), hashes)
    assert np.array_equal(unpacked(packed(hashes[0])), hashes[0])


def test_copies_have_near_hashes_and_others_have_not() -> None:
    """JPEG of quality 50, half the size and a fifth darker, against all other pictures."""
    originals = pictures(40, side=256)
    hashes = perceptual_hashes(np.stack([thumbnail(picture) for picture in originals]))
    for change in (
        lambda p: cv2.imdecode(cv2.imencode(".jpg", p, [1, 50])[1], 0),
        lambda p: cv2.resize(p, (128, 128), interpolation=cv2.INTER_AREA),
        lambda p: cv2.convertScaleAbs(p, alpha=0.8),
    ):
        copies = perceptual_hashes(np.stack([thumbnail(change(p)) for p in originals]))
        apart = np.bitwise_count(hashes[:, None, 0] ^ copies[None, :, 0])
        near = (apart[..., 0] <= 8) & (apart[..., 1] <= 10)
        assert np.array_equal(near, np.eye(40, dtype=bool))


@pytest.mark.parametrize("level", [0, 7, 255])
def test_a_picture_without_contrast_has_no_hashes(level: int) -> None:
    """Empty pages are no copies of each other; fine grain is no shape either."""
    flat = np.full((32, 32), level, np.uint8)
    grain = np.where(np.indices((32, 32)).sum(axis=0) % 2, 40, 200).astype(np.uint8)
    noise = np.clip(level + np.random.default_rng(0).normal(0, 3, (32, 32)), 0, 255).astype(
        np.uint8
    )
    faint = (120 + np.arange(32) * np.ones((32, 1)) / 2).astype(np.uint8)
    hashes = perceptual_hashes(np.stack([flat, grain, noise, faint]))
    assert not hashes[:3].any()
    assert has_hashes(hashes).tolist() == [False, False, False, True]


def test_other_shapes_and_dtypes_are_refused() -> None:
    for wrong in (np.zeros((32, 31), np.uint8), np.zeros((32, 32)), np.zeros(32, np.uint8)):
        with pytest.raises(ValueError, match=r"uint8 of shape \(32, 32\).*thumbnail\(grey\)"):
            perceptual_hashes(wrong)


def test_a_thumbnail_is_the_mean_of_areas() -> None:
    grey = pictures(1, side=128)[0]
    means = grey.reshape(32, 4, 32, 4).mean(axis=(1, 3))
    assert np.abs(thumbnail(grey[:, :, None]) - means).max() <= 0.5
