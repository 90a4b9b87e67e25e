"""A stated definition of the collection, such as that of MNIST, as a check."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np

from keras_cvdata.arguments import choice, integer, is_number
from keras_cvdata.arguments import size as read_size
from keras_cvdata.audit.checks.base import Check, Collection, Finding, flagged
from keras_cvdata.audit.sample import Sample
from keras_cvdata.types import Array

Polarity = Literal["light on dark", "dark on light"]


class Definition(Check):
    """Finds images that break what was stated of the collection; says nothing where nothing was.

    The background is the median brightness of the outermost pixels, and the object all pixels that
    differ from it.

    Args:
        size: (height, width) in pixels that every image has.
        channels: Number of channels that every image is stored with.
        polarity: "light on dark" or "dark on light": whether objects are lighter than the
            background.
        padding: Least number of rows and of columns of background on each side of the object.
        centred: Largest distance, in pixels, from the middle of the image to the centre of mass of
            the object, whose pixels weigh as much as they differ from the background.
        noise: Levels of 255 up to which background differs; above 0 for lossy files.

    Example:
        >>> from keras_cvdata.audit import audit
        >>> x = np.zeros((10, 8, 8), np.uint8)
        >>> x[:, 2:6, 2:6] = 255
        >>> x[0, 2:6, 1] = 255
        >>> report = audit(x, checks=[Definition(padding=2, polarity="light on dark")], verbose=0)
        >>> print(report.findings[0].message)
        10 % of the images break the definition: at least 2 pixels of background on each side

    Source: Handbook 2, part 8; R80.
    """

    name = "definition"
    kinds = (
        "definition_size",
        "definition_channels",
        "definition_polarity",
        "definition_padding",
        "definition_centred",
    )
    needs = "pixels"
    measures: ClassVar = {"channels": "u1", "contrast": "f4", "padding": "f4", "distance": "f4"}
    settings = ("channels", "polarity", "padding", "centred", "noise")
    origin = "Handbook 2, part 8"

    def __init__(
        self,
        *,
        size: tuple[int, int] | None = None,
        channels: int | None = None,
        polarity: Polarity | None = None,
        padding: int | None = None,
        centred: float | None = None,
        noise: int = 0,
    ) -> None:
        self.size = None if size is None else read_size(size, "Definition: size")
        self.channels = channels
        self.polarity = polarity
        self.padding = padding
        self.centred = centred
        self.noise = integer("Definition: noise", noise, 0)
        if channels is not None:
            integer("Definition: channels", channels, 1)
        if polarity is not None:
            choice("Definition: polarity", polarity, ("light on dark", "dark on light"))
        if padding is not None:
            integer("Definition: padding", padding, 1)
        if centred is not None and not (is_number(centred) and centred >= 0):
            raise ValueError(
                f"Definition: centred must be a number of pixels, 0 or more; got {centred!r}."
            )

    def look(self, sample: Sample) -> Sequence[Any]:
        """Measure the object of one image, where something is stated of it."""
        channels = 0 if self.channels is None else _channels(sample)
        if self.polarity is None and self.padding is None and self.centred is None:
            return channels, 0.0, 0.0, 0.0
        place = placed(sample.luma, self.noise)
        scale = sample.size[0] / len(sample.luma)  # a large JPEG is decoded smaller
        return channels, place.contrast, place.padding * scale, place.distance * scale

    def findings(self, collection: Collection) -> Iterable[Finding]:
        """Compare each image with the definition; first the share that breaks each stated part."""
        seen = collection.readable
        for part in self._parts(collection):
            broken = part.broken & seen
            if not broken.any():
                continue
            share = float(broken.sum() / seen.sum())
            kind = f"definition_{part.name}"
            yield Finding(
                kind,
                "error",
                f"{100 * share:.4g} % of the images break the definition: {part.rule}",
                "correct the images, or state what is true",
                score=share,
                threshold=0.0,
            )
            one = Finding(
                kind, "warning", part.message, "correct it, or leave it out", threshold=part.limit
            )
            yield from flagged(broken, part.scores, one)

    def _parts(self, collection: Collection) -> Iterable[_Part]:
        seen = collection.measures
        if self.size is not None:
            height, width = self.size
            broken = (collection.height != height) | (collection.width != width)
            rule, message = (
                f"{height} x {width} pixels",
                "it is {score} pixels high, or not as wide",
            )
            yield _Part("size", rule, broken, collection.height, height, message)
        if self.channels is not None:
            broken = seen["channels"] != self.channels
            rule, message = f"{self.channels} channels", "it has {score} channels"
            yield _Part("channels", rule, broken, seen["channels"], self.channels, message)
        if self.polarity is not None:
            against, word = (-1, "darker") if self.polarity == "light on dark" else (1, "lighter")
            excess = against * seen["contrast"]
            message = f"its object is {word} than its background by {{score}} of white"
            yield _Part("polarity", self.polarity, excess >= 0, excess, 0.0, message)
        if self.padding is not None:
            broken = seen["padding"] < self.padding
            rule = f"at least {self.padding} pixels of background on each side"
            message = "its background is {score} px wide on one side"
            yield _Part("padding", rule, broken, seen["padding"], self.padding, message)
        if self.centred is not None:
            broken = seen["distance"] > self.centred
            rule = f"centre of mass at most {self.centred:g} pixels from the middle"
            message = "its centre of mass is {score} pixels from the middle"
            yield _Part("centred", rule, broken, seen["distance"], self.centred, message)


class _Part(NamedTuple):
    """One stated part: which of N images break it, and by what."""

    name: str
    rule: str
    broken: Array
    scores: Array
    limit: float
    message: str


class Placement(NamedTuple):
    """Where the object of an image is.

    Attributes:
        contrast: Mean of the object less the background, -1 to 1; 0 without an object.
        padding: Least number of rows or columns of background on one of the four sides; the shorter
            side of the image without an object.
        distance: Pixels from the middle of the image to the centre of mass of the object.
    """

    contrast: float
    padding: int
    distance: float


def placed(luma: Array, noise: int = 0) -> Placement:
    """Find the object of an image: all that differs from the median of the outermost pixels.

    Args:
        luma: (h, w) uint8 brightness.
        noise: Levels up to which background differs.

    Returns:
        Where the object is.

    Example:
        >>> image = np.zeros((9, 9), np.uint8)
        >>> image[2:5, 3:6] = 255
        >>> placed(image)
        Placement(contrast=1.0, padding=2, distance=1.0)
    """
    outermost = (luma[0], luma[-1], luma[:, 0], luma[:, -1])
    background = int(np.median(np.concatenate(outermost)))
    difference = luma.astype(np.int32) - background
    objects: Array = np.abs(difference) > noise
    if not objects.any():
        return Placement(0.0, min(luma.shape), 0.0)
    there = [np.flatnonzero(objects.any(axis=1 - axis)) for axis in (0, 1)]
    lengths = luma.shape
    padding = min(
        min(int(at[0]), length - 1 - int(at[-1])) for at, length in zip(there, lengths, strict=True)
    )
    weights = np.abs(difference) * objects
    total = weights.sum()
    offsets = [
        (weights.sum(axis=1 - axis) @ np.arange(length)) / total - (length - 1) / 2
        for axis, length in enumerate(lengths)
    ]
    contrast = difference[objects].mean() / 255
    return Placement(float(contrast), padding, float(np.hypot(*offsets)))


def _channels(sample: Sample) -> int:
    """Number of channels that an image is stored with."""
    if sample.header is not None and sample.header.channels:
        return sample.header.channels
    if sample.header is None:
        shape = np.shape(sample.payload)
        return shape[2] if len(shape) == 3 else 1
    return int(sample.stored.shape[2])
