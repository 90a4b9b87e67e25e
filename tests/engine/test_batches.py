"""A batch of small images at once has the pixels of its images one by one, bit for bit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from keras_cvdata import layers
from keras_cvdata.engine import opencv
from keras_cvdata.engine.chain import Chain
from keras_cvdata.engine.opencv import geometry
from keras_cvdata.engine.opencv.batches import Together, moves, rendering, tables
from keras_cvdata.engine.output import Output
from tests.cases import LAYERS, LayerCase
from tests.executors import noise, uniforms

pytestmark = pytest.mark.backends

BATCH = 12
UNIT = Output("float32", "unit")
LIGHT = [layers.RandomFlip(), layers.RandomTranslation(0.1, 0.1), layers.RandomLighting()]
FILLS = ["reflect", "nearest", "wrap", "constant"]


def assert_same(images: np.ndarray, augment: Any, **options: Any) -> None:
    """Compare both ways, which must leave the images as they are."""
    chain = Chain(augment, **options)
    size = images.shape[1:3] if chain.resize is None else chain.resize.size
    plan = chain.plan(uniforms(chain, len(images)), *size, images.shape[3])
    expected = opencv.render_batch(images, plan, chain.output_size(*size))
    given, result = images.copy(), np.full_like(expected, 99)
    together = Together(plan)
    for first in range(0, len(images), 5):
        together.render(images[first : first + 5], first, result[first : first + 5])
    np.testing.assert_array_equal(result, expected)
    np.testing.assert_array_equal(images, given)


@pytest.fixture
def only_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse what falls back on one image after the other, which would prove nothing."""

    def refuse(*_: Any) -> None:
        raise AssertionError("An image went by itself.")

    for module in (moves, rendering, tables):
        monkeypatch.setattr(module, "one_by_one", refuse)
    monkeypatch.setattr(moves, "apply_warp", refuse)


@pytest.mark.parametrize("case", [case for case in LAYERS if not case.is_heavy], ids=str)
def test_every_layer(case: LayerCase) -> None:
    channels = 3 if 3 in case.channels else case.channels[0]
    images = noise(4, 28, 36, channels)
    assert_same(images, [case.layer(**case.options)])


@pytest.mark.usefixtures("only_together")
@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("output", [UNIT, Output("uint8"), Output("float16", "signed")])
def test_flip_shift_and_light(channels: int, output: Output) -> None:
    assert_same(noise(BATCH, 32, 28, channels), LIGHT, output=output)
    assert_same(noise(BATCH, 32, 28, channels), [], output=output)


@pytest.mark.usefixtures("only_together")
@pytest.mark.parametrize("fill_mode", FILLS)
@pytest.mark.parametrize("interpolation", ["bilinear", "nearest"])
def test_every_fill(fill_mode: str, interpolation: str) -> None:
    how = {"fill_mode": fill_mode, "interpolation": interpolation, "fill_value": 0.3}
    turned = [layers.RandomFlip(), layers.RandomRotation(0.1, **how), layers.RandomZoom(0.2, **how)]
    assert_same(noise(BATCH, 30, 32, 3), turned, output=UNIT)
    shifted = [layers.RandomTranslation((0.25, 0.25), (-0.25, -0.25), **how)]
    assert_same(noise(BATCH, 32, 32, 3), shifted)


@pytest.mark.usefixtures("only_together")
def test_whole_pixels() -> None:
    assert_same(noise(BATCH, 32, 32, 3), [layers.RandomRot90(), layers.RandomFlip(rate=0.5)])
    assert_same(noise(BATCH, 32, 32, 1), [layers.Pad(4), layers.RandomCrop(28, 24)])
    assert_same(noise(BATCH, 1, 1, 3), [layers.RandomFlip("horizontal_and_vertical")])


@pytest.mark.usefixtures("only_together")
def test_some_at_rest_and_the_size_that_they_have() -> None:
    half = [layers.RandomTranslation(0.1, 0.1, rate=0.5), layers.RandomContrast(0.3, rate=0.5)]
    assert_same(noise(BATCH, 24, 32, 3), half, size=(24, 32), output=UNIT)
    lit = [layers.RandomChannelLighting((0.8, 1.2)), layers.RandomBrightness(0.1)]
    assert_same(noise(BATCH, 24, 32, 3), lit, output=UNIT)


@pytest.mark.parametrize("fill_mode", ["reflect", "nearest", "wrap"])
def test_border_wider_than_half_of_an_image(
    fill_mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which would take too much memory if all images had it."""
    alone: list[int] = []

    def apply_warp(step: Any, pixels: Any, place: Any, out: Any) -> Any:
        alone.append(place.b)
        return geometry.apply_warp(step, pixels, place, out)

    monkeypatch.setattr(moves, "apply_warp", apply_warp)
    far = [layers.RandomTranslation(1.0, 1.0, fill_mode=fill_mode)]
    assert_same(noise(BATCH, 32, 32, 3), far)
    assert 0 < len(alone) < BATCH


def test_averaging_before_what_shrinks() -> None:
    small = [layers.RandomZoomCrop((0.3, 0.6)), layers.CenterCrop(8, 8)]
    assert_same(noise(BATCH, 32, 32, 3), small, size=(32, 32))
    assert_same(noise(BATCH, 32, 32, 3), LIGHT, size=(20, 40), output=UNIT)


@pytest.mark.parametrize(
    "output", [Output("float32", samplewise=True), Output("float32", "unit", reverse=True)]
)
def test_outputs_that_know_the_image(output: Output) -> None:
    assert_same(
        noise(BATCH, 20, 20, 3), [layers.RandomFlip(), layers.AutoContrast()], output=output
    )


def test_tables_after_those_that_count() -> None:
    mixed = [layers.RandomBrightness(0.2), layers.RandomContrast(0.3), layers.AutoContrast()]
    assert_same(noise(BATCH, 20, 20, 3), mixed, output=UNIT)
    assert_same(noise(BATCH, 20, 20, 1), [*mixed[::-1], layers.RandomInvert(0.5)], output=UNIT)
