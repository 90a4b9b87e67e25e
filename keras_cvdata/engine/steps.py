"""The steps that a plan is made of: numbers for one batch, without layers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import groupby
from typing import Any, Literal, TypeAlias

import numpy as np

from keras_cvdata.engine.array_api import Parameters, Tensor
from keras_cvdata.engine.output import Output
from keras_cvdata.types import Array, Range

Size: TypeAlias = tuple[int, int]
Fit: TypeAlias = Literal["stretch", "crop", "pad"]

Evaluate: TypeAlias = Callable[[Tensor, int | None], Tensor]
"""Brightness curves on values (1 or B, n, C) of 0 to 1; an integer picks one image's curves."""


def unchanged(values: Tensor, image: int | None) -> Tensor:
    """Evaluate no curve at all."""
    return values


@dataclass(frozen=True)
class Resize:
    """Bring a decoded image to the size of the batch, with nothing else to do on the way.

    Attributes:
        size: (height, width) of the result.
        fit: "stretch", "crop" to the aspect of `size`, or "pad" to it.
        interpolation: "nearest", "bilinear", "area", "bicubic" or "lanczos"; on tensors the first
            two.
        pad_value: What "pad" fills with, in units of the value range.
        windows: What says which part of an image is stretched, see `windows.resized_crop`; `None`
            for all of it.
    """

    size: Size
    fit: Fit
    interpolation: str
    pad_value: float = 0.0
    windows: Parameters | None = None

    def only(self, b: int) -> Resize:
        """The resize of one image of the batch."""
        if self.windows is None:
            return self
        return replace(self, windows={name: x[b : b + 1] for name, x in self.windows.items()})


@dataclass(frozen=True)
class Warp:
    """Read every pixel from where a matrix says.

    Attributes:
        matrix: (B, 3, 3) from output to input pixel centres, affine unless `projective`.
        fill_mode: "reflect", "nearest", "wrap" or "constant".
        fill_value: What "constant" fills with, in units of the value range.
        interpolation: "bilinear" or "nearest".
        resize: The resize that is part of this warp: the image is the decoded one, of any size,
            and `matrix` leads to the frame of the resized one.
        size: (height, width) of the result; `None` where it is that of the image.
        projective: Whether the last rows of the matrices are not (0, 0, 1).
    """

    matrix: Tensor
    fill_mode: str
    fill_value: float
    interpolation: str
    resize: Resize | None = None
    size: tuple[Tensor, Tensor] | None = None
    projective: bool = False


@dataclass(frozen=True)
class Displace:
    """Read every pixel from a place that a smooth field says.

    Attributes:
        grid: (B, rows, columns, 2) shifts across and down in pixels, see `fields.displacement`.
        fill_mode: As in `Warp`.
        fill_value: As in `Warp`.
        interpolation: As in `Warp`.
    """

    grid: Tensor
    fill_mode: str
    fill_value: float
    interpolation: str


@dataclass(frozen=True)
class Paste:
    """Put rectangles of the image elsewhere in it.

    Attributes:
        rectangles: (B, R, 6) int32: top, left, bottom, right of a rectangle, and top and left of
            the one of equal size that it is copied from. Later ones cover earlier ones.
    """

    rectangles: Tensor


@dataclass(frozen=True)
class Mix:
    """Mix the colours of every pixel, and clip the result.

    Attributes:
        matrices: (B, 3, 4), from red, green, blue and 1 to red, green, blue, in units of the value
            range. A fourth channel stays.
    """

    matrices: Tensor


@dataclass(frozen=True)
class Curve:
    """Change the brightness of every pixel by a curve for each channel.

    Attributes:
        tables: (1 or B, 256, 1 or C), what becomes of the 256 values of uint8 pixels; `None`
            where they stay as they are, and on tensors, which evaluate the curves.
        evaluate: The curves themselves, for other pixels; `None` after pickling.
        final: Whether the result is what the batch holds.
    """

    tables: Array | None
    evaluate: Evaluate | None
    final: bool

    def __getstate__(self) -> dict[str, Any]:
        kept = self.evaluate if self.evaluate is unchanged else None
        return {"tables": self.tables, "evaluate": kept, "final": self.final}


@dataclass(frozen=True)
class Histogram:
    """Change the brightness of every pixel by a curve that depends on the histogram of the image.

    Attributes:
        name: Name in `histograms.CURVES`.
        parameters: What the layer drew, (B, ...) arrays.
        active: (B,) bool, which images it acts on; `None` for all.
    """

    name: str
    parameters: Parameters
    active: Tensor | None = None


@dataclass(frozen=True)
class Kernel:
    """Work on an image by a pair of functions, one for each executor.

    Attributes:
        name: Name in `kernels.PAIRS`.
        parameters: What the layer drew, (B, ...) arrays.
        active: (B,) bool, which images it acts on; `None` for all.
    """

    name: str
    parameters: Parameters
    active: Tensor | None = None


@dataclass(frozen=True)
class Blend:
    """Add up the image and what several plans make of it.

    Attributes:
        branches: Plans that keep the size of the image.
        weights: (B, 1 + branches) share of the image itself and of each branch.
    """

    branches: tuple[Plan, ...]
    weights: Tensor


@dataclass(frozen=True)
class Call:
    """Hand each image to a function that the engine cannot see into.

    Attributes:
        function: Takes and returns one uint8 image (height, width, channels).
        active: (B,) bool, which images it acts on; `None` for all.
        seeds: (B,) integers that the function takes after the image; `None` where it takes none.
    """

    function: Callable[..., Array]
    active: Tensor | None = None
    seeds: Tensor | None = None


Step: TypeAlias = Resize | Warp | Displace | Paste | Mix | Curve | Histogram | Kernel | Blend | Call


Lookups: TypeAlias = tuple[Curve | Histogram, ...]
"""Neighbouring steps that are one table for uint8 pixels."""


@dataclass(frozen=True)
class Plan:
    """What happens to the images of one batch.

    A plan made with NumPy can be pickled, without layers and without Keras, and then serves uint8
    images; others need the curves, which stay in the process.

    Attributes:
        steps: What is done, in order.
        output: What the batch holds.
        value_range: Lowest and highest value of float pixels, where known.
    """

    steps: tuple[Step, ...]
    output: Output
    value_range: Range | None

    @cached_property
    def uint8_steps(self) -> tuple[Step | Lookups, ...]:
        """The steps for uint8 pixels: neighbours that are tables come together in a tuple."""
        steps: list[Step | Lookups] = []
        for is_table, run in groupby(self.steps, lambda step: isinstance(step, Curve | Histogram)):
            # A last table that would leave uint8 pixels as they are is none.
            kept = [step for step in run if not isinstance(step, Curve) or step.tables is not None]
            if is_table and kept:
                steps.append(tuple(kept))  # type: ignore[arg-type] # filtered by `is_table`
            elif not is_table:
                steps += kept
        return tuple(steps)

    @cached_property
    def for_masks(self) -> Plan:
        """What happens to segmentation masks: the same moves, without values in between."""
        moves: list[Step] = []
        for step in self.steps:
            if isinstance(step, Warp):
                resize = step.resize and replace(step.resize, interpolation="nearest")
                moves.append(replace(step, interpolation="nearest", resize=resize))
            elif isinstance(step, Displace | Resize):
                moves.append(replace(step, interpolation="nearest"))
            elif isinstance(step, Paste):
                moves.append(step)
        return Plan(tuple(moves), Output(), None)

    def only(self, b: int) -> Plan:
        """The moves of one image of the batch."""
        moves: list[Step] = []
        for step in self.for_masks.steps:
            if isinstance(step, Warp):
                resize = step.resize and step.resize.only(b)
                moves.append(replace(step, matrix=step.matrix[b : b + 1], resize=resize))
            elif isinstance(step, Resize):
                moves.append(step.only(b))
            elif isinstance(step, Displace):
                moves.append(replace(step, grid=step.grid[b : b + 1]))
            elif isinstance(step, Paste):
                moves.append(Paste(step.rectangles[b : b + 1]))
        return Plan(tuple(moves), self.output, None)

    @property
    def resize(self) -> Resize | None:
        """The resize that comes first, by itself or within a warp."""
        first = self.steps[0] if self.steps else None
        return (
            first.resize
            if isinstance(first, Warp)
            else first
            if isinstance(first, Resize)
            else None
        )

    @property
    def reduces(self) -> bool:
        """Whether a decoder may hand over a smaller image than the file holds."""
        return self.resize is not None and self.resize.interpolation != "nearest"


def table_values(channels: int) -> Array:
    """Give the 256 brightnesses of uint8 pixels as (1, 256, channels) float32 of 0 to 1."""
    values = np.arange(256, dtype=np.float32) / np.float32(255)
    return np.broadcast_to(values[None, :, None], (1, 256, channels))
