"""Pictures that show little: dark, light, blurred, flat, grey, or of an odd size."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

import cv2
import numpy as np

from keras_cvdata.audit.checks.base import Check, Collection, Finding, flagged
from keras_cvdata.audit.sample import Sample
from keras_cvdata.types import Array


class Pictures(Check):
    """Finds pictures that a model can learn little from.

    Args:
        dark: Brightness, 0 to 1, below which the brightest percent of a picture begins.
        light: Brightness above which all but the darkest twentieth lies.
        blurred: Variance of the Laplacian as a part of the variance of the brightness.
        low_contrast: Standard deviation of the brightness, in levels of 255.
        low_information: Entropy of the brightness, in bits.
        grey: Mean distance of red, green and blue, in levels of 255, below which a picture among
            coloured ones is grey.
        odd_size: Times by which the square root of the area differs from that of the median.
        odd_aspect: Longer side as a multiple of the shorter.

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
        "entropy": "f4",
        "chroma": "f4",
    }
    origin = "Handbook 2, part 5"

    def __init__(
        self,
        *,
        dark: float = 0.32,
        light: float = 0.85,
        blurred: float = 0.03,
        low_contrast: float = 12.0,
        low_information: float = 3.0,
        grey: float = 1.0,
        odd_size: float = 5.0,
        odd_aspect: float = 3.0,
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
        """Measure brightness, sharpness, contrast, entropy and colour of one picture."""
        histogram = sample.histogram
        levels = np.arange(256)
        mean = histogram @ levels
        variance = histogram @ (levels - mean) ** 2
        edges = cv2.Laplacian(sample.luma, cv2.CV_16S)
        sharpness = float(cv2.meanStdDev(edges)[1][0, 0] ** 2) / max(variance, 1e-6)
        some = histogram[histogram > 0]
        entropy = -(some @ np.log2(some))
        small = sample.small.astype(np.int16)
        chroma = (small.max(axis=2) - small.min(axis=2)).mean()
        contrast = np.sqrt(variance)
        return sample.quantile(0.99), sample.quantile(0.05), sharpness, contrast, entropy, chroma

    def findings(self, collection: Collection) -> Iterable[Finding]:
        """Compare each picture with the thresholds, and its size with that of the others."""
        measures, readable = collection.measures, collection.readable
        coloured = measures["chroma"] >= self.grey
        mostly_coloured = coloured[readable].mean() > 0.5 if readable.any() else False
        sides = np.sqrt(collection.height.astype(float) * collection.width)
        typical = float(np.median(sides[readable])) if readable.any() else 1.0
        size = np.maximum(sides / typical, typical / np.maximum(sides, 1e-9))
        longer = np.maximum(collection.height, collection.width)
        aspect = longer / np.maximum(np.minimum(collection.height, collection.width), 1)
        rows: list[tuple[Array, Array, float, str, str, str]] = [
            (measures["high"] < self.dark, measures["high"], self.dark, "dark",
             "99 % of its pixels are darker than {score} of white",
             "light it, or take it again"),
            (measures["low"] > self.light, measures["low"], self.light, "light",
             "95 % of its pixels are lighter than {score} of white",
             "take it again with less light"),
        ]  # fmt: skip
        rows += [
            (measures["sharpness"] < self.blurred, measures["sharpness"], self.blurred, "blurred",
             "its edges have {score} of the variance of its brightness",
             "take it again, or leave it out"),
            (measures["contrast"] < self.low_contrast, measures["contrast"], self.low_contrast,
             "low_contrast", "its brightness deviates by {score} of 255 levels",
             "take it again, or stretch its contrast"),
            (measures["entropy"] < self.low_information, measures["entropy"],
             self.low_information, "low_information", "its brightness has {score} bits",
             "look whether it shows anything; if not, leave it out"),
            (~coloured & mostly_coloured, measures["chroma"], self.grey, "grey",
             "its channels differ by {score} of 255 levels, where most images have colour",
             "replace it by a coloured one, or train on grey images"),
            (size > self.odd_size, size, self.odd_size, "odd_size",
             "its side differs {score} times from the usual one", "look whether it belongs here"),
            (aspect > self.odd_aspect, aspect, self.odd_aspect, "odd_aspect",
             "its longer side is {score} times the shorter",
             "crop it, or resize with pad_to_aspect_ratio"),
        ]  # fmt: skip
        for mask, scores, threshold, kind, message, action in rows:
            finding = Finding(kind, "warning", message, action, threshold=threshold)
            yield from flagged(mask & readable, scores, finding)
