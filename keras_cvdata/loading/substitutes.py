"""Other samples in the place of those that cannot be read."""

from __future__ import annotations

from typing import Any

import numpy as np

from keras_cvdata.stateless_random import Purpose, permutation, uniforms
from keras_cvdata.types import Array, Ints

# A class in which this many samples in a row cannot be read is taken to hold none that can.
ATTEMPTS = 64


class Substitutes:
    """Finds, for a sample that cannot be read, another of its class; the seed chooses.

    Args:
        count: Number of samples.
        codes: (count,) class of each; `None` where any sample may stand for any.
        seed: Selects the substitutes.
    """

    def __init__(self, count: int, codes: Array | None, seed: int) -> None:
        self._count = count
        self._codes = codes
        self._seed = seed
        self._members: dict[int | None, Array] = {}

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_members": {}}

    def of(self, position: int, row: int) -> Ints:
        """Positions to try, in order, in the place of a sample that cannot be read.

        Args:
            position: Position of the sample.
            row: Its row, which the choice depends on.

        Returns:
            (T,) positions; the sample itself may be among them.
        """
        candidates = self._class_of(position)
        if len(candidates) <= ATTEMPTS:
            tried = permutation(len(candidates), self._seed, Purpose.SUBSTITUTE, row)
        else:
            u = uniforms(self._seed, Purpose.SUBSTITUTE, row, np.arange(ATTEMPTS))
            tried = (u * len(candidates)).astype(np.int64)
        return candidates[tried].astype(np.int64)

    def _class_of(self, position: int) -> Array:
        """Positions of all samples of the class of one, or of all samples where there are none.

        Finding them takes milliseconds among millions, so it is done once for each class.
        """
        code = None if self._codes is None else int(self._codes[position])
        if code not in self._members:
            same = np.ones(self._count, bool) if code is None else self._codes == code
            self._members[code] = np.flatnonzero(same).astype(np.min_scalar_type(self._count))
        return self._members[code]
