"""RandomShear against SciPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from keras_cvdata.engine.chain import Chain
from keras_cvdata.layers import RandomShear
from tests.distributions import assert_uniform, drawn
from tests.executors import with_opencv, with_tensors
from tests.layers.references import limit, read_at

pytestmark = pytest.mark.backends


@pytest.mark.parametrize("fill_mode", ["reflect", "nearest", "wrap", "constant"])
@pytest.mark.parametrize("run", [with_opencv, with_tensors])
def test_equals_scipy(run: Any, image: np.ndarray, fill_mode: str) -> None:
    """Slanted about the centre, by pixels across for each pixel down."""
    layer = RandomShear((0.3, 0.3), (0.2, 0.2), fill_mode=fill_mode)
    cx, cy = (image.shape[1] - 1) / 2, (image.shape[0] - 1) / 2
    for u, (sx, sy) in ([0.1, 0.9], (-0.3, 0.2)), ([0.7, 0.2], (0.3, -0.2)):
        result = run(Chain([layer]), image[None], np.array([u]))[0]
        expected = read_at(
            image,
            lambda x, y, sx=sx, sy=sy: (x + sx * (y - cy), y + sy * (x - cx)),
            fill_mode,
        )
        assert np.abs(result - expected).max() <= limit(image)


def test_draws_follow_their_law() -> None:
    """A strength and a direction for each axis, all independent."""
    p = drawn(RandomShear((0.1, 0.3), 0.4))
    assert_uniform(np.abs(p["x"]), 0.1, 0.3)
    assert_uniform(p["y"], -0.4, 0.4)
    assert abs((p["x"] > 0).mean() - 0.5) < 0.02
    assert abs(np.corrcoef(p["x"], p["y"])[0, 1]) < 0.03
    assert abs(np.corrcoef(np.abs(p["x"]), np.sign(p["x"]))[0, 1]) < 0.03


@pytest.mark.parametrize("factor", [-0.1, 1.5, (-0.1, 0.1), (0.2, 0.1), "1", None, True])
def test_bad_ranges_are_refused(factor: Any) -> None:
    with pytest.raises((TypeError, ValueError), match="RandomShear: y_factor must be a pair"):
        RandomShear(0.1, factor)
