"""`from_keras` against Keras's layers: equal effect over many draws, or a warning.

All layers with 24 random configurations each, on noise and on a photograph; what is beyond 10 % by
the chance of 2,000 draws is drawn 40,000 times: `python -m tests.layers.test_from_keras`.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
from keras import ops

from keras_cvdata import ArraySequence, layers
from tests.conftest import photograph

pytestmark = pytest.mark.backends

SIDE = 24
BATCH = 2000  # draws at a time, at most
Random = np.random.Generator


def ends(random: Random, low: float = 0.0, high: float = 1.0) -> Any:
    """One number, or a pair of them."""
    if random.random() < 0.5:
        return float(random.uniform(max(low, 0.05), high))
    first, second = sorted(random.uniform(low, high, 2))
    return float(first), float(second)


def filling(random: Random) -> dict[str, Any]:
    return {
        "fill_mode": str(random.choice(["reflect", "constant", "nearest"])),
        "fill_value": float(random.choice([0, 100, 255])),
        "interpolation": str(random.choice(["bilinear", "nearest"])),
    }


def bits(random: Random) -> Any:
    low, high = sorted(random.integers(1, 9, 2).tolist())
    return (low, high) if random.random() < 0.5 else int(high)


EXACT: dict[str, Callable[[Random], dict[str, Any]]] = {
    "AutoContrast": lambda _: {},
    "CenterCrop": lambda r: {"height": int(r.integers(3, 40)), "width": int(r.integers(3, 40))},
    "RandomBrightness": lambda r: {"factor": ends(r, -1)},
    "RandomColorDegeneration": lambda r: {"factor": ends(r, -1)},
    "RandomColorJitter": lambda r: {
        "brightness_factor": ends(r, -0.5),
        "contrast_factor": ends(r),
        "hue_factor": ends(r),
    },
    "RandomContrast": lambda r: {"factor": ends(r)},
    "RandomErasing": lambda r: {"factor": ends(r, 0.2), "scale": ends(r), "fill_value": 90.0},
    "RandomFlip": lambda r: {"mode": str(r.choice(["horizontal", "vertical"]))},
    "RandomGrayscale": lambda r: {"factor": float(r.uniform(0.2, 1))},
    "RandomHue": lambda r: {"factor": ends(r)},
    "RandomInvert": lambda r: {"factor": ends(r, 0.2)},
    "RandomPosterization": lambda r: {"factor": bits(r)},
    "RandomRotation": lambda r: {"factor": ends(r, -0.5, 0.5), **filling(r)},
    "RandomTranslation": lambda r: {
        "height_factor": ends(r, -0.5, 0.5),
        "width_factor": ends(r, -0.5, 0.5),
        **filling(r),
    },
    "RandomZoom": lambda r: {
        "height_factor": ends(r, -0.8, 0.8),
        "width_factor": ends(r, -0.8, 0.8) if r.random() < 0.5 else None,
        **filling(r),
    },
    "Solarization": lambda r: {"addition_factor": ends(r), "threshold_factor": ends(r, 0.3)},
}
"""Layers with the same effect, and how to draw their arguments."""

OTHER: dict[str, dict[str, Any]] = {
    "AugMix": {},
    "ContrastLimitedAdaptiveHistogramEqualization": {"clip_limit": 3.0, "tile_grid_size": (4, 2)},
    "CutMix": {"factor": 0.5},
    "Equalization": {},
    "RandAugment": {"num_ops": 3},
    "RandomColorJitter": {"saturation_factor": (0.2, 0.6)},
    "RandomElasticTransform": {"scale": 0.5},
    "RandomErasing": {},
    "RandomFlip": {},
    "RandomGaussianBlur": {"factor": 0.6, "sigma": 0.8},
    "RandomRotation": {"factor": 0.2, "fill_mode": "wrap"},
    "RandomTranslation": {"height_factor": 0.2, "width_factor": 0.1, "fill_mode": "wrap"},
    "RandomZoom": {"height_factor": 0.2, "fill_mode": "wrap"},
    "RandomPerspective": {"scale": 0.5, "fill_value": 255.0},
    "RandomSaturation": {"factor": 0.4},
    "RandomSharpness": {"factor": 0.3},
    "RandomShear": {"x_factor": 0.3, "y_factor": (0.1, 0.2)},
    "Resizing": {"height": 8, "width": 9},
}
"""Layers whose counterpart does something else, which a warning says."""

SILENT = {"MixUp": {"alpha": 0.4}, "RandomCrop": {"height": 8, "width": 9}}
"""Layers whose law is the same; in Keras one draw may stand for a whole batch."""

PICTURES = {
    "noise": np.random.default_rng(1).integers(0, 256, (SIDE, SIDE, 3)).astype("float32"),
    "photograph": photograph(3, SIDE, SIDE).astype("float32"),
}


def effect(layer: Any, picture: np.ndarray, draws: int) -> tuple[float, float]:
    """Mean and spread, over draws, of how far pixels move on average."""
    x = np.repeat(picture[None], min(draws, BATCH), axis=0)
    changes = []
    for _ in range(0, draws, BATCH):
        y = ops.convert_to_numpy(layer(ops.convert_to_tensor(x), training=True))
        middle = x if y.shape == x.shape else x.mean(axis=(1, 2), keepdims=True)
        changes.append(np.abs(y - middle).mean(axis=(1, 2, 3)))
    return float(np.mean(changes)), float(np.std(changes))


def distance(name: str, options: dict[str, Any], picture: np.ndarray, draws: int) -> float:
    """By how much mean or spread differ, in parts of the larger one, and of a level at least."""
    theirs = getattr(keras.layers, name)(**options, seed=1) if name in SEEDED else None
    theirs = theirs or getattr(keras.layers, name)(**options)
    (ours,) = layers.from_keras(theirs)
    pairs = zip(effect(ours, picture, draws), effect(theirs, picture, draws), strict=True)
    # The spread of a hundred draws is that of chance where all of them are alike.
    return max(abs(a - b) / max(a, b, 1.0) for a, b in pairs)


SEEDED = {*EXACT} - {"AutoContrast", "CenterCrop"}


@pytest.mark.parametrize("picture", [pytest.param("noise", marks=pytest.mark.slow), "photograph"])
@pytest.mark.parametrize("name", EXACT)
def test_the_effect_is_that_of_keras(name: str, picture: str) -> None:
    """Two configurations; 400 draws tell a quarter from chance."""
    for number in range(2):
        options = EXACT[name](np.random.default_rng(number))
        assert distance(name, options, PICTURES[picture], 400) < 0.25, options


@pytest.mark.parametrize("name", OTHER)
def test_what_is_other_is_said(name: str) -> None:
    theirs = getattr(keras.layers, name)(**OTHER[name], name="mine")
    with pytest.warns(UserWarning, match=f"^{name} is not exactly as in Keras: ") as caught:
        (ours,) = layers.from_keras(theirs)
    assert caught[0].filename == __file__
    assert ours.name == "mine"
    assert type(ours).__name__ in (name, "CLAHE")


@pytest.mark.parametrize("name", SILENT)
def test_what_is_the_same_is_silent(name: str) -> None:
    (ours,) = layers.from_keras(getattr(keras.layers, name)(**SILENT[name], seed=5))
    assert (type(ours).__name__, ours.seed) == (name, 5)
    assert SILENT[name].items() <= ours.get_config().items()


def test_every_image_layer_of_keras_is_known() -> None:
    base = keras.layers.RandomFlip.__mro__[1]
    known = {
        name
        for name, kind in vars(keras.layers).items()
        if isinstance(kind, type) and issubclass(kind, base) and name != "MaxNumBoundingBoxes"
    }
    assert known == {*EXACT, *OTHER, *SILENT}


def test_probabilities_that_keras_draws_become_a_rate() -> None:
    def rate(layer: Any) -> float:
        return layers.from_keras(layer)[0].rate

    assert rate(keras.layers.RandomInvert(0.5)) == 0.25
    assert rate(keras.layers.RandomInvert((0.5, 0.7))) == pytest.approx(0.6)
    assert rate(keras.layers.RandomErasing(0.4, fill_value=0)) == 0.2
    assert rate(keras.layers.RandomGrayscale(0.4)) == 0.4


def test_fill_values_become_parts_of_the_range() -> None:
    theirs = keras.layers.RandomRotation(0.1, fill_mode="constant", fill_value=51)
    assert layers.from_keras(theirs)[0].fill_value == pytest.approx(0.2)
    theirs = keras.layers.RandomRotation(0.1, fill_mode="constant", fill_value=0.5)
    (ours,) = layers.from_keras(theirs, value_range=(-1, 1))
    assert (ours.fill_value, ours.value_range) == (0.75, (-1, 1))


def test_lists_sequentials_and_pipelines_are_flattened() -> None:
    flip, turn = keras.layers.RandomFlip("horizontal"), keras.layers.RandomRotation(0.1)
    mine = layers.RandomRoll()
    model = keras.Sequential([keras.Input((8, 8, 3)), flip, keras.layers.Pipeline([turn, mine])])
    made = layers.from_keras([model, [turn]])
    kinds = [layers.RandomFlip, layers.RandomRotation, layers.RandomRoll, layers.RandomRotation]
    assert [type(layer) for layer in made] == kinds
    assert made[2] is mine
    x = np.zeros((4, 8, 8, 3), np.uint8)
    assert ArraySequence(x, batch_size=4, augment=made, verbose=0)[0].shape == x.shape


class Own(keras.layers.RandomFlip):
    """Of somebody else."""


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (keras.layers.Rescaling(1 / 255), "Rescaling.*rescale= of a sequence"),
        (keras.layers.MaxNumBoundingBoxes(5), "max_boxes="),
        (keras.layers.Dense(3), "Write it as a layer of this package"),
        (Own(), "of type Own"),
        (keras.layers.RandomErasing(fill_value=(1, 2, 3)), "one value for all channels"),
        (keras.layers.RandomContrast((-0.5, 0.5)), "never lowers the contrast"),
        ("flip", "knows no layer for 'flip'"),
    ],
)
def test_what_has_no_counterpart_is_refused(layer: Any, message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        layers.from_keras(layer)


def main(configurations: int = 24) -> None:
    """Print the largest distance of each layer, over random configurations."""
    for name, draw in EXACT.items():
        found = []
        for number, picture in itertools.product(range(configurations), PICTURES.values()):
            options = draw(np.random.default_rng(number))
            first = distance(name, options, picture, BATCH)
            found.append(first if first <= 0.1 else distance(name, options, picture, 20 * BATCH))
        within = sum(each <= 0.1 for each in found)
        print(f"{name:26} {within} of {len(found)} within 10 %, worst {max(found):.3f}", flush=True)


if __name__ == "__main__":
    main()
