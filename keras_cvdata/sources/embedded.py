"""Pixels written out as text, as in `[[0, 255], [128, 7]]` (R23)."""

from __future__ import annotations

import json
import re

import numpy as np

from keras_cvdata.types import Array, ImageError

MAX_TEXT = 1 << 28  # characters; 64 MiB of pixels need at most four characters each

_ALLOWED = re.compile(r"[\d\s,\[\].eE+-]*")
_BLANKS_BETWEEN_NUMBERS = re.compile(r"(?<=[\d.\]])\s+(?=[\d\[-])")
_BARE_POINT = re.compile(r"(?<=\d)\.(?!\d)")  # NumPy prints 1.0 as "1."


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
    if len(text) > MAX_TEXT or not _ALLOWED.fullmatch(text):
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
