"""The contract of every check: measure each image once, then look at the whole collection."""

from __future__ import annotations

import abc
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Literal

import numpy as np

from keras_cvdata.audit.sample import Sample
from keras_cvdata.sources import Source
from keras_cvdata.types import Array

Severity = Literal["error", "warning", "note"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")
Need = Literal["file", "header", "pixels", "labels"]
NEEDS: tuple[Need, ...] = ("file", "header", "pixels", "labels")


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong with an image, a pair of images, a class or the collection.

    Args:
        check: What was found, one of the `kinds` of the check, such as "dark".
        severity: "error" (it makes results wrong), "warning" (it is likely to harm) or "note".
        message: What was found, with its numbers and units.
        action: What to do about it.
        position: Position of the image in the source; None for a class or the collection.
        other: Position of the other image of a pair.
        label: Name of the class that it is about.
        score: What was measured.
        threshold: What it was compared with.
        looked: False for a note that only says why the check could not look.
    """

    check: str
    severity: Severity
    message: str
    action: str
    position: int | None = None
    other: int | None = None
    label: str | None = None
    score: float | None = None
    threshold: float | None = None
    looked: bool = True


@dataclass(frozen=True, eq=False)
class Collection:
    """What was measured of a collection of N images, as checks see it.

    Args:
        source: The images, labels and columns.
        height: (N,) uint32 height in pixels, upright; 0 where unknown.
        width: (N,) uint32 width in pixels.
        readable: (N,) bool; False where the image cannot be decoded.
        reasons: Why an image cannot be read, by position.
        measures: What the check measured, (N,) each by the name in `Check.measures`; zeros where
            `readable` is False.
        split_names: Names of the splits, such as "train" and "val"; empty without splits.
        splits: (N,) int64 split of each image, or None.
        attributes: Columns of the source by what they say: "color", "feature", "state",
            "perspective", "lighting"; a name of a column or several.
        lighting: "constant" where pictures are taken under one light in use, else None.
        embeddings: (N, D) floats, or None.
        pred_probs: (N, K) out-of-fold probabilities, or None.
    """

    source: Source
    height: Array
    width: Array
    readable: Array
    reasons: Mapping[int, str] = field(default_factory=dict)
    measures: Mapping[str, Array] = field(default_factory=dict)
    split_names: tuple[str, ...] = ()
    splits: Array | None = None
    attributes: Mapping[str, str | Sequence[str]] = field(default_factory=dict)
    lighting: str | None = None
    embeddings: Array | None = None
    pred_probs: Array | None = None

    def __len__(self) -> int:
        return len(self.source)

    @property
    def codes(self) -> Array | None:
        """(N,) class of each image; None where the labels are not one column of classes."""
        columns = list(self.source.labels.values())
        return columns[0].values if len(columns) == 1 and columns[0].kind == "class" else None

    @property
    def class_names(self) -> tuple[str, ...]:
        """Names of the classes in the order of `codes`; empty without classes."""
        return () if self.codes is None else self.source.class_names


class Check(abc.ABC):
    """One subject of an audit, with thresholds as arguments of its constructor.

    A check of your own is a class with these attributes and `findings`; give an object of it in
    `audit(data, checks=[..., MyCheck()])`. It is pickled for processes and clusters.

    Attributes:
        name: Name of the check, such as "pictures".
        kinds: Values of `Finding.check` that it can give.
        needs: What `look` needs of an image: the "file" as it is (also where it is no image), the
            "header", "pixels", or nothing of images but "labels", in which case `look` is not
            called.
        measures: What `look` returns: names and NumPy dtypes, such as `{"sharpness": "f4"}` or
            `{"hashes": "(8, 2)u8"}`.
        settings: Arguments of the constructor that `look` uses; what is kept in a file is measured
            anew where they are others.
        origin: Rule of the handbook or paper.
    """

    name: ClassVar[str]
    kinds: ClassVar[tuple[str, ...]]
    needs: ClassVar[Need] = "labels"
    measures: ClassVar[Mapping[str, str]] = {}
    settings: ClassVar[tuple[str, ...]] = ()
    origin: ClassVar[str] = ""

    def look(self, sample: Sample) -> Sequence[Any]:
        """Measure one image.

        It is a pure function that may run in another thread, process or machine.

        Args:
            sample: The image.

        Returns:
            One value for each of `measures`, in their order.

        Raises:
            ImageError: The image cannot be read.
        """
        raise NotImplementedError(f"{type(self).__name__} has measures, so it needs `look`.")

    @abc.abstractmethod
    def findings(self, collection: Collection) -> Iterable[Finding]:
        """Say what is wrong.

        Args:
            collection: The collection with what was measured.

        Returns:
            The findings, in an order that depends on the collection only.
        """

    def classes(self, collection: Collection) -> Mapping[str, Array]:  # noqa: ARG002 # a default
        """Columns for the table of classes, (K,) each; none by default."""
        return {}


def flagged(
    mask: Array,
    scores: Array,
    make: Finding,
) -> Iterable[Finding]:
    """Give one finding for each image of a mask.

    Args:
        mask: (N,) bool.
        scores: (N,) what was measured.
        make: The finding without position and score; `{score}` in its message is replaced.

    Yields:
        The findings, by position.
    """
    for position in np.flatnonzero(mask).tolist():
        score = float(scores[position])
        message = make.message.format(score=f"{score:.3g}")
        yield replace(make, position=position, score=score, message=message)
