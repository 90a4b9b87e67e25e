"""RandomGaussianNoise: the law of the field, and that it hangs on nothing but its seed."""

from __future__ import annotations

from statistics import NormalDist
from typing import Any

import numpy as np
import pytest
from keras import ops

from keras_cvdata.engine.kernels.hashing import halves, normals, seeds, words, words_batch
from keras_cvdata.layers import RandomGaussianNoise
from tests.distributions import assert_follows, assert_uniform, drawn

pytestmark = pytest.mark.backends

GRAY = np.full((100, 100, 1), 0.5, np.float32)


def test_noise_is_normal(apply: Any) -> None:
    layer = RandomGaussianNoise(0.05, value_range=(0, 1), seed=3)
    noise = (apply(layer, GRAY) - 0.5) / 0.05
    assert_follows(noise, np.vectorize(NormalDist().cdf))


def test_strength_is_in_units_of_the_range(apply: Any) -> None:
    """Rounding to whole levels adds 1/12."""
    noisy = apply(RandomGaussianNoise(0.02, seed=3), np.full((200, 200, 1), 128, np.uint8))
    assert noisy.std() == pytest.approx(np.sqrt((0.02 * 255) ** 2 + 1 / 12), rel=0.02)
    assert noisy.mean() == pytest.approx(128, abs=0.1)


def test_results_saturate(apply: Any) -> None:
    noisy = apply(RandomGaussianNoise(0.5), np.zeros((50, 50, 3), np.uint8))
    assert 0.4 < (noisy == 0).mean() < 0.6
    assert noisy.max() == 255


def test_neighbours_and_channels_and_images_are_independent() -> None:
    """No correlation within a field, or between those of neighbouring seeds."""
    field = normals()[halves(120_000, np.array([5, 9], np.int32))].reshape(200, 200, 3)
    others = [field[1:], field[:, 1:], field[:, :, 1:], field.reshape(-1)[4:]]
    same = [field[:-1], field[:, :-1], field[:, :, :-1], field.reshape(-1)[:-4]]
    for seed in ([6, 9], [5, 10], [9, 5], [0, 0]):
        others.append(normals()[halves(120_000, np.array(seed, np.int32))])
        same.append(field)
    for one, other in zip(same, others, strict=True):
        limit = 4.5 / np.sqrt(one.size)
        assert abs(np.corrcoef(one.ravel(), other.ravel())[0, 1]) < limit


def test_words_use_every_bit() -> None:
    some = words(100_000, np.array([1, 2], np.int32))
    bits = some[:, None] >> np.arange(32, dtype=np.uint32) & 1
    assert np.abs(bits.mean(axis=0) - 0.5).max() < 4.5 * 0.5 / np.sqrt(len(some))
    assert_uniform(some / 2.0**32, 0, 1)


def test_words_never_change() -> None:
    """Stored parameters must give the same field for ever."""
    assert words(3, np.array([7, 8], np.int32)).tolist() == [499395432, 3363679466, 1296786501]


def test_tensors_hash_to_the_same_bits() -> None:
    seed = np.array([[0, 0], [2**24 - 1, 2**24 - 1], [123_456, 7]], np.int32)
    several = ops.convert_to_numpy(words_batch(1001, ops.convert_to_tensor(seed), ops))
    for one, expected in zip(several, seed, strict=True):
        assert np.array_equal(one.view(np.uint32), words(1001, expected))


def test_strength_and_seed_are_drawn_evenly() -> None:
    p = drawn(RandomGaussianNoise((0.1, 0.3)))
    assert_uniform(p["stddev"], 0.1, 0.3)
    for half in p["seed"].T:
        assert_uniform(half / 2.0**24, 0, 1)
    assert seeds(np.array([[0.0, 1 - 2**-24]]), np).tolist() == [[0, 2**24 - 1]]


@pytest.mark.parametrize("stddev", [-0.1, 1.5, (0.2, 0.1), (0, 25)])
def test_bad_ranges_are_refused(stddev: Any) -> None:
    with pytest.raises(ValueError, match=r"RandomGaussianNoise: stddev .*value ranges.*0 to 1"):
        RandomGaussianNoise(stddev)
