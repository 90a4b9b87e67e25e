"""One image under audit: what checks may ask of it, each thing worked out once."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import cv2
import numpy as np

from keras_cvdata import codec
from keras_cvdata.audit.foreground import Foreground, find_foreground
from keras_cvdata.codec import Header
from keras_cvdata.sources import Source
from keras_cvdata.sources.base import black_and_white, fetch
from keras_cvdata.types import Array, ImageError

FULL_SIDE = 256  # pixels; a JPEG is decoded smaller where its shorter side stays above that
SMALL_SIDE = 32  # pixels of the square thumbnail


class Sample:
    """One image of a collection, as checks look at it.

    Everything is worked out when it is first asked for, so that a check costs what it needs only,
    and checks that ask for the same share it.

    Args:
        source: The collection.
        position: Position of the image in `source`, from 0.

    Raises:
        ImageError: By any attribute but `position` and `name`, when the image cannot be read as far
            as that needs.
        ValueError: By `pixels` and what is made of them, where nothing says what black and white
            are in float pixels beyond 0 to 1.

    Example:
        >>> from keras_cvdata.sources import open_source
        >>> sample = Sample(open_source(np.full((1, 6, 8, 3), 255, np.uint8)), 0)
        >>> sample.size, sample.small.shape, sample.quantile(0.5)
        ((6, 8), (32, 32, 3), 1.0)
    """

    def __init__(self, source: Source, position: int) -> None:
        self.source = source
        self.position = position

    @property
    def name(self) -> str:
        """Path, URL or address inside a file."""
        return self.source.name(self.position)

    @cached_property
    def payload(self) -> bytes | Array:
        """The encoded file as bytes, or pixels as the source holds them."""
        return fetch(self.source, self.position)

    @cached_property
    def header(self) -> Header | None:
        """Format and size of an encoded image; None where the source holds pixels."""
        if not isinstance(self.payload, bytes):
            return None
        return codec.sniff(self.payload, self.name, max_pixels=self.source.max_pixels)

    @cached_property
    def size(self) -> tuple[int, int]:
        """Height and width in pixels, upright, of the whole image."""
        if self.header is not None:
            return self.header.height, self.header.width
        height, width = np.shape(self.payload)[:2]
        return height, width

    @cached_property
    def stored(self) -> Array:
        """Pixels with the channels and the depth that the file has, (H, W, C); not reduced."""
        return codec.read(self.payload, "unchanged", name=self.name, header=self.header)

    @property
    def reduce(self) -> int:
        """By how much `pixels` are smaller than the image: 1, or 2, 4 or 8 for a large JPEG."""
        reduce = 1
        if self.header is not None and self.header.format == "jpeg":
            while reduce < 8 and min(self.size) >= 2 * reduce * FULL_SIDE:
                reduce *= 2
        return reduce

    @cached_property
    def pixels(self) -> Array:
        """Pixels as RGB, (h, w, 3) uint8 of 0 to 255.

        A large JPEG is decoded at 1/2, 1/4 or 1/8, so that the shorter side keeps 256 pixels or
        more. 16-bit pixels are divided by 257; floats count by `source.value_range`, by default 0
        to 1. Of two channels the first is shown, of five and more the first three.
        """
        options: dict[str, Any] = {"name": self.name, "header": self.header}
        try:
            pixels = codec.read(self.payload, "rgb", reduce=self.reduce, **options)
        except ImageError:
            pixels = self._of_other_channels()
        if pixels.dtype.kind == "f":
            return _levels(pixels, *black_and_white(self.source, pixels, self.name))
        return pixels if pixels.dtype == np.uint8 else (pixels // 257).astype(np.uint8)

    def _of_other_channels(self) -> Array:
        channels = self.stored.shape[2]
        if channels in (1, 3, 4):
            raise ImageError(self.name, "It cannot be shown in colour.")
        shown = self.stored[:, :, [0, 0, 0] if channels == 2 else [0, 1, 2]]
        return np.ascontiguousarray(shown)

    @cached_property
    def luma(self) -> Array:
        """Brightness, (h, w) uint8: 0.299 red, 0.587 green, 0.114 blue (ITU-R BT.601)."""
        return cv2.cvtColor(self.pixels, cv2.COLOR_RGB2GRAY)

    @cached_property
    def histogram(self) -> Array:
        """Share of the pixels at each level of `luma`, (256,) float64 with sum 1."""
        counts = cv2.calcHist([self.luma], [0], None, [256], [0, 256]).ravel()
        shares: Array = counts.astype(np.float64) / counts.sum(dtype=np.float64)
        return shares

    @cached_property
    def small(self) -> Array:
        """The whole image as (32, 32, 3) uint8 RGB, each pixel the mean of its area."""
        size = (SMALL_SIDE, SMALL_SIDE)
        return cv2.resize(self.pixels, size, interpolation=cv2.INTER_AREA)

    @cached_property
    def small_luma(self) -> Array:
        """Brightness of `small`, (32, 32) uint8."""
        return cv2.cvtColor(self.small, cv2.COLOR_RGB2GRAY)

    @cached_property
    def foreground(self) -> Foreground:
        """Where the object is in `small`, an estimate."""
        return find_foreground(self.small)

    def quantile(self, share: float) -> float:
        """Brightness, 0 to 1, that this share of the pixels does not exceed."""
        return float(np.searchsorted(self.histogram.cumsum(), share - 1e-9)) / 255


def _levels(pixels: Array, low: float, high: float) -> Array:
    """Floats as uint8 of 0, black, to 255, white."""
    scaled = (pixels.astype(np.float32) - low) * (255 / (high - low))
    levels: Array = np.rint(scaled.clip(0, 255)).astype(np.uint8)
    return levels
