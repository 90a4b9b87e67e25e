"""What light a picture was taken in."""

from __future__ import annotations

import numpy as np
import pytest

from keras_cvdata.audit.light import LIGHTINGS, lighting_of, warmth


def test_objects_of_strong_colour_do_not_tell_the_light() -> None:
    """R12: a sunflower is no lamp."""
    picture = np.full((32, 32, 3), (150, 150, 150), np.uint8)
    picture[4:28, 4:28] = 240, 190, 10
    assert warmth(picture) == 1.0
    assert warmth(picture[4:28, 4:28]) == 0.0


@pytest.mark.parametrize("rgb", [(90, 90, 90), (30, 25, 20), (255, 253, 251)])
def test_grey_dark_and_burnt_out_pictures_tell_nothing(rgb: tuple[int, int, int]) -> None:
    """R12."""
    assert warmth(np.full((8, 8, 3), rgb, np.uint8)) == 0.0


def test_the_four_bins() -> None:
    """R12."""
    brightness, light = np.array([0.9, 0.3, 0.9, 0.3]), np.array([1.0, 0.9, 1.4, 1.4])
    assert [LIGHTINGS[p] for p in lighting_of(brightness, light, 0.5, 1.25)] == list(LIGHTINGS)
