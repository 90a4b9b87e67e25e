"""RandomRotateBound against numpy.rot90, SciPy and imutils."""

from __future__ import annotations

from typing import Any

import cv2
import imutils
import numpy as np
import pytest
from scipy import ndimage

from keras_cvdata.layers import RandomRotateBound

pytestmark = pytest.mark.backends


def blob(height: int, width: int) -> np.ndarray:
    """A smooth float32 image that is black at the border."""
    y, x = np.mgrid[:height, :width].astype(np.float32)
    value = np.sin(np.pi * (y + 0.5) / height) ** 2 * np.sin(np.pi * (x + 0.5) / width) ** 2
    return np.stack([value, value * y / height, value * x / width], axis=-1)


@pytest.mark.parametrize("degrees", [-270, -180, -90, 0, 90, 180, 270])
def test_multiples_of_90_equal_rot90(apply: Any, square: np.ndarray, degrees: int) -> None:
    """Nothing is lost where imutils loses a column; positive is counter-clockwise (X24, X25)."""
    layer = RandomRotateBound((degrees, degrees), fill_mode="constant")
    expected = np.rot90(square, degrees // 90)
    limit = 0 if square.dtype == np.uint8 else 2e-5
    assert np.abs(apply(layer, square).astype(np.float32) - expected).max() <= limit


@pytest.mark.parametrize("fit", ["stretch", "letterbox"])
@pytest.mark.parametrize("fill_mode", ["reflect", "nearest", "wrap", "constant"])
def test_equals_scipy(apply: Any, image: np.ndarray, fit: str, fill_mode: str) -> None:
    """One warp: turned about the centre, with the frame widened (R67)."""
    degrees = 33.0
    layer = RandomRotateBound(
        (degrees, degrees),
        fit=fit,
        fill_mode=fill_mode,
        fill_value=0.4 * (fill_mode == "constant"),
        value_range=(0, 1),
    )
    height, width = image.shape[:2]
    a = np.deg2rad(degrees)
    tall = height * np.cos(a) + width * np.sin(a)
    wide = height * np.sin(a) + width * np.cos(a)
    scale = np.array([tall / height, wide / width])
    if fit == "letterbox":
        scale[:] = scale.max()
    # From (row, column) of the output to that of the input; rows point down.
    matrix = np.array([[np.cos(a), np.sin(a)], [-np.sin(a), np.cos(a)]]) @ np.diag(scale)
    centre = (np.array([height, width]) - 1) / 2
    modes = {"wrap": "grid-wrap", "constant": "grid-constant"}
    top = 255 if image.dtype == np.uint8 else 1
    expected = np.stack(
        [
            ndimage.affine_transform(
                channel.astype(float),
                matrix,
                centre - matrix @ centre,
                order=1,
                mode=modes.get(fill_mode, fill_mode),
                cval=0.4 * top,
            )
            for channel in np.moveaxis(image, -1, 0)
        ],
        axis=-1,
    )
    limit = 0.51 if image.dtype == np.uint8 else 0.02 / 255
    assert np.abs(apply(layer, image) - expected).max() <= limit


def test_equals_imutils_where_asked(apply: Any) -> None:
    """`method="imutils"` has the geometry of rotate_bound and a resize (R67, X24: clockwise)."""
    image = blob(48, 75)
    expected = cv2.resize(imutils.rotate_bound(image, -25), (75, 48))
    limits = {"imutils": 0.008, "exact": 0.03}
    for method, limit in limits.items():
        layer = RandomRotateBound((25, 25), method=method, fill_mode="constant")
        assert np.abs(apply(layer, image) - expected).max() <= limit


def test_imutils_loses_a_column_at_90_degrees(apply: Any, square: np.ndarray) -> None:
    """The defect that is repeated on request, as imutils has it."""
    layer = RandomRotateBound((-90, -90), method="imutils", fill_mode="constant")
    expected = imutils.rotate_bound(square, 90)
    assert not np.array_equal(expected, np.rot90(square, -1))
    assert np.abs(apply(layer, square).astype(np.float32) - expected).max() <= 1e-5


def test_imutils_has_whole_canvas_sizes() -> None:
    """The canvas of `rotate_bound` is cut to whole pixels before it is brought back."""
    image = blob(9, 14)
    tall, wide = imutils.rotate_bound(image, -25).shape[:2]
    layer = RandomRotateBound((25, 25), method="imutils")
    m = layer.matrix({"degrees": np.array([25.0])}, 9, 14, np)[0]
    assert np.allclose(np.linalg.norm(m[:2, :2], axis=0), [wide / 14, tall / 9])


def test_imutils_letterbox_keeps_the_aspect() -> None:
    layer = RandomRotateBound((40, 40), method="imutils", fit="letterbox")
    m = layer.matrix({"degrees": np.array([40.0])}, 30, 50, np)[0]
    assert np.isclose(np.hypot(m[0, 0], m[1, 0]), np.hypot(m[0, 1], m[1, 1]))
    middle = m @ [24.5, 14.5, 1]  # the middle pixel stays within half a pixel of the middle
    assert np.allclose(middle[:2], [24.5, 14.5], atol=0.8)


@pytest.mark.parametrize("fit", ["stretch", "letterbox"])
@pytest.mark.parametrize("degrees", [17.0, 45.0, 120.0])
def test_nothing_is_cut_off(fit: str, degrees: float) -> None:
    """All four corners of the image lie within the frame (R67)."""
    layer = RandomRotateBound((degrees, degrees), fit=fit)
    matrix = layer.matrix({"degrees": np.array([degrees])}, 40, 70, np)[0]
    corners = np.array([[-0.5, -0.5, 1], [69.5, -0.5, 1], [-0.5, 39.5, 1], [69.5, 39.5, 1]]).T
    x, y, _ = np.linalg.inv(matrix) @ corners
    assert x.min() >= -0.5 - 1e-9
    assert x.max() <= 69.5 + 1e-9
    assert y.min() >= -0.5 - 1e-9
    assert y.max() <= 39.5 + 1e-9


@pytest.mark.parametrize(
    ("preset", "limit"), [("dead-on", 15), ("incline", 30), ("small-object", 180)]
)
def test_presets(preset: str, limit: float) -> None:
    """The ranges of the handbook by name (R66)."""
    u = np.array([[0.0], [0.5], [1.0]])
    drawn = RandomRotateBound(preset=preset).draw(u, 10, 10, np)["degrees"]
    assert drawn.tolist() == [-limit, 0, limit]
    assert RandomRotateBound().degrees == RandomRotateBound(preset="incline").degrees


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"degrees": (30, -30)}, r"degrees must be a pair.*lower end first.*Use \(-30, 30\)"),
        ({"degrees": (float("nan"), 3)}, "not all finite numbers"),
        ({"degrees": 500}, "from -360 to 360; got 500"),
        ({"preset": "steep"}, "preset must be one of 'dead-on', 'incline', 'small-object'"),
        ({"fit": "crop"}, "fit must be one of 'stretch', 'letterbox'; got 'crop'"),
        ({"method": "pillow"}, "method must be one of"),
        ({"fill_mode": "mirror"}, "fill_mode must be one of 'reflect', 'nearest'"),
        ({"fill_value": 255}, "fill_value must be .* from 0 to 1; got 255"),
        ({"interpolation": "cubic"}, "interpolation must be one of 'bilinear', 'nearest'"),
        ({"value_range": (1, 1)}, "value_range must have two different ends"),
        ({"data_format": "nchw"}, "data_format must be one of 'channels_last'"),
    ],
)
def test_bad_arguments_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"RandomRotateBound: .*{message}"):
        RandomRotateBound(**options)


def test_range_and_preset_exclude_each_other() -> None:
    with pytest.raises(TypeError, match="takes degrees or preset, not both"):
        RandomRotateBound(10, preset="incline")
