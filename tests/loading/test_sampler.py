"""The order of samples is a pure function that shows every sample before any comes again."""

import pickle
import tracemalloc

import numpy as np
import pytest

from keras_cvdata.loading.sampler import Sampler


def epoch(order, number):
    slots = [order.batch(number, index) for index in range(len(order))]
    return (
        np.concatenate([s.positions for s in slots]),
        np.concatenate([s.occurrences for s in slots]),
    )


@pytest.mark.parametrize("shuffle", [False, True])
def test_every_sample_once_per_epoch(shuffle):
    """R59: shuffled anew each epoch, complete each epoch."""
    order = Sampler(103, 10, seed=3, shuffle=shuffle)
    epochs = [epoch(order, number)[0] for number in range(3)]
    assert len(order) == 11
    for positions in epochs:
        assert sorted(positions) == list(range(103))
    assert (epochs[0] == epochs[1]).all() != shuffle
    assert order.batch(0, 10).positions.shape == (3,)


def test_same_words_same_order():
    """Order depends on seed, epoch and index only; it survives a pickle."""
    order = Sampler(50, 8, seed=3)
    expected = order.batch(2, 1).positions
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(order)).batch(2, 1).positions, expected)
    assert (Sampler(50, 8, seed=4).batch(2, 1).positions != expected).any()


def test_drop_remainder_keeps_full_batches_only():
    order = Sampler(10, 4, seed=0, drop_remainder=True)
    assert [len(order.batch(0, i).positions) for i in range(len(order))] == [4, 4]


@pytest.mark.parametrize("steps", [2, 5, 9])
def test_long_and_short_epochs_show_all_before_repeating(steps):
    """R60: an epoch of any length walks on through whole passes, in full batches."""
    order = Sampler(10, 4, seed=1, steps=steps)
    stream = np.concatenate([epoch(order, number)[0] for number in range(10)])
    assert len(order) == steps
    for start in range(0, len(stream) - 10, 10):
        assert sorted(stream[start : start + 10]) == list(range(10))


def test_repeats_in_an_epoch_get_distinct_occurrences():
    order = Sampler(10, 4, seed=1, steps=9)
    for number in range(4):
        pairs = list(zip(*epoch(order, number), strict=True))
        assert len(set(pairs)) == len(pairs)


def test_balance_repeats_small_classes_evenly():
    """Every class as often as the largest, every sample at least once, repeats spread evenly."""
    codes = np.array([5] * 7 + [9] * 3 + [2])
    order = Sampler(11, 4, seed=1, codes=codes)
    positions, occurrences = epoch(order, 0)
    assert np.bincount(codes[positions])[[5, 9, 2]].tolist() == [7, 7, 7]
    counts = np.bincount(positions)
    assert counts.min() >= 1
    assert set(counts[7:10]) == {2, 3}
    assert len(set(zip(positions, occurrences, strict=True))) == len(positions)
    others, _ = epoch(order, 1)
    assert (np.bincount(others)[7:10] != counts[7:10]).any() or (others != positions).any()


def test_balanced_long_epoch_keeps_occurrences_apart():
    order = Sampler(4, 3, seed=1, codes=np.array([0, 0, 0, 1]), steps=5)
    pairs = list(zip(*epoch(order, 1), strict=True))
    assert len(set(pairs)) == len(pairs)


@pytest.mark.parametrize(("codes", "most"), [(None, 8), (np.arange(200_000) % 7 % 3, 11)])
def test_order_takes_few_bytes_a_row(codes, most):
    """Two passes at the seam of epochs; of a balanced one also how often each sample came."""
    order = Sampler(200_000, 32, seed=7, codes=codes)
    tracemalloc.start()
    for number in range(3):
        order.batch(number, 0)
    held = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert held < most * order.pass_size + 10_000


def test_order_is_pinned_across_versions():
    """A training resumed with a later version must see the same order."""
    assert Sampler(8, 8, seed=7).batch(1, 0).positions.tolist() == PINNED


PINNED = [1, 0, 6, 2, 4, 5, 3, 7]
