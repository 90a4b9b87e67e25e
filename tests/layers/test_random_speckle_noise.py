"""RandomSpeckleNoise against the normal law."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

from keras_cvdata.layers import RandomSpeckleNoise
from tests.distributions import assert_follows, assert_uniform, drawn

pytestmark = pytest.mark.backends


def test_noise_is_normal_and_in_proportion(apply: Any) -> None:
    image = np.repeat(np.float32([0, 0.1, 0.3]), 20_000).reshape(3, 20_000, 1)
    layer = RandomSpeckleNoise(0.3, value_range=(0, 2), seed=7)
    black, *others = apply(layer, image)[..., 0]
    assert not black.any()
    for value, row in zip((0.1, 0.3), others, strict=True):
        above = row[row > 0]  # what would fall below black is cut
        assert_follows(above, stats.truncnorm(-1 / 0.3, np.inf, loc=value, scale=0.3 * value).cdf)


def test_strengths_are_drawn_evenly() -> None:
    assert_uniform(drawn(RandomSpeckleNoise((0.15, 0.6)))["stddev"], 0.15, 0.6)


@pytest.mark.parametrize("stddev", [-0.1, 2.5, (0.3, 0.1)])
def test_bad_ranges_are_refused(stddev: Any) -> None:
    with pytest.raises(ValueError, match=r"RandomSpeckleNoise: stddev .*from 0 to 2"):
        RandomSpeckleNoise(stddev)
