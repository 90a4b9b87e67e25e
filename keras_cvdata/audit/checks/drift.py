"""Splits that show other things than the training images: labels, sizes, brightness, content."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar, NamedTuple

import cv2
import numpy as np

from keras_cvdata.arguments import integer, probability
from keras_cvdata.audit.checks.base import Check, Collection, Finding
from keras_cvdata.audit.clustering import clustered
from keras_cvdata.audit.sample import Sample
from keras_cvdata.sources.directory import TRAINING
from keras_cvdata.types import Array, Floats, Ints

_GRID = 3  # rows and columns of the mean colours that stand for the content of an image
_DRAWS = 2000  # random splits that one is compared with
_BLOCK = 100  # of these at a time


class Drift(Check):
    """Finds splits that differ from the training split, which validation then speaks wrongly of.

    A difference is told where it is larger than its threshold and than chance explains. The
    training split is the one called so, else the largest.

    Args:
        labels: Total variation distance of the shares of the classes, 0 to 1: the share of the
            images that would have to change their class. Of numbers the Kolmogorov-Smirnov
            distance.
        sizes: Kolmogorov-Smirnov distance, 0 to 1, of the area or of the aspect ratio: the largest
            difference of the shares of images below any value.
        brightness: Kolmogorov-Smirnov distance of the mean brightness.
        content: Total variation distance of the shares of clusters of like images, by embeddings
            where these are given, else by colours in a grid of 3 x 3.
        clusters: Number of these clusters.
        chance: Probability below which a difference is not taken for chance; 0.0005 at least for
            labels and content.

    Example:
        >>> from keras_cvdata.audit import audit
        >>> x = np.random.default_rng(0).integers(0, 128, (400, 8, 8, 3), np.uint8)
        >>> x[300:] //= 2
        >>> splits = ["train"] * 300 + ["val"] * 100
        >>> audit(x, splits=splits, checks=["drift"], verbose=0).counts()
        {'drift_brightness': 1, 'drift_content': 1}

    Source: S. Rabanser et al., Failing Loudly, 2019; Handbook 2, part 5; R54.
    """

    name = "drift"
    kinds = ("drift_labels", "drift_sizes", "drift_brightness", "drift_content")
    needs = "pixels"
    measures: ClassVar = {"brightness": "f4", "colors": f"({3 * _GRID**2},)u1"}
    origin = "S. Rabanser et al., Failing Loudly, 2019; Handbook 2, part 5"

    def __init__(
        self,
        *,
        labels: float = 0.05,
        sizes: float = 0.15,
        brightness: float = 0.15,
        content: float = 0.15,
        clusters: int = 12,
        chance: float = 0.001,
    ) -> None:
        self.labels = probability("Drift: labels", labels)
        self.sizes = probability("Drift: sizes", sizes)
        self.brightness = probability("Drift: brightness", brightness)
        self.content = probability("Drift: content", content)
        self.clusters = integer("Drift: clusters", clusters, 2)
        self.chance = probability("Drift: chance", chance)

    def look(self, sample: Sample) -> Sequence[Any]:
        """Measure the mean brightness and the colours of one image."""
        colors = cv2.resize(sample.small, (_GRID, _GRID), interpolation=cv2.INTER_AREA)
        return sample.histogram @ np.arange(256) / 255, colors.ravel()

    def findings(self, collection: Collection) -> Iterable[Finding]:
        """Compare each split with the training split."""
        if collection.splits is None or len(collection.split_names) < 2:
            return
        reference = _training(collection)
        for difference in self._differences(collection):
            for split, name in enumerate(collection.split_names):
                if split != reference:
                    yield from self._compare(collection, difference, reference, split, name)

    def _differences(self, collection: Collection) -> Iterable[_Difference]:
        seen = collection.readable
        everywhere = np.ones(len(collection), bool)
        for key, column in collection.source.labels.items():
            what = "labels" if len(collection.source.labels) == 1 else f"labels {key!r}"
            if column.kind == "number":
                rows = column.values.reshape(len(column), -1)
                for values in rows.T:
                    yield _Difference("labels", what, values, everywhere, number_distance)
            else:
                yield _Difference("labels", what, column.codes, everywhere, share_distance)
        area = collection.height.astype(np.float64) * collection.width
        aspect = collection.width / np.maximum(collection.height, 1)
        yield _Difference("sizes", "areas of the images", area, seen, number_distance)
        yield _Difference("sizes", "aspect ratios of the images", aspect, seen, number_distance)
        bright = collection.measures["brightness"]
        yield _Difference("brightness", "brightnesses of the images", bright, seen, number_distance)
        clusters, known = self._clusters(collection)
        yield _Difference("content", "kinds of images", clusters, known, share_distance)

    def _clusters(self, collection: Collection) -> tuple[Ints, Array]:
        rows, known = collection.measures["colors"], collection.readable
        if collection.embeddings is not None:
            rows = collection.embeddings
            known = np.asarray(np.isfinite(rows).all(axis=1))
        numbers = np.zeros(len(rows), np.int64)
        numbers[known] = clustered(rows[known], self.clusters)
        return numbers, known

    def _compare(
        self, collection: Collection, difference: _Difference, reference: int, split: int, name: str
    ) -> Iterable[Finding]:
        assert collection.splits is not None
        first, second = (
            difference.values[(collection.splits == part) & difference.known]
            for part in (reference, split)
        )
        if not (len(first) and len(second)):
            return
        threshold = getattr(self, difference.kind)
        distance, by_chance = difference.measure(first, second)
        if distance > threshold and by_chance <= self.chance:
            yield Finding(
                f"drift_{difference.kind}",
                "warning",
                f"the {difference.what} of {name!r} differ by {distance:.2f} from those of "
                f"{collection.split_names[reference]!r} (0 is equal, 1 nothing in common)",
                "split the collection again at random, stratified by class, unless the other split "
                "is what the model meets in use: then train on such images too",
                score=distance,
                threshold=threshold,
            )


class _Difference(NamedTuple):
    """What splits may differ in: (N,) values, where they are known, and how to compare them."""

    kind: str
    what: str
    values: Array
    known: Array
    measure: Callable[[Array, Array], tuple[float, float]]


def _training(collection: Collection) -> int:
    called = [name.lower() in TRAINING for name in collection.split_names]
    assert collection.splits is not None
    sizes = np.bincount(collection.splits, minlength=len(called))
    return called.index(True) if any(called) else int(sizes.argmax())


def number_distance(first: Floats, second: Floats) -> tuple[float, float]:
    """Kolmogorov-Smirnov distance of two samples, and how likely chance alone reaches it.

    Args:
        first: (n,) numbers.
        second: (m,) numbers.

    Returns:
        The distance, 0 to 1, and a bound of the probability, which is close where it is small.

    Example:
        >>> distance, probability = number_distance(np.arange(100), np.arange(50, 150))
        >>> distance, f"{probability:.0e}"
        (0.5, '3e-11')
    """
    values = np.concatenate([first, second])
    below = [
        np.searchsorted(np.sort(part), values, "right") / len(part) for part in (first, second)
    ]
    distance = float(np.abs(below[0] - below[1]).max())
    size = len(first) * len(second) / len(values)
    return distance, min(1.0, 2 * float(np.exp(-2 * size * distance**2)))


def share_distance(first: Ints, second: Ints) -> tuple[float, float]:
    """Total variation distance of the shares of classes, and how likely chance alone reaches it.

    The probability is that of the chi-square statistic, by drawing the second sample anew from all.

    Args:
        first: (n,) classes.
        second: (m,) classes.

    Returns:
        The distance, 0 to 1, and the probability, 0.0005 at least.

    Example:
        >>> share_distance(np.repeat([0, 1], 50), np.repeat([0, 1], [75, 25]))[0]
        0.25
    """
    names, codes = np.unique(np.concatenate([first, second]), return_inverse=True)
    there = np.bincount(codes[len(first) :], minlength=len(names))
    total = np.bincount(codes, minlength=len(names))
    random = np.random.default_rng(0)  # of its own: the same draws for the same counts
    expected = total * (len(second) / len(codes))
    score = _misfit(there, expected)
    reached = 0
    for _ in range(_DRAWS // _BLOCK):
        drawn = random.multivariate_hypergeometric(total, len(second), size=_BLOCK)
        reached += int((_misfit(drawn, expected) >= score - 1e-9).sum())
    apart = np.abs(there / len(second) - (total - there) / len(first)).sum() / 2
    return float(apart), (reached + 1) / (_DRAWS + 1)


def _misfit(counts: Array, expected: Array) -> Array:
    """Chi-square of (..., K) counts but for a factor that is the same for equal totals."""
    misfit: Array = ((counts - expected) ** 2 / expected).sum(axis=-1)
    return misfit
