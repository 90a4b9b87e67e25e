"""Noise of the sensor, of what carries its values, and of light itself."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import cv2
import numpy as np

from keras_cvdata.engine.array_api import Parameters, Tensor
from keras_cvdata.engine.kernels.base import Pair
from keras_cvdata.engine.kernels.hashing import (
    halves,
    halves_batch,
    normals,
    words,
    words_batch,
)
from keras_cvdata.engine.output import require
from keras_cvdata.types import Array, Range

MOST_PHOTONS = 1000
"""The largest mean that the table of Poisson numbers serves."""

# Rows of that table lie evenly in the square root of the mean, so that neighbours differ by the
# same part of the noise; a row between two is rounded at random, by 12 bits.
_ROWS = 16
_DITHER_BITS = 12
_COLUMN_BITS = 11

_DEPTHS = {"uint8": cv2.CV_8U, "uint16": cv2.CV_16U, "float32": cv2.CV_32F}


def _normal_image(shape: tuple[int, ...], p: Parameters) -> Array:
    """Normal numbers of mean 0 and deviation 1 for one image, float32."""
    numbers = halves(math.prod(shape), p["seed"]).reshape(shape)
    normal: Array = cv2.LUT(numbers, normals()[None])
    return normal


def _normal_batch(pixels: Tensor, p: Parameters, ops: Any) -> Tensor:
    """The same for each image of a batch."""
    _, height, width, channels = ops.shape(pixels)
    numbers = halves_batch(height * width * channels, p["seed"], ops)
    return ops.reshape(ops.take(normals(), numbers, axis=0), ops.shape(pixels))


def _gaussian_image(pixels: Array, p: Parameters, span: Range | None) -> Array:
    low, high = require(span)
    flat = pixels.reshape(len(pixels), -1)
    noise = _normal_image(flat.shape, p)
    strength = float(p["stddev"]) * (high - low)
    depth = _DEPTHS[pixels.dtype.name]
    noisy = cv2.addWeighted(flat, 1, noise, strength, 0, dtype=depth)
    return noisy.reshape(pixels.shape)


def _gaussian_batch(
    pixels: Tensor,
    p: Parameters,
    span: Range | None,
    ops: Any,
) -> Tensor:
    low, high = require(span)
    noise = _normal_batch(pixels, p, ops)
    return pixels + noise * (p["stddev"] * (high - low))[:, None, None, None]


def _shot_image(pixels: Array, p: Parameters, span: Range | None) -> Array:
    low, high = require(span)
    photons = float(p["photons"])
    flat = pixels.reshape(len(pixels), -1)
    if pixels.dtype == np.uint8:
        levels = np.arange(256, dtype=np.float32) / np.float32(255)
        rows = cv2.LUT(flat, _row(levels, photons, np).astype(np.int32)[None])
    else:
        unit = np.clip((flat.astype(np.float32) - low) / (high - low), 0, 1)
        rows = _row(unit, photons, np).astype(np.int32)
    random = words(flat.size, p["seed"]).reshape(flat.shape)
    place = rows.view(np.uint32)
    place += random >> np.uint32(32 - _DITHER_BITS)
    place >>= np.uint32(_DITHER_BITS)
    place <<= np.uint32(_COLUMN_BITS)
    random &= np.uint32(2**_COLUMN_BITS - 1)
    place |= random
    counts = _poisson().take(place)
    if pixels.dtype == np.uint8:
        return cv2.convertScaleAbs(counts, alpha=high / photons).reshape(pixels.shape)
    value = counts.astype(np.float32) * np.float32((high - low) / photons) + np.float32(low)
    if pixels.dtype == np.uint16:
        value = np.rint(np.minimum(value, high))
    return value.astype(pixels.dtype).reshape(pixels.shape)


def _shot_batch(
    pixels: Tensor,
    p: Parameters,
    span: Range | None,
    ops: Any,
) -> Tensor:
    low, high = require(span)
    batch, height, width, channels = ops.shape(pixels)
    photons = p["photons"][:, None]
    unit = ops.clip((ops.reshape(pixels, (batch, -1)) - low) / (high - low), 0, 1)
    random = words_batch(height * width * channels, p["seed"], ops)
    dither = ops.bitwise_and(ops.right_shift(random, 32 - _DITHER_BITS), 2**_DITHER_BITS - 1)
    row = ops.right_shift(ops.cast(_row(unit, photons, ops), "int32") + dither, _DITHER_BITS)
    column = ops.bitwise_and(random, 2**_COLUMN_BITS - 1)
    counts = ops.take(_poisson().ravel().astype("float32"), row * 2**_COLUMN_BITS + column, axis=0)
    return ops.reshape(counts * ((high - low) / photons) + low, ops.shape(pixels))


def _row(unit: Tensor, photons: Tensor, xp: Any) -> Tensor:
    """Place of a brightness among the rows of the table, in parts of the dither."""
    return xp.floor(xp.sqrt(unit * photons) * (_ROWS * 2.0**_DITHER_BITS) + 0.5)


@cache
def _poisson() -> Array:
    """Make (rows, 2,048) uint16: equally probable Poisson numbers for each mean, rising."""
    rows = int(np.ceil(np.sqrt(MOST_PHOTONS) * _ROWS)) + 2
    means = (np.arange(rows) / _ROWS) ** 2
    counts = np.arange(MOST_PHOTONS + 300)
    factorials = np.concatenate([[0.0], np.cumsum(np.log(counts[1:]))])
    columns = (np.arange(2**_COLUMN_BITS) + 0.5) / 2**_COLUMN_BITS
    table = np.zeros((rows, len(columns)), np.uint16)
    for row in range(1, rows):
        chances = np.exp(counts * np.log(means[row]) - means[row] - factorials)
        table[row] = np.searchsorted(np.cumsum(chances), columns)
    return table


def _impulse_image(pixels: Array, p: Parameters, span: Range | None) -> Array:
    low, high = require(span)
    random = halves(pixels.size, p["seed"]).reshape(pixels.shape)
    result = pixels.copy()
    result[random < int(p["pepper"])] = low
    result[random >= 65536 - int(p["salt"])] = high
    return result


def _impulse_batch(
    pixels: Tensor,
    p: Parameters,
    span: Range | None,
    ops: Any,
) -> Tensor:
    low, high = require(span)
    _, height, width, channels = ops.shape(pixels)
    random = halves_batch(height * width * channels, p["seed"], ops)
    random = ops.reshape(random, ops.shape(pixels))
    pepper, salt = (p[name][:, None, None, None] for name in ("pepper", "salt"))
    return ops.where(random < pepper, low, ops.where(random >= 65536 - salt, high, pixels))


def _speckle_image(pixels: Array, p: Parameters, span: Range | None) -> Array:
    low, _ = require(span)
    flat = pixels.reshape(len(pixels), -1)
    noise = _normal_image(flat.shape, p)
    gain = noise * np.float32(p["stddev"]) + np.float32(1)
    if pixels.dtype.kind == "f":
        return ((flat - np.float32(low)) * gain + np.float32(low)).reshape(pixels.shape)
    noisy = cv2.multiply(flat.astype(np.float32), gain, dtype=_DEPTHS[pixels.dtype.name])
    return noisy.reshape(pixels.shape)


def _speckle_batch(
    pixels: Tensor,
    p: Parameters,
    span: Range | None,
    ops: Any,
) -> Tensor:
    low, _ = require(span)
    noise = _normal_batch(pixels, p, ops)
    return (pixels - low) * (noise * p["stddev"][:, None, None, None] + 1) + low


GAUSSIAN_NOISE = Pair(_gaussian_image, _gaussian_batch)
SHOT_NOISE = Pair(_shot_image, _shot_batch)
IMPULSE_NOISE = Pair(_impulse_image, _impulse_batch)
SPECKLE_NOISE = Pair(_speckle_image, _speckle_batch)
