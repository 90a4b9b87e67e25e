"""Warps of a batch of small images: whole pixels by one gather, others with a common border."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from keras_cvdata.engine.array_api import NUDGE
from keras_cvdata.engine.opencv.batches.one_by_one import one_by_one
from keras_cvdata.engine.opencv.batches.whole_pixels import gather, leads_to_pixels
from keras_cvdata.engine.opencv.geometry import Place, apply_warp, in_units, shrink_factors
from keras_cvdata.engine.opencv.sampling import BORDERS, Sampling, if_fits
from keras_cvdata.engine.plan import Plan
from keras_cvdata.engine.steps import Size, Warp
from keras_cvdata.types import Array, Ints

_SAMPLINGS = {"bilinear": cv2.INTER_LINEAR, "nearest": cv2.INTER_NEAREST}

# Length from which an image may be shrunk before it is read: a hair below two pixels, squared.
_HALVES = 3.9


def warp_together(step: Warp, pixels: Array, plan: Plan, out: Array | None) -> Array:
    """Read every pixel of a batch from where matrices say.

    Args:
        step: The warp.
        pixels: (B, height, width, channels) uint8 of 1, 3 or 4 channels; never changed.
        plan: The plan that the step belongs to.
        out: Where the result goes, if it is uint8.

    Returns:
        (B, height, width, channels), `out` where it was written to.
    """
    before = pixels.shape[1], pixels.shape[2]
    if not _is_plain(step, before):
        return one_by_one(step, pixels, plan, out)
    fill = float(in_units(step.fill_value, pixels, plan.value_range))
    how = Sampling(step.size or before, step.interpolation, step.fill_mode, fill)
    matrices = np.asarray(step.matrix, np.float64)
    ways = _ways(step, matrices, before, how)
    result = _move(pixels, matrices, how, ways, if_fits(out, pixels))
    for b in ways.alone.tolist():
        result[b] = apply_warp(step, pixels[b], Place(plan, b), None)
    return result


def _is_plain(step: Warp, before: Size) -> bool:
    """Whether it is affine, and its resize, if any, leaves images of this size as they are."""
    resize = step.resize
    stays = resize is None or (resize.size == before and resize.windows is None)
    return stays and bool((step.matrix[:, 2] == (0, 0, 1)).all())


class _Ways(NamedTuple):
    """Which images of a batch are moved in which way.

    Attributes:
        whole: Those that are read from pixel to pixel.
        between: Those that are read between pixels.
        alone: Those that need what only one image can get.
        borders: (B, 4) border that `between` needs above, below, to the left and to the right.
    """

    whole: Ints
    between: Ints
    alone: Ints
    borders: Ints


def _ways(step: Warp, matrices: Array, before: Size, how: Sampling) -> _Ways:
    whole = leads_to_pixels(matrices)
    borders = _borders(_nudged(matrices, how), before, how)
    wide = (borders > np.repeat(before, 2) // 2).any(axis=1)
    if how.fill_mode == "constant":
        wide, borders = wide & whole, np.zeros_like(borders)
    alone = wide
    if step.resize is not None and how.interpolation == "bilinear":
        alone = wide | _shrinks(matrices, how)
    between = ~(whole | alone)
    return _Ways(
        np.flatnonzero(whole & ~alone), np.flatnonzero(between), np.flatnonzero(alone), borders
    )


def _shrinks(matrices: Array, how: Sampling) -> Array:
    """Which images a resize averages before they are read, see `shrink_factors`."""
    shrinks: Array = ((matrices[:, :2, :2] ** 2).sum(axis=2) > _HALVES).any(axis=1)
    for b in np.flatnonzero(shrinks).tolist():
        shrinks[b] = shrink_factors(matrices[b], how.size) != (1, 1)
    return shrinks


def _nudged(matrices: Array, how: Sampling) -> Array:
    """Move points halfway between two pixels to the later one, see `NUDGE`."""
    if how.interpolation == "nearest":
        matrices = matrices.copy()
        matrices[:, :2, 2] += NUDGE
    return matrices


def _borders(matrices: Array, before: Size, how: Sampling) -> Ints:
    """How far matrices read beyond an image of a size, as `Sampling` lays it for one image."""
    across, down = matrices[:, :2, 0] * (how.size[1] - 1), matrices[:, :2, 1] * (how.size[0] - 1)
    start = matrices[:, :2, 2]
    least = -(start + np.minimum(across, 0) + np.minimum(down, 0))
    most = start + np.maximum(across, 0) + np.maximum(down, 0)
    most = most - (before[1] - 1, before[0] - 1)
    beyond = np.stack([least[:, 1], most[:, 1], least[:, 0], most[:, 0]], axis=1)
    # One more for the rounding of positions.
    return np.where(beyond > 0, np.ceil(beyond) + 1, 0).astype(np.int64)


def _move(pixels: Array, matrices: Array, how: Sampling, ways: _Ways, out: Array | None) -> Array:
    """Move all images but those that go alone."""
    batch, height, width, channels = pixels.shape
    shape = (batch, *how.size, channels)
    result = np.empty(shape, pixels.dtype) if out is None else out
    if channels != 3:
        _fill(result, pixels, matrices, how, ways)
        return result
    # Four channels are faster to read, with equal pixels.
    wide = cv2.cvtColor(pixels.reshape(-1, width, 3), cv2.COLOR_RGB2RGBA)
    moved = np.empty((batch, *how.size, 4), pixels.dtype)
    _fill(moved, wide.reshape(batch, height, width, 4), matrices, how, ways)
    tall = (batch * how.size[0], how.size[1])
    cv2.cvtColor(moved.reshape(*tall, 4), cv2.COLOR_RGBA2RGB, dst=result.reshape(*tall, 3))
    return result


def _fill(moved: Array, pixels: Array, matrices: Array, how: Sampling, ways: _Ways) -> None:
    if len(ways.whole):
        gather(pixels, matrices, ways.whole, how, moved)
    if len(ways.between):
        _read_between(pixels, _nudged(matrices, how), how, ways, moved)


def _read_between(pixels: Array, matrices: Array, how: Sampling, ways: _Ways, moved: Array) -> None:
    """Let OpenCV read out of images with as much border as each would get alone."""
    images, borders = ways.between, ways.borders[ways.between]
    if len(images) < len(pixels):
        pixels = pixels[images]
    most = borders.max(axis=0)
    bordered = _with_border(pixels, most.tolist(), how.fill_mode)
    matrices = matrices[images, :2]
    matrices[:, :, 2] += borders[:, (2, 0)]
    starts = most[[0, 2]] - borders[:, (0, 2)]
    ends = most[[0, 2]] + pixels.shape[1:3] + borders[:, (1, 3)]
    windows = np.concatenate([starts, ends], axis=1).tolist()
    dsize, fill = (how.size[1], how.size[0]), (how.fill,) * 4
    flags = _SAMPLINGS[how.interpolation] | cv2.WARP_INVERSE_MAP
    mode = BORDERS[how.fill_mode]
    for source, matrix, b, (top, left, bottom, right) in zip(
        bordered, matrices, images.tolist(), windows, strict=True
    ):
        part, target = source[top:bottom, left:right], moved[b]
        cv2.warpAffine(part, matrix, dsize, target, flags, mode, fill)


def _with_border(pixels: Array, border: list[int], fill_mode: str) -> Array:
    """Lay border round all images of a batch: across as one tall image, down by copies of rows."""
    top, bottom, left, right = border
    batch, height, width, channels = pixels.shape
    if left or right:
        tall = pixels.reshape(batch * height, width, channels)
        pixels = cv2.copyMakeBorder(tall, 0, 0, left, right, BORDERS[fill_mode])
    rows = pixels.reshape(batch, height, -1)
    if top or bottom:
        lines = np.arange(height, dtype=np.int32).reshape(-1, 1)
        laid: Array = cv2.copyMakeBorder(lines, top, bottom, 0, 0, BORDERS[fill_mode])
        rows = rows.take(laid.ravel(), axis=1)
    return rows.reshape(batch, height + top + bottom, width + left + right, channels)
