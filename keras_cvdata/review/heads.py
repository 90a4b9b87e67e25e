"""One output of a model beside its labels: probabilities, classes and losses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from keras_cvdata.types import Array

HeadKind = Literal["classes", "multilabel", "regression", "masks"]

_SUM_TOLERANCE = 0.01  # how far half-precision probabilities of an image may be from a sum of 1
_LEAST = 1e-7  # probability below which losses grow no further, as in Keras


@dataclass(frozen=True, eq=False)
class Head:
    """One output of a model with its labels, in the order of the source.

    Args:
        name: Of the label column, level or output; "" where there is only one.
        kind: What the outputs are.
        class_names: Names of the K classes; of masks of their numbers; () for regression.
        labels: "classes": (N,) int64 codes; "multilabel": (N, K) uint8; "regression": (N, D)
            float32; None without labels, and for masks, which stay in their files.
        outputs: float32. "classes" and "multilabel": (N, K) probabilities, of a binary model two
            columns; "regression": (N, D); "masks": (N, H, W, K). NaN where an image could not be
            read.
        losses: (N,) float32: cross-entropy, mean binary cross-entropy, mean squared error; NaN
            where an image has no label or could not be read.
    """

    name: str
    kind: HeadKind
    class_names: tuple[str, ...]
    labels: Array | None
    outputs: Array
    losses: Array


def class_head(name: str, class_names: tuple[str, ...], labels: Array | None, p: Array) -> Head:
    """Make the head of classes that exclude each other.

    Args:
        name: Of the head.
        class_names: K names.
        labels: (N,) codes; None without labels.
        p: (N, K) probabilities; rows of NaN where an image could not be read.

    Returns:
        The head.

    Example:
        >>> head = class_head("", ("a", "b"), np.array([1, 0]), np.float32([[0.5, 0.5]] * 2))
        >>> head.losses.round(2).tolist() == [np.float32(0.69)] * 2
        True
    """
    if labels is None:
        return Head(name, "classes", class_names, None, p, np.full(len(p), np.nan, np.float32))
    codes = labels.astype(np.int64)
    losses = -np.log(np.clip(p[np.arange(len(p)), codes], _LEAST, 1))
    return Head(name, "classes", class_names, codes, p, losses.astype(np.float32))


def as_probabilities(outputs: Array, logits: bool = False) -> tuple[Array, str]:
    """Bring what a model returned to the probabilities of classes that exclude each other.

    Args:
        outputs: (N, K) outputs of K classes, or (N, 1) of the second of two; rows of NaN stay.
        logits: Whether they are known to be logits, whatever their values.

    Returns:
        (N, K) float32 of rows with the sum 1, K at least 2; and what was done to the outputs, ""
        for nothing.

    Example:
        >>> probabilities, done = as_probabilities(np.array([[0.0, 2.0], [3.0, 0.0]]))
        >>> probabilities.argmax(axis=1).tolist(), done
        ([1, 0], 'softmax applied')
    """
    outputs = np.asarray(outputs, np.float64)
    known = outputs[np.isfinite(outputs).all(axis=1)]
    unit = not logits and bool(((known >= 0) & (known <= 1)).all())
    if outputs.shape[1] == 1:
        second = outputs if unit else 1 / (1 + np.exp(-np.clip(outputs, -500, 500)))
        done = "" if unit else "sigmoid applied"
        return np.concatenate([1 - second, second], axis=1).astype(np.float32), done
    sums = outputs.sum(axis=1, keepdims=True)
    if unit and bool((np.abs(known.sum(axis=1) - 1) <= _SUM_TOLERANCE).all()):
        return (outputs / sums).astype(np.float32), ""
    if unit and known.sum(axis=1).all():  # one sigmoid for each class
        return (outputs / sums).astype(np.float32), "divided by their sum"
    powers = np.exp(outputs - outputs.max(axis=1, keepdims=True))
    return (powers / powers.sum(axis=1, keepdims=True)).astype(np.float32), "softmax applied"
