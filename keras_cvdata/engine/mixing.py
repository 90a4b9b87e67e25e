"""Mixing of the samples of a batch: images by OpenCV, labels and weights on either executor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import cv2
import numpy as np

from keras_cvdata.engine.array_api import Parameters, Tensor, cast
from keras_cvdata.types import Array


class Mixer(Protocol):
    """What the loader asks of a layer that mixes batches; Keras is not part of it.

    Its parameters are `partner`, (B,) numbers of the samples that are mixed in, `share`, (B,) what
    the own labels count, and, where the partner covers a rectangle instead of shining through,
    `box`, (B, 4): top, left, bottom, right.
    """

    @property
    def total_uniforms(self) -> int:
        """Uniform numbers that one sample needs."""

    def draw(self, u: Tensor, height: Tensor, width: Tensor, xp: Any) -> Parameters:
        """Turn (B, total_uniforms) uniforms into parameters."""


def mix_images(pixels: Array, p: Parameters) -> Array:
    """Mix the images of a batch.

    Args:
        pixels: (B, height, width, channels) uint8, uint16 or floats; never changed.
        p: What a mixer drew.

    Returns:
        A new array of that shape and dtype; whole numbers are rounded once.

    Example:
        >>> pixels = np.array([0, 100], np.uint8).reshape(2, 1, 1, 1)
        >>> p = {"partner": np.array([1, 0]), "share": np.array([0.75, 0.5])}
        >>> mix_images(pixels, p).ravel()
        array([25, 50], dtype=uint8)
    """
    mixed = np.empty_like(pixels)
    for own, partner in enumerate(p["partner"].tolist()):
        if "box" in p:
            top, left, bottom, right = p["box"][own].tolist()
            mixed[own] = pixels[own]
            mixed[own, top:bottom, left:right] = pixels[partner, top:bottom, left:right]
        else:
            _blend(pixels[own], pixels[partner], float(p["share"][own]), mixed[own])
    return mixed


def _blend(own: Array, other: Array, share: float, out: Array) -> None:
    if out.dtype == np.float16:  # which OpenCV does not add
        weight = np.float32(share)
        out[:] = own.astype(np.float32) * weight + other.astype(np.float32) * (1 - weight)
    else:
        rows, columns = out.shape[0], -1
        first, second = own.reshape(rows, columns), other.reshape(rows, columns)
        cv2.addWeighted(first, share, second, 1 - share, 0, dst=out.reshape(rows, columns))


def mix_all(targets: Any, mixes: Sequence[Parameters]) -> Any:
    """Mix the labels or weights of a batch as often as its images were.

    Args:
        targets: (B, ...) numbers.
        mixes: What the mixers drew, in the order of their action.

    Returns:
        An array of that shape.
    """
    for p in mixes:
        targets = mix_targets(targets, p, np)
    return targets


def mix_targets(targets: Tensor, p: Parameters, xp: Any) -> Tensor:
    """Mix the labels or weights of a batch.

    Args:
        targets: (B, ...) numbers, of which whole ones become float32.
        p: What a mixer drew.
        xp: `numpy` or `keras.ops`.

    Returns:
        An array of that shape.

    Example:
        >>> p = {"partner": np.array([1, 0]), "share": np.array([0.75, 0.5])}
        >>> mix_targets(np.array([[1, 0], [0, 1]]), p, np)
        array([[0.75, 0.25],
               [0.5 , 0.5 ]], dtype=float32)
    """
    kept = targets.dtype if "float" in str(targets.dtype) else "float32"
    wide = "float64" if "float64" in str(kept) else "float32"
    own = cast(targets, wide, xp)
    share = cast(p["share"], wide, xp)
    share = xp.reshape(share, (-1,) + (1,) * (len(targets.shape) - 1))
    other = xp.take(own, p["partner"], axis=0)
    return cast(own * share + other * (1 - share), kept, xp)
