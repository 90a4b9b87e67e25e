"""The brightest and the darkest of neighbouring pixels."""

from __future__ import annotations

from typing import Any

import cv2

from keras_cvdata.engine.array_api import Parameters, Tensor
from keras_cvdata.engine.kernels.base import Pair
from keras_cvdata.engine.kernels.blur import mirrored, shifted
from keras_cvdata.types import Array, Range

# One pixel after the other, by a cross and by a square in turn, makes octagons.
_SHAPES = tuple(
    cv2.getStructuringElement(shape, (3, 3)) for shape in (cv2.MORPH_CROSS, cv2.MORPH_RECT)
)


def _morphology_image(pixels: Array, p: Parameters, span: Range | None) -> Array:
    change = cv2.dilate if p["sign"] > 0 else cv2.erode
    result = pixels
    for number in range(int(p["steps"].sum())):
        result = change(result, _SHAPES[number % 2])
    return result.reshape(pixels.shape)


def _morphology_batch(
    pixels: Tensor,
    p: Parameters,
    span: Range | None,
    ops: Any,
) -> Tensor:
    sign = p["sign"][:, None, None, None]
    result = pixels * sign  # the darkest is the brightest of the negative
    for number in range(p["steps"].shape[1]):
        grown = _square(result, ops) if number % 2 else _cross(result, ops)
        result = ops.where(p["steps"][:, number][:, None, None, None], grown, result)
    return result * sign


def _square(pixels: Tensor, ops: Any) -> Tensor:
    return _line(_line(pixels, 1, ops), 2, ops)


def _cross(pixels: Tensor, ops: Any) -> Tensor:
    return ops.maximum(_line(pixels, 1, ops), _line(pixels, 2, ops))


def _line(pixels: Tensor, axis: int, ops: Any) -> Tensor:
    """Take the brightest of three in a row."""
    length = ops.shape(pixels)[axis]
    laid = mirrored(pixels, 1, axis, ops)
    ends = ops.maximum(shifted(laid, 0, length, axis), shifted(laid, 2, length, axis))
    return ops.maximum(pixels, ends)


MORPHOLOGY = Pair(_morphology_image, _morphology_batch)
