"""Blots point by point, and the law that they follow."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from keras import ops
from scipy import stats

from keras_cvdata.engine.kernels.hashing import halves, normals
from keras_cvdata.engine.kernels.textures import blots, exceeded_by
from tests.distributions import assert_follows

pytestmark = pytest.mark.backends

SEED = np.array([123, 4567], np.int32)


def on(xp: Any, value: Any) -> Any:
    return value if xp is np else ops.convert_to_tensor(value)


@pytest.mark.parametrize("xp", [np, ops])
def test_blots_are_read_between_lattice_points(xp: Any) -> None:
    """On both sides of 0, and over the end of the lattice; weights are scaled to variance 1."""
    lattice = normals()[halves(128 * 128, SEED)].reshape(128, 128)
    places = np.random.default_rng(0).uniform(-300, 300, (2, 1, 20, 30)).astype(np.float32)
    found = blots(on(xp, SEED[None]), on(xp, places[0]), on(xp, places[1]), xp)
    for (y, x), value in zip(
        places.reshape(2, -1).T, ops.convert_to_numpy(found).ravel(), strict=True
    ):
        top, left = int(np.floor(y)), int(np.floor(x))
        down, right = (a * a * (3 - 2 * a) for a in (y - top, x - left))
        weights = np.outer([1 - down, down], [1 - right, right])
        corners = lattice[np.ix_([top % 128, (top + 1) % 128], [left % 128, (left + 1) % 128])]
        expected = (weights * corners).sum() / np.sqrt((weights**2).sum())
        assert value == pytest.approx(expected, abs=2e-6)


def test_blots_are_normal_everywhere() -> None:
    """At one place each of 10,000 fields, on lattice points and between."""
    seeds = np.random.default_rng(0).integers(0, 2**24, (500, 2)).astype(np.int32)
    at = np.linspace(0.1, 100, 20, dtype=np.float32).reshape(1, 4, 5) * np.ones((500, 1, 1))
    assert_follows(blots(seeds, at.astype(np.float32), at.astype(np.float32), np), stats.norm.cdf)


@pytest.mark.parametrize("xp", [np, ops])
def test_limits_are_exceeded_by_a_share(xp: Any) -> None:
    share = np.float32([0.001, 0.1, 0.5, 0.97])
    found = ops.convert_to_numpy(exceeded_by(on(xp, share), xp))
    assert np.allclose(found, stats.norm.isf(share), atol=0.01)
    none, all_of_them = ops.convert_to_numpy(exceeded_by(on(xp, np.float32([0, 1])), xp))
    assert none > normals().max()
    assert all_of_them < normals().min()
