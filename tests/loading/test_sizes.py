"""Sizes that are kept once they were read, and only spare work."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from keras_cvdata import DirectorySequence
from keras_cvdata.engine.plan import Plan
from keras_cvdata.layers import RandomRotateBound
from keras_cvdata.loading import loader
from keras_cvdata.loading.sizes import KnownSizes
from tests.conftest import photograph

pytestmark = pytest.mark.backends


def test_sides_that_are_too_long_stay_unknown() -> None:
    """Both of them: a width of 0 would divide what is worked out of known sizes."""
    sizes = KnownSizes(4)
    assert not sizes.of(np.array([0, 2])).any()
    sizes.note(np.array([2, 1, 3]), np.array([[70_000, 5], [3, 65_535], [5, 70_000]]))
    assert sizes.of(np.arange(4)).tolist() == [[0, 0], [3, 65_535], [0, 0], [0, 0]]


def test_known_sizes_change_no_pixel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither where an image has another size by now, nor where one cannot be read any more."""
    folder = tmp_path / "cat"
    folder.mkdir()
    for number in range(4):
        cv2.imwrite(str(folder / f"{number}.jpg"), photograph(number, 90 + 20 * number, 150))

    def sequence() -> DirectorySequence:
        return DirectorySequence(
            tmp_path,
            image_size=(32, 24),
            batch_size=4,
            augment=RandomRotateBound(30),
            seed=3,
            shuffle=False,
            on_error="substitute",
            label_mode=None,
            verbose=0,
        )

    def batch(found: DirectorySequence) -> np.ndarray:
        return np.asarray(found[0])

    known = sequence()
    first = batch(known)
    planned: list[list[int]] = []
    find = loader.opencv.find_ways

    def recorded(plan: Plan, heights: np.ndarray, widths: np.ndarray) -> None:
        planned.append(heights.tolist())
        find(plan, heights, widths)

    monkeypatch.setattr(loader.opencv, "find_ways", recorded)
    np.testing.assert_array_equal(batch(known), first)
    assert planned == [[90, 110, 130, 150]]
    cv2.imwrite(str(folder / "1.jpg"), photograph(7, 300, 200))
    (folder / "2.jpg").write_bytes(b"gone")
    np.testing.assert_array_equal(batch(known), batch(sequence()))
