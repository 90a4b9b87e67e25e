"""Layers that mix samples at the end of `augment`."""

from __future__ import annotations

import copy
import pickle
import time
from pathlib import Path
from typing import Any

import cv2
import keras
import numpy as np
import pandas as pd
import pytest

from keras_cvdata import ArraySequence, DataFrameSequence
from keras_cvdata.layers import CutMix, MixUp, OneOf, RandomFlip, RandomRotateBound
from keras_cvdata.loading.threads import Pool

pytestmark = pytest.mark.backends

N = 40


def colours() -> np.ndarray:
    """Image i is of brightness i."""
    return np.repeat(np.arange(N, dtype=np.uint8), 8 * 8 * 3).reshape(N, 8, 8, 3)


def made(augment: Any, **options: Any) -> ArraySequence:
    labels = np.arange(N) % 5
    given = {"label_mode": "categorical", "batch_size": 16, "seed": 7, "verbose": 0}
    return ArraySequence(colours(), labels, augment=augment, **given | options)


def assert_same(one: Any, other: Any) -> None:
    keras.tree.map_structure(np.testing.assert_array_equal, one, other)


def test_shares_of_labels_are_those_of_the_pixels() -> None:
    numbers = np.arange(N, dtype=np.float32)
    for mixer in (MixUp(1.0), CutMix()):
        sequence = ArraySequence(
            colours(),
            numbers,
            label_mode="regression",
            augment=[RandomFlip(), mixer],
            seed=7,
            verbose=0,
        )
        assert len({*np.concatenate([y for _, y in sequence])} - {*numbers}) > N / 2
        for x, y in sequence:
            assert np.allclose(x.mean(axis=(1, 2, 3)), y, atol=1e-3)


def test_every_form_of_target_is_mixed_alike(tmp_path: Path) -> None:
    paths = [str(tmp_path / f"{i}.png") for i in range(N)]
    for path, image in zip(paths, colours(), strict=True):
        assert cv2.imwrite(path, image)
    frame = pd.DataFrame(
        {
            "location": paths,
            "kind": [f"k{i % 4}" for i in range(N)],
            "sex": ["f" if i < N / 2 else "m" for i in range(N)],
            "size": np.arange(N) + 0.5,
        }
    )
    modes = {"kind": "categorical", "sex": "binary", "size": "regression"}
    sequence = DataFrameSequence(
        frame,
        label_column=list(modes),
        label_mode=modes,
        image_size=(8, 8),
        augment=MixUp(1.0),
        batch_size=N,
        shuffle=False,
        seed=7,
        verbose=0,
    )
    x, y = sequence[0]
    (p,) = sequence._loader.start(sequence._pool, 0, sequence._sampler.batch(0, 0)).wait().mixes
    shares = np.eye(N) * p["share"][:, None]
    shares[np.arange(N), p["partner"]] += 1 - p["share"]
    assert np.allclose(x.mean(axis=(1, 2, 3)), shares @ np.arange(N), atol=1e-3)
    assert np.allclose(y["size"], shares @ (np.arange(N) + 0.5), atol=1e-4)
    assert np.allclose(y["kind"], shares @ np.eye(4)[np.arange(N) % 4], atol=1e-6)
    assert np.allclose(y["sex"][:, 0], shares @ (np.arange(N) >= N / 2), atol=1e-6)


def test_uint8_is_rounded_once_and_float16_stays() -> None:
    exact = np.concatenate([x for x, _ in made(MixUp(1.0))])
    for dtype, limit in (("uint8", 0.5 + 1e-4), ("float16", 0.02)):
        other = np.concatenate([x for x, _ in made(MixUp(1.0), dtype=dtype)])
        assert other.dtype == dtype
        assert np.abs(exact - other).max() <= limit


def test_batches_do_not_depend_on_threads() -> None:
    augment = [RandomRotateBound(20), MixUp(0.4), CutMix(rate=0.5)]
    alone = list(made(augment, threads=1, prefetch=0))
    for threads, prefetch in ((2, 1), (7, 5)):
        assert_same(list(made(augment, threads=threads, prefetch=prefetch)), alone)
    sequence = made(augment, threads=3)
    assert_same([sequence[i] for i in reversed(range(3))], alone[::-1])
    assert_same(list(pickle.loads(pickle.dumps(sequence))), alone)


def test_epochs_mix_differently_and_can_be_had_again() -> None:
    sequence = made(MixUp(1.0), shuffle=False)
    first, second = list(sequence), list(sequence)
    assert not np.array_equal(first[0][1], second[0][1])
    sequence.set_epoch(0)
    assert_same(list(sequence), first)


def test_seeds_reach_the_mixing_and_layers_do_not() -> None:
    y = [made(MixUp(1.0, seed=s), seed=7)[0][1] for s in (1, 2)]
    assert_same(*y)
    assert not np.array_equal(y[0], made(MixUp(1.0), seed=8, shuffle=False)[0][1])


def test_validation_and_single_samples_are_not_mixed() -> None:
    held_out = made(MixUp(1.0), validation_split=0.5, subset="validation")
    assert set(np.concatenate([y for _, y in held_out]).ravel()) == {0, 1}
    sequence = made(MixUp(1.0))
    assert set(sequence.with_source(sequence.source, training=False)[0][1].ravel()) == {0, 1}
    assert sequence.sample(3)[0].max() == 3
    assert sequence.sample(3)[1].tolist() == [0, 0, 0, 1, 0]


def test_images_that_are_targets_are_mixed_once() -> None:
    x, y = made(MixUp(1.0), label_mode="input")[0]
    assert x is y


@pytest.mark.parametrize("mode", ["int", None])
def test_labels_that_cannot_be_mixed_are_refused(mode: Any) -> None:
    with pytest.raises(ValueError, match=r"MixUp\(.*label_mode='categorical'"):
        made(MixUp(), label_mode=mode)


def test_levels_are_refused() -> None:
    frame = pd.DataFrame({"location": ["[[0]]"] * 2, "label": ["a/b", "c/d"]})
    with pytest.raises(ValueError, match=r"MixUp.*label_mode='hierarchical'"):
        DataFrameSequence(
            frame, image_size=(4, 4), label_mode="hierarchical", augment=MixUp(), verbose=0
        )


def test_masks_are_refused() -> None:
    with pytest.raises(ValueError, match=r"MixUp\(.*masks and boxes cannot be mixed"):
        made(MixUp(), masks=np.zeros((N, 8, 8, 1), np.uint8))


def test_mixing_stands_at_the_end() -> None:
    with pytest.raises(ValueError, match=r"CutMix\(.*at the end of `augment`"):
        made([CutMix(), RandomFlip()])
    with pytest.raises(ValueError, match=r"MixUp\(.*at the end of `augment`"):
        made(OneOf([RandomFlip(), MixUp()]))
    assert len(made([RandomFlip(), [MixUp(), CutMix()]])._loader.mixers) == 2
    assert len(made(keras.Sequential([RandomFlip(), MixUp()]))._loader.mixers) == 1


def test_substitutes_with_weight_zero_take_their_share_of_weight() -> None:
    images = [np.full((8, 8, 3), i, np.uint8) for i in range(N)]
    images[5] = np.zeros((8, 8, 1), np.uint8)  # another number of channels than the batch
    sequence = ArraySequence(
        images,
        np.arange(N) % 5,
        image_size=(8, 8),
        color_mode="unchanged",
        label_mode="categorical",
        on_error="skip",
        augment=MixUp(1.0),
        batch_size=N,
        seed=7,
        verbose=0,
    )
    _, _, weights = sequence[0]
    assert 0 < weights.min() < 1
    assert (weights == 1).sum() > N / 2
    plain = copy.copy(sequence)
    plain.augment = None
    plain._bind(sequence.source)
    _, _, unmixed = plain[0]
    assert sorted(set(unmixed)) == [0, 1]


@pytest.mark.parametrize("mixer", [MixUp, CutMix])
def test_fit_takes_mixed_batches(mixer: Any) -> None:
    model = keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            keras.layers.Rescaling(1 / 255),
            keras.layers.Flatten(),
            keras.layers.Dense(5, activation="softmax"),
        ]
    )
    model.compile("adam", "categorical_crossentropy", metrics=["accuracy"])
    sequence = made([RandomFlip(), mixer()])
    history = model.fit(sequence, epochs=2, verbose=0, validation_data=made(None))
    assert np.isfinite(history.history["loss"]).all()
    assert sequence.epoch == 2


def test_a_job_finishes_once_and_only_when_all_is_filled() -> None:
    pool, seen = Pool(5), []
    for _ in range(50):
        filled = np.zeros(17)

        def fill(slot: int, filled: np.ndarray = filled) -> int:
            time.sleep(0.001 * (slot == 16))  # so that the others are done before
            filled[slot] = 1
            return slot

        def finish(slots: list[int], filled: np.ndarray = filled) -> list[int]:
            seen.append(filled.sum())
            return slots

        assert pool.start(17, fill, finish).wait() == [*range(17)]
    assert seen == [17] * 50


def test_errors_while_mixing_reach_the_caller() -> None:
    def fail(_: Any) -> Any:
        raise RuntimeError("no")

    with pytest.raises(RuntimeError, match="no"):
        Pool(2).start(3, print, fail).wait()
    finished: list[int] = []

    def break_off(slot: int) -> None:
        raise ValueError(f"slot {slot}")

    with pytest.raises(ValueError, match="slot"):
        Pool(2).start(3, break_off, lambda _: finished.append(1)).wait()
    assert not finished
