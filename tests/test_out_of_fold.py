"""Out-of-fold probabilities: folds, what a model returns, and models that cannot be used."""

from __future__ import annotations

import random
from pathlib import Path

import cv2
import keras
import numpy as np
import pytest

from keras_cvdata import ArraySequence, Sequence, layers, oof_pred_probs, out_of_fold
from keras_cvdata.labels import from_levels
from keras_cvdata.sources import ArraySource, DirectorySource

pytestmark = pytest.mark.backends

HALVES = np.repeat(np.uint8([30, 220]), 12)[:, None, None, None] * np.ones((4, 4, 1), np.uint8)
CODES = np.repeat([0, 1], 12)


def halves(**options) -> ArraySequence:
    settings = {"color_mode": "grayscale", "rescale": "unit", "seed": 7, "verbose": 0}
    return ArraySequence(HALVES, CODES, **settings | options)


def classifier(units: int = 2, activation: str | None = "softmax", loss=None):
    def model_fn() -> keras.Model:
        model = keras.Sequential(
            [keras.layers.Flatten(), keras.layers.Dense(units, activation=activation)]
        )
        model.compile(keras.optimizers.Adam(0.1), loss or "sparse_categorical_crossentropy")
        return model

    return model_fn


def held_by_fold(monkeypatch: pytest.MonkeyPatch, codes, **options) -> list[np.ndarray]:
    """Positions that each fold predicts; every other one trains."""
    held = []

    def predicted(model, sequence, positions, others, epochs, verbose) -> np.ndarray:
        held.append(positions)
        assert sorted([*positions, *others]) == list(range(len(codes)))
        return np.full((len(positions), max(codes) + 1), 1 / (max(codes) + 1), np.float32)

    monkeypatch.setattr(out_of_fold, "_predict_fold", predicted)
    x = np.zeros((len(codes), 4, 4, 1), np.uint8)
    data = ArraySequence(x, np.asarray(codes), color_mode="grayscale", verbose=0)
    oof_pred_probs(classifier(int(max(codes)) + 1), data, epochs=1, verbose=0, **options)
    return held


def test_folds_share_every_class(monkeypatch: pytest.MonkeyPatch) -> None:
    """R54: each fold has its share of each class, to one."""
    codes = np.random.default_rng(0).choice(4, 101, p=[0.6, 0.3, 0.07, 0.03])
    held = held_by_fold(monkeypatch, codes, folds=5)
    counts = np.array([np.bincount(codes[positions], minlength=4) for positions in held])
    assert np.ptp(counts, axis=0).max() <= 1
    assert counts.sum() == 101


def test_groups_stay_in_one_fold(monkeypatch: pytest.MonkeyPatch) -> None:
    """R58: so no model has seen a copy of what it judges."""
    groups = np.arange(24) // 4
    held = held_by_fold(monkeypatch, np.arange(24) % 2, folds=3, groups=groups)
    assert sorted(np.concatenate(held).tolist()) == list(range(24))
    for positions in held:
        assert np.bincount(groups[positions])[np.unique(groups[positions])].tolist() == [4, 4]


@pytest.mark.parametrize(("k", "error"), [(1, ValueError), (7, ValueError), (2.5, TypeError)])
def test_impossible_folds_are_refused(k, error) -> None:
    data = ArraySequence(np.zeros((6, 4, 4, 1), np.uint8), [0, 1] * 3, verbose=0)
    with pytest.raises(error, match="folds"):
        oof_pred_probs(classifier(2), data, k, verbose=0)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("label_mode", "model_fn", "said"),
    [
        ("int", classifier(loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
                           activation=None), "softmax applied"),
        ("categorical", classifier(loss="categorical_crossentropy"), ""),
        ("binary", classifier(1, "sigmoid", "binary_crossentropy"), ""),
    ],
)  # fmt: skip
def test_a_flipped_label_gets_little_probability(label_mode, model_fn, said, capsys) -> None:
    """R13: what the model was not shown the label of, it does not learn by heart."""
    given = CODES.copy()
    given[[3, 20]] = 1 - given[[3, 20]]
    data = Sequence(
        ArraySource(HALVES, given),
        color_mode="grayscale",
        rescale="unit",
        batch_size=4,
        label_mode=label_mode,
        augment=layers.RandomFlip(),
        seed=7,
        verbose=0,
    )
    found = oof_pred_probs(model_fn, data, folds=2, epochs=12)
    assert (found.shape, found.dtype) == ((24, 2), np.float32)
    own = found[np.arange(24), given]
    assert sorted(np.argsort(own)[:2].tolist()) == [3, 20]
    text = capsys.readouterr().out
    assert "Fold 2 of 2" in text
    assert said in text
    assert bool(said) == ("no probabilities" in text)


@pytest.mark.slow
def test_equal_seeds_give_equal_probabilities() -> None:
    data = halves(augment=layers.RandomLighting(), batch_size=8)
    random_before, numpy_before = random.getstate(), np.random.get_state()[1].copy()  # noqa: NPY002
    once = oof_pred_probs(classifier(), data, 2, epochs=2, seed=3, verbose=0)
    again = oof_pred_probs(classifier(), data, 2, epochs=2, seed=3, verbose=0)
    other = oof_pred_probs(classifier(), data, 2, epochs=2, seed=4, verbose=0)
    np.testing.assert_allclose(once, again, atol=1e-6)
    assert np.abs(once - other).max() > 1e-3
    assert random.getstate() == random_before
    assert (np.random.get_state()[1] == numpy_before).all()  # noqa: NPY002


@pytest.mark.slow
def test_no_image_is_predicted_by_a_model_that_saw_it() -> None:
    """Each image has a grey value of its own, so a model that fits it by heart is seen."""
    trained: list[set[int]] = []

    class Spy(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.last = keras.layers.Dense(2, activation="softmax")

        def call(self, x):
            return self.last(keras.ops.reshape(x, (-1, 1)))

        def fit(self, data, **options):
            trained.append(set(data.source.rows.tolist()))
            return super().fit(data, **options)

        def predict(self, data, **options):
            assert not trained[-1] & set(data.source.rows.tolist())
            assert data.augment in (None, [])
            assert not data.shuffle
            return super().predict(data, **options)

    def model_fn() -> keras.Model:
        model = Spy()
        model.compile("sgd", "sparse_categorical_crossentropy")
        return model

    grey = np.arange(12, dtype=np.uint8)[:, None, None, None]
    source = ArraySource(grey, np.arange(12) % 2).select(np.arange(11, 1, -1))
    data = Sequence(source, color_mode="grayscale", augment=layers.RandomInvert(), verbose=0)
    found = oof_pred_probs(model_fn, data, 5, epochs=1, verbose=0)
    assert found.shape == (10, 2)
    assert np.isfinite(found).all()
    assert [len(rows) for rows in trained] == [8] * 5


@pytest.mark.slow
def test_an_image_that_cannot_be_read_has_no_probability(tmp_path: Path, capsys) -> None:
    for number, image in enumerate(HALVES):
        folder = tmp_path / str(CODES[number])
        folder.mkdir(exist_ok=True)
        cv2.imwrite(str(folder / f"{number:02}.png"), image)
    (tmp_path / "1" / "15.png").write_bytes(b"broken")
    data = Sequence(
        DirectorySource(tmp_path), image_size=4, rescale="unit", on_error="skip", seed=7, verbose=0
    )
    found = oof_pred_probs(classifier(), data, 2, epochs=1)
    assert "12 images predicted, 1 that cannot be read" in capsys.readouterr().out
    assert np.flatnonzero(np.isnan(found).any(axis=1)).tolist() == [15]


@pytest.mark.slow
def test_the_last_level_of_a_hierarchy_is_predicted() -> None:
    source = ArraySource(HALVES)
    source.labels = {"label": from_levels([("pet", "ab"[code]) for code in CODES])}
    data = Sequence(source, color_mode="grayscale", rescale="unit", verbose=0)
    assert oof_pred_probs(classifier(), data, 2, epochs=1, verbose=0).shape == (24, 2)


@pytest.mark.parametrize(
    ("data", "error", "match"),
    [
        (HALVES, TypeError, "sequence must be a sequence of keras_cvdata"),
        (halves(label_mode=None), ValueError, "label_mode=None"),
        (halves(label_mode="input"), ValueError, "label_mode='input'"),
        (Sequence(ArraySource(HALVES, {"a": CODES, "b": CODES}), verbose=0), ValueError, "2 label"),
    ],
)
def test_labels_that_are_no_class_are_refused(data, error, match) -> None:
    with pytest.raises(error, match=match):
        oof_pred_probs(classifier(), data)


def not_compiled() -> keras.Model:
    return keras.Sequential([keras.layers.Dense(2)])


@pytest.mark.parametrize(
    ("model_fn", "error", "match"),
    [
        (classifier()(), TypeError, "must be a function"),
        (lambda: "model", TypeError, "must return a keras.Model; got a str"),
        (not_compiled, ValueError, "not compiled"),
    ],
)
def test_functions_that_make_no_model_are_refused(model_fn, error, match) -> None:
    with pytest.raises(error, match=match):
        oof_pred_probs(model_fn, halves(), verbose=0)


@pytest.mark.slow
def test_models_that_do_not_fit_are_refused() -> None:
    model = classifier()()
    with pytest.raises(ValueError, match="the model that it made before"):
        oof_pred_probs(lambda: model, halves(), 2, epochs=1, verbose=0)
    with pytest.raises(ValueError, match="gives 3 values for an image, but there are 2 classes"):
        oof_pred_probs(classifier(3), halves(), 2, epochs=1, verbose=0)

    def diverging() -> keras.Model:
        made = classifier(activation=None, loss="sparse_categorical_crossentropy")()
        made.add(keras.layers.Lambda(lambda x: x * float("nan")))
        made.compile("sgd", "sparse_categorical_crossentropy")
        return made

    with pytest.raises(ValueError, match="diverged"):
        oof_pred_probs(diverging, halves(), 2, epochs=1, verbose=0)


@pytest.mark.slow
def test_a_class_of_one_image_is_told() -> None:
    data = ArraySequence(HALVES, np.where(np.arange(24) == 5, 2, CODES), rescale="unit", verbose=0)
    with pytest.warns(UserWarning, match="Of 1 classes there is one image: '2'"):
        oof_pred_probs(classifier(3), data, 2, epochs=1, verbose=0)
