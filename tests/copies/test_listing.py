"""Near pairs for people."""

from __future__ import annotations

import numpy as np

from keras_cvdata.copies.hashing import perceptual_hashes
from keras_cvdata.copies.listing import MOST, listed_pairs
from keras_cvdata.copies.searching import groups, near_pairs
from tests.copies.test_searching import clustered


def test_small_groups_are_listed_whole() -> None:
    """The pairs of the search, and equal images as well."""
    hashes = clustered(60, 12)
    assert listed_pairs(hashes).tolist() == near_pairs(hashes).tolist()
    picture = np.random.default_rng(0).integers(0, 256, (1, 32, 32), np.uint8)
    equal = perceptual_hashes(np.repeat(picture, 4, axis=0))
    assert len(listed_pairs(equal)) == 6


def test_of_a_large_group_each_image_is_paired_with_the_first() -> None:
    hashes = clustered(80, 2)
    pairs = listed_pairs(hashes)
    together = groups(len(hashes), near_pairs(hashes))
    assert min(np.bincount(together)[np.unique(together)]) > MOST
    assert sorted(pairs["second"]) == np.flatnonzero(together != np.arange(80)).tolist()
    assert np.array_equal(pairs["first"], together[pairs["second"]])


def test_without_the_second_of_each_pair_no_near_pair_is_left() -> None:
    hashes = np.concatenate([clustered(50, 1), clustered(45, 15)])
    left = np.setdiff1d(np.arange(len(hashes)), listed_pairs(hashes)["second"])
    assert len(near_pairs(hashes[left])) == 0
    assert len(listed_pairs(hashes[:0])) == 0
