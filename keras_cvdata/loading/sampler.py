"""Which samples make up a batch: a pure function of (seed, epoch, index)."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from keras_cvdata.stateless_random import Purpose, hash_words, permutation
from keras_cvdata.types import Array, Ints


class BatchIndices(NamedTuple):
    """The samples of one batch.

    Attributes:
        positions: Position of each sample in the source, (B,) int64.
        occurrences: (B,) int64 that tells repeated visits of one sample in an epoch apart.
    """

    positions: Ints
    occurrences: Ints


class Sampler:
    """Order of the samples over all epochs.

    The epochs are cut from one endless stream of passes. A pass holds every sample once (or, when
    balanced, every sample at least once and every class equally often), newly shuffled each time.
    Without `steps`, an epoch is one pass; with `steps`, it is that many full batches, so no sample
    comes again before all were seen, however long the epoch.

    Args:
        n: Number of samples, at least 1.
        batch_size: Samples per batch, at least 1.
        seed: Selects the shuffles.
        shuffle: Shuffle every pass anew; otherwise keep the order of the source.
        codes: (n,) class of each sample; given, small classes are repeated until all have the size
            of the largest.
        steps: Batches per epoch; by default what one pass yields.
        drop_remainder: Drop the last, smaller batch of a pass. Not used with `steps`, whose batches
            are all full.

    Example:
        >>> order = Sampler(5, batch_size=2, seed=0, shuffle=False)
        >>> [order.batch(epoch=0, index=i).positions.tolist() for i in range(len(order))]
        [[0, 1], [2, 3], [4]]
    """

    def __init__(
        self,
        n: int,
        batch_size: int,
        seed: int,
        shuffle: bool = True,
        *,
        codes: Array | None = None,
        steps: int | None = None,
        drop_remainder: bool = False,
    ) -> None:
        self.n = n
        self.batch_size = batch_size
        self.seed = seed
        self.shuffle = shuffle
        self.steps = steps
        self._codes = None if codes is None else np.unique(codes, return_inverse=True)[1]
        counts = None if self._codes is None else np.bincount(self._codes)
        self._largest = None if counts is None else int(counts.max())
        self._repeats = 1 if counts is None else int(np.ceil(counts.max() / counts.min()))
        self.pass_size = n if counts is None else len(counts) * int(counts.max())
        whole, rest = divmod(self.pass_size, batch_size)
        self._length = steps or whole + bool(rest and not drop_remainder)
        self._recent: dict[int, tuple[Ints, Ints]] = {}

    def __len__(self) -> int:
        return self._length

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_recent": {}}

    def batch(self, epoch: int, index: int) -> BatchIndices:
        """Samples of one batch.

        Args:
            epoch: Number of the epoch, from 0.
            index: Number of the batch in the epoch, from 0.

        Returns:
            Positions and occurrences, (B,) each; B is smaller in the last batch of a pass when
            neither `steps` nor `drop_remainder` is set.
        """
        start = index * self.batch_size
        if self.steps is None:
            stop = min(start + self.batch_size, self.pass_size)
            positions, repeats = self._pass(epoch)
            return BatchIndices(positions[start:stop], repeats[start:stop])
        stream = epoch * self.steps * self.batch_size
        first_pass = stream // self.pass_size
        ticks = np.arange(stream + start, stream + start + self.batch_size)
        number, within = np.divmod(ticks, self.pass_size)
        parts = [
            (positions[inside], (p - first_pass) * self._repeats + repeats[inside])
            for p in np.unique(number)
            for (positions, repeats), inside in [(self._pass(int(p)), within[number == p])]
        ]
        return BatchIndices(
            np.concatenate([positions for positions, _ in parts]),
            np.concatenate([occurrences for _, occurrences in parts]),
        )

    def _pass(self, number: int) -> tuple[Ints, Ints]:
        """Positions of one pass in order, and how often each came before in it."""
        known = self._recent.get(number)
        if known is not None:
            return known
        positions, repeats = self._members(number)
        if self.shuffle:
            shuffled = permutation(len(positions), self.seed, Purpose.SHUFFLE, number)
            positions, repeats = positions[shuffled], repeats[shuffled]
        # One pass is asked for by many batches, and two at the seam of long epochs. The dict is
        # replaced, never changed, because several threads may be here.
        newest = dict(list(self._recent.items())[-1:])
        self._recent = {**newest, number: (positions, repeats)}
        return positions, repeats

    def _members(self, number: int) -> tuple[Ints, Ints]:
        """All members of a pass in the order of the source."""
        if self._codes is None or self._largest is None:
            return np.arange(self.n), np.zeros(self.n, np.int64)
        # Sort each class by a hash, then deal its samples out in turn until it is full.
        keys = hash_words(self.seed, Purpose.BALANCE, number, np.arange(self.n))
        dealt = np.lexsort((keys, self._codes))
        counts = np.bincount(self._codes)
        starts = np.cumsum(counts) - counts
        turn = np.arange(self._largest)
        positions = dealt[(starts[:, None] + turn % counts[:, None]).ravel()]
        repeats = (turn // counts[:, None]).ravel()
        by_source = np.lexsort((repeats, positions))
        return positions[by_source], repeats[by_source]
