"""Labels that models do not believe which were not trained on them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np

from keras_cvdata.arguments import integer, probability
from keras_cvdata.audit.checks.base import Check, Collection, Finding
from keras_cvdata.types import Array, Ints

_SUM_TOLERANCE = 0.01  # how far probabilities of an image may be from a sum of 1


class WrongLabels(Check):
    """Finds labels that are likely to be wrong, where out-of-fold probabilities are given.

    A verdict is given only where the probabilities are good enough for one; otherwise images that
    the model takes for another class are listed as notes, the least likely labels first.

    Args:
        suspect: Probability of the own label below which it is suspected.
        error_rate: Share of suspected labels, of a class or of the collection, above which labels
            need a second pair of eyes.
        accuracy: Share of the images whose label must be the most probable class for a verdict.
        listed: Number of images to list where there is no verdict.

    Example:
        >>> from keras_cvdata.audit import audit
        >>> x, y = np.zeros((20, 8, 8), np.uint8), ["cat", "dog"] * 10
        >>> probabilities = np.tile([[0.97, 0.03], [0.04, 0.96]], (10, 1))
        >>> probabilities[4] = 0.02, 0.98
        >>> audit((x, y), checks=["labels"], pred_probs=probabilities, verbose=0).counts()
        {'label_error_rate': 2, 'label_suspect': 1}

    Source: C. Northcutt et al., Confident Learning, 2021; Handbook 2, part 5; R13.
    """

    name = "labels"
    kinds = ("label_suspect", "label_error_rate")
    needs = "labels"
    origin = "C. Northcutt et al., Confident Learning, 2021; Handbook 2, part 5"

    def __init__(
        self,
        *,
        suspect: float = 0.1,
        error_rate: float = 0.04,
        accuracy: float = 0.9,
        listed: int = 100,
    ) -> None:
        self.suspect = probability("WrongLabels: suspect", suspect)
        self.error_rate = probability("WrongLabels: error_rate", error_rate)
        self.accuracy = probability("WrongLabels: accuracy", accuracy)
        self.listed = integer("WrongLabels: listed", listed, 0)

    def findings(self, collection: Collection) -> Iterable[Finding]:
        """Name the suspects, the least likely first, and what share of each class they are."""
        if collection.pred_probs is None:
            return
        judged = self._judge(collection)
        if judged is None:
            known = "no image has probabilities"
            classes = "the labels are not one class an image"
            yield Finding(
                "label_error_rate",
                "note",
                f"labels were not compared: {classes if collection.codes is None else known}",
                "give probabilities of the one class that each image has",
                looked=False,
            )
            return
        if judged.accuracy < self.accuracy:
            yield Finding(
                "label_error_rate",
                "note",
                f"no verdict on labels: the model finds only {judged.accuracy:.0%} of them most "
                "probable, so what is listed may be its own mistakes",
                "look at the list from its beginning, or give probabilities of a better model",
                score=judged.accuracy,
                threshold=self.accuracy,
                looked=False,
            )
            listed = ranked(judged.own, judged.given != judged.likeliest)[: self.listed]
            yield from self._suspects(collection, judged, listed, verdict=False)
            return
        yield from self._rates(collection, judged)
        listed = ranked(judged.own, judged.own < self.suspect)
        yield from self._suspects(collection, judged, listed, verdict=True)

    def classes(self, collection: Collection) -> Mapping[str, Array]:
        """Number of suspected labels of each class, where there is a verdict."""
        judged = self._judge(collection)
        if judged is None or judged.accuracy < self.accuracy:
            return {}
        suspects = judged.given[judged.own < self.suspect]
        return {"label_suspects": np.bincount(suspects, minlength=len(collection.class_names))}

    def _judge(self, collection: Collection) -> Judgement | None:
        codes, probabilities = collection.codes, collection.pred_probs
        if codes is None or probabilities is None or not len(codes):
            return None
        _check_probabilities(probabilities, len(collection.class_names))
        judged = judge(codes, probabilities)
        return judged if np.isfinite(judged.own).any() else None

    def _suspects(
        self, collection: Collection, judged: Judgement, positions: Ints, verdict: bool
    ) -> Iterable[Finding]:
        names = collection.class_names
        for position in positions.tolist():
            own, likeliest = float(judged.own[position]), int(judged.likeliest[position])
            yield Finding(
                "label_suspect",
                "warning" if verdict else "note",
                f"a model that was not trained on it gives {own:.2g} to its label "
                f"{names[judged.given[position]]!r}, and {judged.highest[position]:.2g} to "
                f"{names[likeliest]!r}",
                f"look whether it shows {names[likeliest]!r}, and correct it in the review list",
                position=position,
                score=own,
                threshold=self.suspect,
            )

    def _rates(self, collection: Collection, judged: Judgement) -> Iterable[Finding]:
        known = np.isfinite(judged.own)
        suspects = known & (judged.own < self.suspect)
        groups: list[tuple[str | None, Array]] = [(None, known)]
        groups += [
            (name, known & (judged.given == code))
            for code, name in enumerate(collection.class_names)
        ]
        for name, group in groups:
            share = float(suspects[group].mean()) if group.any() else 0.0
            if share > self.error_rate:
                yield Finding(
                    "label_error_rate",
                    "warning",
                    f"{share:.1%} of the labels{'' if name is None else f' {name!r}'} are likely "
                    f"to be wrong; more than {self.error_rate:.0%} are too many",
                    "have a second pair of eyes look at them: write the review list, correct it, "
                    "and apply it",
                    label=name,
                    score=share,
                    threshold=self.error_rate,
                )


class Judgement(NamedTuple):
    """What probabilities say of N labels; NaN, and -1, where there are none.

    Attributes:
        given: (N,) class by the label.
        own: (N,) probability of the label.
        likeliest: (N,) most probable class.
        highest: (N,) probability of that.
        accuracy: Share of images whose label is the most probable class.
    """

    given: Ints
    own: Array
    likeliest: Ints
    highest: Array
    accuracy: float


def judge(codes: Array, probabilities: Array) -> Judgement:
    """Compare labels with probabilities.

    Args:
        codes: (N,) class of each image.
        probabilities: (N, K); rows with NaN know nothing.

    Returns:
        The comparison.

    Example:
        >>> judge(np.array([0, 1, 1]), np.array([[0.8, 0.2], [0.9, 0.1], [0.1, 0.9]])).likeliest
        array([0, 0, 1])
    """
    given = np.asarray(codes, np.int64)
    known = np.isfinite(probabilities).all(axis=1)
    own = np.where(known, probabilities[np.arange(len(given)), given], np.nan)
    likeliest = np.full(len(given), -1)
    likeliest[known] = probabilities[known].argmax(axis=1)
    highest = np.where(known, probabilities.max(axis=1), np.nan)
    accuracy = float((likeliest == given)[known].mean()) if known.any() else 0.0
    return Judgement(given, own, likeliest, highest, accuracy)


def ranked(own: Array, mask: Array) -> Ints:
    """Order some images by the probability of their labels, the least likely first.

    Args:
        own: (N,) probability of the own label; NaN where unknown.
        mask: (N,) bool, the images to order.

    Returns:
        Positions of those that are known.

    Example:
        >>> ranked(np.array([0.3, 0.1, np.nan, 0.2]), np.array([True, True, True, False])).tolist()
        [1, 0]
    """
    positions = np.flatnonzero(mask & np.isfinite(own))
    return positions[np.argsort(own[positions], kind="stable")]


def _check_probabilities(probabilities: Array, classes: int) -> None:
    known = probabilities[np.isfinite(probabilities).all(axis=1)]
    wrong = ""
    if probabilities.shape[1] != classes:
        wrong = f"it has {probabilities.shape[1]} columns for {classes} classes"
    elif known.size and (known.min() < 0 or known.max() > 1 + _SUM_TOLERANCE):
        wrong = f"its values reach from {known.min():.3g} to {known.max():.3g}"
    elif known.size and np.abs(known.sum(axis=1) - 1).max() > _SUM_TOLERANCE:
        wrong = "its rows do not add up to 1"
    if wrong:
        raise ValueError(
            f"pred_probs must hold a probability for each class, in the order of class_names, but "
            f"{wrong}. `cvd.oof_pred_probs` makes them; of logits take the softmax."
        )
