"""Pictures that show little: dark, light, blurred, flat, grey, or of an odd size."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

import cv2
import numpy as np

from keras_cvdata.audit.checks.base import Check, Collection, Finding, flagged
from keras_cvdata.audit.sample import Sample
from keras_cvdata.types import Array

SHARPNESS_SIDE = 256  # pixels of the shorter side at which sharpness is measured
_TILES = 8  # along each side
_PLAIN = 16  # levels that count as one brightness
_COLORED = 5  # of 32 x 32 areas that make a picture coloured
_TOO_SMALL = 8  # pixels of a side, below which there is no sharpness to speak of
_NOISE = 16.0  # square levels that the second difference of noise of 1.6 levels has
_FAINT = 8.0  # levels of deviation, below which noise and sharpness are not told apart


class Pictures(Check):
    """Finds pictures that a model can learn little from.

    Args:
        dark: Value, 0 to 1, that the brightest channel of 99 % of the pixels stays below.
        light: Value, 0 to 1, that the darkest channel of 99 % of the pixels stays above.
        blurred: Sharpness below which a picture is blurred, without unit, see `sharpness`. Sharp
            photographs have 0.1 to 3.
        low_contrast: Standard deviation of the brightness, in levels of 255.
        low_information: Share of the pixels, 0 to 1, that have one brightness to within 16 levels
            of 255, above which a picture shows next to nothing.
        grey: Difference of the largest and the smallest of red, green and blue, in levels of 255,
            that 99.5 % of a picture stay below, if it is grey among coloured ones.
        odd_size: Times by which the side (the square root of the area) differs from the median.
        odd_aspect: Times by which the ratio of the longer to the shorter side differs from the
            median.

    Example:
        >>> Pictures(dark=0.2).kinds[:2]
        ('dark', 'light')
    """

    name = "pictures"
    kinds = (
        *("dark", "light", "blurred", "low_contrast"),
        *("low_information", "grey", "odd_size", "odd_aspect"),
    )
    needs = "pixels"
    measures: ClassVar = {
        "high": "f4",
        "low": "f4",
        "sharpness": "f4",
        "contrast": "f4",
        "plain": "f4",
        "chroma": "f4",
    }
    origin = "Handbook 2, part 5"

    def __init__(
        self,
        *,
        dark: float = 0.32,
        light: float = 0.68,
        blurred: float = 0.03,
        low_contrast: float = 15.0,
        low_information: float = 0.98,
        grey: float = 4.0,
        odd_size: float = 5.0,
        odd_aspect: float = 2.0,
    ) -> None:
        self.dark = dark
        self.light = light
        self.blurred = blurred
        self.low_contrast = low_contrast
        self.low_information = low_information
        self.grey = grey
        self.odd_size = odd_size
        self.odd_aspect = odd_aspect

    def look(self, sample: Sample) -> Sequence[Any]:
        """Measure brightness, sharpness, contrast and colour of one picture."""
        red, green, blue = cv2.split(sample.pixels)
        high = _quantile(cv2.max(cv2.max(red, green), blue), 0.99)
        low = _quantile(cv2.min(cv2.min(red, green), blue), 0.01)
        levels = np.arange(256)
        variance = sample.histogram @ (levels - sample.histogram @ levels) ** 2
        plain = np.convolve(sample.histogram, np.ones(_PLAIN)).max()
        small = sample.small.astype(np.int16)
        chroma = np.partition((small.max(axis=2) - small.min(axis=2)).ravel(), -_COLORED)[-_COLORED]
        return high, low, sharpness(sample.luma), np.sqrt(variance), plain, chroma

    def findings(self, collection: Collection) -> Iterable[Finding]:
        """Compare each picture with the thresholds, and its shape with that of the others."""
        if not collection.readable.any():
            return
        yield from self._of_each(collection)
        yield from self._beside_others(collection)

    def _of_each(self, collection: Collection) -> Iterable[Finding]:
        measures, readable = collection.measures, collection.readable
        high, low, contrast = measures["high"], measures["low"], measures["contrast"]
        yield from flagged(
            readable & (high < self.dark),
            high,
            _warning(
                *("dark", "99 % of its pixels are darker than {score} of white"),
                *("light it better, or leave it out", self.dark),
            ),
        )
        yield from flagged(
            readable & (low > self.light),
            low,
            _warning(
                *("light", "99 % of its pixels are lighter than {score} of white"),
                *("expose it less, or leave it out", self.light),
            ),
        )
        yield from flagged(
            readable & (measures["sharpness"] < self.blurred) & (contrast > _FAINT),
            measures["sharpness"],
            _warning(
                *("blurred", "even where it is sharpest, its sharpness is {score} only"),
                *("take it again, or leave it out", self.blurred),
            ),
        )
        yield from flagged(
            readable & (contrast < self.low_contrast),
            contrast,
            _warning(
                *("low_contrast", "its brightness deviates by {score} of 255 levels only"),
                *("stretch its contrast, or leave it out", self.low_contrast),
            ),
        )
        yield from flagged(
            readable & (measures["plain"] > self.low_information),
            measures["plain"],
            _warning(
                *("low_information", "a share of {score} of its pixels has one brightness"),
                *("look whether it shows anything; if not, leave it out", self.low_information),
            ),
        )

    def _beside_others(self, collection: Collection) -> Iterable[Finding]:
        readable, chroma = collection.readable, collection.measures["chroma"]
        colored = chroma >= self.grey
        if colored[readable].mean() > 0.5:
            yield from flagged(
                readable & ~colored,
                chroma,
                _warning(
                    *(
                        "grey",
                        "it is grey (its channels differ by {score} of 255 levels), unlike most",
                    ),
                    *("replace it, or train on grey images", self.grey),
                ),
            )
        size = _times_the_usual(np.sqrt(_area(collection)), readable)
        yield from flagged(
            size > self.odd_size,
            size,
            _warning(
                *("odd_size", "its side differs from the usual one {score} times"),
                *("look whether it belongs here", self.odd_size),
            ),
        )
        aspect = _times_the_usual(_aspect(collection), readable)
        yield from flagged(
            aspect > self.odd_aspect,
            aspect,
            _warning(
                *("odd_aspect", "its ratio of sides differs from the usual one {score} times"),
                *("crop it, or resize with pad_to_aspect_ratio", self.odd_aspect),
            ),
        )


def sharpness(luma: Array) -> float:
    """Say how sharp the sharpest part of a picture is.

    The picture is brought to a shorter side of 256 pixels if it is larger. The second difference of
    the brightness along x is squared and averaged in each of 8 x 8 tiles; of the tiles the largest
    counts, so that a sharp subject before a blurred background is sharp. What weak noise makes is
    taken off, and the rest is divided by the variance along x, so that contrast does not matter.
    The same along y, and the smaller of both, so that motion is blur; a direction in which nothing
    varies is left out.

    Args:
        luma: (H, W) uint8.

    Returns:
        The sharpness, from 0; 1 where the picture is too small to tell.

    Example:
        >>> board = np.kron(np.indices((4, 4)).sum(axis=0) % 2 * 255, np.ones((24, 24)))
        >>> blurred = cv2.GaussianBlur(board, (0, 0), 4)
        >>> sharpness(board.astype("uint8")) > 0.2, sharpness(blurred.astype("uint8")) > 0.03
        (True, False)
    """
    side = min(luma.shape)
    if side < _TOO_SMALL:
        return 1.0
    luma = _shrink(luma, SHARPNESS_SIDE / side)
    deviation = float(cv2.meanStdDev(luma)[1][0, 0])
    found = []
    for along_y in (0, 1):
        # What varies between means of lines does not vary along the lines.
        means = cv2.reduce(luma, 1 - along_y, cv2.REDUCE_AVG, dtype=cv2.CV_32F)
        variance = deviation**2 - float(means.var())
        if variance > 0.02 * deviation**2:
            bends = cv2.Sobel(luma, cv2.CV_16S, 2 - 2 * along_y, 2 * along_y, ksize=1)[1:-1, 1:-1]
            energy = max(_largest_tile(bends) - _NOISE, 0.0)
            found.append(energy / max(variance, 1.0))
    return min(found, default=1.0)


def _shrink(luma: Array, scale: float) -> Array:
    if scale >= 1:
        return luma
    height, width = (round(length * scale) for length in luma.shape)
    method = cv2.INTER_LINEAR if scale > 0.5 else cv2.INTER_AREA  # which takes ten times as long
    return cv2.resize(luma, (width, height), interpolation=method)


def _largest_tile(values: Array) -> float:
    """Mean square of the tile of 8 x 8 in which it is largest; a remainder is cut off."""
    height, width = (max(length // _TILES, 1) * _TILES for length in values.shape)
    cut = np.ascontiguousarray(values[:height, :width])
    squares = cv2.multiply(cut, cut, dtype=cv2.CV_32F)
    tiles = cv2.resize(squares, (_TILES, _TILES), interpolation=cv2.INTER_AREA)
    return float(tiles.max())


def _warning(kind: str, message: str, action: str, threshold: float) -> Finding:
    return Finding(kind, "warning", message, action, threshold=threshold)


def _quantile(plane: Array, share: float) -> float:
    """Value, 0 to 1, that this share of the pixels does not exceed."""
    counts = cv2.calcHist([plane], [0], None, [256], [0, 256]).ravel().astype(np.float64)
    return float(np.searchsorted(counts.cumsum(), share * plane.size)) / 255


def _area(collection: Collection) -> Array:
    return collection.height.astype(np.float64) * collection.width


def _aspect(collection: Collection) -> Array:
    shorter = np.minimum(collection.height, collection.width)
    return np.maximum(collection.height, collection.width) / np.maximum(shorter, 1)


def _times_the_usual(values: Array, readable: Array) -> Array:
    """Give how many times larger or smaller than the median each is; 0 where unreadable."""
    usual = float(np.median(values[readable]))
    shown = np.where(readable, values, usual)
    return np.where(readable, np.maximum(shown / usual, usual / shown), 0.0)
