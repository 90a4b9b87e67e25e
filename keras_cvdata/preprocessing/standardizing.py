"""Standardisation of images by the data, by themselves, or by a function."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from keras_cvdata.types import Array

_EPSILON = 1e-6

OPTIONS = (
    "zca_whitening",
    "featurewise_center",
    "featurewise_std_normalization",
    "samplewise_center",
    "samplewise_std_normalization",
)

# What each option needs, and what ZCA whitening replaces: option, other option, value of the other.
_RULES = (
    ("zca_whitening", "featurewise_center", True),
    ("zca_whitening", "featurewise_std_normalization", False),
    ("featurewise_std_normalization", "featurewise_center", True),
    ("samplewise_std_normalization", "samplewise_center", True),
)


def agree(options: Mapping[str, bool]) -> dict[str, bool]:
    """Switch on the options that others need, and off what ZCA whitening replaces; warn of it.

    Args:
        options: Each of `OPTIONS`, and whether it is on.

    Returns:
        All options, of which no two contradict each other.

    Example:
        >>> before = dict.fromkeys(OPTIONS, False)
        >>> agree(before) == before
        True
    """
    agreed = dict(options)
    for option, other, value in _RULES:
        if options[option] and bool(options[other]) != value:
            agreed[other] = value
            warnings.warn(
                f"This ImageDataGenerator specifies `{option}`, which overrides setting of "
                f"`{other}`. Pass {other}={value} to silence this.",
                stacklevel=4,
            )
    return agreed


def standardize_by_itself(
    x: Array,
    *,
    function: Callable[[Array], Array] | None,
    rescale: float | None,
    center: bool,
    scale: bool,
) -> Array:
    """Apply what needs no other image: a function, a factor and the statistics of `x`.

    Args:
        x: One image or a batch, of floats; it is changed in place.
        function: Takes and returns one image, or None.
        rescale: Factor, or None.
        center: Subtract the mean.
        scale: Divide by the standard deviation.

    Returns:
        `x`, or what the function made of it.

    Example:
        >>> how = {"function": None, "center": False, "scale": False}
        >>> standardize_by_itself(np.array([51.0, 255.0]), rescale=1 / 255, **how).tolist()
        [0.2, 1.0]
    """
    if function:
        x = function(x)
    if rescale:
        x *= rescale
    if center:
        x -= np.mean(x, keepdims=True)
    if scale:
        x /= np.std(x, dtype=_summed_as(x), keepdims=True) + _EPSILON
    return x


def standardize_by_data(
    x: Array, mean: Array | None, std: Array | None, whitening: Array | None
) -> Array:
    """Apply statistics that were learned from many images; None leaves one out.

    Args:
        x: One image or a batch, of floats; it is changed in place.
        mean: Subtracted, see `mean_of_channels`.
        std: Divisor, see `std_of_channels`.
        whitening: See `whitening_matrix`.

    Returns:
        `x`, or what whitening made of it.
    """
    if mean is not None:
        x -= mean
    if std is not None:
        x /= std + _EPSILON
    if whitening is not None:
        x = (x.reshape(-1, math.prod(x.shape[-3:])) @ whitening).reshape(x.shape)
    return x


def if_learned(option: str, wanted: bool, statistics: Array | None) -> Array | None:
    """Give the statistics that an option asks for, and warn where they are not known.

    Args:
        option: Name of the option, for the warning.
        wanted: Its value.
        statistics: What `fit` has learned, or None.

    Returns:
        The statistics; None where they are not asked for or not known.
    """
    if wanted and statistics is None:
        warnings.warn(
            f"This ImageDataGenerator specifies `{option}`, but it hasn't been fit: nothing is "
            "done of it yet. Call fit(x) with images first.",
            stacklevel=3,
        )
    return statistics if wanted else None


def as_images(x: Any, dtype: Any, data_format: str, channel_axis: int) -> Array:
    """Copy the images that statistics are learned from.

    Args:
        x: (N, height, width, channels) images, or with the channels second.
        dtype: Dtype of the copy.
        data_format: "channels_last" or "channels_first", for the warning.
        channel_axis: Axis of the channels.

    Returns:
        The copy.

    Raises:
        ValueError: `x` has not four axes.
    """
    images = np.array(x, dtype)
    if images.ndim != 4:
        raise ValueError(
            "fit takes images of four axes, such as (N, height, width, channels); got shape "
            f"{images.shape}."
        )
    if images.shape[channel_axis] not in (1, 3, 4):
        warnings.warn(
            "Expected input to be images (as Numpy array) following the data format convention "
            f'"{data_format}" (channels on axis {channel_axis}); shape {images.shape} has not 1, 3 '
            "or 4 there.",
            stacklevel=3,
        )
    return images


def mean_of_channels(x: Array, channel_axis: int) -> Array:
    """Mean of each channel over a batch, to be subtracted from single images.

    Args:
        x: (N, height, width, channels) images, or with the channels second.
        channel_axis: Axis of the channels, 3 or 1.

    Returns:
        (1, 1, channels), or (channels, 1, 1).

    Example:
        >>> float(mean_of_channels(np.full((2, 4, 4, 1), 7), 3).item())
        7.0
    """
    mean: Array = np.mean(x, axis=_others(channel_axis), keepdims=True)[0]
    return mean


def std_of_channels(x: Array, channel_axis: int) -> Array:
    """Standard deviation of each channel over a batch; arguments as in `mean_of_channels`."""
    std: Array = np.std(x, axis=_others(channel_axis), dtype=_summed_as(x), keepdims=True)[0]
    return std.astype(x.dtype)


def whitening_matrix(x: Array, epsilon: float) -> Array:
    """Matrix that decorrelates the values of an image, by ZCA over a batch.

    Args:
        x: (N, ...) images of D values each, centred.
        epsilon: Keeps from dividing by zero.

    Returns:
        (D, D) float64, from the right of flat images.

    Example:
        >>> whitening_matrix(np.eye(4).reshape(4, 2, 2, 1), 1e-6).shape
        (4, 4)
    """
    flat = x.reshape(len(x), -1).astype(_summed_as(x) or x.dtype)
    u, s, _ = np.linalg.svd(flat.T, full_matrices=False)
    # In double precision: where images depend on each other its values are large and cancel out.
    matrix: Array = (u * (np.sqrt(len(x)) / (s + epsilon))) @ u.T
    return matrix


def _summed_as(x: Array) -> Any:
    """A dtype in which squares of grey levels add up without overflow; None for that of `x`."""
    return np.float32 if x.dtype == np.float16 else None


def _others(channel_axis: int) -> tuple[int, ...]:
    return tuple(axis for axis in range(4) if axis != channel_axis)
