"""How good predictions of classes are: confusion, precision, recall and calibration."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from keras_cvdata.types import Array, Ints

BINS = 15  # of confidence


def confusion_matrix(labels: Ints, predicted: Ints, classes: int) -> Array:
    """Count images by label and prediction.

    Args:
        labels: (N,) classes.
        predicted: (N,) classes.
        classes: Number of classes, K.

    Returns:
        (K, K) int64, a row for each label.

    Example:
        >>> confusion_matrix(np.array([0, 0, 1]), np.array([0, 1, 1]), 2).tolist()
        [[1, 1], [0, 1]]
    """
    counts = np.bincount(labels * classes + predicted, minlength=classes * classes)
    return counts.reshape(classes, classes)


def precision_recall(confusion: Array) -> tuple[Array, Array]:
    """Say how far predictions of each class can be relied on, and how many of it are found.

    Args:
        confusion: (K, K) counts, a row for each label.

    Returns:
        (K,) precision TP / (TP + FP), NaN for a class that is never predicted, and (K,) recall TP /
        (TP + FN), NaN for a class without images.

    Example:
        >>> precision, recall = precision_recall(np.array([[1, 1], [0, 2]]))
        >>> precision.round(2).tolist(), recall.tolist()
        ([1.0, 0.67], [0.5, 1.0])

    Source: Handbook 2, part 5; R62.
    """
    right = np.diag(confusion).astype(np.float64)
    with np.errstate(invalid="ignore"):
        return right / confusion.sum(axis=0), right / confusion.sum(axis=1)


class Calibration(NamedTuple):
    """Images by the probability of the class that is predicted, in B equal bins of 0 to 1.

    Attributes:
        low: (B,) lower end of each bin.
        number: (B,) number of images.
        confidence: (B,) mean probability, NaN where there is no image.
        accuracy: (B,) share that is right.
        error: Expected calibration error: how far both differ, in the mean over the images.
    """

    low: Array
    number: Ints
    confidence: Array
    accuracy: Array
    error: float


def calibrate(confidence: Array, right: Array, bins: int = BINS) -> Calibration:
    """Compare what a model believes with how often it is right.

    Args:
        confidence: (N,) probability of what is predicted, 0 to 1.
        right: (N,) bool.
        bins: Number of bins, B.

    Returns:
        The comparison.

    Example:
        >>> found = calibrate(np.array([0.9, 0.9, 0.6]), np.array([True, False, True]), bins=2)
        >>> found.number.tolist(), found.accuracy[1].round(2), round(found.error, 2)
        ([0, 3], np.float64(0.67), 0.13)

    Source: C. Guo et al., "On Calibration of Modern Neural Networks", 2017.
    """
    place = np.minimum((confidence * bins).astype(np.int64), bins - 1)
    count = np.bincount(place, minlength=bins)
    with np.errstate(invalid="ignore"):
        believed = np.bincount(place, confidence, bins) / count
        found = np.bincount(place, right, bins) / count
    gaps = np.where(count > 0, np.abs(believed - found), 0.0)
    error = float(gaps @ count / max(len(confidence), 1))
    return Calibration(np.arange(bins) / bins, count, believed, found, error)
