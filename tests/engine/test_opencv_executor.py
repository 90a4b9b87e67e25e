"""The OpenCV executor: resize, fused warps, conversion, in place."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest

from keras_cvdata.engine.chain import Chain
from keras_cvdata.engine.opencv import render
from keras_cvdata.engine.opencv.geometry import Place
from keras_cvdata.engine.opencv.rendering import apply
from keras_cvdata.engine.output import Output
from keras_cvdata.engine.steps import Curve
from keras_cvdata.layers import (
    RandomFlip,
    RandomInvert,
    RandomLighting,
    RandomRoll,
    RandomTranslation,
    RandomZoomCrop,
)
from keras_cvdata.layers.adapters import Lambda
from tests.conftest import photograph
from tests.executors import noise, rendered, rotate


@pytest.mark.parametrize("channels", [1, 2, 3, 4, 5, 7])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_warps_serve_every_number_of_channels(channels: int, dtype: Any) -> None:
    """OpenCV warps 2 and more than 4 channels wrongly by itself, so they are split."""
    image = noise(23, 31, channels, dtype=dtype)
    together = rendered(image, [rotate()])
    for channel in range(channels):
        alone = rendered(image[:, :, channel : channel + 1].copy(), [rotate()])
        assert np.abs(together[:, :, [channel]].astype(float) - alone).max() <= 1e-4


@pytest.mark.parametrize("layers", [[], [rotate()], [RandomLighting((0.5, 0.5))], [RandomRoll()]])
@pytest.mark.parametrize("output", [Output("uint8"), Output("float32", "unit"), Output("float16")])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_the_last_step_writes_into_the_batch(
    layers: list[Any], output: Output, channels: int
) -> None:
    """No copy at the end of the way; neighbours in the batch and the image stay as they are."""
    image = noise(60, 50, channels)
    chain = Chain(layers, size=(20, 24), output=output)
    plan = chain.plan(np.full((3, chain.total_uniforms), 0.7), 20, 24, channels)
    batch = np.full((3, 20, 24, channels), 7, output.dtype)
    before, out = image.copy(), batch[1]
    pixels: np.ndarray = image
    for step in plan.uint8_steps:
        target = out if step is plan.uint8_steps[-1] else None
        pixels = apply(step, pixels, Place(plan, 1, None), target)
    assert pixels is out
    batch[1] = 7
    render(image, plan, 1, out)
    assert np.array_equal(out, pixels)
    assert not (out == 7).all()
    assert (batch[[0, 2]] == 7).all()
    assert np.array_equal(image, before)


def test_whole_factors_are_averaged() -> None:
    """A resize by a whole factor is the mean of blocks (R33)."""
    image = noise(60, 90, 3)
    blocks = image.reshape(20, 3, 30, 3, 3).mean(axis=(1, 3))
    assert np.abs(rendered(image, size=(20, 30)) - blocks).max() <= 0.51


def test_other_factors_come_near_to_area() -> None:
    """Whole pre-shrink and bilinear reach the quality of the slow way (R33, X2)."""
    image = photograph(1, 470, 400)
    for size in [(224, 224), (128, 128), (64, 64)]:
        slow = cv2.resize(image, size[::-1], interpolation=cv2.INTER_AREA).astype(float)
        for layers in ([], [rotate(0.01)]):
            error = np.mean((rendered(image, layers, size=size) - slow) ** 2)
            assert 10 * np.log10(255**2 / error) >= 30


@pytest.mark.parametrize("shape", [(17, 40), (61, 33), (150, 149)])
def test_fused_resize_equals_the_plain_one(shape: tuple[int, int]) -> None:
    """A matrix a hair off the identity takes the other way to the same pixels."""
    image = photograph(2, *shape)
    for fit in ("stretch", "crop"):
        plain = rendered(image, size=(32, 48), fit=fit).astype(float)
        fused = rendered(image, [RandomTranslation((1e-9, 1e-9), 0)], size=(32, 48), fit=fit)
        assert np.abs(fused - plain).max() <= 2


@pytest.mark.parametrize("layers", [[], [rotate(180)]])
def test_gradients_stay_where_they_are(layers: list[Any]) -> None:
    """Averaging blocks moves nothing by a part of a pixel, though a rest of 2 by 1 is left out."""
    y, x = np.mgrid[:152, :146].astype(np.float32)
    image = np.stack([y, x, x + y], axis=-1)
    y, x = (np.mgrid[:32, :48] + 0.5) * np.array([152 / 32, 146 / 48]).reshape(2, 1, 1) - 0.5
    expected = np.stack([y, x, x + y], axis=-1)
    result = rendered(image, layers, size=(32, 48))
    if layers:
        result = result[::-1, ::-1]
    assert np.abs(result - expected)[1:-1, 1:-1].max() <= 1e-3


def test_identity_takes_the_plain_way() -> None:
    image = photograph(2, 61, 33)
    layer = RandomFlip("horizontal", rate=0.0)
    assert np.array_equal(rendered(image, [layer], size=(32, 48)), rendered(image, size=(32, 48)))
    assert np.array_equal(rendered(image, [layer]), image)


def test_zooming_in_stays_sharp() -> None:
    """The pre-shrink follows the fused matrix: 4 times the size and zoom 4 is a plain cut."""
    image = noise(80, 120, 3)
    zoomed = rendered(image, [RandomZoomCrop((4, 4))], size=(20, 30))
    assert np.array_equal(zoomed, image[30:50, 45:75])


def test_shrinking_is_smooth() -> None:
    """Without the pre-shrink, noise would keep its spread."""
    image = noise(400, 400, 1)
    assert rendered(image, [rotate(1)], size=(50, 50)).std() < image.std() / 5
    assert rendered(image, [rotate(1)], size=(50, 50), interpolation="nearest").std() > 60


def test_crop_keeps_the_aspect() -> None:
    image = noise(40, 100, 3)
    assert np.array_equal(rendered(image, size=(40, 40), fit="crop"), image[:, 30:70])
    for interpolation in ("area", "nearest"):
        cut = rendered(image, size=(40, 40), fit="crop", interpolation=interpolation)
        assert np.array_equal(cut, image[:, 30:70])
    rotated = rendered(image, [rotate(180)], size=(40, 40), fit="crop")
    assert np.array_equal(rotated, image[::-1, 69:29:-1])


@pytest.mark.parametrize("interpolation", ["nearest", "bilinear", "area", "bicubic", "lanczos"])
def test_pad_keeps_the_aspect(interpolation: str) -> None:
    """The border has one colour and a sharp edge (R34)."""
    image = np.full((40, 100, 3), 200, np.uint8)
    padded = rendered(image, size=(50, 50), fit="pad", pad_value=0.4, interpolation=interpolation)
    assert (padded[15:35] == 200).all()
    assert (padded[:15] == 102).all()
    assert (padded[35:] == 102).all()
    as_float = rendered(image[:, :50] / np.float32(255), size=(50, 50), fit="pad", pad_value=0.4)
    assert np.allclose(as_float[:5], 0.4)


@pytest.mark.parametrize(
    ("interpolation", "enlarging"),
    [
        ("bilinear", cv2.INTER_LINEAR),
        ("area", cv2.INTER_LINEAR),
        ("bicubic", cv2.INTER_CUBIC),
        ("lanczos", cv2.INTER_LANCZOS4),
    ],
)
def test_interpolation_serves_the_direction(interpolation: str, enlarging: int) -> None:
    """The chosen one enlarges; all but nearest average when they shrink (R33)."""
    image = noise(30, 40, 3)
    larger = cv2.resize(image, (70, 50), interpolation=enlarging)
    assert np.array_equal(rendered(image, size=(50, 70), interpolation=interpolation), larger)
    if interpolation != "bilinear":
        smaller = cv2.resize(image, (17, 13), interpolation=cv2.INTER_AREA)
        assert np.array_equal(rendered(image, size=(13, 17), interpolation=interpolation), smaller)
        mixed = cv2.resize(image, (17, 30), interpolation=cv2.INTER_AREA)
        mixed = cv2.resize(mixed, (17, 64), interpolation=enlarging)
        assert np.array_equal(rendered(image, size=(64, 17), interpolation=interpolation), mixed)


@pytest.mark.parametrize("size", [(50, 70), (13, 25), (7, 60)])
def test_nearest_takes_the_pixel_that_holds_the_middle(size: tuple[int, int]) -> None:
    """In whole numbers: of two at equal distance the later one."""
    image = noise(30, 40, 3)
    rows, columns = (
        (2 * np.arange(new) + 1) * old // (2 * new) for new, old in zip(size, (30, 40), strict=True)
    )
    resized = rendered(image, size=size, interpolation="nearest")
    assert np.array_equal(resized, image[rows[:, None], columns])


def test_nearest_invents_no_values() -> None:
    """Halfway between two pixels the later one is taken, however the warp is reached."""
    image = noise(40, 60, 1)
    expected = cv2.resize(image, (30, 20), interpolation=cv2.INTER_NEAREST_EXACT)[..., None]
    assert np.array_equal(rendered(image, size=(20, 30), interpolation="nearest"), expected)
    flipped = rendered(
        image, [RandomFlip("vertical", rate=1.0)], size=(20, 30), interpolation="nearest"
    )
    assert np.array_equal(flipped, image[::-2, 1::2])
    turned = rendered(
        image * 0 + 9, [rotate(30, fill_mode="constant")], interpolation="nearest", size=(20, 30)
    )
    assert set(np.unique(turned)) == {0, 9}


@pytest.mark.parametrize(("dtype", "top"), [(np.uint8, 255), (np.uint16, 65535), (np.float32, 1)])
@pytest.mark.parametrize("layers", [[], [RandomInvert(1.0)]])
def test_outputs_follow_the_depth_of_the_source(dtype: Any, top: int, layers: list[Any]) -> None:
    """0..1 and -1..1 by 255 or 65535 (R36, R37); values of the source without `rescale`."""
    random = np.random.default_rng(0)
    unit = random.random((6, 7, 3)) * (np.arange(7) > 0)[:, None]
    image = (unit * top).astype(dtype)
    unit = image / top
    if layers:
        unit = 1 - unit

    def got(*arguments: Any, **options: Any) -> np.ndarray:
        return rendered(image, layers, output=Output(*arguments, **options), value_range=(0, 1))

    tolerance = {"rtol": 0, "atol": 2e-6}
    assert np.allclose(got("float32", "unit"), unit, **tolerance)
    assert np.allclose(got("float32", "signed"), 2 * unit - 1, **tolerance)
    assert np.allclose(got("float32") / top, unit, **tolerance)
    assert np.allclose(got("float32", 0.5) / top, unit / 2, **tolerance)
    assert np.allclose(got("float16", "unit"), unit, atol=1e-3)
    assert np.abs(got("uint8") - unit * 255).max() <= 0.51
    mean, std = np.array([0.1, 0.5, 0.9]), np.array([0.5, 0.2, 0.3])
    assert np.allclose(got("float32", mean=mean, std=std), (unit - mean) / std, atol=1e-5)
    mean, std = random.random((2, 6, 7, 3)) + 0.5
    assert np.allclose(got("float32", mean=mean, std=std), (unit - mean) / std, atol=1e-5)
    expected = (unit - unit.mean()) / unit.std()
    assert np.allclose(got("float32", samplewise=True), expected, atol=1e-4)
    if not layers:
        assert np.array_equal(got("float32"), image.astype(np.float32))


def test_floats_of_unknown_range() -> None:
    """What needs no range works, the rest says what is missing."""
    image = noise(5, 6, 3, dtype=np.float64)
    assert np.array_equal(rendered(image, output=Output("float32")), image)
    assert np.array_equal(rendered(image, output=Output("float32", 0.5)), image / 2)
    for output in (Output("float32", "unit"), Output("uint8"), Output("float32", samplewise=True)):
        with pytest.raises(ValueError, match=r"floats and their range is not known.*value_range="):
            rendered(image, output=output)
    with pytest.raises(ValueError, match="their range is not known"):
        rendered(image, [RandomInvert(1.0)])


def test_middle_curves_keep_units() -> None:
    """A curve between two warps hands on pixels of the source's own dtype."""
    layers = [rotate(180), RandomLighting((0.5, 0.5), 0), rotate(180)]
    for dtype in (np.uint16, np.float32, np.uint8):
        image = noise(8, 9, 3, dtype=dtype)
        result = rendered(image, layers, value_range=(0, 255))
        assert np.abs(result.astype(float) - image / 2).max() <= (
            0.51 if dtype != np.float32 else 1e-3
        )


def test_fill_values_are_in_units_of_the_range() -> None:
    options = {"fill_mode": "constant", "fill_value": 0.4}
    layer = RandomTranslation((1, 1), 0, **options)
    assert (rendered(noise(5, 5, 3), [layer]) == 102).all()
    assert (rendered(noise(5, 5, 3, dtype=np.uint16), [layer]) == 26214).all()
    floats = noise(5, 5, 3, dtype=np.float32)
    assert np.allclose(rendered(floats, [layer]), 0.4)
    assert np.allclose(rendered(floats, [layer], value_range=(-1, 1)), -0.2)


@pytest.mark.parametrize("interpolation", ["area", "bicubic", "lanczos", "bilinear", "nearest"])
def test_resizes_serve_every_number_of_channels(interpolation: str) -> None:
    image = noise(21, 17, 7)
    together = rendered(image, size=(7, 30), interpolation=interpolation)
    for channel in range(7):
        alone = image[:, :, channel : channel + 1].copy()
        alone = rendered(alone, size=(7, 30), interpolation=interpolation)
        assert np.array_equal(together[:, :, [channel]], alone)


def test_functions_take_part() -> None:
    """Any callable on one uint8 image; it may change its copy, but not ours."""

    def darken(image: np.ndarray) -> np.ndarray:
        image //= 2
        return image

    image = noise(8, 9, 3)
    before = image.copy()
    assert np.array_equal(rendered(image, [Lambda(darken)]), before // 2)
    assert np.array_equal(image, before)
    unit = rendered(image, [Lambda(np.flipud)], output=Output("float32", "unit"))
    assert np.allclose(unit, np.flipud(image) / 255)


@pytest.mark.parametrize(
    "function", [lambda x: x[:-1], lambda x: x.astype(np.float32), lambda _: None]
)
def test_functions_must_keep_shape_and_dtype(function: Any) -> None:
    with pytest.raises(ValueError, match=r"must return a uint8 image of shape \(8, 9, 3\)"):
        rendered(noise(8, 9, 3), [Lambda(function)])


def test_functions_take_uint8_only() -> None:
    with pytest.raises(TypeError, match=r"takes uint8 images and this one is uint16. Convert"):
        rendered(noise(8, 9, 3, dtype=np.uint16), [Lambda(np.flipud)])


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        (Output("float32", "unit"), np.divide),
        (Output("float32"), np.multiply),
        (Output("float32", 1 / 128), np.multiply),
        (Output("float32", samplewise=True), np.divide),
        (Output("float32", "signed"), None),
        (Output("float32", mean=np.array([0.1, 0.2, 0.3]), std=np.ones(3)), None),
        (Output("float16", "unit"), None),
    ],
)
def test_tables_of_one_operation_are_not_looked_up(output: Output, expected: Any) -> None:
    """A multiplication or division stands for a table only where all its floats are the same."""
    plan = Chain([], output=output).plan(np.empty((1, 0)), 16, 16, 3)
    (run,) = plan.uint8_steps
    assert isinstance(run, tuple)
    curve = run[0]
    assert isinstance(curve, Curve)
    assert (curve.operation and curve.operation[0]) is expected
    image = np.arange(768, dtype=np.uint8).reshape(16, 16, 3)
    out, looked_up = np.empty((2, 16, 16, 3), output.dtype)
    render(image, plan, 0, out)
    curve.__dict__["operation"] = None  # as if there were none
    render(image, plan, 0, looked_up)
    np.testing.assert_array_equal(out, looked_up)
