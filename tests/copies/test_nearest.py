"""The nearest pair across parts."""

from __future__ import annotations

import numpy as np
import pytest

from keras_cvdata.copies.hashing import perceptual_hashes
from keras_cvdata.copies.nearest import nearest_across
from keras_cvdata.copies.searching import near_pairs


def hashes_with_copies() -> np.ndarray:
    """Of 60 pictures, 7 is a copy of 3, 40 a mirrored copy of 20 with grain, 50 is flat."""
    random = np.random.default_rng(0)
    pictures = random.integers(0, 256, (60, 32, 32), np.uint8)
    pictures[7] = pictures[3]
    pictures[40] = pictures[20, :, ::-1] // 16 * 16
    pictures[50] = 128
    return perceptual_hashes(pictures)


@pytest.mark.parametrize("few", [5_000, 0])
def test_the_nearest_pair_is_in_different_parts(few: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Compared one by one, or by the search; copies within a part do not count."""
    monkeypatch.setattr("keras_cvdata.copies.nearest.FEW", few)
    hashes, sides = hashes_with_copies(), np.arange(60) >= 30
    pair = nearest_across(hashes, sides)
    assert pair.tolist()[:3] == (20, 40, 4)
    assert 0 <= pair["phash"] + pair["dhash"] <= 18
    sides[7] = True
    assert nearest_across(hashes, sides).tolist() == (3, 7, 0, 0, 0)


def test_of_few_images_the_nearest_is_found_however_far_it_is() -> None:
    hashes = hashes_with_copies()[[0, 1, 2]]
    pair = nearest_across(hashes, np.array([0, 1, 1]))
    assert pair["first"] == 0
    assert pair["phash"] + pair["dhash"] > 18


def test_one_part_has_no_pair_across() -> None:
    hashes = hashes_with_copies()
    assert nearest_across(hashes, np.zeros(60)) is None
    assert nearest_across(hashes[50:51], np.zeros(1)) is None


def test_only_pairs_of_different_parts_are_searched() -> None:
    """Also equal images, which otherwise are paired with their first only."""
    hashes = hashes_with_copies()
    hashes[[11, 12, 13]] = hashes[10]
    sides = np.arange(60) % 2
    across = near_pairs(hashes, sides=sides)[["first", "second"]].tolist()
    assert across == [(10, 11), (10, 13)]
