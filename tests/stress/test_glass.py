"""Glass whose pixels take values from each other."""

from __future__ import annotations

import numpy as np

from keras_cvdata.stateless_random import uniforms
from keras_cvdata.stress.glass import exchange_glass, ways


def test_ways_are_those_of_one_pixel_after_the_other() -> None:
    height, width, away = 9, 11, 2
    down, right = (
        np.floor(
            uniforms(5, 1, np.arange(2 * height * width)).reshape(2, height, width) * 2 * away
        ).astype(int)
        - away
    )
    image = np.arange(height * width).reshape(height, width)
    for row in range(height - away, away, -1):
        for column in range(width - away, away, -1):
            place = row + down[row, column], column + right[row, column]
            image[row, column] = image[place]
    np.testing.assert_array_equal(ways(height, width, 5, 1, away), image.ravel())


def test_exchanged_values_are_all_still_there() -> None:
    image = np.arange(81, dtype=np.uint8).reshape(9, 9, 1)
    moved = exchange_glass(image, 3, 0.05, 2, 1)  # a sigma that blurs nothing
    assert sorted(moved.ravel()) == sorted(image.ravel())
    assert (moved != image).any()
    np.testing.assert_array_equal(moved[0, :1], image[0, :1])
