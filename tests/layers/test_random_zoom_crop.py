"""RandomZoomCrop against crop and resize, and in closed form."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest

from keras_cvdata.layers import RandomZoomCrop

pytestmark = pytest.mark.backends


def test_factor_2_equals_crop_and_resize(apply: Any) -> None:
    """The handbook's crop and resize, whose edges alone cannot see beyond the crop (R68)."""
    image = np.random.default_rng(0).random((40, 60, 3), np.float32)
    expected = cv2.resize(image[10:30, 15:45], (60, 40))
    zoomed = apply(RandomZoomCrop((2, 2)), image)
    assert np.abs(zoomed - expected)[1:-1, 1:-1].max() <= 1e-4


@pytest.mark.parametrize("magnification", [0.6, 1.7, 3.0])
def test_gradients_keep_their_middle(apply: Any, magnification: float) -> None:
    """Above 1 zooms in: a gradient flattens about its centre by the factor (X19, X22)."""
    height, width = 31, 46
    y, x = np.mgrid[:height, :width].astype(np.float32)
    image = np.stack([y / 50, x / 50], axis=-1)
    zoomed = apply(RandomZoomCrop((magnification, magnification)), image)
    middle = np.array([(height - 1) / 2, (width - 1) / 2])
    place = middle + (np.stack([y, x], axis=-1) - middle) / magnification
    inside = ((place >= 0) & (place <= 2 * middle)).all(axis=-1)
    assert np.abs(zoomed - place / 50)[inside].max() <= 1e-5
    assert inside.mean() > 0.3


def test_knows_whether_it_reads_outside() -> None:
    assert RandomZoomCrop((1.0, 2.0)).keeps_inside
    assert not RandomZoomCrop((0.9, 2.0)).keeps_inside


@pytest.mark.parametrize("magnification", [1.3, (0, 1), (2, 1), "12", (1, "2"), None])
def test_bad_ranges_are_refused(magnification: Any) -> None:
    with pytest.raises(
        (TypeError, ValueError), match="RandomZoomCrop: magnification must be a pair"
    ):
        RandomZoomCrop(magnification)
