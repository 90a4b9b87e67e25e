"""RandAugment, TrivialAugmentWide and AugMix against the tables of their papers."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageEnhance, ImageOps

from keras_cvdata import ArraySequence, layers
from keras_cvdata.arguments import Interval, Signed, Steps, interval
from keras_cvdata.engine import opencv
from keras_cvdata.engine.chain import Chain
from keras_cvdata.engine.records import from_plain, to_plain
from keras_cvdata.engine.steps import Warp
from keras_cvdata.layers import AugMix, RandAugment, TrivialAugmentWide
from tests.distributions import assert_follows, assert_share, assert_uniform
from tests.executors import uniforms, with_opencv

pytestmark = pytest.mark.backends

N = 10_000
PLACES = ["shear x", "shear y", "rotation", "shift x", "shift y"]
COLORS = ["brightness", "color", "contrast", "sharpness"]
TONES = ["posterization", "solarization", "auto contrast", "equalization"]
NAMES = [*PLACES, *COLORS, *TONES]


def drawn(layer: Any, n: int = N, size: tuple[int, int] = (331, 662)) -> Any:
    u = np.random.default_rng(4).random((n, layer.total_uniforms))
    return layer.draw(u, *size, np)


def magnitudes(one_of: Any) -> dict[str, np.ndarray]:
    """What each operation of a round drew where it acts, by the name of the operation."""
    keys = ["x", "y", "degrees", "dx", "dy", "contrast", "saturation", "contrast", "sharpness"]
    keys += ["bits", "threshold"]
    acts = one_of["gates"] & one_of.get("active", np.ones(N, bool))[:, None]
    return {
        name: own[key][act]
        for name, key, own, act in zip(NAMES, keys, one_of["layers"], acts.T, strict=False)
    }


def assert_operations_are_alike(one_of: Any, count: int) -> None:
    acts = one_of["gates"] & one_of.get("active", np.ones(N, bool))[:, None]
    assert acts.shape[1] == len(NAMES) or count == 9
    assert acts.sum(axis=1).max() == 1
    for act in acts.T:
        assert_share(act, 1 / count)


def test_rand_augment_has_the_magnitudes_of_the_paper() -> None:
    p = drawn(RandAugment(factor=0.4))["policy"]["layers"]
    assert len(p) == 2
    for one_of in p:
        assert_operations_are_alike(one_of, 14)
        found = magnitudes(one_of)
        expected = {
            "shear x": 0.12,
            "shear y": 0.12,
            "rotation": 12,
            "shift x": 2 * 150 * 0.4,  # the image is twice as wide as it is high
            "shift y": 150 * 0.4,
        }
        for name, size in expected.items():
            assert np.allclose(np.abs(found[name]), size)
            assert_share(found[name] > 0, 0.5)
        for name in COLORS:
            assert np.allclose(np.abs(found[name] - (name != "sharpness")), 0.36)
            assert_share(found[name] > (name != "sharpness"), 0.5)
        assert set(found["posterization"]) == {8 - round(1.6)}
        assert np.allclose(found["solarization"], 0.6)


def test_rounds_of_rand_augment_are_independent() -> None:
    first, second = drawn(RandAugment())["policy"]["layers"]
    both = [one["gates"] & one["active"][:, None] for one in (first, second)]
    for i in (0, 5, 12):
        for j in (0, 7, 12):
            assert_share(both[0][:, i] & both[1][:, j], 1 / 14**2)
    idle = ~both[0].any(axis=1) & ~both[1].any(axis=1)
    assert_share(idle, 1 / 14**2)


def test_trivial_augment_has_the_wide_space_of_the_paper() -> None:
    one_of = drawn(TrivialAugmentWide())["policy"]
    assert_operations_are_alike(one_of, 14)
    found = magnitudes(one_of)
    sizes = {"shear x": 0.99, "shear y": 0.99, "rotation": 135, "shift x": 32, "shift y": 32}
    for name, size in (sizes | dict.fromkeys(COLORS, 0.99)).items():
        value = found[name] - (name in COLORS and name != "sharpness")
        steps = np.abs(value) / size * 30
        assert np.allclose(steps, np.round(steps))
        assert set(np.round(steps)) == set(range(31))
        for step in (0, 1, 29, 30):
            assert_share(np.round(steps) == step, 1 / 31)
        assert_share(value[np.round(steps) > 0] > 0, 0.5)
    bits = found["posterization"]
    for kept, count in {8: 3, 7: 5, 6: 5, 5: 5, 4: 5, 3: 5, 2: 3}.items():
        assert_share(bits == kept, count / 31)
    assert len(np.unique(found["solarization"])) == 31


def test_aug_mix_has_the_magnitudes_of_the_paper() -> None:
    layer = AugMix(factor=0.3, num_chains=2, chain_depth=2, all_ops=True)
    for steps in drawn(layer)["branches"]:
        acts = [step["active"] for step in steps]
        assert acts[0].all()
        assert_share(acts[1], 0.5)
        assert_operations_are_alike({**steps[0], "active": acts[0]}, 13)
        names = [*PLACES, *TONES, *COLORS]
        keys = ["x", "y", "degrees", "dx", "dy", "bits", "threshold", None, None]
        keys += ["contrast", "saturation", "contrast", "sharpness"]
        found = {
            name: own[key]
            for name, key, own in zip(names, keys, steps[0]["layers"], strict=True)
            if key
        }
        assert_uniform(found["rotation"], -9, 9)
        assert_uniform(found["shear x"], -0.09, 0.09)
        assert_uniform(found["shift x"], -66.2, 66.2)
        assert_uniform(found["solarization"], 0.7, 1)
        assert_share(found["posterization"] == 3, 1 / 6)
        assert set(found["posterization"]) == {3, 4}
        for name in COLORS:
            assert_uniform(found[name] + (name == "sharpness"), 0.1, 0.64)


def test_aug_mix_without_all_ops_leaves_out_what_image_net_c_tests() -> None:
    (steps,) = drawn(AugMix(num_chains=1, all_ops=False))["branches"]
    assert len(steps[0]["layers"]) == 9
    assert_operations_are_alike({**steps[0], "active": np.ones(N, bool)}, 9)


@pytest.mark.parametrize("chains", [1, 2, 3, 4])
def test_weights_of_aug_mix_are_even_on_the_simplex(chains: int) -> None:
    """With alpha = 1 each weight of Dirichlet(1, ..., 1) follows 1 - (1 - w)^(k - 1)."""
    shares = drawn(AugMix(num_chains=chains, alpha=1))["shares"]
    assert shares.shape == (N, chains + 1)
    assert np.allclose(shares.sum(axis=1), 1)
    assert_uniform(shares[:, 0], 0, 1)
    if chains > 1:
        weights = shares[:, 1:] / (1 - shares[:, :1])
        for weight in weights.T:
            assert_follows(weight, lambda w: 1 - (1 - w) ** (chains - 1))


def test_large_alphas_mix_evenly() -> None:
    """Dirichlet(a, a, a) has the mean 1/3 and the variance 2 / (9 (3 a + 1)) in each weight."""
    shares = drawn(AugMix(alpha=5))["shares"]
    weights = shares[:, 1:] / (1 - shares[:, :1])
    assert np.allclose(weights.mean(axis=0), 1 / 3, atol=0.005)
    assert np.allclose(weights.var(axis=0), 2 / (9 * 16), rtol=0.05)


def test_aug_mix_is_the_sum_that_it_says() -> None:
    """The image and its chains, each rendered alone, with the shares that were drawn."""
    x = np.random.default_rng(0).integers(0, 256, (4, 20, 30, 3), np.uint8)
    layer = AugMix(factor=0.5)
    u = uniforms(layer, 4)
    (p,) = Chain([layer]).draw(u, 20, 30)
    mixed = with_opencv(Chain([layer]), x, u)
    total = x * p["shares"][:, 0, None, None, None]
    for chain, own, share in zip(layer.branches, p["branches"], p["shares"].T[1:], strict=True):
        plan, out = chain.prepare(own, 20, 30, 3), np.empty_like(x)
        for i, image in enumerate(x):
            opencv.render(image, plan, i, out[i])
        total += out * share[:, None, None, None]
    assert np.abs(mixed - total).max() <= 0.5 + 1e-3


def photograph() -> np.ndarray:
    y, x = np.mgrid[0:40, 0:50]
    waves = np.stack([np.sin(x / 7), np.cos(y / 5), np.sin((x + y) / 9)], axis=-1)
    return (120 + 90 * waves).astype(np.uint8)


# What Pillow makes of an image for the strength 1 of each operation that it has.
PILLOW = {
    "brightness": lambda im: ImageEnhance.Brightness(im).enhance(1.9),
    "color": lambda im: ImageEnhance.Color(im).enhance(1.9),
    "sharpness": lambda im: ImageEnhance.Sharpness(im).enhance(1.9),
    "posterization": lambda im: ImageOps.posterize(im, 4),
    "solarization": lambda im: ImageOps.solarize(im, 0),
    "auto contrast": ImageOps.autocontrast,
    "equalization": ImageOps.equalize,
    "shift x": lambda im: im.transform(im.size, Image.AFFINE, (1, 0, -150 / 331 * 50, 0, 1, 0)),
    "rotation": lambda im: im.rotate(30, Image.BILINEAR),
}


@pytest.mark.parametrize("name", PILLOW)
def test_operations_do_what_pillow_does(name: str) -> None:
    number = NAMES.index(name)
    options = {"fill_mode": "constant"} if name in PLACES else {}
    layer = RandAugment(num_ops=1, factor=1.0, **options).policy.layers[0].layers[number]
    image = photograph()
    chain = Chain([layer])
    out = np.empty_like(image)
    opencv.render(image, chain.plan(np.full((1, chain.total_uniforms), 0.25), 40, 50, 3), 0, out)
    expected = np.asarray(PILLOW[name](Image.fromarray(image))).astype(int)
    difference = np.abs(out - expected)
    if name in PLACES:  # Pillow reads the nearest pixel, or cuts the border another way
        difference = difference[8:-8, 28:-8] if name == "shift x" else difference[12:-12, 15:-15]
        assert np.percentile(difference, 99) <= (20 if name == "shift x" else 1)
    else:
        assert difference.max() <= 1


@pytest.mark.parametrize(
    "layer", [RandAugment(num_ops=3), TrivialAugmentWide(), AugMix()], ids=lambda x: x.name
)
def test_parameters_go_through_json(layer: Any) -> None:
    x = np.random.default_rng(0).integers(0, 256, (5, 12, 15, 3), np.uint8)
    chain = Chain([layer])
    u = uniforms(chain, 5)
    expected = with_opencv(chain, x, u)
    drawn = chain.draw(u, 12, 15)
    for i, image in enumerate(x):
        stored = json.loads(json.dumps(to_plain(chain, drawn, i)))
        out = np.empty_like(image)
        opencv.render(image, chain.prepare(from_plain(chain, stored), 12, 15, 3), 0, out)
        assert np.array_equal(out, expected[i])


@pytest.mark.parametrize("layer", [RandAugment(), TrivialAugmentWide(), AugMix()])
def test_sequences_do_not_depend_on_threads(layer: Any) -> None:
    x = np.random.default_rng(0).integers(0, 256, (12, 16, 18, 3), np.uint8)
    options = {"label_mode": None, "batch_size": 5, "augment": layer, "seed": 3, "verbose": 0}
    one, other = (
        np.concatenate(list(ArraySequence(x, threads=threads, prefetch=threads - 1, **options)))
        for threads in (1, 4)
    )
    assert np.array_equal(one, other)
    assert len({image.tobytes() for image in one}) == 12


def test_warps_of_two_rounds_fuse() -> None:
    def warps(layer: Any) -> int:
        chain = Chain([layer])
        steps = chain.plan(uniforms(chain, 1), 8, 8, 3).steps
        return sum(isinstance(step, Warp) for step in steps)

    assert warps(RandAugment(num_ops=2)) == 1
    assert warps(RandAugment(num_ops=4)) == 2


def test_pipelines_take_published_policies() -> None:
    both = layers.Pipeline([RandAugment(), layers.RandomFlip(), AugMix()], seed=3)
    x = np.random.default_rng(0).integers(0, 256, (5, 12, 15, 3), np.uint8)
    assert with_opencv(Chain([both]), x, uniforms(both, 5)).shape == x.shape
    again = layers.Pipeline.from_config(both.get_config())
    assert repr(again) == repr(both)


@pytest.mark.parametrize(
    ("layer", "options", "error"),
    [
        (RandAugment, {"num_ops": 0}, ValueError),
        (RandAugment, {"num_ops": 1.5}, TypeError),
        (RandAugment, {"factor": 1.1}, ValueError),
        (RandAugment, {"factor": "strong"}, TypeError),
        (RandAugment, {"fill_mode": "mirror"}, ValueError),
        (TrivialAugmentWide, {"interpolation": "cubic"}, ValueError),
        (AugMix, {"num_chains": 0}, ValueError),
        (AugMix, {"chain_depth": -1}, ValueError),
        (AugMix, {"alpha": 0}, ValueError),
        (AugMix, {"factor": -0.1}, ValueError),
    ],
)
def test_wrong_arguments_are_refused(layer: Any, options: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match=f"{layer.__name__}: {next(iter(options))}"):
        layer(**options)


def test_laws_of_magnitudes() -> None:
    u = np.random.default_rng(0).random(N)
    values = Signed(-2.0, 4.0, 3).at(u)
    for value, share in {-2: 1 / 6, -0.5: 1 / 6, 1: 1 / 3, 2.5: 1 / 6, 4: 1 / 6}.items():
        assert_share(values == value, share)
    values = Steps(1.0, 3.0, 5).at(u)
    for value in (1, 1.5, 2, 2.5, 3):
        assert_share(values == value, 0.2)
    largest = np.nextafter(np.float32(1), np.float32(0))
    for count in range(2, 300):
        assert Steps(0.0, 1.0, count).at(largest) == 1
        assert Signed(-1.0, 1.0, count).at(largest) == -1
    assert interval("x", Steps(0.0, 1.0, 3), unit="1") == Steps(0.0, 1.0, 3)
    assert interval("x", (0, 1), unit="1") == Interval(0.0, 1.0)
    with pytest.raises(ValueError, match="from 0 to 1"):
        interval("x", Signed(-1.0, 1.0), unit="1", low=0, high=1)
