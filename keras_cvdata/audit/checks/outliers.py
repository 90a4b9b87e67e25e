"""Images that are like no others, by embeddings."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from keras_cvdata.arguments import integer, is_number
from keras_cvdata.audit.checks.base import Check, Collection, Finding
from keras_cvdata.audit.neighbours import neighbour_distances
from keras_cvdata.types import Array, Floats

_TO_DEVIATION = 1.4826  # of the median absolute deviation of normal numbers
_LEAST_DEVIATION = 0.02  # of the logarithm: distances that differ by 2 % are equal


class Outliers(Check):
    """Finds images far from all others, where embeddings are given; `cvd.embed` makes them.

    What counts is the mean distance to the nearest images of the collection, compared with that of
    the images of the same class. Outliers that come in groups as large as `neighbours` hide each
    other, as do images that the embedding does not tell apart. Every image is compared with every
    other: 20,000 embeddings of 64 numbers take about 7 seconds of one core, ten times as many a
    hundred times that.

    Args:
        far: Robust standard deviations (1.4826 median absolute deviations) by which the logarithm
            of the distance exceeds the median.
        neighbours: Number of nearest images to take the mean distance of.
        least: Number of images below which a class is compared with the whole collection.

    Example:
        >>> from keras_cvdata.audit import audit
        >>> rows = np.random.default_rng(0).normal(0, 1, (60, 16))
        >>> rows[7] += 3
        >>> x = np.zeros((60, 8, 8), np.uint8)
        >>> report = audit(x, checks=["outliers"], embeddings=rows, verbose=0)
        >>> report.findings[0].position, report.findings[0].message
        (7, 'its 10 nearest images are 2.9 times as far away as usual')

    Source: S. Ramaswamy et al., Efficient Algorithms for Mining Outliers, 2000.
    """

    name = "outliers"
    kinds = ("outlier",)
    needs = "labels"
    origin = "S. Ramaswamy et al., Efficient Algorithms for Mining Outliers, 2000"

    def __init__(self, *, far: float = 3.5, neighbours: int = 10, least: int = 20) -> None:
        if not is_number(far) or far <= 0:
            raise ValueError(f"Outliers: far must be a number of deviations above 0; got {far!r}.")
        self.far = far
        self.neighbours = integer("Outliers: neighbours", neighbours, 1)
        self.least = integer("Outliers: least", least, 2)

    def findings(self, collection: Collection) -> Iterable[Finding]:
        """Name the images that are far from all others, the farthest first."""
        rows = collection.embeddings
        if rows is None:
            return
        known = np.flatnonzero(np.isfinite(rows).all(axis=1))
        if len(known) < self.least:
            yield Finding(
                "outlier",
                "note",
                f"outliers were not looked for: {len(known)} images have an embedding, and it "
                f"takes {self.least}",
                "give finite embeddings of more images",
                looked=False,
            )
            return
        distances = neighbour_distances(rows[known], self.neighbours)
        codes = None if collection.codes is None else collection.codes[known]
        scores, times = remoteness(distances, codes, self.least)
        order = np.argsort(-scores, kind="stable")
        count = min(self.neighbours, len(known) - 1)
        for place in order[scores[order] > self.far].tolist():
            like = "usual"
            if codes is not None and (codes == codes[place]).sum() >= self.least:
                like = f"usual for {collection.class_names[codes[place]]!r}"
            yield Finding(
                "outlier",
                "warning",
                f"its {count} nearest images are {times[place]:.2g} times as far away as {like}",
                "look whether it belongs to the collection; if it is rare, collect more like it",
                position=int(known[place]),
                score=float(scores[place]),
                threshold=self.far,
            )


def remoteness(distances: Floats, codes: Array | None, least: int) -> tuple[Floats, Floats]:
    """Compare distances with those of the class.

    Args:
        distances: (N,) distance of each image to others.
        codes: (N,) class of each image, or None.
        least: Number of images below which a class is compared with all.

    Returns:
        (N,) robust standard deviations of the logarithm above the median; and (N,) distances as
        multiples of the median.

    Example:
        >>> scores, times = remoteness(np.array([1.0, 1.1, 0.9, 1.0, 4.0]), None, least=2)
        >>> times.round(2).tolist(), scores.round().tolist()
        ([1.0, 1.1, 0.9, 1.0, 4.0], [0.0, 1.0, -1.0, 0.0, 10.0])
    """
    tiny = 1e-6 * distances.max(initial=0.0) + 1e-30  # of copies the distance is 0
    logarithms = np.log(distances + tiny)
    middles, deviations = _middle(logarithms)
    middle, deviation = np.full(len(distances), middles), np.full(len(distances), deviations)
    for code in [] if codes is None else np.unique(codes):
        members = codes == code
        if members.sum() >= least:
            middle[members], deviation[members] = _middle(logarithms[members])
    return (logarithms - middle) / deviation, np.exp(logarithms - middle)


def _middle(values: Floats) -> tuple[float, float]:
    """Median and robust standard deviation."""
    middle = float(np.median(values))
    spread = _TO_DEVIATION * float(np.median(np.abs(values - middle)))
    return middle, max(spread, _LEAST_DEVIATION)
