"""RandomZoomBlur against scipy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import ndimage

from keras_cvdata.layers import RandomZoomBlur
from tests.distributions import assert_uniform, drawn

pytestmark = pytest.mark.backends


@pytest.mark.parametrize(("factor", "steps"), [(0.11, 12), (0.24, 13), (0.3, 2)])
def test_is_the_mean_of_enlargements(
    apply: Any, image: np.ndarray, factor: float, steps: int
) -> None:
    """The image itself counts twice, as in the source."""
    middle = (np.array(image.shape[:2]) - 1) / 2
    channels = []
    for channel in np.moveaxis(image.astype(float), -1, 0):
        every = [channel]
        for zoom in np.linspace(1, 1 + factor, steps):
            matrix = np.eye(2) / zoom
            every.append(
                ndimage.affine_transform(
                    channel, matrix, middle - matrix @ middle, order=1, mode="nearest"
                )
            )
        channels.append(np.mean(every, axis=0))
    limit = 0.53 if image.dtype == np.uint8 else 0.02 / 255
    found = apply(RandomZoomBlur(factor, steps), image)
    assert np.abs(found - np.stack(channels, axis=-1)).max() <= limit


def test_the_centre_stays_and_the_border_moves() -> None:
    p = drawn(RandomZoomBlur((0.1, 0.3), steps=4))
    assert_uniform(p["factor"], 0.1, 0.3)
    assert np.allclose(p["scales"][:, 0], 1)
    assert np.allclose(p["scales"][:, -1], 1 / (1 + p["factor"]))


@pytest.mark.parametrize(
    ("options", "message"),
    [({"factor": -0.1}, "factor .*from 0 to 2"), ({"steps": 1}, "steps must be at least 2")],
)
def test_bad_arguments_are_refused(options: Any, message: str) -> None:
    with pytest.raises(ValueError, match=f"RandomZoomBlur: {message}"):
        RandomZoomBlur(**options)
