"""What a model is worth on one line of the table: counts that add up over parts of the images."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from keras_cvdata.types import Array


@dataclass(frozen=True, eq=False)
class HeadScore:
    """How one output of a model did on some images.

    Args:
        name: Name of the output; "" where there is only one.
        kind: "classes", "multilabel" or "regression".
        class_names: Names of the K classes; none for regression.
        images: Number of images.
        right: Images whose class is right, or all of whose labels are; 0 for regression.
        loss: Sum of the losses of the images.
        hits: (K,) images of each class that were predicted as it.
        predicted: (K,) images that were predicted as each class.
        labelled: (K,) images of each class.
    """

    name: str
    kind: str
    class_names: tuple[str, ...]
    images: int
    right: int
    loss: float
    hits: Array
    predicted: Array
    labelled: Array

    @property
    def accuracy(self) -> float | None:
        """Share of the images that are right; None for regression."""
        return None if self.kind == "regression" else self.right / self.images

    @property
    def precision(self) -> Array:
        """(K,) float64 TP / (TP + FP) of each class; NaN where none was predicted."""
        return _ratio(self.hits, self.predicted)

    @property
    def recall(self) -> Array:
        """(K,) float64 TP / (TP + FN) of each class; NaN where there is no image of it."""
        return _ratio(self.hits, self.labelled)

    def plus(self, other: HeadScore) -> HeadScore:
        """Score on the images of both."""
        return HeadScore(
            self.name,
            self.kind,
            self.class_names,
            self.images + other.images,
            self.right + other.right,
            self.loss + other.loss,
            self.hits + other.hits,
            self.predicted + other.predicted,
            self.labelled + other.labelled,
        )


@dataclass(frozen=True, eq=False)
class Line:
    """How a model did on all images under one perturbation.

    Args:
        perturbation: Its name; "clean" for the images as they are.
        severity: 1 to 5, or what was asked for; 0 for the images as they are.
        heads: Score of each output.
        strength: How strong that is, where the perturbation has a measure.
        unit: Of `strength`.
    """

    perturbation: str
    severity: int
    heads: tuple[HeadScore, ...]
    strength: float | None = None
    unit: str = ""

    @property
    def images(self) -> int:
        """Number of images."""
        return self.heads[0].images

    @property
    def accuracy(self) -> float:
        """Mean of the accuracies of the outputs that have one; NaN where none has."""
        known = [head.accuracy for head in self.heads if head.accuracy is not None]
        return float(np.mean(known)) if known else float("nan")

    @property
    def loss(self) -> float:
        """Mean loss of an image, summed over the outputs."""
        return sum(head.loss / head.images for head in self.heads)


def score(heads: Iterable[Any]) -> tuple[HeadScore, ...]:
    """Score the predictions of a model.

    Args:
        heads: `review.heads.Head` of each output, with labels, of images that were all read.

    Returns:
        Score of each output.

    Raises:
        ValueError: An output has no labels, or is a segmentation mask.

    Example:
        >>> from types import SimpleNamespace
        >>> head = SimpleNamespace(
        ...     name="", kind="classes", class_names=("cat", "dog"), labels=np.array([0, 1, 1]),
        ...     outputs=np.array([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7]]), losses=np.ones(3))
        >>> only, = score([head])
        >>> only.right, only.precision.tolist(), only.recall.tolist()
        (2, [0.5, 1.0], [1.0, 0.5])
    """
    return tuple(_score_head(head) for head in heads)


def _score_head(head: Any) -> HeadScore:
    _check(head)
    count = len(head.class_names)
    if head.kind == "regression":
        right, (predicted, labelled) = 0, np.zeros((2, len(head.labels), 0), bool)
    elif head.kind == "multilabel":
        predicted, labelled = np.asarray(head.outputs) >= 0.5, np.asarray(head.labels, bool)
        right = int((predicted == labelled).all(axis=1).sum())
    else:
        codes = np.argmax(head.outputs, axis=1)
        right = int((codes == head.labels).sum())
        predicted, labelled = (np.eye(count, dtype=bool)[c] for c in (codes, head.labels))
    return HeadScore(
        head.name,
        head.kind,
        tuple(head.class_names),
        len(head.labels),
        right,
        float(np.sum(head.losses, dtype=np.float64)),
        (predicted & labelled).sum(axis=0),
        predicted.sum(axis=0),
        labelled.sum(axis=0),
    )


def _check(head: Any) -> None:
    of = f" {head.name!r}" if head.name else ""
    if head.kind == "masks":
        raise ValueError(
            f"A stress test needs classes, several labels or numbers to test; the output{of} is a "
            "segmentation mask, which is not supported. Test a model that classifies images."
        )
    if head.labels is None:
        raise ValueError(
            f"A stress test compares predictions with labels; there are none for the output{of}. "
            "Give data with labels, and a label_mode that is not None."
        )


def _ratio(part: Array, whole: Array) -> Array:
    ratio: Array = np.full(len(whole), np.nan)
    return np.divide(part, whole, out=ratio, where=whole > 0)
