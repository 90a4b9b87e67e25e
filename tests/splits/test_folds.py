"""Folds of a collection."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keras_cvdata.splits import fold_positions

PINNED_CLASSES = [1, 1, 1, 2, 0, 1, 2, 0, 0, 0, 2, 2]
PINNED_GROUPS = [1, 1, 2, 2, 0, 0, 2, 2, 1, 1, 0, 0]


@given(
    sizes=st.lists(st.integers(2, 40), min_size=1, max_size=6),
    k=st.integers(2, 6),
    seed=st.integers(0, 2**40),
)
def test_folds_differ_by_one_sample_at_most(sizes: list[int], k: int, seed: int) -> None:
    """R54: in total and of each class, whatever the classes."""
    codes = np.repeat(np.arange(len(sizes)), sizes) * 3 - 5
    if len(codes) < k:
        return
    folds = fold_positions(len(codes), k, codes=codes, seed=seed)
    assert np.ptp(np.bincount(folds, minlength=k)) <= 1
    for code in np.unique(codes):
        assert np.ptp(np.bincount(folds[codes == code], minlength=k)) <= 1


def test_folds_stay_the_same_across_versions() -> None:
    """Published folds keep their meaning, so these numbers never change."""
    codes, groups = np.arange(12) % 2, np.arange(12) // 2
    assert fold_positions(12, 3, codes=codes, seed=7).tolist() == PINNED_CLASSES
    assert fold_positions(12, 3, groups=groups, seed=7).tolist() == PINNED_GROUPS
    other = fold_positions(12, 3, codes=codes, seed=8)
    assert other.tolist() != PINNED_CLASSES


def test_groups_are_in_one_fold_and_classes_in_all() -> None:
    """R54, R58: patients of different numbers of images, each of one class or of two."""
    random = np.random.default_rng(0)
    groups = np.repeat(np.arange(200), random.integers(1, 9, 200))
    codes = np.where(random.random(len(groups)) < 0.2, 2, groups % 2)
    folds = fold_positions(len(groups), 5, codes=codes, groups=groups, seed=1)
    assert all(len(set(folds[groups == group])) == 1 for group in range(200))
    for code in range(3):
        share = np.bincount(folds[codes == code], minlength=5) / (codes == code).sum()
        assert share == pytest.approx([0.2] * 5, abs=0.02)
    assert np.bincount(folds) == pytest.approx([len(groups) / 5] * 5, rel=0.05)


def test_multi_label_samples_are_spread_by_each_label() -> None:
    random = np.random.default_rng(0)
    hot = random.random((1000, 6)) < [0.5, 0.3, 0.1, 0.05, 0.02, 0.01]
    folds = fold_positions(1000, 4, codes=hot)
    counts = np.stack([hot[folds == fold].sum(axis=0) for fold in range(4)])
    assert np.ptp(counts, axis=0).max() <= 3
    assert np.ptp(np.bincount(folds)) <= 20


def test_a_class_that_no_model_would_see_is_refused_by_name() -> None:
    codes = np.array([0] * 9 + [1])
    with pytest.raises(ValueError, match="Class 'rose' is in one fold only"):
        fold_positions(10, 3, codes=codes, names=["lily", "rose"])
    with pytest.raises(ValueError, match="Class '1' is in one fold only"):
        fold_positions(
            10, 2, codes=np.array([0] * 6 + [1] * 4), groups=np.array([*range(6)] + [9] * 4)
        )


def test_more_folds_than_samples_or_groups_are_refused() -> None:
    with pytest.raises(ValueError, match="5 folds need at least 5 samples; got 4"):
        fold_positions(4, 5)
    with pytest.raises(ValueError, match="3 folds need at least 3 groups; got 2"):
        fold_positions(8, 3, groups=np.arange(8) // 4)
    with pytest.raises(ValueError, match="k must be at least 2"):
        fold_positions(8, 1)
