"""Fields of displacement in closed form, on every backend."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from keras import ops

from keras_cvdata.engine.geometry.fields import displacement, displacement_at

pytestmark = pytest.mark.backends

grid = np.random.default_rng(0).uniform(-1, 1, (2, 5, 7, 2)).astype(np.float32)


@pytest.mark.parametrize("xp", [np, ops])
def test_splines_keep_straight_lines(xp: Any) -> None:
    """Cubic B-splines reproduce linear fields; point 1 lies on the first edge of the image."""
    rows, columns = np.mgrid[:6, :9].astype(np.float32)
    straight = np.stack([2 * columns - rows, rows], axis=-1)[None]
    field = ops.convert_to_numpy(displacement(straight, 30, 48, xp))[0]
    y, x = (np.mgrid[:30, :48] + 0.5) / np.array([30, 48]).reshape(2, 1, 1)
    y, x = y * 3 + 1, x * 6 + 1
    assert np.allclose(field, np.stack([2 * x - y, y], axis=-1), atol=1e-5)


def test_executors_agree() -> None:
    one = displacement(grid, 33, 21, np)
    other = ops.convert_to_numpy(displacement(ops.convert_to_tensor(grid), 33, 21, ops))
    assert one.dtype == other.dtype == np.float32
    assert np.abs(one - other).max() <= 1e-6


def test_single_points_equal_the_whole_field() -> None:
    field = displacement(grid, 12, 9, np)
    y, x = np.mgrid[:12, :9].astype(float)
    y, x = (np.broadcast_to(side.reshape(1, 1, -1), (2, 1, 108)) for side in (y, x))
    points = displacement_at(grid, y, x, 12, 9, np)
    assert np.allclose(points.reshape(field.shape), field, atol=1e-5)
