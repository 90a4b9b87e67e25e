"""The sizes of images, as far as they were met."""

from __future__ import annotations

import numpy as np

from keras_cvdata.types import Array, Ints

_LONGEST = np.iinfo(np.uint16).max


class KnownSizes:
    """Keeps the sizes of the images of a source once they were read: 4 bytes an image.

    They only spare work: an image that has another size by now is taken as it is.

    Args:
        count: Number of images.

    Example:
        >>> sizes = KnownSizes(1000)
        >>> sizes.note(np.array([7]), np.array([[480, 640]]))
        >>> sizes.of(np.array([6, 7])).tolist()
        [[0, 0], [480, 640]]
    """

    def __init__(self, count: int) -> None:
        self._count = count
        self._sizes: Array | None = None

    def of(self, positions: Ints) -> Ints:
        """(B, 2) heights and widths; zeros where they are not known."""
        if self._sizes is None:
            return np.zeros((len(positions), 2), np.int64)
        return self._sizes[positions].astype(np.int64)

    def note(self, positions: Ints, sizes: Ints) -> None:
        """Keep (B, 2) heights and widths, but of images with a side that is too long for it."""
        if self._sizes is None:
            self._sizes = np.zeros((self._count, 2), np.uint16)
        self._sizes[positions] = np.where((sizes > _LONGEST).any(axis=1, keepdims=True), 0, sizes)
