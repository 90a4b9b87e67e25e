"""Folds of a collection, each of which validates a model that is trained on the others."""

from __future__ import annotations

import operator
from collections.abc import Sequence

import numpy as np

from keras_cvdata import stateless_random
from keras_cvdata.arguments import integer
from keras_cvdata.splits.columns import called_classes, checked, numbered
from keras_cvdata.types import Array, Ints


def fold_positions(
    n: int,
    k: int,
    *,
    codes: Array | None = None,
    groups: Array | None = None,
    seed: int = 0,
    names: Sequence[str] | None = None,
) -> Ints:
    """Fold that each sample is in, chosen at random (R54 to R58).

    Single samples of one class each are dealt out: folds differ by at most one sample, in total and
    of each class. Groups and multi-label samples go one after the other, those of rare classes
    first, to the fold that lacks their classes most.

    Args:
        n: Number of samples.
        k: Number of folds, at least 2.
        codes: (n,) class of each sample; or (n, K) of 0 and 1, the classes of multi-label samples.
        groups: (n,) group of each sample; a group is never divided.
        seed: Selects the folds.
        names: Name of each code, for messages.

    Returns:
        (n,) int64 of 0 to k - 1.

    Raises:
        ValueError: All samples of a class are in one fold, so that a model would never see it; or
            there are fewer samples or groups than folds.

    Example:
        >>> np.bincount(fold_positions(10, 3)).tolist()
        [4, 3, 3]

    Source: K. Sechidis et al., On the Stratification of Multi-Label Data, 2011.
    """
    k, seed = integer("k", k, 2), operator.index(seed)
    numbers = np.arange(n) if groups is None else numbered("groups", groups, n)[1]
    whole = int(numbers.max(initial=-1)) + 1
    if whole < k:
        unit = "samples" if groups is None else "groups"
        raise ValueError(f"{k} folds need at least {k} {unit}; got {whole}. Ask for fewer folds.")
    multilabel = False
    if codes is not None and np.ndim(codes) == 2:
        multilabel = True
        hot = checked("codes", codes, n)
        called = called_classes(range(hot.shape[1]), names)
        members = np.argwhere(hot).T
    else:
        found, dense = numbered("codes", np.zeros(n) if codes is None else codes, n)
        called = ["The collection"] if codes is None else called_classes(found, names)
        members = np.stack([np.arange(n), dense])
    if groups is None and not multilabel:
        folds = _dealt(dense, k, seed)
    else:
        folds = _balanced(members, numbers, k, seed)[numbers]
    _check_trained(members[1] * k + folds[members[0]], k, called)
    return folds


def _dealt(codes: Ints, k: int, seed: int) -> Ints:
    """Deal the samples out, class after class, each in random order."""
    folds = np.empty(len(codes), np.int64)
    order = np.lexsort((stateless_random.hash_words(seed, np.arange(len(codes))), codes))
    folds[order] = np.arange(len(codes)) % k
    return folds


def _balanced(members: Array, groups: Ints, k: int, seed: int) -> Ints:
    """Give each group to the fold where it makes the shares of its classes most alike.

    Args:
        members: (2, P) samples and their classes; all samples count as one more class.
        groups: (N,) group of each sample.
        k: Number of folds.
        seed: Decides among groups of equal shares.

    Returns:
        Fold of each group.
    """
    whole = int(members[1].max(initial=-1)) + 1
    every = np.stack([groups, np.full(len(groups), whole)])
    owned = np.concatenate([np.stack([groups[members[0]], members[1]]), every], axis=1)
    owned, counts = np.unique(owned, axis=1, return_counts=True)
    shares = counts / np.bincount(owned[1], counts)[owned[1]]
    ends = np.cumsum(np.bincount(owned[0]))
    weights = np.bincount(owned[0], shares)
    folds, sums = np.empty(len(ends), np.int64), np.zeros((k, whole + 1))
    for group in np.lexsort((stateless_random.permutation(len(ends), seed), -weights)):
        part = slice(ends[group - 1] if group else 0, ends[group])
        fold = int((sums[:, owned[1, part]] @ shares[part]).argmin())
        folds[group] = fold
        sums[fold, owned[1, part]] += shares[part]
    return folds


def _check_trained(cells: Ints, k: int, called: Sequence[str]) -> None:
    """Refuse classes that are in one fold only; a cell is a class and a fold."""
    there = np.bincount(cells, minlength=len(called) * k).reshape(-1, k) > 0
    alone = there.sum(axis=1) == 1
    if alone.any():
        raise ValueError(
            f"{called[int(alone.argmax())]} is in one fold only, so that no model would be trained "
            "on it when that fold validates. Add images of it, leave it out, or use smaller groups."
        )
