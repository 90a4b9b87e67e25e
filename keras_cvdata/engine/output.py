"""What a batch shall hold: dtype and scale of the pixels."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal, TypeAlias

import cv2
import numpy as np

from keras_cvdata.arguments import choice, is_number
from keras_cvdata.statistics import EPSILON, ROUNDING
from keras_cvdata.types import Array, Range, full_scale

Rescale: TypeAlias = Literal["unit", "signed"] | float | None


def bounds(dtype: np.dtype[np.generic], value_range: Range | None) -> Range | None:
    """Lowest and highest value of pixels, or `None` for floats of unknown range."""
    if dtype.kind == "f":
        return value_range
    return 0.0, full_scale(dtype)


@dataclass(frozen=True)
class Output:
    """The last step of a chain: from pixels to the numbers that a model sees (R36 to R46).

    Args:
        dtype: `"uint8"`, `"float16"`, `"float32"`, or `"source"` for pixels that keep their dtype.
            `"uint8"` maps every source to 0 to 255.
        rescale: `None` keeps the units of the source, `"unit"` gives 0 to 1, `"signed"` -1 to 1,
            both by the depth of the source; a number multiplies its values.
        mean: Subtracted, in units of the full scale (0 to 1); a scalar or an array that
            broadcasts to (height, width, channels). In place of `rescale`, with `std`.
        std: Divisor after `mean`, in the same units and shapes; 1e-7 is added to it (R38).
        samplewise: Subtract the mean of every image and divide by its standard deviation plus
            1e-7. In place of `rescale`.
        span: Lowest and highest value of a batch in the units of its source, where its images have
            several depths; by default those of each image.
        reverse: Turn RGB to BGR.

    Raises:
        ValueError: The combination makes no sense.

    Example:
        >>> Output("float32", "signed").affine((0.0, 255.0))
        (2.0, -1.0)
    """

    dtype: str = "source"
    rescale: Rescale = None
    mean: Array | None = None
    std: Array | None = None
    samplewise: bool = False
    span: Range | None = None
    reverse: bool = False

    def __post_init__(self) -> None:
        # float64 doubles the memory of a batch and gains nothing (R42).
        choice("dtype", self.dtype, ("source", "uint8", "float16", "float32"))
        if isinstance(self.rescale, str):
            choice("rescale", self.rescale, ("unit", "signed"))
        elif self.rescale is not None and not (is_number(self.rescale) and self.rescale):
            raise ValueError(
                "rescale must be None, 'unit', 'signed', 'auto' or a finite factor other than 0, "
                f"such as 1 / 255; got {self.rescale!r}."
            )
        if (self.mean is None) != (self.std is None):
            raise ValueError("mean and std belong together; got only one of them. Pass both.")
        if self.samplewise and self.mean is not None:
            raise ValueError("Standardise by fitted statistics or samplewise, not both.")
        standardized = self.samplewise or self.mean is not None
        if standardized and self.rescale is not None:
            raise ValueError(
                f"standardize and rescale={self.rescale!r} both scale the pixels. Give one of the "
                "two; standardize works on the full scale of the source whatever its bit depth."
            )
        if self.dtype in ("source", "uint8") and (standardized or self.rescale is not None):
            raise ValueError(
                f"dtype={self.dtype!r} cannot hold rescaled or standardised pixels. Use "
                "dtype='float32', or leave rescale and standardize out and scale in the model "
                "(keras.layers.Rescaling)."
            )

    @cached_property
    def pixelwise(self) -> bool:
        """Whether the statistics differ from pixel to pixel, so that no table can hold them."""
        return any(
            np.ndim(x) > 1 and np.prod(np.shape(x)[:-1]) > 1
            for x in (self.mean, self.std)
            if x is not None
        )

    @property
    def in_source_units(self) -> bool:
        """Whether values are those of the source, or a multiple."""
        scaled = isinstance(self.rescale, str) or self.mean is not None or self.samplewise
        return not scaled and self.dtype != "uint8"

    @property
    def needs_range(self) -> bool:
        """Whether it must know the range of float pixels."""
        return not self.in_source_units or self.span is not None

    @cached_property
    def standardizes(self) -> bool:
        """Whether `standardize` has something to do."""
        return self.samplewise or self.pixelwise

    def affine(self, value_bounds: Range | None) -> tuple[float | Array, float | Array]:
        """Give `scale` and `offset` that turn values of 0 to 1 into those of the batch.

        Args:
            value_bounds: Lowest and highest value of the source; `span` where there is one.

        Returns:
            Two numbers, or arrays that broadcast to (channels,). Statistics for each pixel and
            samplewise ones are left out: `standardize` does them.

        Raises:
            ValueError: The scale of float pixels is asked for and not known.
        """
        if self.dtype == "uint8":
            return 255.0, 0.0
        if self.standardizes or self.rescale == "unit":
            return 1.0, 0.0
        if self.mean is not None and self.std is not None:
            std = np.asarray(self.std, np.float64).reshape(-1) + EPSILON
            return 1.0 / std, -np.asarray(self.mean, np.float64).reshape(-1) / std
        if self.rescale == "signed":
            return 2.0, -1.0
        low, high = require(value_bounds)
        factor = 1.0 if self.rescale is None else float(self.rescale)
        return (high - low) * factor, low * factor

    def standardize(self, unit: Array) -> None:
        """Standardise one image of 0 to 1 in place, by itself or pixel by pixel."""
        if self.samplewise:
            mean, std = cv2.meanStdDev(unit.reshape(-1))
            unit -= np.float32(mean.item())
            unit /= np.float32(std.item() + EPSILON)
        elif self.pixelwise:
            unit -= np.asarray(self.mean, np.float32)
            unit /= np.asarray(self.std, np.float32) + np.float32(EPSILON)


def check_floats(pixels: Array, value_range: Range | None, name: str) -> None:
    """Refuse float pixels that are not in the range that they are taken to have.

    Args:
        pixels: (height, width, channels); integers always pass.
        value_range: Lowest and highest value; None where nothing depends on them.
        name: Name of the image for messages.

    Raises:
        ValueError: A pixel lies outside, by more than rounding brings about.
    """
    if value_range is None or pixels.dtype.kind != "f":
        return
    low, high = value_range
    lowest, highest = float(pixels.min()), float(pixels.max())
    if lowest < low - ROUNDING * (high - low) or highest > high + ROUNDING * (high - low):
        raise ValueError(
            f"{name}: its float pixels reach from {lowest:g} to {highest:g}, and they are taken as "
            f"{low:g} to {high:g}. Give the lowest and highest value that the pixels of all images "
            f"can have, such as value_range=({min(low, lowest):g}, {max(high, highest):g}); "
            "without it, floats are taken as 0 to 1."
        )


def require(value_bounds: Range | None) -> Range:
    """Return the range of the pixels, which must be known here.

    Args:
        value_bounds: What `bounds` found.

    Returns:
        The same.

    Raises:
        ValueError: It is not known.
    """
    if value_bounds is None:
        raise ValueError(
            "The pixels are floats and their range is not known. Say what black and white are, "
            "for example value_range=(0, 1) or value_range=(0, 255)."
        )
    return value_bounds
