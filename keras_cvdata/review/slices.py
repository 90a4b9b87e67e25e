"""Parts of a collection in which a model does worse than their classes explain."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

import numpy as np

from keras_cvdata.audit.separation import chance_of_share
from keras_cvdata.review.traits import Trait
from keras_cvdata.types import Array, Ints

LEAST = 10  # images of a slice that are compared
SURE = 0.05  # chance, over all comparisons of a kind, up to which a slice is no accident
_PURE, _USUAL = 0.9, 0.5  # share of one class in a slice that is a shortcut, and elsewhere at most

SliceKind = Literal["accuracy", "recall", "predicted as", "one class"]


class Slice(NamedTuple):
    """One comparison of images that share a value with the others.

    Attributes:
        trait: What parts the images.
        value: What these share.
        kind: "accuracy": all images, how many are wrong; "recall": those of one class, how many are
            taken for another; "predicted as": those of all other classes, how many are taken for
            it; "one class": all images, how many are of one class and predicted so, where nothing
            tells whether the model knows them by the class or by the slice.
        label: The class; None for "accuracy".
        number: Number of images that are compared.
        share: Share of them that is wrong; of "one class", that is of the class.
        rest: The same of the other images, weighted to the same classes.
        excess: Number of images that are wrong beyond what their classes explain.
        chance: Bound of the probability that any comparison of this kind finds so much by chance.
        measured: Whether the trait was measured from pixels.
    """

    trait: str
    value: str
    kind: SliceKind
    label: str | None
    number: int
    share: float
    rest: float
    excess: float
    chance: float
    measured: bool

    @property
    def sure(self) -> bool:
        """Whether it is no accident."""
        return self.chance <= SURE

    @property
    def what(self) -> str:
        """The slice in words, such as "camera: A"."""
        return f"{self.trait}: {self.value}"


class _Counts(NamedTuple):
    """Images of one trait with V values and K classes."""

    images: Array  # (V, K) by value and class of the label
    wrong: Array  # (V, K) of them, those that are predicted as another class
    taken: Array  # (V, K) wrong ones by value and predicted class
    mixed: Array  # (K, K) wrong ones by class of the label and predicted class


def find_slices(
    traits: Sequence[Trait], labels: Ints, predicted: Ints, class_names: Sequence[str]
) -> list[Slice]:
    """Compare each value of each trait with the rest.

    A slice that holds hard classes is not blamed for them: what is expected of it is what its
    classes have in the whole collection. How far more than that may be an accident is bounded by
    Chernoff and multiplied by the number of comparisons of the kind (Bonferroni).

    Args:
        traits: What parts the images.
        labels: (N,) class of each image; -1 where it is not compared.
        predicted: (N,) predicted class.
        class_names: K names.

    Returns:
        The slices of at least 10 images in which more is wrong than expected, the sure ones first,
        each by the number of images that it costs.

    Example:
        >>> camera = Trait("camera", np.repeat([0, 1], 40), ("old", "new"))
        >>> labels = np.tile([0, 1], 40)
        >>> predicted = np.where(camera.codes == 0, 0, labels)
        >>> worst = find_slices([camera], labels, predicted, ["cat", "dog"])[0]
        >>> worst.what, worst.kind, worst.share, worst.rest, worst.sure
        ('camera: old', 'accuracy', 0.5, 0.0, True)
    """
    made = [
        each
        for trait in traits
        for each in _compare(trait, *_known(trait, labels, predicted), class_names)
    ]
    return ordered(_corrected(made))


def find_misses(traits: Sequence[Trait], wrong: Array, known: Array) -> list[Slice]:
    """Compare how many images are wrong, where there are no classes to weight by.

    Args:
        traits: What parts the images.
        wrong: (N,) bool.
        known: (N,) bool, the images that are compared.

    Returns:
        As `find_slices`, of the kind "accuracy".
    """
    labels: Ints = np.where(known, 0, -1)
    found = find_slices(traits, labels, wrong.astype(np.int64), ("", ""))
    return [each for each in found if each.kind == "accuracy"]


def ordered(slices: Sequence[Slice]) -> list[Slice]:
    """Order slices: the sure ones first, each by the number of images that it costs.

    Args:
        slices: The slices.

    Returns:
        The same. Of a value that is worse as a whole, classes that share in it alike follow among
        those that are not sure.
    """
    worse = {each.what: each.excess for each in slices if each.kind == "accuracy" and each.sure}
    return sorted(slices, key=lambda each: (not each.sure or _is_told(each, worse), -each.excess))


def _is_told(each: Slice, worse: dict[str, float]) -> bool:
    return each.kind == "recall" and each.excess < 0.6 * worse.get(each.what, 0)


def _known(trait: Trait, labels: Ints, predicted: Ints) -> tuple[Ints, Ints, Ints]:
    known = (trait.codes >= 0) & (labels >= 0)
    return trait.codes[known], labels[known], predicted[known]


def _compare(
    trait: Trait, codes: Ints, labels: Ints, predicted: Ints, names: Sequence[str]
) -> Iterator[Slice]:
    shape = (len(trait.values), len(names))
    bad = labels != predicted
    counts = _Counts(
        _table(codes, labels, shape),
        _table(codes[bad], labels[bad], shape),
        _table(codes[bad], predicted[bad], shape),
        _table(labels[bad], predicted[bad], (shape[1], shape[1])),
    )
    images, rates = counts.images, counts.wrong.sum(axis=0) / _atleast1(counts.images.sum(axis=0))
    expected = images @ (counts.mixed / _atleast1(images.sum(axis=0))[:, None])
    for value, name in enumerate(trait.values):
        total = images[value].sum()
        if not LEAST <= total < images.sum():
            continue
        at = trait.name, name, trait.measured
        weights = np.where(images[value] < images.sum(axis=0), images[value], 0)
        others = (counts.wrong.sum(axis=0) - counts.wrong[value]) / _atleast1(
            images.sum(axis=0) - images[value]
        )
        rest = float(weights @ others / max(weights.sum(), 1))
        wrong = counts.wrong[value].sum()
        yield _slice(at, "accuracy", None, total, wrong, images[value] @ rates, rest)
        for k in np.flatnonzero(images[value] >= LEAST).tolist():
            yield _slice(
                at, "recall", names[k], images[value, k], counts.wrong[value, k],
                images[value, k] * rates[k], float(others[k]),
            )  # fmt: skip
        here = bad & (codes == value)
        mixed = counts.mixed - _table(labels[here], predicted[here], counts.mixed.shape)
        elsewhere = _taken(mixed, counts.images.sum(axis=0) - images[value], images[value])
        for k in np.flatnonzero(counts.taken[value]).tolist():
            yield _slice(
                at, "predicted as", names[k], total - images[value, k], counts.taken[value, k],
                expected[value, k], float(elsewhere[k]),
            )  # fmt: skip
        if trait.measured:
            yield from _one_class(at, counts, value, names)


def _taken(mixed: Array, images: Array, like: Array) -> Array:
    """Share of the images of other classes that is taken for each class, (K,).

    Args:
        mixed: (K, K) wrong images by label and prediction.
        images: (K,) images by label.
        like: (K,) images by label of a slice, to whose classes the shares are weighted.
    """
    weights = np.where(images > 0, like, 0.0)
    found = weights @ (mixed / _atleast1(images)[:, None])
    return np.asarray(found / _atleast1(weights.sum() - weights))


def _one_class(
    at: tuple[str, str, bool], counts: _Counts, value: int, names: Sequence[str]
) -> Iterator[Slice]:
    """A slice of one class, which the model may know by the slice alone."""
    here, all_images = counts.images[value], counts.images.sum(axis=0)
    k, total = int(here.argmax()), here.sum()
    share = here[k] / total
    usual = (all_images[k] - here[k]) / max(all_images.sum() - total, 1)
    right = (here[k] - counts.wrong[value, k] + counts.taken[value, k]) / total
    if share >= _PURE and usual <= _USUAL and right >= _PURE:
        one = _slice(at, "one class", names[k], total, here[k], total * usual, float(usual))
        yield one._replace(excess=0.0)


def _slice(
    at: tuple[str, str, bool],
    kind: SliceKind,
    label: str | None,
    count: float,
    found: float,
    expected: float,
    rest: float,
) -> Slice:
    share, usual = found / max(count, 1), expected / max(count, 1)
    trait, value, measured = at
    chance = 1.0 if count < LEAST else chance_of_share(share, int(count), max(usual, 1e-9))
    return Slice(
        trait, value, kind, label, int(count), float(share), rest, float(found - expected), chance,
        measured,
    )  # fmt: skip


def _corrected(slices: Sequence[Slice]) -> list[Slice]:
    """Chances over all comparisons of a kind; without slices in which nothing is worse."""
    kinds = [each.kind for each in slices]
    number = {kind: kinds.count(kind) for kind in set(kinds)}
    number["one class"] = number.get("accuracy", 0)  # all slices were looked at for it
    return [
        each._replace(chance=min(1.0, each.chance * number[each.kind]))
        for each in slices
        if each.number >= LEAST and (each.excess > 0 or each.kind == "one class")
    ]


def _table(rows: Ints, columns: Ints, shape: tuple[int, int]) -> Array:
    places = rows * shape[1] + columns
    return np.bincount(places, minlength=shape[0] * shape[1]).reshape(shape).astype(np.float64)


def _atleast1(counts: Array) -> Array:
    return np.maximum(counts, 1)
