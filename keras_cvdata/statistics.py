"""Mean and standard deviation of the training pixels, and the memory that images take."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from keras_cvdata.progress import track
from keras_cvdata.types import Array, full_scale
from keras_cvdata.writing import write_text

ROUNDING = 1e-5  # of the range, by which computed pixels may exceed it
EPSILON = 1e-7  # added to the standard deviation, so that a constant pixel becomes 0 (R38)

# Axes of (batch, height, width, channels) that one mean stands for.
_AXES: dict[str, tuple[int, ...]] = {"all": (0, 1, 2, 3), "channel": (0, 1, 2), "pixel": (0,)}
_CHUNK = 256  # images of an array that are converted to float64 at a time


@dataclass(frozen=True, eq=False)
class Standardization:
    """Mean and standard deviation that bring pixels to mean 0 and deviation 1.

    Fit it on the training data only and give it to every sequence (`standardize=`), so that
    validation and test data are treated as the training data was (R46, X32). All values are
    in units of the full scale: 0 to 1 for any bit depth. It divides by the deviation plus 1e-7.

    Args:
        mean: float32 that broadcasts against (height, width, channels): shape (1, 1, 1) for "all",
            (1, 1, C) for "channel", (H, W, C) for "pixel".
        std: Standard deviation, of the shape of `mean`.
        mode: "all" pixels together (R38), per "channel" (R39) or per "pixel" position (R40).

    Example:
        >>> x = np.array([[[[0]], [[255]]]], np.uint8)
        >>> Standardization.fit(x, mode="all").apply(x).ravel().round(3).tolist()
        [-1.0, 1.0]

    Source: Handbook 2, part 6; R38 to R40, R46.
    """

    mean: Array
    std: Array
    mode: Literal["all", "channel", "pixel"] = "channel"

    @classmethod
    def fit(
        cls, data: Any, mode: Literal["all", "channel", "pixel"] = "channel", verbose: int = 1
    ) -> Standardization:
        """Measure the statistics of training images, a batch at a time.

        Args:
            data: A sequence, whose images are taken once and without augmentation, or an array
                (N, H, W) or (N, H, W, C); integers count by their bit depth, floats as 0 to 1.
            mode: What one mean stands for: "all", "channel" or "pixel".
            verbose: 0 shows no progress.

        Returns:
            The statistics.

        Raises:
            TypeError: `data` is a path or a source.
            ValueError: There are no images, the array has another shape, or a float is not finite
                or goes beyond 0 to 1.
        """
        if mode not in _AXES:
            raise ValueError(f"mode must be one of {', '.join(map(repr, _AXES))}; got {mode!r}.")
        batches = data.unit_batches() if hasattr(data, "unit_batches") else _unit_batches(data)
        batches = track(batches, "Measuring batches", verbose=verbose)
        mean, variance = _moments(batches, _AXES[mode])
        return cls(mean.astype(np.float32), np.sqrt(variance).astype(np.float32), mode)

    def apply(self, x: Array) -> Array:
        """Standardise images, for example those given to `predict`.

        Args:
            x: (..., H, W, C); integers count by their bit depth, floats as 0 to 1.

        Returns:
            float32 of the same shape.

        Raises:
            ValueError: Floats go beyond 0 to 1.
        """
        _check_floats(x)
        unit = x.astype(np.float32) / np.float32(full_scale(x.dtype))
        return (unit - self.mean) / (self.std + np.float32(EPSILON))

    def to_json(self, path: str | os.PathLike[str]) -> None:
        """Save the statistics for inference.

        Args:
            path: File to write.
        """
        content = {"mode": self.mode, "mean": self.mean.tolist(), "std": self.std.tolist()}
        write_text(path, json.dumps(content))

    @classmethod
    def from_json(cls, path: str | os.PathLike[str]) -> Standardization:
        """Load statistics that `to_json` saved.

        Args:
            path: File to read.

        Returns:
            The statistics, equal to those saved.
        """
        content = json.loads(Path(path).read_text(encoding="utf-8"))
        mean, std = (np.array(content[key], np.float32) for key in ("mean", "std"))
        return cls(mean, std, content["mode"])


def _unit_batches(x: Any) -> Iterator[Array]:
    if isinstance(x, str | os.PathLike) or hasattr(x, "fetch"):
        raise TypeError(
            f"Statistics need a sequence, which gives images of one size, or an array; got {x!r}. "
            "Use the sequence of it, such as DirectorySequence(..., image_size=(224, 224))."
        )
    x = np.asarray(x)
    if x.ndim == 3:
        x = x[..., None]
    if x.ndim != 4:
        raise ValueError(
            "Statistics need a sequence or an array of shape (N, H, W) or (N, H, W, C); got shape "
            f"{x.shape}."
        )
    scale = full_scale(x.dtype)
    for start in range(0, len(x), _CHUNK):
        chunk = x[start : start + _CHUNK]
        _check_floats(chunk)
        yield chunk / scale


def _check_floats(x: Array) -> None:
    """Refuse floats that cannot count from 0 to 1; what is not finite is told elsewhere."""
    if x.dtype.kind != "f" or not x.size:
        return
    low, high = float(x.min()), float(x.max())
    if low < -ROUNDING or high > 1 + ROUNDING:
        raise ValueError(
            f"The pixels are floats from {low:g} to {high:g}, and statistics count floats from 0 "
            "to 1. Bring them there, as x / 255, or fit on a sequence that knows their range: "
            "ArraySequence(x, value_range=(0, 255))."
        )


def _moments(batches: Iterable[Array], axes: tuple[int, ...]) -> tuple[Array, Array]:
    """Mean and variance over `axes` of all batches, in float64 by Chan's pairwise update.

    Adding up squares instead would lose all digits where the mean is large against the deviation.
    """
    count, mean, squares = 0, np.zeros(1), np.zeros(1)
    for batch in batches:
        values = np.asarray(batch, np.float64)
        own_mean = values.mean(axis=axes, keepdims=True)[0]
        own_squares = np.square(values - own_mean).sum(axis=axes, keepdims=True)[0]
        own_count = values.size // own_mean.size
        total = count + own_count
        step = own_mean - mean
        squares = squares + own_squares + np.square(step) * (count * own_count / total)
        mean = mean + step * (own_count / total)
        count = total
    if not count:
        raise ValueError("There are no images to take statistics from.")
    if not np.isfinite(mean).all():
        raise ValueError("The pixels hold NaN or infinity; correct the images first.")
    return mean, squares / count


def estimate_memory(n: int, height: int, width: int, channels: int, dtype: str = "float32") -> int:
    """Bytes that images take as one array in memory (R44).

    Args:
        n: Number of images.
        height: Height in pixels.
        width: Width in pixels.
        channels: Number of channels.
        dtype: Dtype of the pixels.

    Returns:
        Number of bytes; `describe_bytes` writes it out.

    Example:
        >>> describe_bytes(estimate_memory(10_000, 128, 128, 3, "float64"))
        '3.9 GB'
    """
    return n * height * width * channels * np.dtype(dtype).itemsize


def describe_bytes(size: int) -> str:
    """Write a number of bytes as people read it, in units of 1000.

    Args:
        size: Number of bytes.

    Returns:
        Text such as "3.9 GB".

    Example:
        >>> describe_bytes(999), describe_bytes(1_500_000)
        ('999 bytes', '1.5 MB')
    """
    if size < 1000:
        return f"{size} bytes"
    amount, unit = float(size), 0
    while amount >= 999.95 and unit < 4:
        amount, unit = amount / 1000, unit + 1
    return f"{amount:.1f} {('bytes', 'kB', 'MB', 'GB', 'TB')[unit]}"
