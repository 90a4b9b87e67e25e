"""Brightness and channel shift of the old class, level by level."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import keras
import numpy as np

from keras_cvdata.preprocessing.randomness import random_state
from keras_cvdata.types import Array

# What is added before rounding, so that it cuts down; a warp in float32 leaves flat areas a hair
# below whole levels, which stay.
_DOWN = -0.5 + 2**-10


def apply_channel_shift(x: Array, intensity: float, channel_axis: int = 0) -> Array:  # noqa: ARG001 # as in Keras
    """Add one value to all channels; what leaves the range of the image is clipped to it.

    Args:
        x: One image.
        intensity: What is added, in units of the pixels.
        channel_axis: Not used: all channels change alike.

    Returns:
        An image of the same shape.

    Example:
        >>> apply_channel_shift(np.array([[[10.0, 20.0, 30.0]]]), 15).tolist()
        [[[25.0, 30.0, 30.0]]]
    """
    return np.clip(x + intensity, *_extremes(x))


def random_channel_shift(x: Array, intensity_range: float, channel_axis: int = 0) -> Array:
    """Add one random value to all channels, see `apply_channel_shift`.

    Args:
        x: One image.
        intensity_range: Largest value added or subtracted, in units of the pixels.
        channel_axis: Not used: all channels change alike.

    Returns:
        An image of the same shape.
    """
    intensity = random_state().uniform(-intensity_range, intensity_range)
    return apply_channel_shift(x, intensity, channel_axis=channel_axis)


def apply_brightness_shift(x: Array, brightness: float, scale: bool = True) -> Array:
    """Multiply an image by a factor, in whole levels of 0 to 255.

    Pixels are cut down to whole levels before, but for the last thousandth, and after. An image
    that leaves 0 to 255 is stretched to it first, and back afterwards. Alpha stays.

    Args:
        x: One image of three axes, in the data format of Keras's configuration.
        brightness: The factor: 0 is black, 1 changes nothing.
        scale: Stretch the image to 0 to 255, and leave it there.

    Returns:
        An image of the same shape, of Keras's float type.

    Example:
        >>> apply_brightness_shift(np.array([[[10.9, 100, 200]]]), 1.5, scale=False).tolist()
        [[[15.0, 150.0, 255.0]]]
    """
    channels_first = keras.config.image_data_format() == "channels_first"
    return brighten(x, brightness, scale, 0 if channels_first else 2)


def brighten(x: Array, brightness: float, scale: bool, channel_axis: int) -> Array:
    """`apply_brightness_shift` of an image whose channels lie on a known axis."""
    x = np.asarray(x)
    low, high = _extremes(x)  # in the dtype of the image, which that of the result hangs on
    leaves = low < 0 or high > 255
    x = x.astype(keras.config.floatx(), copy=False)
    if leaves or scale:
        levels = x - x.dtype.type(low)
        levels /= np.max(levels) or 1
        levels *= 255
        whole = np.ascontiguousarray(levels.astype(np.uint8))
    else:
        flat = np.ascontiguousarray(x, np.float32).reshape(len(x), -1)
        whole = cv2.convertScaleAbs(flat, alpha=1, beta=_DOWN).reshape(x.shape)
    table = np.clip(np.float32(brightness) * np.arange(256, dtype=np.float32), 0, 255)
    result = cv2.LUT(whole, np.trunc(table)).reshape(x.shape).astype(x.dtype, copy=False)
    if x.shape[channel_axis] == 4:
        alpha = [slice(None)] * 3
        alpha[channel_axis] = slice(3, 4)
        result[tuple(alpha)] = whole[tuple(alpha)]
    if leaves and not scale:
        result = result / 255 * (high - low) + low
    return result


def _extremes(x: Array) -> tuple[np.floating[Any], np.floating[Any]]:
    """Lowest and highest value, in one pass where that is possible."""
    if x.dtype != np.float32 or not x.flags.c_contiguous:
        return np.min(x), np.max(x)
    low, high, *_ = cv2.minMaxLoc(x.reshape(len(x), -1))
    return np.float32(low), np.float32(high)


def random_brightness(x: Array, brightness_range: Sequence[float], scale: bool = True) -> Array:
    """Multiply an image by a random factor, see `apply_brightness_shift`.

    Args:
        x: One image of three axes, in the data format of Keras's configuration.
        brightness_range: Lowest and highest factor.
        scale: Stretch the image to 0 to 255, and leave it there.

    Returns:
        An image of the same shape, of Keras's float type.

    Raises:
        ValueError: The range is not two numbers.
    """
    if len(brightness_range) != 2:
        raise ValueError(
            f"brightness_range must be the lowest and the highest factor; got {brightness_range}."
        )
    brightness = random_state().uniform(*brightness_range)
    return apply_brightness_shift(x, brightness, scale)
