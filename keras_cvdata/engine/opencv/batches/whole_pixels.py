"""Shifts by whole pixels, mirrorings and quarter turns of many images: one gather."""

from __future__ import annotations

import numpy as np

from keras_cvdata.engine.opencv.sampling import Sampling
from keras_cvdata.types import Array, Ints

_SLACK = 1e-9  # as for one image, see `pixel_exact`


def leads_to_pixels(matrices: Array) -> Array:
    """Say which affine matrices lead from pixel to pixel, without stretching.

    Args:
        matrices: (B, 3, 3) from output to input pixel centres.

    Returns:
        (B,) bool.
    """
    near = np.rint(matrices)
    whole = (np.abs(matrices - near) <= _SLACK).all(axis=(1, 2))
    linear = np.abs(near[:, :2, :2]).reshape(-1, 4)
    straight = (linear == (1, 0, 0, 1)).all(axis=1)
    turned = (linear == (0, 1, 1, 0)).all(axis=1)
    result: Array = whole & (straight | turned)
    return result


def gather(pixels: Array, matrices: Array, images: Ints, how: Sampling, out: Array) -> None:
    """Copy the pixels that matrices lead to.

    Args:
        pixels: (B, height, width, 1 or 4) uint8, C-contiguous; never changed.
        matrices: (B, 3, 3), of which those of `images` lead from pixel to pixel.
        images: Numbers of the images.
        how: How pixels are read.
        out: (B, *how.size, channels) of the result, of which `images` are written.
    """
    height, width = pixels.shape[1:3]
    whole = np.rint(matrices[images]).astype(np.int64)
    (a, b, x), (c, d, y) = whole[:, :2].transpose(1, 2, 0)[:, :, :, None]
    # In a quarter turn, a row of the result is read down a column of the image.
    turned: Array = a == 0
    rows = np.where(turned, b, d) * np.arange(how.size[0]) + np.where(turned, x, y)
    columns = np.where(turned, c, a) * np.arange(how.size[1]) + np.where(turned, y, x)
    sides = np.array([height, width])
    rows, beyond_rows = _inside(rows, sides[turned.astype(int)], how.fill_mode)
    columns, beyond_columns = _inside(columns, sides[1 - turned.astype(int)], how.fill_mode)
    start = images[:, None] * (height * width) + rows * np.where(turned, 1, width)
    index = start[:, :, None] + (columns * np.where(turned, width, 1))[:, None, :]
    found = _as_numbers(pixels).reshape(-1).take(index)
    if how.fill_mode == "constant":
        fill = np.full(pixels.shape[3], np.rint(how.fill), np.uint8)
        found[beyond_rows[:, :, None] | beyond_columns[:, None, :]] = _as_numbers(fill)
    _as_numbers(out)[images] = found


def _inside(index: Array, length: Array, fill_mode: str) -> tuple[Array, Array]:
    """Fold positions back into images of a length, and say which lay beyond."""
    beyond: Array = (index < 0) | (index >= length)
    if fill_mode == "reflect":
        index = index % (2 * length)
        index = np.minimum(index, 2 * length - 1 - index)
    elif fill_mode == "wrap":
        index = index % length
    else:
        index = np.clip(index, 0, length - 1)
    return index, beyond


def _as_numbers(pixels: Array) -> Array:
    """A view with one number for the 1 or 4 channels of each pixel."""
    return pixels.view(np.uint32 if pixels.shape[-1] == 4 else np.uint8)[..., 0]
