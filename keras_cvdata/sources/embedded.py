"""Pixels in the table itself: as text `[[0, 255], [128, 7]]` (R23), or numbers in a row."""

from __future__ import annotations

import fnmatch
import json
import math
import re
from collections.abc import Callable, Sequence
from itertools import chain
from typing import Any

import numpy as np

from keras_cvdata.types import Array, ImageError, brief, one_line

_LONGEST = 200  # characters of an error of others

MAX_TEXT = 1 << 28  # characters; 64 MiB of pixels need at most four characters each

PIXELS = re.compile(r"[\d\s,\[\].eE+-]*")  # all that their text may hold

# What is rare comes first, for the search skips to it: a third of the time.
_BLANKS_BETWEEN_NUMBERS = re.compile(r"\s(?<=[\d.\]]\s)\s*(?=[\d\[-])")
_BARE_POINT = re.compile(r"\.(?<=\d\.)(?!\d)")  # NumPy prints 1.0 as "1."


def is_embedded(text: str) -> bool:
    """Say whether a location holds the pixels themselves instead of saying where they are."""
    text = text.strip()
    return text.startswith("[") and text.endswith("]")


def parse_pixels(text: str, name: str, row: int | None = None) -> Array:
    """Read pixels from the text of a nested list; nothing is ever evaluated.

    Whole numbers are 8-bit pixels, 0 to 255. Numbers with a decimal point or an exponent, in any
    place of the image, make all of it float pixels, 0 to 1. Commas may be missing, as where NumPy
    printed the array.

    Args:
        text: Rows of an image: `[[grey, ...], ...]` or `[[[red, green, blue], ...], ...]`.
        name: Name of the image for messages.
        row: Row of the image in its table.

    Returns:
        (height, width) or (height, width, channels), uint8 or float32.

    Raises:
        ImageError: The text is no such list, is ragged, or holds numbers outside the range.

    Example:
        >>> parse_pixels("[[0, 255], [128, 7]]", "row 0").tolist()
        [[0, 255], [128, 7]]
    """
    if "..." in text:
        reason = "NumPy cut the embedded pixels short with '...'. Write them with `tolist()`."
        raise ImageError(name, reason, row)
    if len(text) > MAX_TEXT or not PIXELS.fullmatch(text):
        raise ImageError(
            name,
            "Embedded pixels may hold digits, blanks, commas and brackets only, at most "
            f"{MAX_TEXT:,} characters; got {len(text):,} characters that begin {text[:40]!r}.",
            row,
        )
    try:
        listing = _BARE_POINT.sub(".0", _BLANKS_BETWEEN_NUMBERS.sub(",", text))
        pixels = np.array(json.loads(listing), np.float64)
    except (ValueError, TypeError, RecursionError, OverflowError) as error:
        reason = (
            "The embedded pixels are not a list of rows of equal length, such as "
            f"[[0, 255], [128, 7]]: {error}."
        )
        raise ImageError(name, reason, row) from error
    return _checked(pixels, decimal=any(mark in text for mark in ".eE"), name=name, row=row)


def _checked(pixels: Array, decimal: bool, name: str, row: int | None) -> Array:
    if pixels.ndim not in (2, 3) or pixels.size == 0:
        raise ImageError(
            name,
            "Embedded pixels must be (height, width) or (height, width, channels), and not empty; "
            f"got {pixels.shape}.",
            row,
        )
    highest = 1 if decimal else 255
    if not (pixels.min() >= 0 and pixels.max() <= highest):
        kind = "with decimals" if decimal else "without decimals"
        raise ImageError(
            name,
            f"Embedded pixels {kind} must lie in 0 to {highest}; got {pixels.min():g} to "
            f"{pixels.max():g}. Write whole numbers 0 to 255, or decimals 0 to 1.",
            row,
        )
    return pixels.astype(np.float32 if decimal else np.uint8)


_TO_BLANKS = str.maketrans(",;[]()", "      ")
_WHOLE = re.compile(r"[\d\s]+", re.ASCII)


class PixelRows:
    """Images of one shape whose values stand in a row, one image after the other.

    Whole numbers 0 to 255 become uint8, also where they are written as 7.0; decimals 0 to 1 become
    float32. They are kept as pixels: 60,000 images of 28 x 28 take 47 MB.

    Args:
        shape: (height, width) or (height, width, channels) of each image.

    Raises:
        ValueError: `shape` is none of an image.

    Example:
        >>> rows = PixelRows((2, 2))
        >>> rows.add("0 255 128 7", "line 2")
        >>> rows.pixels(lambda row: f"row {row}").tolist()
        [[[0, 255], [128, 7]]]
    """

    def __init__(self, shape: Sequence[int]) -> None:
        sides = [side for side in shape if isinstance(side, int | np.integer) and side > 0]
        if len(sides) != len(shape) or len(sides) not in (2, 3):
            raise ValueError(
                "pixel_shape must be (height, width) or (height, width, channels) in pixels; got "
                f"{shape!r}."
            )
        self.shape = tuple(int(side) for side in sides)
        self.size = math.prod(self.shape)
        self._bytes = bytearray()
        self._floats: bytearray | None = None  # as soon as a value is no whole number of 8 bits

    def add(self, values: Any, place: str) -> None:
        """Take the values of one image, row by row, channels last.

        Args:
            values: Numbers, or texts of them; or one text with blanks or commas between.
            place: Where the image is, for messages.

        Raises:
            ValueError: A value is no number, or there are more or fewer than the shape has.
        """
        try:
            numbers = _in_a_row(values)
        except (ValueError, TypeError, OverflowError) as error:
            reason = one_line(str(error)[:_LONGEST])
            raise ValueError(f"{place}: the pixels must be numbers: {reason}.") from error
        if numbers.size != self.size:
            raise ValueError(
                f"{place}: pixel_shape={self.shape} needs {self.size} values; got {numbers.size}."
            )
        if self._floats is None:
            if numbers.dtype.kind in "biu" and numbers.min() >= 0 and numbers.max() <= 255:
                self._bytes += numbers.astype(np.uint8).tobytes()
                return
            self._floats = bytearray(np.frombuffer(self._bytes, np.uint8).astype("f4").tobytes())
        with np.errstate(over="ignore"):  # infinite, which is said in the end
            self._floats += numbers.astype(np.float32).tobytes()

    def pixels(self, place: Callable[[int], str]) -> Array:
        """All images so far.

        Args:
            place: Says where an image is, for messages.

        Returns:
            (N, *shape) uint8, or float32 from 0 to 1.

        Raises:
            ValueError: A value is outside.
        """
        if self._floats is None:
            return np.frombuffer(bytes(self._bytes), np.uint8).reshape(-1, *self.shape)
        numbers = np.frombuffer(bytes(self._floats), np.float32).reshape(-1, *self.shape)
        whole = bool((np.rint(numbers) == numbers).all()) and numbers.max() > 1
        wrong = ~((numbers >= 0) & (numbers <= (255 if whole else 1)))
        if wrong.any():
            row = int(wrong.nonzero()[0][0])
            raise ValueError(
                f"{place(row)}: the pixels reach from {numbers[row].min():g} to "
                f"{numbers[row].max():g}. Write whole numbers 0 to 255, or decimals 0 to 1."
            )
        return numbers.astype(np.uint8) if whole else numbers


def _in_a_row(values: Any) -> Array:
    """(K,) integers or floats."""
    if isinstance(values, list) and all(isinstance(value, str) for value in values):
        values = " ".join(values)
    if isinstance(values, str):
        text = values.translate(_TO_BLANKS)
        if _WHOLE.fullmatch(text):
            return np.fromstring(text, np.int64, sep=" ")  # a fifth of the time of `int`
        values = np.array(text.split(), np.float64)
    # Without a dtype, an array of text and numbers takes the memory of the longest text for each.
    numbers = np.asarray(values, np.float64 if _hold_text(values) else None)
    return (numbers if numbers.dtype.kind in "biuf" else numbers.astype(float)).reshape(-1)


def _hold_text(values: Any) -> bool:
    """Whether there is text in a list, or in lists in it."""
    while isinstance(values, list) and values:
        kinds = set(map(type, values))
        if str in kinds or list not in kinds:
            return str in kinds
        values = list(chain.from_iterable(v for v in values if isinstance(v, list)))
    return False


def find_pixel_columns(
    wanted: str | Sequence[str],
    names: Sequence[str],
    where: str,
    pixel_shape: Sequence[int] | None,
    find: Callable[[Sequence[str], Sequence[str], str], list[str]],
) -> list[str]:
    """Find the columns that hold the images: one, or one for each pixel.

    Args:
        wanted: Name of a column, names, or a pattern such as `pixel*`.
        names: Names of the table.
        where: Table for the message.
        pixel_shape: Shape of the images, needed for several columns.
        find: Finds columns by their names.

    Returns:
        The names as the table spells them; those of a pattern in the order of the table.

    Raises:
        ValueError: There is no such column, or the columns do not fit `pixel_shape`.
    """
    if isinstance(wanted, str) and (wanted in names or "*" not in wanted):
        return find([wanted], names, where)
    pattern = wanted if isinstance(wanted, str) else None
    found = find(wanted, names, where) if pattern is None else fnmatch.filter(names, pattern)
    if not found:
        raise ValueError(f"{where}: no column matches image_column={wanted!r}.")
    if pixel_shape is None or math.prod(pixel_shape) != len(found):
        raise ValueError(
            f"{where}: image_column names {len(found)} columns, {brief(found[0])} to "
            f"{brief(found[-1])}, one for each pixel. Give the shape of the images, "
            "pixel_shape=(height, width) or (height, width, channels), with as many pixels; got "
            f"{pixel_shape!r}."
        )
    return found
