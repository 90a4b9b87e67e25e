"""The words that every part of the package shares: array types and the one data error."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[Any]
Ints: TypeAlias = NDArray[np.int64]
Floats: TypeAlias = NDArray[np.floating[Any]]
Range: TypeAlias = tuple[float, float]

Empty: TypeAlias = Callable[[tuple[int, ...], Any], Array]
"""Gives memory of a shape and a dtype, as `numpy.empty` does; others use theirs again."""


NO_MEMORY = (
    "There is not enough memory for it. Use fewer threads, a smaller batch_size or prefetch, or "
    "save the image smaller."
)


class ImageError(ValueError):
    """One image that cannot be read or used.

    Args:
        name: Path, URL or address inside a file of the image.
        reason: What is wrong with it and how to mend it.
        row: Row of the image in its source, where known.

    Example:
        >>> print(ImageError("cats/1.jpg", "the file is empty", row=3))
        cats/1.jpg (row 3): the file is empty
    """

    def __init__(self, name: str, reason: str, row: int | None = None) -> None:
        super().__init__(name, reason, row)
        self.name = name
        self.reason = reason
        self.row = row

    def __str__(self) -> str:
        where = "" if self.row is None else f" (row {self.row})"
        return f"{self.name}{where}: {self.reason}"


def full_scale(dtype: np.dtype[Any]) -> float:
    """Value that stands for full brightness in pixels of a dtype.

    Unsigned integers count up to their largest value (255, 65535); floats are taken as 0 to 1
    (R36, R37, X5).

    Args:
        dtype: Dtype of the pixels.

    Returns:
        The value of a fully bright pixel.

    Raises:
        TypeError: The dtype is neither an unsigned integer nor a float.

    Example:
        >>> full_scale(np.dtype("uint16"))
        65535.0
    """
    if dtype.kind == "u":
        return float(256**dtype.itemsize - 1)
    if dtype.kind == "f":
        return 1.0
    raise TypeError(
        f"Pixels must be unsigned integers (uint8, uint16) or floats; got {dtype}. "
        "Convert them, for example with `x.astype('uint8')`."
    )
