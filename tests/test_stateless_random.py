"""Randomness as a pure function of integers."""

from __future__ import annotations

import numpy as np
import pytest

from keras_cvdata import stateless_random
from keras_cvdata.stateless_random import (
    Purpose,
    augmentation_uniforms,
    hash_words,
    permutation,
    uniforms,
)

PINNED_WORDS = [0xB8B4C2977EABCE45, 0x3D41BF495CD3075F, 0x46A6C8E56922A525]
PINNED_UNIFORM = [0.08945047175044918]
PINNED_ORDER = [8, 5, 3, 2, 9, 7, 6, 0, 1, 4]


def test_draws_stay_the_same_across_versions() -> None:
    """Seeds in published results keep their meaning, so these numbers never change."""
    assert hash_words(0).tolist() == [0xE220A8397B1DCDAF]  # first output of splitmix64, seed 0
    assert hash_words(7, np.arange(3)).tolist() == PINNED_WORDS
    assert uniforms(7, 1, 2).tolist() == PINNED_UNIFORM
    assert permutation(10, 7, 0).tolist() == PINNED_ORDER
    assert permutation(10, 7, 1).tolist() != PINNED_ORDER


def test_purposes_keep_their_numbers() -> None:
    """They are words of every draw of a sequence, so a published seed hangs on them."""
    numbers = {"SHUFFLE": 1, "BALANCE": 2, "AUGMENT": 3, "SUBSTITUTE": 4, "MIX": 5}
    assert {purpose.name: int(purpose) for purpose in Purpose} == numbers
    assert permutation(10, 7, Purpose.SHUFFLE).tolist() == permutation(10, 7, 1).tolist()


def test_augmentation_draws_by_seed_epoch_row_occurrence_layer_and_draw() -> None:
    """A row alone has the numbers that it has in its batch."""
    rows, occurrences = np.array([4, 9, 4]), np.array([0, 0, 1])
    keys = np.array([(0, 0), (0, 1), (2, 0)])
    together = augmentation_uniforms(7, 3, rows, occurrences, keys)
    expected = [
        [float(uniforms(7, 3, 3, row, occurrence, *key)[0]) for key in keys.tolist()]
        for row, occurrence in zip(rows.tolist(), occurrences.tolist(), strict=True)
    ]
    assert together.tolist() == expected
    assert len(np.unique(together)) == together.size
    assert augmentation_uniforms(7, 3, 9, 0, keys).tolist() == expected[1:2]
    assert augmentation_uniforms(7, 3, rows, 0, np.empty((0, 2), np.int64)).shape == (3, 0)


def test_hash_depends_on_the_order_and_number_of_words() -> None:
    words = [hash_words(*key)[0] for key in [(1, 2), (2, 1), (1,), (1, 0), (0, 1), (1, 2, 0)]]
    assert len(set(words)) == len(words)


def test_hash_does_not_depend_on_broadcasting_or_dtype() -> None:
    """R55: a draw is a function of its own words, whatever it is computed together with."""
    rows, layers = np.arange(50)[:, None], np.arange(4)[None]
    together = hash_words(7, rows, layers)
    assert together.shape == (50, 4)
    alone = [[int(hash_words(7, row, layer)[0]) for layer in range(4)] for row in range(50)]
    assert together.tolist() == alone
    assert np.array_equal(together, hash_words(7, rows.astype(np.uint16), layers.astype(np.int32)))


@pytest.mark.parametrize("negative", [-1, -(2**63)])
def test_negative_words_count_modulo_two_to_the_64(negative: int) -> None:
    words = hash_words(negative), hash_words(np.array([negative])), hash_words(negative + 2**64)
    assert words[0] == words[1] == words[2] != hash_words(-negative + 1)


def test_uniforms_are_uniform_and_uncorrelated() -> None:
    """Neighbouring seeds, rows and draws look independent."""
    u = uniforms(np.arange(20)[:, None, None], np.arange(5000)[:, None], np.arange(4))
    assert u.dtype == np.float64
    assert u.min() >= 0
    assert u.max() < 1
    counts = np.histogram(u, 100, (0, 1))[0]
    chi_squared = np.square(counts - counts.mean()).sum() / counts.mean()
    assert 50 < chi_squared < 160  # 99 degrees of freedom; five standard deviations either side
    assert np.abs(np.corrcoef(u.reshape(-1, 4).T) - np.eye(4)).max() < 0.01  # along draws
    assert np.abs(np.corrcoef(u[:, :, 0]) - np.eye(20)).max() < 0.08  # along seeds
    assert abs(np.corrcoef(u[:, :-1].ravel(), u[:, 1:].ravel())[0, 1]) < 0.01  # along rows


def test_permutation_holds_each_number_once_and_moves_all_places_alike() -> None:
    """R54, R55: shuffling by an index permutation loses and favours nothing (X1)."""
    orders = np.stack([permutation(6, seed) for seed in range(6000)])
    assert (np.sort(orders, axis=1) == np.arange(6)).all()
    table = np.stack([np.bincount(place, minlength=6) for place in orders.T])
    assert np.abs(table - 1000).max() < 150  # five standard deviations
    assert permutation(0, 7).tolist() == []


def test_permutation_of_many_is_sorted_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """In little memory, and as it would be in one piece."""
    expected = np.argsort(hash_words(7, 1, np.arange(5000)), kind="stable")
    monkeypatch.setattr(stateless_random, "_BLOCK", 300)
    order = permutation(5000, 7, 1, dtype=np.uint16)
    assert order.dtype == np.uint16
    np.testing.assert_array_equal(order, expected)
