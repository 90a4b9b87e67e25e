"""Whole groups of samples to hold out, so that each class has about its share."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from keras_cvdata import stateless_random
from keras_cvdata.splits.columns import check_sides
from keras_cvdata.splits.shares import total_held
from keras_cvdata.types import Array, Ints


def held_groups(
    codes: Ints, groups: Ints, share: float, seed: int, called: Sequence[str], leave: int = 1
) -> Array:
    """Mark the samples of whole groups to hold out, until each class has about its share.

    Classes that occur in few groups choose first, so that every class gets a group on each side.
    At least `leave` groups of each class are left, for as many further parts.
    """
    pairs, sizes = np.stack([np.arange(len(codes)), codes]), np.bincount(codes)
    _, covers = total_held(len(groups), share, len(sizes), kept=1)
    choice = _GroupChoice(pairs, sizes, groups, share, seed, not covers, leave)
    check_sides(choice.left[: len(sizes)], called, "group")
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


def held_groups_of_rows(hot: Array, groups: Ints, share: float, seed: int) -> Array:
    """Mark the samples of whole groups to hold out; samples may have several classes, or none.

    Labels in few groups choose first, and a label in one group stays in the training part.
    """
    sizes = hot.sum(axis=0)
    _, covers = total_held(len(groups), share, int((sizes > 0).sum()), kept=1)
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
        leave: Number of groups of each class that are not held out.
    """

    def __init__(
        self,
        pairs: Array,
        sizes: Array,
        groups: Ints,
        share: float,
        seed: int,
        whole: bool,
        leave: int = 1,
    ) -> None:
        self.leave = leave
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
        """Say whether every class keeps enough other groups for training."""
        return not self.held[group] and bool((self.left[self.classes[group]] > self.leave).all())

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
