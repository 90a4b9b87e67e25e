"""RandomAffine against SciPy and against the single layers in a row."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from keras_cvdata.engine.geometry.matrices import multiply
from keras_cvdata.layers import RandomAffine, RandomRotation, RandomTranslation, RandomZoomCrop
from tests.distributions import assert_uniform, drawn
from tests.layers.references import limit, read_at

pytestmark = pytest.mark.backends


@pytest.mark.parametrize("fill_mode", ["reflect", "nearest", "wrap", "constant"])
def test_equals_scipy(apply: Any, image: np.ndarray, fill_mode: str) -> None:
    """First slanted, then scaled, turned counter-clockwise and shifted, each step by itself."""
    degrees, scale, shear, down, across = 25.0, 1.3, 0.2, 0.1, -0.15
    layer = RandomAffine(
        (degrees, degrees),
        (scale, scale),
        (shear, shear),
        (down, down),
        (across, across),
        fill_mode=fill_mode,
    )
    height, width = image.shape[:2]
    a = np.deg2rad(degrees)
    slant = np.array([[1, shear], [0, 1]])
    turn = np.array([[np.cos(a), np.sin(a)], [-np.sin(a), np.cos(a)]])  # y points down
    back = np.linalg.inv(turn @ (scale * np.eye(2)) @ slant)
    centre = np.array([(width - 1) / 2, (height - 1) / 2])

    def place(x: np.ndarray, y: np.ndarray) -> Any:
        x, y = x - across * width - centre[0], y - down * height - centre[1]
        return (
            back[0, 0] * x + back[0, 1] * y + centre[0],
            back[1, 0] * x + back[1, 1] * y + centre[1],
        )

    expected = read_at(image, place, fill_mode)
    assert np.abs(apply(layer, image) - expected).max() <= limit(image)


def test_equals_the_single_layers() -> None:
    p = {name: np.array([value]) for name, value in {"dy": 3.0, "dx": -2.0}.items()}
    p |= {"degrees": np.array([20.0]), "scale": np.array([1.5]), "shear": np.zeros(1)}
    whole = RandomAffine().matrix(p, 30, 40, np)
    zoom = RandomZoomCrop().matrix({"magnification": p["scale"]}, 30, 40, np)
    turned = RandomRotation().matrix(p, 30, 40, np)
    moved = RandomTranslation().matrix(p, 30, 40, np)
    assert np.allclose(whole, multiply(multiply(zoom, turned, np), moved, np))


def test_draws_follow_their_law() -> None:
    p = drawn(RandomAffine((-10, 30), (0.5, 2), 0.2, (0, 0.5), 0.1), 40, 60)
    assert_uniform(p["degrees"], -10, 30)
    assert_uniform(p["scale"], 0.5, 2)
    assert_uniform(p["shear"], -0.2, 0.2)
    assert_uniform(p["dy"], 0, 20)
    assert_uniform(p["dx"], -6, 6)
    assert np.abs(np.corrcoef(list(p.values())) - np.eye(5)).max() < 0.04


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"degrees": 400}, "degrees must be .* from -360 to 360"),
        ({"scale": (0, 1)}, "scale must be a pair"),
        ({"shear": 2}, "shear must be .* from -1 to 1"),
        ({"height_factor": (0.2, 0.1)}, "height_factor must be .*lower end first"),
        ({"width_factor": 1.5}, "width_factor must be"),
    ],
)
def test_bad_ranges_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"RandomAffine: {message}"):
        RandomAffine(**options)


def test_a_scale_is_no_single_number() -> None:
    with pytest.raises(TypeError, match=r"RandomAffine: scale must be a pair.*Use \(1.3, 1.3\)"):
        RandomAffine(scale=1.3)  # type: ignore[arg-type]
