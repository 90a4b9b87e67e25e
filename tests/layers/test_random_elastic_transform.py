"""RandomElasticTransform against SciPy's splines, and its promises."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.interpolate import BSpline

from keras_cvdata.engine.chain import Chain
from keras_cvdata.engine.geometry.fields import displacement
from keras_cvdata.layers import RandomElasticTransform
from tests.distributions import assert_uniform, drawn
from tests.executors import uniforms, with_opencv, with_tensors
from tests.layers.references import limit, read_at

pytestmark = pytest.mark.backends


def spline_weights(points: int, length: int) -> np.ndarray:
    """Cubic B-splines of SciPy at the pixels of a side, (length, points)."""
    at = (np.arange(length) + 0.5) / length * (points - 3)
    return BSpline.design_matrix(at, np.arange(-3.0, points + 1), 3).toarray()


@pytest.mark.parametrize("run", [with_opencv, with_tensors])
@pytest.mark.parametrize("fill_mode", ["reflect", "constant"])
def test_equals_scipy(run: Any, image: np.ndarray, fill_mode: str) -> None:
    chain = Chain([RandomElasticTransform(scale=(1, 1), fill_mode=fill_mode)])
    u = uniforms(chain, 1)
    height, width = image.shape[:2]
    shifts = (2 * u[0, 1:] - 1).reshape(7, 7, 2) * 0.1 * np.array([width, height])
    down, across = spline_weights(7, height), spline_weights(7, width)
    field = np.einsum("yi,xj,ijc->yxc", down, across, shifts)
    expected = read_at(image, lambda x, y: (x + field[..., 0], y + field[..., 1]), fill_mode)
    assert np.abs(run(chain, image[None], u)[0] - expected).max() <= limit(image)


def test_the_form_does_not_depend_on_the_size() -> None:
    """Twice the image is the same picture, twice as large."""
    layer = RandomElasticTransform(scale=(1, 1))
    p = layer.draw(uniforms(layer, 1), 50, 70, np)
    small = displacement(layer.field(p, 50, 70, np), 50, 70, np)
    large = displacement(layer.field(p, 100, 140, np), 100, 140, np)
    blocks = large.reshape(1, 50, 2, 70, 2, 2).mean(axis=(2, 4)) / 2
    assert np.abs(blocks - small).max() < 0.02


def test_never_folds_a_line() -> None:
    """Neighbouring pixels are read in order along their line, at the worst draws too."""
    layer = RandomElasticTransform(scale=(1, 1))
    u = np.random.default_rng(0).integers(0, 2, (50, layer.total_uniforms)).astype(float)
    field = displacement(layer.field(layer.draw(u, 64, 96, np), 64, 96, np), 64, 96, np)
    assert np.diff(field[..., 0], axis=2).min() > -1
    assert np.diff(field[..., 1], axis=1).min() > -1
    assert np.abs(field[..., 0]).max() <= 9.6
    assert np.abs(field[..., 1]).max() <= 6.4


def test_draws_follow_their_law() -> None:
    p = drawn(RandomElasticTransform(scale=(0.2, 0.7)))
    assert_uniform(p["scale"], 0.2, 0.7)
    assert_uniform(p["shifts"][:, 0, 0, 0], -1, 1)
    assert_uniform(p["shifts"][:, 6, 3, 1], -1, 1)
    each = np.corrcoef(p["shifts"].reshape(len(p["shifts"]), -1).T)
    assert np.abs(each - np.eye(98)).max() < 0.05
    assert RandomElasticTransform(scale=0.5).get_config()["scale"] == (0.0, 0.5)


@pytest.mark.parametrize("scale", [-0.1, 1.5, (0.3, 0.1), (0, 2), None, "1", True])
def test_bad_scales_are_refused(scale: Any) -> None:
    with pytest.raises((TypeError, ValueError), match="RandomElasticTransform: scale must be"):
        RandomElasticTransform(scale=scale)
