"""Single samples to hold out, so that each class has its share."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from keras_cvdata import stateless_random
from keras_cvdata.splits.columns import check_sides
from keras_cvdata.splits.shares import total_held
from keras_cvdata.types import Array, Ints


def held_samples(
    codes: Ints, share: float, seed: int, called: Sequence[str], leave: int = 1
) -> Array:
    """Mark the samples to hold out: of every class its share, in the order of random keys.

    At least `leave` samples of each class are left, for as many further parts.
    """
    sizes = np.bincount(codes)
    check_sides(sizes, called, "sample")
    order = np.lexsort((stateless_random.hash_words(seed, np.arange(len(codes))), codes))
    rank = np.arange(len(codes)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    held = np.zeros(len(codes), bool)
    held[order] = rank < np.repeat(_quotas(sizes, share, seed, leave), sizes)
    return held


def _quotas(sizes: Array, share: float, seed: int, leave: int) -> Array:
    """Numbers to hold out of each class: at most all but `leave`, `share` in total.

    If there is room, at least one. What rounding down leaves over goes to the classes with the
    largest remainders.
    """
    total, least = total_held(int(sizes.sum()), share, len(sizes), kept=leave * len(sizes))
    exact = sizes * share
    most = sizes - leave
    quotas: Array = np.minimum(np.maximum(np.floor(exact), least), most).astype(np.int64)
    room = np.where(quotas < most, exact - quotas, -np.inf)
    # Without room for all the seed chooses among equal classes, otherwise the first come first.
    ties = np.zeros(len(sizes)) if least else stateless_random.permutation(len(sizes), seed)
    best = np.lexsort((ties, -room))[: max(0, total - quotas.sum())]
    quotas[best[np.isfinite(room[best])]] += 1
    while (over := int(quotas.sum()) - total) != 0:  # small classes took more than their share
        step = -np.sign(over)
        free = quotas > least if over > 0 else quotas < most
        shares = -quotas / sizes if over > 0 else (quotas + 1) / sizes
        quotas[np.where(free, shares, np.inf).argmin()] += step
    return quotas


def held_rows(hot: Array, share: float, seed: int) -> Array:
    """Mark the samples to hold out of (N, K) labels, by iterative stratification.

    The label with the fewest samples that are not placed yet is placed next: one after the other
    goes to the part that lacks more of the label, which comes to rounding what the validation part
    lacks, and up or down as the whole part lacks samples.
    """
    order = stateless_random.permutation(len(hot), seed)
    hot = np.asfortranarray(hot[order])
    sizes = hot.sum(axis=0)
    total, least = total_held(len(hot), share, int((sizes > 0).sum()), kept=1)
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
