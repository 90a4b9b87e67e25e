"""Windows and frames in closed form."""

from __future__ import annotations

import numpy as np
import pytest

from keras_cvdata.engine.geometry.windows import fixed_crop, letterbox, resized_crop, window_matrix


def at(**values: float) -> dict[str, np.ndarray]:
    return {name: np.array([value]) for name, value in values.items()}


def test_long_windows_are_made_smaller_with_their_aspect() -> None:
    window = resized_crop(at(area=0.9, ratio=4.0, y=0.5, x=0.5), 40, 40, np)
    assert np.allclose([*window.values()], [[15], [0], [10], [40]])


def test_windows_take_sizes_of_their_own() -> None:
    p = {name: np.full(2, 0.25) for name in ("area", "y", "x")} | {"ratio": np.ones(2)}
    window = resized_crop(p, np.array([40, 80]), np.array([40, 80]), np)
    assert np.allclose(window["tall"], [20, 40])
    assert np.allclose(window["top"], [5, 10])


def test_window_matrices_lead_edges_to_edges() -> None:
    """The edges of pixels, half a pixel beyond their centres."""
    m = window_matrix(at(top=3, left=5, tall=20, wide=8), (10, 16), np)[0]
    assert np.allclose(m @ [-0.5, -0.5, 1], [4.5, 2.5, 1])
    assert np.allclose(m @ [15.5, 9.5, 1], [12.5, 22.5, 1])


@pytest.mark.parametrize("place", [0.0, 0.25, 0.5, 1 - 2**-53])
@pytest.mark.parametrize("free", [0, 1, 2, 7])
def test_crops_stay_inside_by_whole_pixels(place: float, free: int) -> None:
    window = fixed_crop(at(y=place, x=place), (20, 10), 20 + free, 10 + 2 * free, np)
    top, left = window["top"][0], window["left"][0]
    assert top == int(top)
    assert 0 <= top <= free
    assert 0 <= left <= 2 * free
    if place == 0.5:
        assert (top, left) == (free // 2, free)


@pytest.mark.parametrize(
    ("image", "frame", "expected"),
    [
        ((100, 400), (50, 60), (15, 60)),
        ((400, 100), (50, 60), (50, 13)),
        ((100, 400), (60, 50), (13, 50)),
        ((1, 5000), (32, 32), (1, 32)),
        ((7, 7), (7, 7), (7, 7)),
        ((3, 2), (9, 9), (9, 6)),
    ],
)
def test_letterboxes(
    image: tuple[int, int], frame: tuple[int, int], expected: tuple[int, int]
) -> None:
    assert letterbox(*image, frame, np) == expected
