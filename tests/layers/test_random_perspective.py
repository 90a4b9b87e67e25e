"""RandomPerspective: corners go where they are led, pixels where SciPy reads them."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest

from keras_cvdata.engine import opencv
from keras_cvdata.engine.chain import Chain
from keras_cvdata.layers import (
    RandomFlip,
    RandomPerspective,
    RandomRotation,
    RandomTranslation,
)
from tests.distributions import assert_uniform, drawn
from tests.executors import uniforms, with_opencv, with_tensors
from tests.layers.references import limit, read_at

pytestmark = pytest.mark.backends

U = np.array([[0.1, 0.8, 0.3, 0.9, 0.7, 0.95, 0.2, 0.05]])


def homography(height: int, width: int, scale: float) -> np.ndarray:
    """OpenCV's, from the moved corners of the frame to those of the image."""
    frame = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32) - 0.5
    moved = (U[0] - 0.5) * scale
    corners = frame + np.stack([moved[:4] * width, moved[4:] * height], axis=1)
    return cv2.getPerspectiveTransform(corners.astype(np.float32), frame.astype(np.float32))


def test_corners_are_led_to_corners() -> None:
    layer = RandomPerspective(scale=0.3)
    m = layer.matrix(layer.draw(U, 30, 50, np), 30, 50, np)[0]
    assert np.allclose(m / m[2, 2], homography(30, 50, 0.3), atol=1e-4)


@pytest.mark.parametrize("fill_mode", ["reflect", "nearest", "wrap", "constant"])
@pytest.mark.parametrize("run", [with_opencv, with_tensors])
def test_equals_scipy(run: Any, image: np.ndarray, fill_mode: str) -> None:
    chain = Chain([RandomPerspective(scale=0.3, fill_mode=fill_mode)])
    m = chain.plan(U, *image.shape).steps[0].matrix[0]

    def place(x: np.ndarray, y: np.ndarray) -> Any:
        to_x, to_y, depth = (row[0] * x + row[1] * y + row[2] for row in m)
        return to_x / depth, to_y / depth

    expected = read_at(image, place, fill_mode)
    assert np.abs(run(chain, image[None], U)[0] - expected).max() <= limit(image)


def test_fuses_with_its_neighbours() -> None:
    """One warp for the whole run, the same on both executors."""
    chain = Chain(
        [RandomFlip(), RandomPerspective(scale=0.3), RandomRotation(), RandomTranslation()]
    )
    x = np.random.default_rng(0).random((6, 41, 53, 3), np.float32)
    u = uniforms(chain, 6)
    (warp,) = chain.plan(u, 41, 53, 3).steps
    assert warp.projective
    difference = np.abs(with_opencv(chain, x, u) - with_tensors(chain, x, u))
    assert difference.max() <= 0.02 / 255


def test_fuses_with_a_resize() -> None:
    """Blocks are averaged as the finest corner allows, and no gradient moves."""
    y, x = np.mgrid[:162, :203].astype(np.float32)
    image = np.stack([y, x, x + y], axis=-1)
    chain = Chain([RandomPerspective(scale=0.3)], size=(40, 50))
    plan = chain.plan(U, 40, 50, 3)
    (warp,) = plan.steps
    out = np.empty((40, 50, 3), np.float32)
    opencv.render(image, plan, 0, out)
    points = np.stack([*np.mgrid[:40, :50][::-1], np.ones((40, 50))], axis=-1) @ warp.matrix[0].T
    place = points[..., :2] / points[..., 2:]
    inside = ((place > 1) & (place < [48, 38])).all(axis=-1)
    from_x, from_y = np.moveaxis((place + 0.5) * [203 / 50, 162 / 40] - 0.5, -1, 0)
    expected = np.stack([from_y, from_x, from_x + from_y], axis=-1)
    assert inside.mean() > 0.5
    assert np.abs(out - expected)[inside].max() <= 0.01


def test_never_folds_at_its_largest() -> None:
    """Every pixel of the frame lies in front, whatever is drawn."""
    layer = RandomPerspective(scale=0.35)
    u = np.random.default_rng(0).integers(0, 2, (4000, 8)).astype(float)
    m = layer.matrix(layer.draw(u, 30, 50, np), 30, 50, np)
    frame = np.array([[-0.5, -0.5, 1], [49.5, -0.5, 1], [-0.5, 29.5, 1], [49.5, 29.5, 1]])
    assert (m[:, 2] @ frame.T > 0).all()


def test_draws_follow_their_law() -> None:
    p = drawn(RandomPerspective(scale=0.3))
    for corner in range(4):
        assert_uniform(p["x"][:, corner], -0.15, 0.15)
        assert_uniform(p["y"][:, corner], -0.15, 0.15)
    each = np.corrcoef(np.concatenate([p["x"], p["y"]], axis=1).T)
    assert np.abs(each - np.eye(8)).max() < 0.04


@pytest.mark.parametrize("scale", [-0.1, 0.4, 1.0, (0.3, 0.1), None, "1", True])
def test_bad_scales_are_refused(scale: Any) -> None:
    with pytest.raises((TypeError, ValueError), match="RandomPerspective: scale must be"):
        RandomPerspective(scale=scale)
