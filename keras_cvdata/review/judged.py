"""What one output of a model got right and wrong, by the labels of the images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from keras_cvdata.review.heads import Head
from keras_cvdata.review.scores import Calibration, calibrate, confusion_matrix
from keras_cvdata.review.slices import Slice, find_misses, find_slices, ordered
from keras_cvdata.review.traits import Trait
from keras_cvdata.types import Array, Ints

THRESHOLD = 0.5  # probability from which a label of several is predicted
_WORST = 0.9  # part of the images whose error is no mistake, where labels are numbers


@dataclass(frozen=True, eq=False)
class Judged:
    """One head with labels.

    Args:
        head: The outputs beside their labels.
        traits: What parts the images.
        suspect: Probability of its label below which a mistaken image is a label suspect.
    """

    head: Head
    traits: Sequence[Trait]
    suspect: float

    @cached_property
    def known(self) -> Array:
        """(N,) bool: the image could be read and has a label."""
        return np.isfinite(self.head.losses)

    @cached_property
    def predicted(self) -> Array:
        """(N,) class, or (N, K) labels as 0 and 1; numbers as they are.

        -1, or 0, where nothing is known.
        """
        outputs = self.head.outputs
        if self.head.kind == "classes":
            codes: Array = np.nan_to_num(outputs, nan=-1.0).argmax(axis=1)
            return np.where(self.known, codes, -1)
        if self.head.kind == "multilabel":
            return (np.nan_to_num(outputs, nan=0.0) >= THRESHOLD).astype(np.int64)
        return outputs

    @cached_property
    def wrong(self) -> Array:
        """(N,) bool: another class, any label of several, or an error among the worst tenth."""
        if self.head.kind == "regression":
            losses = self.head.losses
            limit = np.quantile(losses[self.known], _WORST) if self.known.any() else 0.0
            wrong: Array = np.nan_to_num(losses, nan=0.0) > limit
        else:
            wrong = self.predicted != self.labels
        return self.known & wrong.reshape(len(wrong), -1).any(axis=1)

    @property
    def labels(self) -> Array:
        """Labels of the head, which has some."""
        assert self.head.labels is not None
        return self.head.labels

    @cached_property
    def accuracy(self) -> float:
        """Share of the images that are right; of several labels all of them; NaN for numbers."""
        if self.head.kind == "regression" or not self.known.any():
            return float("nan")
        return 1 - float(self.wrong.sum() / self.known.sum())

    @cached_property
    def confidence(self) -> Array:
        """(N,) probability of the predicted class, (N, K) of what is said of each label."""
        outputs = self.head.outputs
        if self.head.kind == "multilabel":
            return np.asarray(np.maximum(outputs, 1 - outputs))
        highest: Array = np.nan_to_num(outputs, nan=-1.0).max(axis=1)
        return highest

    @cached_property
    def own(self) -> Array:
        """(N,) probability of the label, NaN for labels of other kinds."""
        if self.head.kind != "classes":
            return np.full(len(self.known), np.nan)
        own: Array = self.head.outputs[np.arange(len(self.known)), self.labels]
        return own

    @cached_property
    def suspects(self) -> Array:
        """(N,) bool: wrong, and the model hardly believes the label."""
        return self.wrong & (np.nan_to_num(self.own, nan=1.0) < self.suspect)

    @cached_property
    def worst(self) -> Ints:
        """(M,) positions of what is wrong, the highest loss first."""
        positions = np.flatnonzero(self.wrong)
        return positions[np.argsort(-self.head.losses[positions], kind="stable")]

    @cached_property
    def confusions(self) -> Array:
        """(K, K) of classes, a row for each label; (K, 2, 2) of several labels."""
        known = self.known
        if self.head.kind == "classes":
            pair = self.labels[known], self.predicted[known]
            return confusion_matrix(*pair, len(self.head.class_names))
        columns = zip(self.labels[known].T, self.predicted[known].T, strict=True)
        return np.stack([confusion_matrix(y.astype(np.int64), p, 2) for y, p in columns])

    @cached_property
    def calibration(self) -> Calibration | None:
        """What probabilities are worth; None for numbers."""
        if self.head.kind == "regression":
            return None
        right: Array = self.predicted == self.labels
        return calibrate(self.confidence[self.known].ravel(), right[self.known].ravel())

    @cached_property
    def slices(self) -> list[Slice]:
        """Slices that are worse, the sure ones first."""
        names = self.head.class_names
        if self.head.kind == "classes":
            labels = np.where(self.known, self.labels, -1)
            return find_slices(self.traits, labels, self.predicted, names)
        found = find_misses(self.traits, self.wrong, self.known)
        if self.head.kind == "multilabel":
            for k, name in enumerate(names):
                labels = np.where(self.known, self.labels[:, k], -1)
                each = find_slices(self.traits, labels, self.predicted[:, k], ("", name))
                found += [
                    one._replace(chance=min(1.0, one.chance * len(names)))
                    for one in each
                    if one.label == name and one.kind != "one class"
                ]
        return ordered(found)

    def label(self, position: int) -> str:
        """Label of an image as text."""
        return self._text(self.labels[position])

    def prediction(self, position: int) -> str:
        """What is predicted, as text."""
        return self._text(self.predicted[position])

    def _text(self, value: Array) -> str:
        names = self.head.class_names
        if self.head.kind == "classes":
            return names[int(value)]
        if self.head.kind == "multilabel":
            return "|".join(names[k] for k in np.flatnonzero(value)) or "none"
        return ", ".join(f"{number:.4g}" for number in np.ravel(value))
