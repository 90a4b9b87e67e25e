"""One output of a model beside its labels: probabilities, classes and losses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from keras_cvdata.types import Array

HeadKind = Literal["classes", "multilabel", "regression", "masks"]
Conversion = Literal["", "sigmoid", "softmax", "shares"]  # what makes probabilities of outputs

_SAID = {"": "", "sigmoid": "sigmoid applied", "softmax": "softmax applied",
         "shares": "divided by their sum"}  # fmt: skip
_SUM_TOLERANCE = 0.01  # how far half-precision probabilities of an image may be from a sum of 1
_ROWS = 2**14  # that are converted together in double precision
_LEAST = 1e-7  # probability below which losses grow no further, as in Keras


@dataclass(frozen=True, eq=False)
class Head:
    """One output of a model with its labels, in the order of the source.

    Args:
        name: Of the label column, level or output; "" where there is only one.
        kind: What the outputs are.
        class_names: Names of the K classes; of the D numbers of a regression, () where they have
            none.
        labels: "classes": (N,) int64 codes; "multilabel": (N, K) uint8; "regression": (N, D)
            float32; "masks": (N, H, W) int32 class numbers, -1 for pixels of no class; None without
            labels.
        outputs: float32. "classes" and "multilabel": (N, K) probabilities, of a binary model two
            columns; "regression": (N, D); "masks": (N, H, W, K). NaN where an image could not be
            read.
        losses: (N,) float32: cross-entropy (of masks its mean over the pixels), mean binary
            cross-entropy, mean squared error; NaN where an image has no label or could not be read.
    """

    name: str
    kind: HeadKind
    class_names: tuple[str, ...]
    labels: Array | None
    outputs: Array
    losses: Array


def losses_of(kind: HeadKind, labels: Array | None, outputs: Array) -> Array:
    """Loss of each image, with the natural logarithm; see `Head`.

    Args:
        kind: What the outputs are.
        labels: As in `Head`.
        outputs: As in `Head`.

    Returns:
        (N,) float32; NaN where there is no label or no output.

    Example:
        >>> import numpy as np
        >>> losses_of("classes", np.array([1, 0]), np.float32([[0.5, 0.5], [1, 0]])).round(3)
        array([0.693, 0.   ], dtype=float32)
    """
    if labels is None:
        return np.full(len(outputs), np.nan, np.float32)
    errors: Array
    if kind == "regression":
        errors = np.square(outputs - labels)
    elif kind == "multilabel":
        errors = _surprise(np.where(labels == 1, outputs, 1 - outputs))
    else:
        errors = _surprise(np.take_along_axis(outputs, labels.clip(0)[..., None], axis=-1))
        errors = np.where(labels[..., None] < 0, 0, errors)
        counted = (labels >= 0).reshape(len(labels), -1).sum(axis=1)
        total = errors.reshape(len(labels), -1).sum(axis=1, dtype=np.float64)
        with np.errstate(invalid="ignore"):  # of a mask of no class
            mean: Array = total / counted
        return mean.astype(np.float32)
    return np.asarray(errors.mean(axis=1), np.float32)


def _surprise(probabilities: Array) -> Array:
    return np.asarray(np.abs(np.log(probabilities.clip(_LEAST, 1))))  # abs: no -0.0


def conversion_of(outputs: Array, logits: bool = False, exclusive: bool = True) -> Conversion:
    """Say how outputs become probabilities.

    Args:
        outputs: (N, K) outputs of K classes, or (N, 1) of one; rows of NaN do not count.
        logits: Whether they are known to be logits, whatever their values.
        exclusive: Whether an image has one class, so that the probabilities have the sum 1.

    Returns:
        "" where they are probabilities already, or their number is one.
    """
    finite = np.isfinite(outputs).all(axis=1)
    known = outputs if finite.all() else outputs[finite]
    unit = not logits and known.min(initial=0) >= 0 and known.max(initial=1) <= 1
    if outputs.shape[1] == 1 or not exclusive:
        return "" if unit else "sigmoid"
    sums = known.sum(axis=1, dtype=np.float64)
    if unit and bool((np.abs(sums - 1) <= _SUM_TOLERANCE).all()):
        return ""
    return "shares" if unit and sums.all() else "softmax"  # shares: of one sigmoid for each class


def convert(outputs: Array, how: Conversion, exclusive: bool = True) -> Array:
    """Make probabilities of outputs.

    Args:
        outputs: (N, K) outputs of K classes, or (N, 1) of the second of two; rows of NaN stay.
        how: As `conversion_of` says.
        exclusive: Whether an image has one class, so that the probabilities have the sum 1.

    Returns:
        (N, K) float32; where classes exclude each other of rows with the sum 1, K at least 2.
    """
    width = 2 if exclusive and outputs.shape[1] == 1 else outputs.shape[1]
    found = np.empty((len(outputs), width), np.float32)
    for start in range(0, len(outputs), _ROWS):
        part = slice(start, start + _ROWS)
        found[part] = _converted(outputs[part].astype(np.float64), how, exclusive)
    return found


def _converted(outputs: Array, how: Conversion, exclusive: bool) -> Array:
    if how == "sigmoid":
        outputs = 1 / (1 + np.exp(-np.clip(outputs, -500, 500)))
    elif how == "softmax":
        outputs = np.exp(outputs - outputs.max(axis=1, keepdims=True))
    if exclusive and outputs.shape[1] == 1:
        return np.concatenate([1 - outputs, outputs], axis=1)
    return outputs / outputs.sum(axis=1, keepdims=True) if exclusive else outputs


def as_probabilities(outputs: Array, logits: bool = False) -> tuple[Array, str]:
    """Bring what a model returned to the probabilities of classes that exclude each other.

    Args:
        outputs: (N, K) outputs of K classes, or (N, 1) of the second of two; rows of NaN stay.
        logits: Whether they are known to be logits, whatever their values.

    Returns:
        (N, K) float32 of rows with the sum 1, K at least 2; and what was done to the outputs, ""
        for nothing.

    Example:
        >>> import numpy as np
        >>> probabilities, done = as_probabilities(np.array([[0.0, 2.0], [3.0, 0.0]]))
        >>> probabilities.argmax(axis=1).tolist(), done
        ([1, 0], 'softmax applied')
    """
    how = conversion_of(outputs, logits)
    return convert(outputs, how), _SAID[how]
