"""The steps that a plan is made of: numbers for one batch, without layers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal, Self, TypeAlias

import numpy as np

from keras_cvdata.engine.array_api import Parameters, Tensor, cast
from keras_cvdata.engine.geometry.outlines import Outlines
from keras_cvdata.engine.geometry.windows import frame_matrix, resized_crop, sides, window_matrix
from keras_cvdata.engine.kernels import PAIRS
from keras_cvdata.types import Array, Range

Size: TypeAlias = tuple[int, int]
Fit: TypeAlias = Literal["stretch", "crop", "pad"]

Evaluate: TypeAlias = Callable[[Tensor, int | None], Tensor]
"""Brightness curves on values (1 or B, n, C) of 0 to 1; an integer picks one image's curves."""


def unchanged(values: Tensor, image: int | None) -> Tensor:
    """Evaluate no curve at all."""
    return values


@dataclass(frozen=True)
class Step:
    """What is done with the images of a batch, one thing of a plan.

    The methods here are those of a step that changes pixels and moves none; a step that moves them
    says so in `for_mask` and `follow_boxes`, and one that changes their number in `size_after`. The
    executors have functions of their own for most steps, which they fuse or write straight into the
    batch; they have any other step carry itself out, by `render` and `render_batch`.

    Attributes:
        active: (B,) bool, which images it acts on; `None` for all.
    """

    active: Tensor | None = field(default=None, kw_only=True)

    @property
    def needs_masks(self) -> bool:
        """Whether it depends on segmentation masks, see `on`."""
        return False

    def on(self, masks: Tensor, xp: Any) -> Step:
        """The step with what segmentation masks say, for one that needs them.

        Args:
            masks: (1 or B, height, width, 1) class numbers, moved as the images before the step.
            xp: `numpy` or `keras.ops`.

        Returns:
            A step that needs no masks.
        """
        return self

    def for_mask(self) -> Step | None:
        """The same move without values in between, for segmentation masks; `None` for no move."""
        return None

    def follow_boxes(self, boxes: Outlines, size: tuple[Tensor, Tensor], xp: Any) -> Outlines:
        """Move the outlines of boxes as the pixels are moved.

        Args:
            boxes: Their outlines in the images before the step.
            size: (height, width) of the images before the step.
            xp: `numpy` or `keras.ops`.

        Returns:
            The outlines in the images after the step, not cut at the border; the same object where
            nothing moves.
        """
        return boxes

    def size_after(self, size: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        """Height and width of the images after the step, from those before it."""
        return size

    def sample(self, b: int) -> Self:
        """The step for one image of the batch."""
        return replace(self, **{f.name: _sample(getattr(self, f.name), b) for f in fields(self)})

    def render(self, pixels: Array, b: int, span: Range | None) -> Array:
        """Carry the step out for one image.

        Args:
            pixels: (height, width, channels) uint8, uint16 or float32; never changed.
            b: Which image of the batch this is.
            span: Lowest and highest value of the pixels, where known.

        Returns:
            An image of the same dtype; what leaves the span is clipped for it.
        """
        raise NotImplementedError

    def render_batch(self, pixels: Tensor, span: Range | None, ops: Any) -> Tensor:
        """Carry the step out for a batch of tensors.

        Args:
            pixels: (batch, height, width, channels) float32.
            span: Lowest and highest value of the pixels, where known.
            ops: `keras.ops`.

        Returns:
            (batch, height, width, channels) float32; it is clipped and rounded for it.

        Raises:
            TypeError: The step has no form on tensors.
        """
        raise TypeError(
            f"{self!r} works on one uint8 image in NumPy and cannot act on tensors. Put it into "
            "the `augment` list of a sequence."
        )


def _sample(value: Any, b: int) -> Any:
    if isinstance(value, Step):
        return value.sample(b)
    if isinstance(value, Mapping):
        return {name: _sample(each, b) for name, each in value.items()}
    return value[b : b + 1] if getattr(value, "shape", ()) else value


@dataclass(frozen=True)
class Resize(Step):
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

    def matrix(self, height: Tensor, width: Tensor, xp: Any) -> Tensor:
        """Build the matrices that lead from pixel centres of the result to those of the images.

        Args:
            height: Height of the images before, a number or (B,).
            width: Width of the images before, likewise.
            xp: `numpy` or `keras.ops`.

        Returns:
            (1 or B, 3, 3) matrices.

        Example:
            >>> Resize((10, 10), "crop", "bilinear").matrix(20, 40, np)[0, :2].tolist()
            [[2.0, 0.0, 10.5], [0.0, 2.0, 0.5]]
        """
        if self.windows is None:
            return frame_matrix(self.size, self.fit, height, width, xp)
        window = resized_crop(self.windows, sides(height, xp), sides(width, xp), xp)
        return window_matrix(window, self.size, xp)

    def for_mask(self) -> Resize:
        """Take the nearest pixel."""
        return replace(self, interpolation="nearest")

    def follow_boxes(self, boxes: Outlines, size: tuple[Tensor, Tensor], xp: Any) -> Outlines:
        """Stretch them alike."""
        return boxes.by_matrix(self.matrix(*size, xp), xp)

    def size_after(self, size: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        """The size that all images are brought to."""
        return self.size


@dataclass(frozen=True)
class Warp(Step):
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

    def for_mask(self) -> Warp:
        """Take the nearest pixel."""
        resize = self.resize and self.resize.for_mask()
        return replace(self, interpolation="nearest", resize=resize)

    def follow_boxes(self, boxes: Outlines, size: tuple[Tensor, Tensor], xp: Any) -> Outlines:
        """Lead their corners through the resize and the inverse of the matrix."""
        if self.resize is not None:
            boxes = self.resize.follow_boxes(boxes, size, xp)
        return boxes.by_matrix(self.matrix, xp)

    def size_after(self, size: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        """The size that is stated, or that of the image or of its resize."""
        return self.size or (self.resize.size if self.resize else size)


@dataclass(frozen=True)
class Displace(Step):
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

    def for_mask(self) -> Displace:
        """Take the nearest pixel."""
        return replace(self, interpolation="nearest")

    def follow_boxes(self, boxes: Outlines, size: tuple[Tensor, Tensor], xp: Any) -> Outlines:
        """Lead points of their sides through the inverse of the field."""
        return boxes.by_field(self.grid, *size, xp)


@dataclass(frozen=True)
class Paste(Step):
    """Put rectangles of the image elsewhere in it.

    Attributes:
        rectangles: (B, R, 6) int32: top, left, bottom, right of a rectangle, and top and left of
            the one of equal size that it is copied from. Later ones cover earlier ones.
    """

    rectangles: Tensor

    def for_mask(self) -> Paste:
        """Whole pixels are moved."""
        return self

    def follow_boxes(self, boxes: Outlines, size: tuple[Tensor, Tensor], xp: Any) -> Outlines:
        """Keep the largest piece of each."""
        return boxes.by_rectangles(self.rectangles, xp)


@dataclass(frozen=True)
class Mix(Step):
    """Mix the colours of every pixel, and clip the result.

    Attributes:
        matrices: (B, 3, 4), from red, green, blue and 1 to red, green, blue, in units of the value
            range. A fourth channel stays.
    """

    matrices: Tensor


@dataclass(frozen=True)
class Curve(Step):
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
        return {**self.__dict__, "evaluate": kept}


@dataclass(frozen=True)
class Histogram(Step):
    """Change the brightness of every pixel by a curve that depends on the histogram of the image.

    Attributes:
        name: Name in `histograms.CURVES`.
        parameters: What the layer drew, (B, ...) arrays.
    """

    name: str
    parameters: Parameters


@dataclass(frozen=True)
class Kernel(Step):
    """Work on an image by a pair of functions, one for each executor.

    Attributes:
        name: Name in `kernels.PAIRS`.
        parameters: What the layer drew, (1 or B, ...) arrays.
        ground: Classes of segmentation masks that it acts on; `None` where it needs no masks.
    """

    name: str
    parameters: Parameters
    ground: tuple[int, ...] | None = None

    @property
    def needs_masks(self) -> bool:
        """Whether it acts on certain classes."""
        return self.ground is not None

    def on(self, masks: Tensor, xp: Any) -> Kernel:
        """Add the share of ground in each pixel to the parameters, as `ground`."""
        assert self.ground is not None
        shares = sum(cast(masks[..., 0] == number, "float32", xp) for number in self.ground)
        return replace(self, parameters={**self.parameters, "ground": shares}, ground=None)

    def _check_masks(self) -> None:
        if self.needs_masks:
            raise ValueError(
                f"Classes {list(self.ground or ())} of segmentation masks are to change, and there "
                "are no masks here. Give the sequence masks, call the layer on a dict with "
                "'images' and 'segmentation_masks', or leave mask_classes out."
            )

    def render(self, pixels: Array, b: int, span: Range | None) -> Array:
        """By the function for one image."""
        self._check_masks()
        p = {name: values[min(b, len(values) - 1)] for name, values in self.parameters.items()}
        return PAIRS[self.name].image(pixels, p, span)

    def render_batch(self, pixels: Tensor, span: Range | None, ops: Any) -> Tensor:
        """By the function for tensors."""
        self._check_masks()
        return PAIRS[self.name].batch(pixels, self.parameters, span, ops)


@dataclass(frozen=True)
class Blend(Step):
    """Add up the image and what several plans make of it.

    Attributes:
        branches: Plans, see `engine.plan`, that keep the size of the image.
        weights: (B, 1 + branches) share of the image itself and of each branch.
    """

    branches: tuple[Any, ...]
    weights: Tensor


@dataclass(frozen=True)
class Call(Step):
    """Hand each image to a function that the engine cannot see into.

    Attributes:
        function: Takes and returns one uint8 image (height, width, channels).
        seeds: (B,) integers that the function takes after the image; `None` where it takes none.
    """

    function: Callable[..., Array]
    seeds: Tensor | None = None


def table_values(channels: int) -> Array:
    """Give the 256 brightnesses of uint8 pixels as (1, 256, channels) float32 of 0 to 1."""
    values = np.arange(256, dtype=np.float32) / np.float32(255)
    return np.broadcast_to(values[None, :, None], (1, 256, channels))
