"""How well a few numbers of each image tell classes apart; arrays in, arrays out."""

from __future__ import annotations

import math

import numpy as np

from keras_cvdata.types import Array, Ints

FOLDS = 5
_RIDGE = 10.0  # weight of the penalty, as that of so many rows


def class_curves(features: Array, codes: Ints, classes: int, noise: float = 2.0) -> Array:
    """Say how well features tell each class from the rest, tried on rows that were held out.

    One ridge regression of each class against the rest on the features and their squares, in closed
    form, over five folds. Consecutive rows of a class, which are often alike, are in one fold.

    Args:
        features: (N, D) numbers.
        codes: (N,) class of each row, 0 to `classes` - 1.
        classes: Number of classes, K.
        noise: Deviation below which a feature is left out, in its own unit.

    Returns:
        (K,) area under the ROC curve of each class, 0 to 1; 0.5 where it tells nothing.

    Example:
        >>> brightness = np.repeat([[10.0], [20.0]], 10, axis=0)
        >>> class_curves(brightness, np.repeat([0, 1], 10), 2).tolist()
        [1.0, 1.0]
    """
    x = _with_squares(np.asarray(features, np.float64), noise)
    parts = [x[rows] for rows in _folds(codes, classes)]
    members = [codes[rows] for rows in _folds(codes, classes)]
    grams = np.stack([part.T @ part for part in parts])
    sums = np.stack([_class_sums(*pair, classes) for pair in zip(parts, members, strict=True)])
    counts = np.stack([np.bincount(codes, minlength=classes) for codes in members])
    weights = [
        _ridge(grams.sum(axis=0) - gram, sums.sum(axis=0) - held, counts.sum(axis=0) - count)
        for gram, held, count in zip(grams, sums, counts, strict=True)
    ]
    held_out = np.concatenate(members)
    areas = np.full(classes, 0.5)
    for code in range(classes):
        scores = [part @ weight[:, code] for part, weight in zip(parts, weights, strict=True)]
        areas[code] = area_under_curve(np.concatenate(scores), held_out == code)
    return areas


def area_under_curve(scores: Array, positive: Array) -> float:
    """Share of the pairs of a positive and a negative row in which the positive scores higher.

    Args:
        scores: (N,) numbers.
        positive: (N,) bool.

    Returns:
        0 to 1; ties count half, and it is 0.5 where one side is empty.

    Example:
        >>> area_under_curve(np.array([1, 2, 3, 3]), np.array([False, True, False, True]))
        0.625
    """
    there = int(positive.sum())
    absent = len(positive) - there
    if not there or not absent:
        return 0.5
    _, inverse, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (counts.cumsum() - (counts - 1) / 2)[inverse]
    return float((ranks[positive].sum() - there * (there + 1) / 2) / (there * absent))


def standard_error(area: float, there: int, absent: int) -> float:
    """Standard error of an area under the ROC curve.

    Args:
        area: The area, 0 to 1.
        there: Number of positive rows.
        absent: Number of negative rows.

    Returns:
        The error, of the same scale; 0.5 where one side is empty.

    Example:
        >>> round(standard_error(0.8, 20, 80), 3)
        0.063

    Source: Hanley and McNeil, "The meaning and use of the area under a ROC curve", 1982.
    """
    if not there or not absent:
        return 0.5
    one, two = area / (2 - area), 2 * area**2 / (1 + area)
    variance = (
        area * (1 - area) + (there - 1) * (one - area**2) + (absent - 1) * (two - area**2)
    ) / (there * absent)
    return math.sqrt(max(variance, 0.0))


def chance_of_share(share: float, n: int, usual: float) -> float:
    """Bound the probability that so large a share of `n` comes about by chance.

    Args:
        share: The share that is seen, 0 to 1.
        n: Of how many.
        usual: Probability of each, between 0 and 1.

    Returns:
        Chernoff's bound `exp(-n KL(share, usual))`; 1 where the share is not above the usual one.

    Example:
        >>> chance_of_share(0.5, 20, 0.1) < 1e-4, chance_of_share(0.1, 20, 0.1)
        (True, 1.0)
    """
    if share <= usual:
        return 1.0
    distance = share * math.log(share / usual)
    if share < 1:
        distance += (1 - share) * math.log((1 - share) / (1 - usual))
    return math.exp(-n * distance)


def _with_squares(features: Array, noise: float) -> Array:
    x = _standardized(features[:, features.std(axis=0) >= noise])
    return np.concatenate([x, _standardized(x**2)], axis=1)


def _standardized(x: Array) -> Array:
    scaled: Array = (x - x.mean(axis=0)) / np.maximum(x.std(axis=0), 1e-9)
    return scaled


def _folds(codes: Ints, classes: int) -> list[Ints]:
    fold = np.zeros(len(codes), np.int64)
    order = np.argsort(codes, kind="stable")
    sizes = np.bincount(codes, minlength=classes)
    place = np.arange(len(codes)) - np.repeat(sizes.cumsum() - sizes, sizes)
    fold[order] = place * FOLDS // np.repeat(sizes, sizes)
    return [np.flatnonzero(fold == number) for number in range(FOLDS)]


def _class_sums(x: Array, codes: Ints, classes: int) -> Array:
    sums = np.zeros((classes, x.shape[1]))
    np.add.at(sums, codes, x)
    return sums


def _ridge(gram: Array, sums: Array, counts: Ints) -> Array:
    """Weights (D, K) that tell each class from the rest, each as if both were as many."""
    share = counts / max(counts.sum(), 1)
    moments = sums.T - np.outer(sums.sum(axis=0), share)
    weights: Array = np.linalg.solve(gram + _RIDGE * np.eye(len(gram)), moments)
    return weights
