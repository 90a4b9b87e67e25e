"""Which samples make up a batch: a pure function of (seed, epoch, index)."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from keras_cvdata.stateless_random import Purpose, permutation
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

    The orders of the last two passes are held: 8 bytes a sample, 4 below 65,536 samples, and a
    balanced pass 2 or 4 more for how often each came.

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
        self._codes: Array | None = None
        counts = np.array([n])
        if codes is not None:
            self._codes, counts = _numbered(codes)
        self._counts = counts
        self._largest = int(counts.max())
        self._repeats = math.ceil(counts.max() / counts.min())
        self.pass_size = len(counts) * self._largest
        whole, rest = divmod(self.pass_size, batch_size)
        self._length = steps or whole + bool(rest and not drop_remainder)
        self._recent: dict[int, _Pass] = {}

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
            return self._pass(epoch).at(slice(start, stop))
        stream = epoch * self.steps * self.batch_size
        first_pass = stream // self.pass_size
        ticks = np.arange(stream + start, stream + start + self.batch_size)
        number, within = np.divmod(ticks, self.pass_size)
        parts = [
            self._pass(int(p)).at(within[number == p], int(p - first_pass) * self._repeats)
            for p in np.unique(number)
        ]
        return BatchIndices(
            np.concatenate([part.positions for part in parts]),
            np.concatenate([part.occurrences for part in parts]),
        )

    def _pass(self, number: int) -> _Pass:
        """Positions of one pass in order, and how often each came before in it."""
        known = self._recent.get(number)
        if known is not None:
            return known
        # One pass is asked for by many batches, and two at the seam of long epochs. The dict is
        # replaced, never changed, because several threads may be here.
        newest = dict(list(self._recent.items())[-1:])
        self._recent = newest  # frees the oldest before the next takes memory
        made = self._unordered(number)
        if self.shuffle:
            words = (self.seed, Purpose.SHUFFLE, number)
            order = permutation(self.pass_size, *words, dtype=np.min_scalar_type(self.pass_size))
            made = made.in_order(order)
        self._recent = {**newest, number: made}
        return made

    def _unordered(self, number: int) -> _Pass:
        """All members of a pass in the order of the source."""
        if self._codes is None:
            return _Pass(None, None)
        # Sort each class by a hash, then deal its samples out in turn until it is full.
        dtype = np.min_scalar_type(self.n)
        dealt = permutation(self.n, self.seed, Purpose.BALANCE, number, dtype=dtype)
        dealt = dealt[np.argsort(self._codes[dealt], kind="stable")]
        whole, rest = np.divmod(self._largest, self._counts)
        turn = np.arange(self.n) - np.repeat(np.cumsum(self._counts) - self._counts, self._counts)
        times = np.empty(self.n, np.min_scalar_type(self._repeats))
        times[dealt] = np.repeat(whole, self._counts) + (turn < np.repeat(rest, self._counts))
        del dealt, turn
        starts = np.cumsum(times, dtype=np.int64) - times
        repeats = np.arange(self.pass_size) - np.repeat(starts, times)
        return _Pass(np.repeat(np.arange(self.n, dtype=dtype), times), repeats.astype(times.dtype))


class _Pass(NamedTuple):
    """The samples of a pass, in unsigned integers as small as they may be.

    Attributes:
        positions: Position of each sample; None where they are those of the source.
        repeats: How often each came before in the pass; None where none did.
    """

    positions: Array | None
    repeats: Array | None

    def in_order(self, order: Array) -> _Pass:
        """The samples in another order."""
        if self.positions is None or self.repeats is None:
            return _Pass(order, None)
        return _Pass(self.positions[order], self.repeats[order])

    def at(self, where: slice | Ints, before: int = 0) -> BatchIndices:
        """Some samples, of which `before` visits came in passes before."""
        index = np.arange(where.start, where.stop) if isinstance(where, slice) else where
        positions = index if self.positions is None else self.positions[index].astype(np.int64)
        repeats = np.zeros(len(index), np.int64) if self.repeats is None else self.repeats[index]
        return BatchIndices(positions, repeats.astype(np.int64) + before)


def _numbered(codes: Array) -> tuple[Array, Ints]:
    """Number the classes that occur from 0, and count their samples."""
    counts = np.bincount(codes)
    numbers = np.cumsum(counts > 0) - 1
    present = counts[counts > 0]
    return numbers.astype(np.min_scalar_type(len(present)))[codes], present
