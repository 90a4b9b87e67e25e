"""Splits of samples into a training and a validation part, as pure functions."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from keras_cvdata import stateless_random
from keras_cvdata.types import Array, Ints


def automatic_share(n: int) -> float:
    """Share to hold out for validation by the rule of thumb (R53).

    Args:
        n: Number of samples.

    Returns:
        0.2 below 1,000 samples, 0.1 below 10,000, 0.05 from there on.

    Example:
        >>> automatic_share(999), automatic_share(1000), automatic_share(10_000)
        (0.2, 0.1, 0.05)
    """
    return 0.2 if n < 1000 else 0.1 if n < 10_000 else 0.05


def split_positions(
    n: int,
    validation: float | str = "auto",
    *,
    codes: Array | None = None,
    groups: Array | None = None,
    seed: int = 0,
    names: Sequence[str] | None = None,
) -> tuple[Ints, Ints]:
    """Positions of the training and the validation samples, chosen at random (R54 to R58).

    Both parts hold samples of every class if there are classes. The size of the validation part is
    exact to one sample a class without groups; groups are kept together, so that with them it is as
    near as whole groups allow.

    Args:
        n: Number of samples.
        validation: Share of the validation part, 0 to 1 exclusive; "auto" takes `automatic_share`.
        codes: (n,) class of each sample, for a split of each class by itself.
        groups: (n,) group of each sample; a group is never divided.
        seed: Selects the split.
        names: Name of each code, for messages.

    Returns:
        Two sorted arrays of int64 that hold each position once.

    Raises:
        ValueError: A class has too few samples or groups for both parts, or an argument is out of
            range.

    Example:
        >>> training, validation = split_positions(6, 0.33, codes=np.array([0, 0, 0, 1, 1, 1]))
        >>> len(training), len(validation)
        (4, 2)
    """
    share = _share(n, validation)
    seed = operator.index(seed)
    dense, called = np.zeros(n, np.int64), ["The collection"]
    if codes is not None:
        found, dense = _numbered("codes", codes, n)
        called = [f"Class {str(code if names is None else names[code])!r}" for code in found]
    if groups is None:
        held = _held_samples(dense, share, seed, called)
    else:
        held = _held_groups(dense, _numbered("groups", groups, n)[1], share, seed, called)
    return np.flatnonzero(~held), np.flatnonzero(held)


def _share(n: int, validation: float | str) -> float:
    if validation == "auto":
        return automatic_share(n)
    if isinstance(validation, str) or not 0 < validation < 1:
        raise ValueError(
            f"validation must be a share between 0 and 1, such as 0.2, or 'auto'; got "
            f"{validation!r}."
        )
    return validation


def _numbered(name: str, values: Array, n: int) -> tuple[list[Any], Ints]:
    """Number the different values of a column of n entries from 0."""
    values = np.asarray(values)
    if values.shape != (n,):
        raise ValueError(
            f"{name} must have one value for each of the {n} samples; got shape {values.shape}."
        )
    if values.dtype == object:  # text with gaps: None and NaN do not sort
        values = values.astype(str)
    found, numbers = np.unique(values, return_inverse=True)
    return found.tolist(), numbers.astype(np.int64)


def _check_both_sides(parts: Array, called: Sequence[str], unit: str) -> None:
    """Refuse classes that consist of one part only."""
    if parts.size and parts.min() < 2:
        name = called[int(parts.argmin())]
        raise ValueError(
            f"{name} has {parts.min()} {unit} only, so it cannot be on both sides of the split. "
            "Add images of it, leave it out, or split without stratify and groups."
        )


def _held_samples(codes: Ints, share: float, seed: int, called: Sequence[str]) -> Array:
    """Mark the samples to hold out: of every class its share, in the order of random keys."""
    sizes = np.bincount(codes)
    _check_both_sides(sizes, called, "sample")
    order = np.lexsort((stateless_random.hash_words(seed, np.arange(len(codes))), codes))
    rank = np.arange(len(codes)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    held = np.zeros(len(codes), bool)
    held[order] = rank < np.repeat(_quotas(sizes, share), sizes)
    return held


def _quotas(sizes: Array, share: float) -> Array:
    """Numbers to hold out of each class: at least one, at most all but one, `share` in total.

    What rounding down leaves over goes to the classes with the largest remainders.
    """
    exact = sizes * share
    quotas = np.maximum(np.floor(exact), 1).astype(np.int64)
    left = round(sizes.sum() * share) - quotas.sum()
    if left > 0:
        room = np.where(quotas < sizes - 1, exact - quotas, -np.inf)
        best = np.argsort(-room, kind="stable")[:left]
        quotas[best[np.isfinite(room[best])]] += 1
    return quotas


def _held_groups(
    codes: Ints, groups: Ints, share: float, seed: int, called: Sequence[str]
) -> Array:
    """Mark the samples of whole groups to hold out, until each class has about its share.

    Classes that occur in few groups choose first, so that every class gets a group on each side.
    """
    pairs, counts = np.unique(np.stack([groups, codes]), axis=1, return_counts=True)
    _check_both_sides(np.bincount(pairs[1]), called, "group")
    ends = np.cumsum(np.bincount(pairs[0]))
    choice = _GroupChoice(
        np.split(pairs[1], ends[:-1]), np.split(counts, ends[:-1]), np.bincount(codes) * share
    )
    order = stateless_random.permutation(len(ends), seed)
    by_class = np.lexsort((np.argsort(order)[pairs[0]], pairs[1]))
    groups_of = np.split(pairs[0][by_class], np.cumsum(choice.left)[:-1])
    for code in np.argsort(choice.left, kind="stable"):
        if choice.taken[code]:
            continue
        fitting = [group for group in groups_of[code] if choice.leaves_some(group)]
        if not fitting:
            raise ValueError(
                f"{called[code]} cannot be on both sides of the split without dividing a group "
                "that it shares with another class. Use smaller groups, or split without groups."
            )
        # The first that helps, not the best: that would be the largest group, whatever the seed.
        helping = (group for group in fitting if choice.error_with(group) < 0)
        first = next(helping, None)
        choice.take(min(fitting, key=choice.error_with) if first is None else first)
    for group in order:
        if choice.leaves_some(group) and choice.error_with(group) < 0:
            choice.take(group)
    return choice.held[groups]


class _GroupChoice:
    """The groups held out so far, and what each class lacks.

    Args:
        classes: Classes of each group.
        counts: Number of samples of each of these classes in the group.
        lacking: Number of samples of each class that should be held out.
    """

    def __init__(self, classes: list[Array], counts: list[Array], lacking: Array) -> None:
        self.classes = classes
        self.counts = counts
        self.lacking = lacking
        self.left = np.bincount(np.concatenate(classes)) if classes else np.zeros(0, np.int64)
        self.taken = np.zeros(len(lacking), bool)
        self.held = np.zeros(len(classes), bool)

    def leaves_some(self, group: int) -> bool:
        """Say whether every class keeps another group for training."""
        return not self.held[group] and bool((self.left[self.classes[group]] > 1).all())

    def error_with(self, group: int) -> float:
        """Change of the distance from the wanted counts if the group is held out."""
        lacking = self.lacking[self.classes[group]]
        return float((np.abs(lacking - self.counts[group]) - np.abs(lacking)).sum())

    def take(self, group: int) -> None:
        """Hold a group out."""
        classes = self.classes[group]
        self.held[group] = True
        self.taken[classes] = True
        self.lacking[classes] -= self.counts[group]
        self.left[classes] -= 1
