"""RandomContrast against Keras, and among other curves."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

from keras_cvdata.arguments import Interval
from keras_cvdata.engine.chain import Chain
from keras_cvdata.layers import (
    AutoContrast,
    Equalization,
    RandomBrightness,
    RandomContrast,
    RandomGamma,
    RandomInvert,
    RandomPosterization,
)
from keras_cvdata.layers.policies.operations import Contrast
from tests.distributions import assert_uniform
from tests.executors import uniforms, with_opencv, with_tensors

PIXELS = np.random.default_rng(0).integers(20, 230, (6, 31, 43, 5), np.uint8)
DEEP = ["float32"] if keras.backend.backend() == "torch" else ["uint16", "float32"]

pytestmark = pytest.mark.backends


@pytest.mark.parametrize("run", [with_opencv, with_tensors])
@pytest.mark.parametrize("before", [[], [RandomInvert(1.0)]])
def test_the_mean_counts_every_pixel(run: Any, before: list[Any]) -> None:
    """Thousands of one level too, before another curve and after it."""
    image = np.full((1, 200, 400, 1), 50, np.uint8)
    image[:, :, 200:] = 150
    found = run(Chain([*before, fixed(-1)]), image, np.zeros((1, 1)))
    assert (found == (155 if before else 100)).all()


@pytest.mark.parametrize("change", [-1, -0.4, 0.5, 2.0])
def test_equals_keras(apply: Any, change: float) -> None:
    """About the mean of each channel (R71)."""
    theirs = keras.layers.RandomContrast((1.0, 1.0), value_range=(0, 255))
    image = PIXELS[0].astype(np.float32)
    exact = theirs.transform_images(
        keras.ops.convert_to_tensor(image[None]), {"contrast_factor": 1 + change}
    )[0]
    exact = keras.ops.convert_to_numpy(exact)
    layer = fixed(change, value_range=(0, 255))
    assert np.abs(apply(layer, PIXELS[0]) - exact).max() <= 0.502
    # The mean of floats is that of their 256 levels.
    assert np.abs(apply(layer, image) - exact).max() <= 0.01


def test_equals_keras_on_uint8_levels(apply: Any) -> None:
    image = np.array([100, 101, 102, 140], np.uint8).reshape(2, 2, 1)
    mean = 110.75
    expected = np.floor(mean + (image - mean) * 1.5 + 0.5)
    assert np.array_equal(apply(fixed(0.5), image), expected)


def fixed(change: float, **options: Any) -> Contrast:
    """A layer whose gain is always 1 plus a change."""
    return Contrast(Interval(change, change), **options)


def chains() -> list[list[Any]]:
    span = {"value_range": (0, 1)}
    plain = [RandomBrightness(0.3, **span), RandomGamma((0.5, 2), **span)]
    return [
        [
            plain[0],
            RandomContrast((0.5, 1), **span),
            plain[1],
            RandomPosterization((3, 5), **span),
        ],
        [RandomContrast((0.5, 1), rate=0.5, **span), AutoContrast(rate=0.5, **span), *plain],
        [plain[0], Equalization(rate=0.5, **span), AutoContrast(**span), RandomInvert(0.5, **span)],
        [*plain, AutoContrast(rate=0.5, **span)],
    ]


@pytest.mark.parametrize("number", range(4))
def test_is_one_look_up_with_its_neighbours(number: int) -> None:
    chain = Chain(chains()[number])
    plan = chain.plan(uniforms(chain, 6), 31, 43, 5)
    (run,) = plan.uint8_steps
    assert isinstance(run, tuple)


@pytest.mark.parametrize("number", range(4))
@pytest.mark.parametrize("channels", [1, 3, 5])
def test_executors_agree_bit_for_bit_among_other_curves(number: int, channels: int) -> None:
    chain, x = Chain(chains()[number]), PIXELS[..., :channels]
    u = uniforms(chain, len(x))
    assert np.array_equal(with_opencv(chain, x, u), with_tensors(chain, x, u))


@pytest.mark.parametrize("number", [1, 3])
@pytest.mark.parametrize("dtype", DEEP)
def test_executors_agree_on_deep_images(number: int, dtype: str) -> None:
    """Not those that cut or count levels, where the last bit of a float decides."""
    chain = Chain(chains()[number])
    top = 65535 if dtype == "uint16" else 1
    x = np.random.default_rng(1).random(PIXELS.shape) * top
    x, u = x.astype(dtype), uniforms(chain, len(x))
    one, other = with_opencv(chain, x, u), with_tensors(chain, x, u)
    # One level of uint16 apart after the curves, which the stretch widens.
    limit = 2.01 / 65535 if top > 1 else 4e-6
    assert np.abs(one.astype(float) - other).max() / top <= limit


def test_a_chain_equals_its_layers_one_by_one() -> None:
    """Histograms are those of the image as the layers before left it."""
    layers = chains()[2]
    chain = Chain(layers)
    u = uniforms(chain, 6)
    expected, start = PIXELS, 0
    for layer in layers:
        stop = start + layer.total_uniforms
        expected = with_opencv(Chain([layer]), expected, u[:, start:stop])
        start = stop
    assert np.array_equal(with_opencv(chain, PIXELS, u), expected)


def test_large_images_do_not_overflow() -> None:
    """The sum of 16 million pixels of 255 exceeds 32 bits."""
    white = np.full((1, 4000, 4100, 1), 250, np.uint8)
    assert (with_opencv(Chain([fixed(1)]), white, np.full((1, 1), 0.5)) == 250).all()


def test_draws_evenly() -> None:
    """From 1 - low to 1 + high; one number to both sides, where Keras only goes up."""
    u = np.random.default_rng(1).random((10_000, 1))
    assert_uniform(RandomContrast(0.3).draw(u, 5, 5, np)["contrast"], 0.7, 1.3)
    for low, high in [(0.5, 2), (0.2, 0.5), (0.5, 0.2), (0, 0.4), (1, 0)]:
        layer = RandomContrast((low, high))
        assert layer.get_config()["factor"] == (low, high)
        assert_uniform(layer.draw(u, 5, 5, np)["contrast"], 1 - low, 1 + high)


def test_a_normaliser_undoes_it() -> None:
    assert RandomContrast().undone_by_samplewise


@pytest.mark.parametrize(
    ("factor", "message"),
    [
        (1.5, "low.*from 0 to 1"),
        ((-0.5, 0.5), "low.*from 0 to 1"),
        ((0, -0.1), "high.*from 0 to 100"),
        ("x", "a pair"),
        ((0.1, "x"), "high.*in times"),
    ],
)
def test_bad_ranges_are_refused(factor: Any, message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=f"RandomContrast: factor .*{message}"):
        RandomContrast(factor)
