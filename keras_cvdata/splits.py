"""Splits of samples into a training and a validation part, as pure functions."""

from __future__ import annotations

import math
import operator
import warnings
from collections.abc import Iterable, Sequence
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

    The validation part has its share of the samples, to the nearest one, and of each class. Every
    class has a sample in it where that takes no more than half as much again as `validation` asks;
    otherwise some classes, chosen at random, have none, and a warning says so. Every class has
    samples in the training part. Multi-label samples are divided by iterative stratification.
    Groups are kept together, so that with them the shares are as near as whole groups allow.

    Args:
        n: Number of samples.
        validation: Share of the validation part, 0 to 1 exclusive; "auto" takes `automatic_share`.
        codes: (n,) class of each sample; or (n, K) of 0 and 1, the classes of multi-label samples.
        groups: (n,) group of each sample; a group is never divided.
        seed: Selects the split.
        names: Name of each code, for messages.

    Returns:
        Two sorted arrays of int64 that hold each position once.

    Raises:
        ValueError: A class has too few samples or groups for both parts, or an argument is out of
            range.

    Warns:
        UserWarning: The validation part has no sample of some classes.

    Example:
        >>> training, validation = split_positions(6, 0.33, codes=np.array([0, 0, 0, 1, 1, 1]))
        >>> len(training), len(validation)
        (4, 2)

    Source: K. Sechidis et al., On the Stratification of Multi-Label Data, 2011.
    """
    share = _share(n, validation)
    seed = operator.index(seed)
    numbers = None if groups is None else _numbered("groups", groups, n)[1]
    if codes is not None and np.ndim(codes) == 2:
        hot = _checked("codes", codes, n) != 0
        sizes = hot.sum(axis=0)
        called = _called(range(len(sizes)), names)
        if numbers is None:
            held = _held_rows(hot, share, seed)
        else:
            held = _held_groups_of_rows(hot, numbers, share, seed)
        there = hot[held].sum(axis=0)
    else:
        found, dense = _numbered("codes", np.zeros(n) if codes is None else codes, n)
        called = ["The collection"] if codes is None else _called(found, names)
        if numbers is None:
            held = _held_samples(dense, share, seed, called)
        else:
            held = _held_groups(dense, numbers, share, seed, called)
        sizes, there = (np.bincount(c, minlength=len(called)) for c in (dense, dense[held]))
    _warn_of_absent(called, sizes, there)
    return np.flatnonzero(~held), np.flatnonzero(held)


def _called(codes: Iterable[Any], names: Sequence[str] | None) -> list[str]:
    return [f"Class {str(code if names is None else names[code])!r}" for code in codes]


def _warn_of_absent(called: Sequence[str], sizes: Array, held: Array) -> None:
    """Say which classes have no sample in the validation part."""
    absent = np.flatnonzero((sizes > 0) & (held == 0))
    if len(absent):
        shown = ", ".join(called[i] for i in absent[:5]) + (", ..." if len(absent) > 5 else "")
        warnings.warn(
            f"The validation part has no sample of {len(absent)} of the {(sizes > 0).sum()} "
            f"classes: {shown}. Hold out a larger share, or add images of them.",
            UserWarning,
            stacklevel=3,
        )


def _share(n: int, validation: float | str) -> float:
    if validation == "auto":
        return automatic_share(n)
    if isinstance(validation, str) or not 0 < validation < 1:
        raise ValueError(
            f"validation must be a share between 0 and 1, such as 0.2, or 'auto'; got "
            f"{validation!r}."
        )
    return validation


def _checked(name: str, values: Array, n: int) -> Array:
    values = np.asarray(values)
    if values.ndim not in (1, 2 if name == "codes" else 1) or len(values) != n:
        raise ValueError(
            f"{name} must have one value for each of the {n} samples; got shape {values.shape}."
        )
    return values


def _numbered(name: str, values: Array, n: int) -> tuple[list[Any], Ints]:
    """Number the different values of a column of n entries from 0."""
    values = _checked(name, values, n)
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


def _total(n: int, share: float, classes: int, kept: int) -> tuple[int, int]:
    """Number of samples to hold out, and how many of each class at least, 1 or 0.

    A sample of every class has precedence as long as that makes the part at most half as large
    again as asked. `kept` samples stay in any case.
    """
    total, least = max(round(n * share), 1), int(classes <= 1.5 * n * share)
    return max(0, min(max(total, least * classes), n - kept)), least


def _held_samples(codes: Ints, share: float, seed: int, called: Sequence[str]) -> Array:
    """Mark the samples to hold out: of every class its share, in the order of random keys."""
    sizes = np.bincount(codes)
    _check_both_sides(sizes, called, "sample")
    order = np.lexsort((stateless_random.hash_words(seed, np.arange(len(codes))), codes))
    rank = np.arange(len(codes)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    held = np.zeros(len(codes), bool)
    held[order] = rank < np.repeat(_quotas(sizes, share, seed), sizes)
    return held


def _quotas(sizes: Array, share: float, seed: int) -> Array:
    """Numbers to hold out of each class: at most all but one, `share` in total.

    If there is room, at least one. What rounding down leaves over goes to the classes with the
    largest remainders.
    """
    total, least = _total(int(sizes.sum()), share, len(sizes), kept=len(sizes))
    exact = sizes * share
    quotas = np.maximum(np.floor(exact), least).astype(np.int64)
    room = np.where(quotas < sizes - 1, exact - quotas, -np.inf)
    # Without room for all the seed chooses among equal classes, otherwise the first come first.
    ties = np.zeros(len(sizes)) if least else stateless_random.permutation(len(sizes), seed)
    best = np.lexsort((ties, -room))[: max(0, total - quotas.sum())]
    quotas[best[np.isfinite(room[best])]] += 1
    while (over := int(quotas.sum()) - total) != 0:  # small classes took more than their share
        step = -np.sign(over)
        free = quotas > least if over > 0 else quotas < sizes - 1
        shares = -quotas / sizes if over > 0 else (quotas + 1) / sizes
        quotas[np.where(free, shares, np.inf).argmin()] += step
    return quotas


def _held_rows(hot: Array, share: float, seed: int) -> Array:
    """Mark the samples to hold out of (N, K) labels, by iterative stratification.

    The label with the fewest samples that are not placed yet is placed next: one after the other
    goes to the part that lacks more of the label, which comes to rounding what the validation part
    lacks, and up or down as the whole part lacks samples.
    """
    order = stateless_random.permutation(len(hot), seed)
    hot = np.asfortranarray(hot[order])
    sizes = hot.sum(axis=0)
    total, least = _total(len(hot), share, int((sizes > 0).sum()), kept=1)
    choice = _RowChoice(hot, sizes * share, sizes.copy())
    waiting, open_rows = sizes.copy(), np.ones(len(hot), bool)
    placed = 0
    while waiting.any():
        label = int(np.where(waiting > 0, waiting, len(hot) + 1).argmin())
        rows = np.flatnonzero(open_rows & hot[:, label])
        placed += len(rows)
        choice.hold(rows, choice.quota(label, placed * share, least))
        open_rows[rows] = False
        waiting -= hot[rows].sum(axis=0)
    choice.hold(np.flatnonzero(open_rows), total - int(choice.held.sum()))
    choice.settle(total, least)
    held = np.zeros(len(hot), bool)
    held[order] = choice.held
    return held


class _RowChoice:
    """The multi-label samples held out so far, and what each label lacks.

    Args:
        hot: (N, K) bool, in random order.
        lacking: Number of samples of each label that should be held out yet.
        left: Number of samples of each label that are not held out.
    """

    def __init__(self, hot: Array, lacking: Array, left: Array) -> None:
        self.hot = hot
        self.lacking = lacking
        self.left = left
        self.sizes = left.copy()
        self.held = np.zeros(len(hot), bool)

    def quota(self, label: int, wanted: float, least: int) -> int:
        """Number of samples to hold out of a label, so that about `wanted` are held in total."""
        low, high = math.floor(self.lacking[label]), math.ceil(self.lacking[label])
        missing = wanted - int(self.held.sum())
        quota = low if missing - low < high - missing else high
        none_yet = bool(self.left[label] == self.sizes[label])
        return max(int(quota), least if none_yet else 0)

    def hold(self, rows: Array, quota: int) -> None:
        """Hold the first rows out that leave another sample of each of their labels."""
        first = rows[: max(quota, 0)]
        counts = self.hot[first].sum(axis=0)
        if (self.left - counts < 1)[counts > 0].any():
            first = self._one_by_one(rows, quota)
            counts = self.hot[first].sum(axis=0)
        self.held[first] = True
        self.left -= counts
        self.lacking -= counts

    def settle(self, total: int, least: int) -> None:
        """Move single rows until `total` are held, each time the one that helps the labels most."""
        while (over := int(self.held.sum()) - total) != 0:
            sign = 1 if over > 0 else -1  # released, or held as well
            spare = self.sizes - self.left - least if over > 0 else self.left - 1
            free = (self.held == (over > 0)) & ~self.hot[:, spare < 1].any(axis=1)
            if not free.any():
                return
            change = self.hot @ (sign * 2 * self.lacking + 1)
            row = np.where(free, change, np.inf).argmin()
            self.held[row] = over < 0
            self.left += sign * self.hot[row]
            self.lacking += sign * self.hot[row]

    def _one_by_one(self, rows: Array, quota: int) -> Array:
        left = self.left.copy()
        chosen: list[int] = []
        for row in rows:
            if len(chosen) < quota and (left[self.hot[row]] > 1).all():
                chosen.append(row)
                left -= self.hot[row]
        return np.array(chosen, np.int64)


def _held_groups(
    codes: Ints, groups: Ints, share: float, seed: int, called: Sequence[str]
) -> Array:
    """Mark the samples of whole groups to hold out, until each class has about its share.

    Classes that occur in few groups choose first, so that every class gets a group on each side.
    """
    pairs, sizes = np.stack([np.arange(len(codes)), codes]), np.bincount(codes)
    _, covers = _total(len(groups), share, len(sizes), kept=1)
    choice = _GroupChoice(pairs, sizes, groups, share, seed, whole=not covers)
    _check_both_sides(choice.left[: len(sizes)], called, "group")
    for code in choice.fewest_first():
        if choice.taken[code] or not (covers or code == len(sizes)):
            continue
        if not choice.take_one(code):
            raise ValueError(
                f"{called[code]} cannot be on both sides of the split without dividing a group "
                "that it shares with another class. Use smaller groups, or split without groups."
            )
    choice.take_helping(choice.order)
    return choice.held[groups]


def _held_groups_of_rows(hot: Array, groups: Ints, share: float, seed: int) -> Array:
    """Mark the samples of whole groups to hold out; samples may have several classes, or none.

    Labels in few groups choose first, and a label in one group stays in the training part.
    """
    sizes = hot.sum(axis=0)
    _, covers = _total(len(groups), share, int((sizes > 0).sum()), kept=1)
    choice = _GroupChoice(np.argwhere(hot).T, sizes, groups, share, seed, whole=True)
    for code in choice.fewest_first():
        if not choice.taken[code] and (covers or code == len(sizes)):
            choice.take_one(code)
        choice.take_helping(choice.groups_of[code], code)
    return choice.held[groups]


class _GroupChoice:
    """The groups held out so far, and what each class lacks.

    Args:
        pairs: (2, P) samples and their classes.
        sizes: Number of samples of each class.
        groups: (N,) group of each sample.
        share: Share of each class that should be held out.
        seed: Selects the order of the groups.
        whole: Count all samples as one more class.
    """

    def __init__(
        self, pairs: Array, sizes: Array, groups: Ints, share: float, seed: int, whole: bool
    ) -> None:
        if whole:
            every = np.stack([np.arange(len(groups)), np.full(len(groups), len(sizes))])
            pairs, sizes = np.concatenate([pairs, every], axis=1), np.append(sizes, len(groups))
        owned = np.stack([groups[pairs[0]], pairs[1]])
        owned, counts = np.unique(owned, axis=1, return_counts=True)
        ends = np.cumsum(np.bincount(owned[0]))
        self.classes = np.split(owned[1], ends[:-1])
        self.counts = np.split(counts, ends[:-1])
        self.lacking = sizes * share
        self.left = np.bincount(owned[1], minlength=len(sizes))
        self.taken = np.zeros(len(sizes), bool)
        self.held = np.zeros(len(ends), bool)
        self.order = stateless_random.permutation(len(ends), seed)
        by_class = np.lexsort((np.argsort(self.order)[owned[0]], owned[1]))
        self.groups_of = np.split(owned[0][by_class], np.cumsum(self.left)[:-1])

    def fewest_first(self) -> Array:
        """The classes in the order of the numbers of their groups."""
        return np.argsort(self.left, kind="stable")

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

    def take_helping(self, groups: Array, code: int | None = None) -> None:
        """Hold out those of some groups that help, while the class `code` lacks samples."""
        for group in groups:
            if code is not None and self.lacking[code] < 0.5:
                return
            if self.leaves_some(group) and self.error_with(group) < 0:
                self.take(group)

    def take_one(self, code: int) -> bool:
        """Hold a group of a class out, the first that helps, else the best; say if one can be.

        Not the best at once: that would be the largest group, whatever the seed.
        """
        fitting = [group for group in self.groups_of[code] if self.leaves_some(group)]
        helping = (group for group in fitting if self.error_with(group) < 0)
        chosen = next(helping, min(fitting, key=self.error_with, default=None))
        if chosen is not None:
            self.take(chosen)
        return chosen is not None
