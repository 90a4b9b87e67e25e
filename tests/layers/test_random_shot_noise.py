"""RandomShotNoise against the Poisson law."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

from keras_cvdata.layers import RandomShotNoise
from tests.distributions import assert_uniform, drawn

pytestmark = pytest.mark.backends


@pytest.mark.parametrize(
    ("value", "photons"), [(0.02, 3), (0.5, 5), (1.0, 30), (0.3, 200), (0.9, 1000)]
)
def test_counts_follow_poisson(apply: Any, value: float, photons: float) -> None:
    """Mean, variance and distribution; the range is wide, so that nothing saturates."""
    image = np.full((200, 200, 1), value, np.float32)
    layer = RandomShotNoise(photons, value_range=(0, 1), seed=3)
    counts = apply(layer, image).astype(np.float64).ravel() * photons
    mean, n = value * photons, counts.size
    below_white = counts < photons * (1 - 1e-5)  # brighter values saturate
    assert np.allclose(counts[below_white], np.rint(counts[below_white]), atol=2e-3)
    whole = np.arange(np.floor(photons))
    share = (counts[:, None] <= whole[None, :: max(1, len(whole) // 50)] + 0.01).mean(axis=0)
    law = stats.poisson.cdf(whole[:: max(1, len(whole) // 50)], mean)
    assert np.abs(share - law).max() < 1.95 / np.sqrt(n)


def test_mean_and_variance_grow_with_brightness(apply: Any) -> None:
    image = np.repeat(np.arange(0, 130, 10, dtype=np.uint8), 20_000).reshape(13, -1, 1)
    noisy = apply(RandomShotNoise(50, seed=3), image)[..., 0] / 255
    mean = image[:, 0, 0] / 255
    assert (np.abs(noisy.mean(axis=1) - mean) <= 4.5 * np.sqrt(mean / 50 / 20_000)).all()
    assert np.allclose(noisy.var(axis=1), mean / 50, rtol=0.05)


def test_black_stays_black(apply: Any) -> None:
    black = np.zeros((20, 20, 3), np.uint8)
    assert np.array_equal(apply(RandomShotNoise(10), black), black)


def test_photons_are_drawn_evenly_on_a_logarithmic_scale() -> None:
    p = drawn(RandomShotNoise((5, 500)))
    assert_uniform(np.log(p["photons"]), np.log(5), np.log(500))


@pytest.mark.parametrize("photons", [0.5, 1001, (10, 5), (0, 10)])
def test_bad_ranges_are_refused(photons: Any) -> None:
    with pytest.raises(ValueError, match=r"RandomShotNoise: photons .*from 1 to 1000"):
        RandomShotNoise(photons)
