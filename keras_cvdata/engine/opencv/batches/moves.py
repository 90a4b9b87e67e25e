"""Warps of small images together: whole pixels by one gather, others with a common border."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from keras_cvdata.engine.array_api import NUDGE
from keras_cvdata.engine.opencv.batches.one_by_one import one_by_one
from keras_cvdata.engine.opencv.batches.whole_pixels import gather, leads_to_pixels
from keras_cvdata.engine.opencv.geometry import Place, apply_warp, in_units
from keras_cvdata.engine.opencv.sampling import BORDERS, Sampling, if_fits
from keras_cvdata.engine.plan import Plan
from keras_cvdata.engine.steps import Size, Warp
from keras_cvdata.types import Array, Ints

_SAMPLINGS = {"bilinear": cv2.INTER_LINEAR, "nearest": cv2.INTER_NEAREST}

# Squared step from which a resize averages pixels before they are read: a hair below two of them.
_HALVES = 3.9

# Border beyond which nobody looks: the area of an image with it is still a number of 64 bits.
_FARTHEST = 1e9


class Moves(NamedTuple):
    """How the images of a batch are warped, worked out for all of them at once.

    Attributes:
        how: How pixels are read.
        matrices: (B, 3, 3) from output to input pixel centres.
        whole: (B,) which images are read from pixel to pixel.
        alone: (B,) which need what only one image can get; all others are read between pixels.
        border: Rows above and below, columns to the left and to the right, that all images get.
        windows: For each image the part of the bordered one that it would have if it were alone:
            top, left, bottom, right.
        reads: (B, 2, 3) from output to pixel centres of the window.
    """

    how: Sampling
    matrices: Array
    whole: Array
    alone: Array
    border: list[int]
    windows: list[list[int]]
    reads: Array

    @classmethod
    def of(cls, step: Warp, before: Size, fill: float) -> Moves | None:
        """Work out a warp of images of one size; None where only one at a time can be warped.

        Args:
            step: The warp.
            before: (height, width) of the images.
            fill: What a constant fill mode fills with, in units of the pixels.

        Returns:
            What is known.
        """
        matrices = np.asarray(step.matrix, np.float64)
        resize = step.resize
        stays = resize is None or (resize.size == before and resize.windows is None)
        if not stays or not (matrices[:, 2] == (0, 0, 1)).all():
            return None
        how = Sampling(step.size or before, step.interpolation, step.fill_mode, fill)
        whole, reads = leads_to_pixels(matrices), _nudged(matrices, how)
        laid = borders(reads, np.array(before), how.size)
        alone = np.asarray((laid > np.repeat(before, 2) // 2).any(axis=1))
        if how.fill_mode == "constant":  # for which no border is laid beforehand
            alone, laid = np.zeros_like(alone), np.zeros_like(laid)
        if resize is not None and how.interpolation == "bilinear":
            alone = alone | ((matrices[:, :2, :2] ** 2).sum(axis=2) > _HALVES).any(axis=1)
        between = ~(whole | alone)
        border = laid[between].max(axis=0, initial=0)
        starts = border[[0, 2]] - laid[:, [0, 2]]
        windows = np.hstack([starts, border[[0, 2]] + before + laid[:, [1, 3]]]).tolist()
        reads = reads[:, :2] + np.pad(laid[:, [2, 0], None], ((0, 0), (0, 0), (2, 0)))
        return cls(how, matrices, whole, alone, border.tolist(), windows, reads)


def warp_together(
    step: Warp, moves: Moves | None, pixels: Array, first: int, plan: Plan, out: Array | None
) -> Array:
    """Read every pixel of some images from where matrices say.

    Args:
        step: The warp.
        moves: What `Moves.of` made of it.
        pixels: (n, height, width, channels) uint8 of 1, 3 or 4 channels; never changed.
        first: Number of the first image in the batch that the plan is for.
        plan: The plan that the step belongs to.
        out: Where the result goes, if it is uint8.

    Returns:
        (n, height, width, channels), `out` where it was written to.
    """
    if moves is None:
        return one_by_one(step, pixels, first, plan, out)
    result = _move(pixels, moves, first, if_fits(out, pixels))
    for b in np.flatnonzero(moves.alone[first : first + len(pixels)]).tolist():
        result[b] = apply_warp(step, pixels[b], Place(plan, first + b), None)
    return result


def fill_of(step: Warp, plan: Plan) -> float:
    """What a constant fill mode fills uint8 images with."""
    return float(in_units(step.fill_value, np.empty(0, np.uint8), plan.value_range))


def _nudged(matrices: Array, how: Sampling) -> Array:
    """Move points halfway between two pixels to the later one, see `NUDGE`."""
    if how.interpolation == "nearest":
        matrices = matrices.copy()
        matrices[:, :2, 2] += NUDGE
    return matrices


def borders(matrices: Array, before: Ints, size: Size) -> Ints:
    """How far matrices read beyond their images, whatever memory that much border would take.

    Args:
        matrices: (B, 3, 3), affine, from output to input pixel centres.
        before: (height, width) of all images, or (B, 2) of each.
        size: (height, width) of the output.

    Returns:
        Rows above and below, columns to the left and to the right, (B, 4).
    """
    across, down = matrices[:, :2, 0] * (size[1] - 1), matrices[:, :2, 1] * (size[0] - 1)
    start = matrices[:, :2, 2]
    least = -(start + np.minimum(across, 0) + np.minimum(down, 0))
    most = start + np.maximum(across, 0) + np.maximum(down, 0) - (before[..., ::-1] - 1)
    beyond = np.stack([least[:, 1], most[:, 1], least[:, 0], most[:, 0]], axis=1)
    # One more for the rounding of positions, as an image gets alone.
    far = np.minimum(np.ceil(beyond) + 1, _FARTHEST)
    return np.where(beyond > 0, far, 0).astype(np.int64)


def _move(pixels: Array, moves: Moves, first: int, out: Array | None) -> Array:
    """Move images but those that go alone."""
    count, height, width, channels = pixels.shape
    size = moves.how.size
    result = np.empty((count, *size, channels), pixels.dtype) if out is None else out
    if channels != 3:
        _fill(result, pixels, moves, first)
        return result
    # Four channels are faster to read, with equal pixels.
    wide = cv2.cvtColor(pixels.reshape(-1, width, 3), cv2.COLOR_RGB2RGBA)
    moved = np.empty((count, *size, 4), pixels.dtype)
    _fill(moved, wide.reshape(count, height, width, 4), moves, first)
    tall = moved.reshape(-1, size[1], 4), result.reshape(-1, size[1], 3)
    cv2.cvtColor(tall[0], cv2.COLOR_RGBA2RGB, dst=tall[1])
    return result


def _fill(moved: Array, pixels: Array, moves: Moves, first: int) -> None:
    here = slice(first, first + len(pixels))
    whole = np.flatnonzero(moves.whole[here] & ~moves.alone[here])
    if len(whole):
        gather(pixels, moves.matrices[here], whole, moves.how, moved)
    between = np.flatnonzero(~(moves.whole[here] | moves.alone[here]))
    if len(between):
        _read_between(pixels, between, moves, first, moved)


def _read_between(pixels: Array, images: Ints, moves: Moves, first: int, moved: Array) -> None:
    """Let OpenCV read out of images with as much border as each would get alone."""
    how = moves.how
    if len(images) < len(pixels):
        pixels = pixels[images]
    bordered = _with_border(pixels, moves.border, how.fill_mode)
    dsize, fill = (how.size[1], how.size[0]), (how.fill,) * 4
    flags = _SAMPLINGS[how.interpolation] | cv2.WARP_INVERSE_MAP
    mode = BORDERS[how.fill_mode]
    windows, reads = moves.windows, moves.reads
    for source, b in zip(bordered, images.tolist(), strict=True):
        top, left, bottom, right = windows[first + b]
        part, matrix = source[top:bottom, left:right], reads[first + b]
        cv2.warpAffine(part, matrix, dsize, moved[b], flags, mode, fill)


def _with_border(pixels: Array, border: list[int], fill_mode: str) -> Array:
    """Lay border round images: across as if they were one tall one, down by copies of rows."""
    top, bottom, left, right = border
    count, height, width, channels = pixels.shape
    if left or right:
        tall = pixels.reshape(count * height, width, channels)
        pixels = cv2.copyMakeBorder(tall, 0, 0, left, right, BORDERS[fill_mode])
    rows = pixels.reshape(count, height, -1)
    if top or bottom:
        lines = np.arange(height, dtype=np.int32).reshape(-1, 1)
        laid: Array = cv2.copyMakeBorder(lines, top, bottom, 0, 0, BORDERS[fill_mode])
        rows = rows.take(laid.ravel(), axis=1)
    return rows.reshape(count, height + top + bottom, width + left + right, channels)
