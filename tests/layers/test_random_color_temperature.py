"""RandomColorTemperature against Planck's law."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from keras_cvdata.engine.colors import light_gains
from keras_cvdata.layers import RandomColorTemperature
from tests.distributions import assert_uniform


def lobe(x: np.ndarray, centre: float, below: float, above: float) -> np.ndarray:
    return np.exp(-0.5 * ((x - centre) / np.where(x < centre, below, above)) ** 2)


def black_body(temperature: float) -> np.ndarray:
    """Linear sRGB of Planck's law seen by the CIE 1931 observer (fit of Wyman et al., 2013)."""
    nm = np.arange(360.0, 831.0)
    x = 1.056 * lobe(nm, 599.8, 37.9, 31.0) + 0.362 * lobe(nm, 442.0, 16.0, 26.7)
    x -= 0.065 * lobe(nm, 501.1, 20.4, 26.2)
    y = 0.821 * lobe(nm, 568.8, 46.9, 40.5) + 0.286 * lobe(nm, 530.9, 16.3, 31.1)
    z = 1.217 * lobe(nm, 437.0, 11.8, 36.0) + 0.681 * lobe(nm, 459.0, 26.0, 13.8)
    power = nm**-5 / np.expm1(1.4387769e7 / (nm * temperature))
    xyz = np.array([x, y, z]) @ power
    rows = [[3.2406, -1.5372, -0.4986], [-0.9689, 1.8758, 0.0415], [0.0557, -0.2040, 1.0570]]
    return np.array(rows) @ xyz


pytestmark = pytest.mark.backends


@pytest.mark.parametrize("temperature", [2500, 3500, 4500, 6000, 8000, 12000, 20000])
def test_gains_follow_the_law_of_planck(temperature: float) -> None:
    """Within 1 % of the stored values."""
    linear = black_body(temperature) / black_body(6500)
    expected = (linear / (linear @ [0.2126, 0.7152, 0.0722])) ** (1 / 2.2)
    assert np.allclose(light_gains(np.array([float(temperature)]), np)[0], expected, atol=0.01)


def test_each_channel_has_its_gain(apply: Any) -> None:
    image = np.random.default_rng(0).integers(0, 256, (30, 40, 4), np.uint8)
    result = apply(RandomColorTemperature((3000, 3000)), image)
    exact = np.minimum(image[..., :3] * light_gains(np.array([3000.0]), np)[0], 255)
    assert np.abs(result[..., :3] - exact).max() <= 0.502
    assert np.array_equal(result[..., 3], image[..., 3])


def test_grows_bluer_with_the_temperature() -> None:
    gains = light_gains(np.linspace(2000, 24900, 500), np)
    assert (np.diff(gains[:, 2] / gains[:, 0]) > 0).all()
    assert np.allclose(light_gains(np.array([6500.0]), np), 1)


def test_draws_evenly_in_the_inverse() -> None:
    u = np.random.default_rng(1).random((10_000, 1))
    drawn = RandomColorTemperature((4000, 10000)).draw(u, 5, 5, np)["temperature"]
    assert_uniform(1 / drawn, 1 / 10000, 1 / 4000)


def test_gray_images_are_refused() -> None:
    with pytest.raises(ValueError, match=r"works on colours.*have 1.*color_mode='rgb'"):
        RandomColorTemperature()(np.zeros((4, 4, 1), np.uint8))


@pytest.mark.parametrize(
    ("temperature", "message"),
    [(5000, r"Use \(5000, 5000\)"), ((1000, 5000), "from 1667 to 25000"), ((9, 8), "lower end")],
)
def test_bad_ranges_are_refused(temperature: Any, message: str) -> None:
    with pytest.raises(
        (TypeError, ValueError), match=f"RandomColorTemperature: temperature .*{message}"
    ):
        RandomColorTemperature(temperature)
