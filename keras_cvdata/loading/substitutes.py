"""Other samples in the place of those that cannot be read."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from keras_cvdata.stateless_random import permutation, uniforms
from keras_cvdata.types import Array, ImageError, Ints

# A word that keeps these draws apart from others (order.py and loader.py hold the rest).
SUBSTITUTE = 4

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
        self._members: dict[int | None, Ints] = {}

    def read(self, position: int, error: ImageError, attempt: Callable[[int], None]) -> int:
        """Read the first substitute that can be read.

        Args:
            position: Position of the sample that cannot be read.
            error: What it raised, with its row number.
            attempt: Reads the sample at a position.

        Returns:
            Position of the substitute.

        Raises:
            ImageError: None can be read.
        """
        candidates = self._class_of(position)
        row = error.row or 0
        if len(candidates) <= ATTEMPTS:
            tried = permutation(len(candidates), self._seed, SUBSTITUTE, row)
        else:
            u = uniforms(self._seed, SUBSTITUTE, row, np.arange(ATTEMPTS))
            tried = (u * len(candidates)).astype(np.int64)
        for substitute in candidates[tried].tolist():
            try:
                attempt(substitute)
            except ImageError:
                continue
            return int(substitute)
        raise ImageError(
            error.name,
            f"{error.reason}; and none of {len(tried)} samples tried in its place can be read "
            "either. Repair or remove these files.",
            error.row,
        )

    def _class_of(self, position: int) -> Ints:
        """Positions of all samples of the class of one, or of all samples where there are none.

        Finding them takes milliseconds among millions, so it is done once for each class.
        """
        code = None if self._codes is None else int(self._codes[position])
        if code not in self._members:
            same = np.ones(self._count, bool) if code is None else self._codes == code
            self._members[code] = np.flatnonzero(same)
        return self._members[code]
