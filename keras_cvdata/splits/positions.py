"""Positions of the samples of each part."""

from __future__ import annotations

import copy
import operator
import warnings
from collections.abc import Sequence

import numpy as np

from keras_cvdata.splits.columns import called_classes, check_sides, checked, numbered
from keras_cvdata.splits.groups import held_groups, held_groups_of_rows
from keras_cvdata.splits.rows import held_rows, held_samples
from keras_cvdata.splits.shares import checked_share, checked_shares
from keras_cvdata.types import Array, Ints

_NEXT_PART = 0x5DEECE66D  # so that the parts of a split do not follow the same random numbers


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
    share = checked_share(n, validation)
    columns = _Columns(n, codes, groups, names)
    held = columns.held(share, operator.index(seed))
    _warn_of_absent(columns.called, columns.counts(), columns.counts(held), "validation")
    return np.flatnonzero(~held), np.flatnonzero(held)


def part_positions(
    n: int,
    shares: Sequence[float],
    *,
    codes: Array | None = None,
    groups: Array | None = None,
    seed: int = 0,
    names: Sequence[str] | None = None,
) -> tuple[Ints, ...]:
    """Positions of the samples of several parts, such as training, validation and test.

    The last part is held out of all, as `split_positions` does it, the one before of what is left,
    and so on; so two parts are those of `split_positions`.

    Args:
        n: Number of samples.
        shares: Share of each part, 0 to 1 exclusive, with sum 1; the training part first.
        codes: (n,) class of each sample; or (n, K) of 0 and 1, the classes of multi-label samples.
        groups: (n,) group of each sample; a group is never divided.
        seed: Selects the split.
        names: Name of each code, for messages.

    Returns:
        A sorted array of int64 for each part; together they hold each position once.

    Raises:
        ValueError: A class has too few samples or groups for all parts, or an argument is out of
            range.

    Warns:
        UserWarning: A part has no sample of some classes.

    Example:
        >>> [len(part) for part in part_positions(20, (0.7, 0.15, 0.15))]
        [14, 3, 3]
    """
    given, seed = checked_shares(shares), operator.index(seed)
    whole = _Columns(n, codes, groups, names)
    whole.check_parts(len(given))
    rest, parts = np.arange(n), []
    for number in range(len(given) - 1, 0, -1):
        columns = whole.taken(rest)
        share = given[number] / (1 - sum(given[number + 1 :]))
        turn = len(given) - 1 - number
        held = columns.held(share, seed + turn * _NEXT_PART, leave=number)
        name = "test" if number == 2 else "validation" if number == 1 else f"{number + 1}th"
        _warn_of_absent(columns.called, columns.counts(), columns.counts(held), name)
        parts.append(rest[held])
        rest = rest[~held]
    return (rest, *reversed(parts))


class _Columns:
    """Classes and groups of n samples, checked.

    Args:
        n: Number of samples.
        codes: Classes, or None.
        groups: Groups, or None.
        names: Name of each code, or None.
    """

    def __init__(
        self, n: int, codes: Array | None, groups: Array | None, names: Sequence[str] | None
    ) -> None:
        self.groups = None if groups is None else numbered("groups", groups, n)[1]
        if codes is not None and np.ndim(codes) == 2:
            self.codes = checked("codes", codes, n) != 0
            self.called = called_classes(range(self.codes.shape[1]), names)
        else:
            found, self.codes = numbered("codes", np.zeros(n) if codes is None else codes, n)
            self.called = ["The collection"] if codes is None else called_classes(found, names)

    def taken(self, positions: Ints) -> _Columns:
        """The columns of some of the samples."""
        other = copy.copy(self)
        other.codes = self.codes[positions]
        if self.groups is not None:
            other.groups = np.unique(self.groups[positions], return_inverse=True)[1]
        return other

    def counts(self, of: Array | slice = slice(None)) -> Array:
        """Number of samples of each class."""
        codes = self.codes[of]
        if codes.ndim == 2:
            return np.asarray(codes.sum(axis=0))
        return np.bincount(codes, minlength=len(self.called))

    def check_parts(self, parts: int) -> None:
        """Refuse classes that cannot be in all parts; of multi-label ones, parts may lack some."""
        if self.codes.ndim == 2:
            return
        if self.groups is None:
            check_sides(self.counts(), self.called, "sample", parts)
        else:
            owned = np.unique(np.stack([self.codes, self.groups]), axis=1)[0]
            check_sides(np.bincount(owned), self.called, "group", parts)

    def held(self, share: float, seed: int, leave: int = 1) -> Array:
        """Mark the samples to hold out; of one class each, `leave` samples or groups are left."""
        if self.groups is None:
            if self.codes.ndim == 2:
                return held_rows(self.codes, share, seed)
            return held_samples(self.codes, share, seed, self.called, leave)
        if self.codes.ndim == 2:
            return held_groups_of_rows(self.codes, self.groups, share, seed)
        return held_groups(self.codes, self.groups, share, seed, self.called, leave)


def _warn_of_absent(called: Sequence[str], sizes: Array, held: Array, part: str) -> None:
    """Say which classes have no sample in a part."""
    absent = np.flatnonzero((sizes > 0) & (held == 0))
    if len(absent):
        shown = ", ".join(called[i] for i in absent[:5]) + (", ..." if len(absent) > 5 else "")
        warnings.warn(
            f"The {part} part has no sample of {len(absent)} of the {(sizes > 0).sum()} "
            f"classes: {shown}. Hold out a larger share, or add images of them.",
            UserWarning,
            stacklevel=3,
        )
