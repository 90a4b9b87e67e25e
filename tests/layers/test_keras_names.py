"""Names of Keras: arguments mean what they mean there, or are answered with what to write here."""

from __future__ import annotations

import inspect
from typing import Any

import keras
import numpy as np
import pytest
from keras import ops

from keras_cvdata import layers

pytestmark = pytest.mark.backends

SHARED = sorted(
    name
    for name in layers.__all__
    if isinstance(getattr(layers, name), type) and hasattr(keras.layers, name)
)
BY_POSITION = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
# A probability stands first on both sides, under the name that all layers have for it here.
SAME = {("rate", "factor")}


def by_position(constructor: Any) -> list[str]:
    parameters = inspect.signature(constructor).parameters.values()
    return [each.name for each in parameters if each.kind in BY_POSITION]


def test_many_names_are_those_of_keras() -> None:
    assert len(SHARED) == 31


@pytest.mark.parametrize("name", SHARED)
def test_arguments_by_position_are_those_of_keras(name: str) -> None:
    theirs = by_position(getattr(keras.layers, name))
    if name == "RandomColorJitter":
        assert theirs.pop(0) == "value_range"  # see the next but one test
    for here, there in zip(by_position(getattr(layers, name)), theirs, strict=False):
        assert here == there or (here, there) in SAME


@pytest.mark.parametrize(
    ("layer", "arguments", "message"),
    [
        (layers.RandomPerspective, (0.3,), r"by name; got 0.3.*has factor.*rate= here.*scale"),
        (layers.RandomErasing, (0.25,), "has factor.*rate= here.*rate=f/2"),
        (layers.RandomElasticTransform, (0.5,), "has factor.*rate= here"),
        (layers.RandomGaussianBlur, (0.5,), "has factor.*rate= here"),
        (layers.CutMix, (0.5,), "has factor.*alpha= here"),
        (layers.RandAugment, ((0, 255),), r"has value_range. Write value_range=\(0, 255\)"),
        (layers.AugMix, ((0, 255), 3), r"has value_range. Write value_range=\(0, 255\)"),
        (layers.AutoContrast, ((0, 1),), r"Write value_range=\(0, 1\)"),
        (layers.Equalization, ((0, 1), 256), r"Write value_range=\(0, 1\)"),
        (layers.RandomColorJitter, ((0, 1), 0.2), r"1\. arg.*Write value_range=\(0, 1\)"),
        (layers.RandomColorJitter, ([0.2, 0.4],), r"Write value_range=\[0.2, 0.4\]"),
        (layers.RandomColorJitter, (np.array([0, 1]),), "Keras has value_range"),
        (layers.RandomColorJitter, (0.1, 0.2, 0.3, 0.4, 0.5), r"5\. argument by name; got 0.5"),
        (layers.RandomBrightness, (0.2, (0, 1)), r"2\. argument by name.*value_range=\(0, 1\)"),
        (layers.RandomRotation, (0.2, "wrap"), "has fill_mode. Write fill_mode='wrap'"),
        (layers.RandomFlip, ("vertical", 3), "has seed. Write seed=3"),
        (layers.GridMask, (), None),
        (layers.RandomMotionBlur, (1, 2, 3, 4, 5), "by name; got.*It takes"),
    ],
)
def test_what_would_mean_something_else_is_refused(
    layer: Any, arguments: Any, message: str | None
) -> None:
    if message is None:
        layer(*arguments)
        return
    with pytest.raises(TypeError, match=f"^{layer.__name__} takes its.*{message}"):
        layer(*arguments)


def test_numbers_may_stand_where_keras_takes_none() -> None:
    """A pair in the first place is Keras's `value_range`; a number can be none."""
    jitter = layers.RandomColorJitter(0.1, None, (0.2, 0.4), 0.05)
    assert jitter.brightness_factor == 0.1
    assert jitter.contrast_factor is None
    assert jitter.saturation_factor == (0.2, 0.4)
    assert jitter.hue_factor == 0.05
    with pytest.raises(ValueError, match="value_range"):
        keras.layers.RandomColorJitter(0.1, None, (0.2, 0.4), 0.05)


def test_a_subclass_with_a_constructor_of_its_own_takes_what_it_says() -> None:
    class Mine(layers.RandomPerspective):
        def __init__(self, *scales: float, **options: Any) -> None:
            super().__init__(scale=max(scales), **options)

    assert Mine(0.1, 0.2).scale == 0.2


@pytest.mark.parametrize(
    "name",
    [
        "RandomPerspective",
        "RandomErasing",
        "RandomElasticTransform",
        "RandomGaussianBlur",
        "RandomInvert",
        "RandomGrayscale",
    ],
)
def test_factor_is_answered_with_rate(name: str) -> None:
    with pytest.raises(TypeError, match=r"has no argument 'factor'.*use rate="):
        getattr(layers, name)(factor=0.5)


def test_other_names_of_keras_are_answered() -> None:
    with pytest.raises(TypeError, match=r"has no argument 'factor'.*alpha= here"):
        layers.CutMix(factor=0.5)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match=r"has no argument 'kernel_size'.*cut after 4 sigmas"):
        layers.RandomGaussianBlur(kernel_size=5)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match=r"has no argument 'factor'\. It takes [^.]*\.$"):
        layers.MixUp(factor=0.5)  # type: ignore[call-arg]


def test_what_is_not_given_is_off() -> None:
    x = np.random.default_rng(0).integers(0, 256, (4, 12, 16, 3), np.uint8)
    for layer in (layers.RandomShear(), layers.RandomShear(x_factor=0), layers.RandomColorJitter()):
        assert np.array_equal(ops.convert_to_numpy(layer(x)), x)


def test_resizing_takes_the_arguments_of_keras() -> None:
    x = np.random.default_rng(0).integers(0, 256, (2, 12, 16, 3), np.uint8)
    named = {"fill_mode": "constant", "fill_value": 0.0, "antialias": True}
    ours = layers.Resizing(6, 8, "bilinear", False, True, **named)
    assert {**named}.items() <= ours.get_config().items()
    assert np.array_equal(
        ops.convert_to_numpy(ours(x)), ops.convert_to_numpy(layers.Resizing(6, 8)(x))
    )
    with pytest.raises(ValueError, match=r"Resizing: antialias is False.*interpolation='nearest'"):
        layers.Resizing(6, 8, antialias=False)
    with pytest.raises(ValueError, match="Resizing: fill_mode must be one of 'constant'"):
        layers.Resizing(6, 8, fill_mode="reflect")


def test_clahe_has_the_name_and_the_arguments_of_keras() -> None:
    assert layers.ContrastLimitedAdaptiveHistogramEqualization is layers.CLAHE
    theirs = inspect.signature(keras.layers.ContrastLimitedAdaptiveHistogramEqualization).parameters
    ours = layers.CLAHE().get_config()
    for name in ("clip_limit", "tile_grid_size"):
        assert ours[name] == theirs[name].default
    for tiles in [(0, 8), (65, 8), 8, (8.5, 8)]:
        with pytest.raises((TypeError, ValueError), match="CLAHE: tile_grid_size"):
            layers.CLAHE(tile_grid_size=tiles)  # type: ignore[arg-type]


class OfOnesOwn(layers.RandomFlip):
    """A layer below one that uses the rate itself."""

    def __init__(self, **options: Any) -> None:
        super().__init__("horizontal", **options)


def test_a_subclass_may_leave_out_the_rate() -> None:
    class Always(OfOnesOwn):
        def __init__(self) -> None:
            super().__init__(rate=1.0)

    x = np.arange(12, dtype="uint8").reshape(1, 2, 2, 3)
    assert OfOnesOwn().rate == 0.5
    assert np.array_equal(ops.convert_to_numpy(Always()(x)), x[:, :, ::-1])
    assert "mode" in repr(OfOnesOwn()) or repr(OfOnesOwn()) == "OfOnesOwn()"


def test_a_subclass_below_one_that_always_acts_takes_no_rate() -> None:
    class Small(layers.RandomCrop):
        def __init__(self, **options: Any) -> None:
            super().__init__(4, 4, **options)

    assert Small().height == 4
    with pytest.raises(TypeError, match="Small has no argument 'rate'"):
        Small(rate=0.5)
