"""How far images are shrunk before they are read, and whether they stay in place."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest

from keras_cvdata.codec import decode
from keras_cvdata.engine.chain import Chain
from keras_cvdata.engine.opencv import Reduced, reduction, render
from keras_cvdata.engine.opencv.ways import shrink_factors
from keras_cvdata.engine.output import Output
from keras_cvdata.layers import (
    RandomZoomCrop,
)
from tests.executors import noise, rendered, rotate


@pytest.mark.parametrize(
    ("layers", "options", "expected"),
    [
        ([], {}, 4),
        ([rotate(0.1)], {}, 4),
        ([RandomZoomCrop((2.1, 2.1))], {}, 2),
        ([RandomZoomCrop((0.4, 0.4))], {}, 8),
        ([], {"fit": "crop"}, 4),
        ([], {"fit": "pad"}, 8),
        ([], {"interpolation": "area"}, 2),
        ([], {"interpolation": "nearest"}, 1),
        ([rotate()], {"interpolation": "nearest"}, 1),
        ([rotate()], {"size": None}, 1),
    ],
)
def test_decoders_may_shrink_beforehand(layers: list[Any], options: Any, expected: int) -> None:
    chain = Chain(layers, **{"size": (100, 100), **options})
    plan = chain.plan(np.full((1, chain.total_uniforms), 0.5), 100, 100, 3)
    assert reduction(plan, 0, 430, 900) == expected


@pytest.mark.parametrize("side", [257, 449, 1001, 1793])
@pytest.mark.parametrize("layers", [[], [rotate(180)]])
@pytest.mark.parametrize("fit", ["stretch", "crop", "pad"])
def test_images_decoded_at_a_part_of_their_size_stay_in_place(
    side: int, layers: list[Any], fit: str
) -> None:
    """The last row of a reduced JPEG stands for less than the others, down to an eighth."""
    height, width, size = side, side + side // 3, (32, 32)
    y, x = np.mgrid[:height, :width]
    ramp = ((x + y) * 255 / (width + height)).round().astype(np.uint8)[..., None]
    data = cv2.imencode(".jpg", ramp, [cv2.IMWRITE_JPEG_QUALITY, 100])[1].tobytes()
    chain = Chain(layers, size=size, fit=fit, output=Output("float32"))
    plan = chain.plan(np.full((1, chain.total_uniforms), 0.5), *size, 1)
    divisor = reduction(plan, 0, height, width)
    assert divisor == 8
    whole, part = np.empty((2, *size, 1), np.float32)
    render(decode(data, "grayscale"), plan, 0, whole)
    small = decode(data, "grayscale", reduce=divisor)
    render(small, plan, 0, part, reduced=Reduced(height, width, divisor))
    step = np.abs(np.diff(whole[8:-8], axis=1)).mean()  # grey levels from pixel to pixel
    assert np.abs(whole - part).mean() <= 0.15 * step
    assert ((whole == 0) == (part == 0)).all()


def test_sides_shrink_each_by_itself() -> None:
    """A column in ten is a tenth of the light, though the other side does not shrink (R33)."""
    image = np.zeros((100, 1000, 1), np.uint8)
    image[:, ::10] = 255
    assert abs(rendered(image, size=(100, 100)).mean() - 25.5) < 1
    for size in ((50, 1000), (100, 500)):
        blocks = image.reshape(size[0], 100 // size[0], size[1], 1000 // size[1]).mean(axis=(1, 3))
        assert np.abs(rendered(image, size=size)[..., 0] - blocks).max() <= 0.51
    grain = noise(224, 896, 1)
    area = rendered(grain, size=(224, 224), interpolation="area").astype(float)
    assert np.abs(rendered(grain, size=(224, 224)) - area).max() <= 0.51


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("axis", [0, 1])
def test_half_of_one_side_is_the_mean_of_each_pair(axis: int, channels: int) -> None:
    """All pairs of levels; halves go up, as they do in the resize that they stand for."""
    pairs = np.stack(np.meshgrid(*[np.arange(256, dtype=np.uint8)] * 2), axis=1)  # (256, 2, 256)
    image = pairs.reshape(512, 256) if axis == 0 else pairs.transpose(0, 2, 1).reshape(256, 512)
    image = np.stack([np.roll(image, 2 * n, axis) for n in range(channels)], axis=2)
    half = rendered(image, size=(256, 256))
    whole = image.astype(int)
    expected = whole[::2] + whole[1::2] if axis == 0 else whole[:, ::2] + whole[:, 1::2]
    assert np.array_equal(half, (expected + 1) // 2)
    resized = cv2.resize(image, (256, 256), interpolation=cv2.INTER_LINEAR)
    assert np.array_equal(half, resized.reshape(half.shape))


@pytest.mark.parametrize(
    ("linear", "factors"),
    [
        ([[3.5, 0], [0, 8.2]], (8, 3)),
        ([[0, -3.5], [8.2, 0]], (8, 3)),
        ([[0.5, 0], [0, 4]], (4, 1)),
        ([[-2, 0], [0, 2]], (2, 2)),
        ([[2 * 0.8, -2 * 0.6], [2 * 0.6, 2 * 0.8]], (2, 2)),
        ([[10 * 0.8, -10 * 0.6], [3 * 0.6, 3 * 0.8]], (3, 10)),
        ([[10 * 0.8, -0.6], [10 * 0.6, 0.8]], (1, 1)),
    ],
)
def test_shrinking_keeps_output_pixels_apart(
    linear: list[list[float]], factors: tuple[int, int]
) -> None:
    """No direction of the output is left with less than a pixel of the smaller image."""
    matrix = np.eye(3)
    matrix[:2, :2] = linear
    assert shrink_factors(matrix.tolist(), (1, 1)) == factors
    left = np.linalg.svd(np.array(linear) / [[factors[1]], [factors[0]]])[1].min()
    assert left >= min(1, np.linalg.svd(np.array(linear))[1].min()) - 1e-6


@pytest.mark.parametrize("size", [(28, 28), (1, 1)])
def test_shrinking_stops_at_one_pixel(size: tuple[int, int]) -> None:
    image = np.full((64, 40, 3), 90, np.uint8)
    assert (rendered(image, [RandomZoomCrop((0.01, 0.01))], size=size) == 90).all()
    assert (rendered(image, [rotate()], size=size) == 90).all()


def test_very_long_images_are_shrunk_for_the_warp() -> None:
    image = np.repeat(np.repeat(noise(2, 40, 3), 10, axis=0), 1000, axis=1)
    half_turn = rendered(image, [rotate(180)], size=(20, 40))
    assert np.abs(half_turn[:, ::-1][::-1].astype(int) - rendered(image, size=(20, 40))).max() <= 3
    cut = rendered(image, [rotate(180)], size=(20, 20), fit="crop")
    assert np.array_equal(cut, image[::-1, 20009:19989:-1])
    with pytest.raises(ValueError, match="20 x 40000 pixels, and warping stops at 32766 a side"):
        rendered(image, [rotate()])
