"""RandomGaussianBlur against scipy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import ndimage

from keras_cvdata.engine.chain import Chain
from keras_cvdata.layers import RandomGaussianBlur
from tests.distributions import assert_uniform, drawn
from tests.executors import uniforms, with_opencv

pytestmark = pytest.mark.backends


@pytest.mark.parametrize("sigma", [0.4, 1.0, 2.7, 9.0])
def test_equals_scipy(apply: Any, image: np.ndarray, sigma: float) -> None:
    """Cut after 4 sigmas and mirrored with the border pixel twice, also where it outgrows it."""
    expected = ndimage.gaussian_filter(
        image.astype(float), (sigma, sigma, 0), mode="reflect", truncate=4
    )
    limit = 0.51 if image.dtype == np.uint8 else 1e-6
    assert np.abs(apply(RandomGaussianBlur(sigma=sigma), image) - expected).max() <= limit


def test_16_bit_images_keep_their_depth() -> None:
    image = np.random.default_rng(0).integers(0, 65536, (1, 21, 34, 3), np.uint16)
    expected = ndimage.gaussian_filter(image[0].astype(float), (1, 1, 0))
    chain = Chain([RandomGaussianBlur(sigma=1)])
    assert np.abs(with_opencv(chain, image, uniforms(chain, 1))[0] - expected).max() <= 0.51


def test_sigma_is_drawn_evenly() -> None:
    p = drawn(RandomGaussianBlur(sigma=(0.5, 3)))
    assert_uniform(p["sigma"], 0.5, 3)
    both_sides = 2 * p["weights"].sum(axis=1) - p["weights"][:, 0]
    assert np.allclose(both_sides, 1)


@pytest.mark.parametrize(
    ("sigma", "message"),
    [(-1, "from 0 to 20"), ((0, 21), "from 0 to 20"), ((2, 1), "lower end first"), ("2", "pair")],
)
def test_bad_ranges_are_refused(sigma: Any, message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=f"RandomGaussianBlur: sigma .*{message}"):
        RandomGaussianBlur(sigma=sigma)
