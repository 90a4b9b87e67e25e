from __future__ import annotations

import keras
import numpy as np
import pandas as pd
import pytest

from keras_cvdata import ArraySequence, layers, prove
from keras_cvdata.stress.proving import Proof, Run, _answered, _trained_on
from tests.review.numpy_model import NumpyModel
from tests.stress.reports import report


def proof(*pairs, answered=("invert",)) -> Proof:
    runs = [Run(n, report(**before), report(**after)) for n, (before, after) in enumerate(pairs)]
    return Proof("layers.RandomInvert(rate=0.1)", answered, tuple(runs))


@pytest.mark.parametrize(
    ("before", "after", "verdict"),
    [
        ({"clean": 0.98, "invert": 0.5}, {"clean": 0.98, "invert": 0.965}, "closed"),
        ({"clean": 0.98, "invert": 0.5}, {"clean": 0.98, "invert": 0.8}, "narrowed"),
        ({"clean": 0.98, "invert": 0.5}, {"clean": 0.98, "invert": 0.51}, "not closed"),
        ({"clean": 0.98, "invert": 0.5}, {"clean": 0.95, "invert": 0.94}, "closed, costs"),
        ({"clean": 0.98, "invert": 0.97}, {"clean": 0.98, "invert": 0.98}, "no gap"),
    ],
)
def test_the_verdict(before, after, verdict) -> None:
    assert proof((before, after)).verdict == verdict


def test_figures_are_means_over_seeds() -> None:
    """R62: the precision of classes stands beside the accuracy."""
    before = {"clean": 0.98, "invert": [0.6, 0.4], "contrast": 0.9}
    made = proof(
        (before, {"clean": 0.97, "invert": [0.96, 0.94], "contrast": 0.6}),
        (before, {"clean": 0.98, "invert": [0.97, 0.97], "contrast": 0.9}),
        (before, {"clean": 0.98, "invert": [0.97, 0.97], "contrast": 0.8}),
    )
    assert made.table.index.to_list() == ["0", "1", "2", "mean"]
    mean = made.table.loc["mean"]
    assert mean["answered_before"] == pytest.approx(0.5)
    assert mean["answered_after"] == pytest.approx((0.95 + 0.97 + 0.97) / 3)
    assert mean["gap_before"] == pytest.approx(0.48)
    assert mean["precision_after"] == pytest.approx((0.97 + 0.98 + 0.98) / 3)
    assert made.opened == ("contrast",)
    assert made.table["opened"].to_list() == ["contrast", "", "contrast", "contrast"]
    assert made.summary().splitlines()[::3] == [
        "layers.RandomInvert(rate=0.1): closed (3 seeds)", "  opened: contrast",
    ]  # fmt: skip


PIXELS = np.random.default_rng(0).integers(0, 256, (12, 8, 8, 3), np.uint8)


def data(**options) -> ArraySequence:
    return ArraySequence(PIXELS, [0, 1] * 6, **{"seed": 7, "verbose": 0, "batch_size": 4} | options)


@pytest.mark.backends
def test_advice_stands_before_what_scales_and_mixes() -> None:
    scaled = [layers.RandomFlip(), layers.Normalize([0.5] * 3, [0.2] * 3), layers.MixUp()]
    train = data(augment=scaled, label_mode="categorical")
    made = _trained_on(train, [layers.RandomInvert(0.1)], seed=3)
    names = [type(layer).__name__ for layer in made.augment]
    assert names == ["RandomFlip", "RandomInvert", "Normalize", "MixUp"]
    assert made.seed == 3


class _Fitted(NumpyModel):
    """Takes every image for the first class, or for what it was trained on to be inverted."""

    def __init__(self) -> None:
        super().__init__(lambda x: np.tile([0.9, 0.1], (len(x), 1)), loss="mse")
        self.fitted = None

    def fit(self, batches, epochs, verbose) -> None:
        self.fitted = (
            np.concatenate([x for x, _ in batches]),
            epochs,
            float(keras.random.uniform((1,))[0]),
        )


@pytest.mark.backends
def test_both_models_of_a_seed_see_the_same_order(capsys) -> None:
    made = []

    def model_fn() -> _Fitted:
        made.append(_Fitted())
        return made[-1]

    row = pd.Series({"layer": layers.RandomInvert(1.0), "code": "c", "perturbation": "x, invert"})
    found = prove(model_fn, data(), data(), row, 2, seeds=(4, 5))
    assert found.answered == ("invert",)
    np.testing.assert_allclose(made[1].fitted[0], 255 - made[0].fitted[0], atol=1e-4)
    assert made[0].fitted[1:] == (2, made[1].fitted[2])
    assert not np.array_equal(made[0].fitted[0], made[2].fitted[0])
    said = capsys.readouterr().out
    assert "Seed 5, trained with c: StressReport('handbook': 12 images" in said
    assert said.endswith(found.summary() + "\n")
    bare = prove(model_fn, data(), data(), layers.RandomInvert(1.0), 1, verbose=0)
    assert len(bare.answered) == 6  # no gap, so all


@pytest.mark.parametrize(
    ("layer", "answered"),
    [
        (layers.RandomTranslation(0, 0.2), ("shift right", "shift up")),
        (layers.RandomInvert(0.1), ("invert",)),
        (layers.RandomFlip(), ("invert", "shift right", "shift up")),
    ],
)
def test_a_layer_answers_what_it_would_be_proposed_for(layer, answered) -> None:
    before = report(0.98, suite="handbook", invert=0.4, shift_right=0.5, shift_up=0.6, fog=0.98)
    assert _answered((), [layer], before) == answered


@pytest.mark.backends
@pytest.mark.parametrize(
    ("change", "error", "match"),
    [
        ({"advice": pd.DataFrame({"layer": [1]})}, TypeError, "one at a time"),
        ({"advice": []}, TypeError, "advice must be a layer"),
        ({"advice": layers.MixUp()}, TypeError, "changes single images"),
        ({"train": PIXELS}, TypeError, "train must be a sequence"),
        ({"seeds": ()}, ValueError, "seeds is empty"),
        ({"epochs": 0}, ValueError, "epochs must be"),
        (
            {"advice": {"layer": layers.RandomFlip(), "code": "c", "perturbation": "fog"}},
            ValueError,
            "answers fog, and the suite holds invert",
        ),
    ],
)
def test_bad_input_is_named(change, error, match) -> None:
    given = {"train": data(), "validation": data(), "advice": layers.RandomFlip(), "epochs": 1}
    given |= change
    if isinstance(given["advice"], dict):
        given["advice"] = pd.Series(given["advice"])
    with pytest.raises(error, match=match):
        prove(_Fitted, **given, verbose=0)


@pytest.mark.slow
@pytest.mark.backends
def test_inverted_images_are_learnt_from_a_tenth() -> None:
    """R90, R91: of the training images a tenth is inverted, and the gap closes."""
    random = np.random.default_rng(0)
    codes = np.arange(400) % 2
    x = random.integers(0, 60, (400, 8, 8, 1), np.uint8)
    x[codes == 0, 2:6] = 255  # a bar across
    x[codes == 1, :, 2:6] = 255  # or down

    def model_fn() -> keras.Model:
        made = keras.Sequential([
            keras.Input((8, 8, 1)), keras.layers.Conv2D(8, 3, activation="relu"),
            keras.layers.Flatten(), keras.layers.Dense(2, "softmax"),
        ])  # fmt: skip
        made.compile(keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy")
        return made

    train = ArraySequence(x[:300], codes[:300], rescale="unit", seed=7, verbose=0)
    held = ArraySequence(x[300:], codes[300:], rescale="unit", shuffle=False, verbose=0)
    row = report(1.0, suite="handbook", invert=0.2).advice().iloc[0]
    found = prove(model_fn, train, held, row, 12, verbose=0)
    assert found.table.loc["mean", "answered_before"] < 0.6
    assert found.verdict == "closed"
