"""Bring what users pass as `augment` to a list of layers."""

from __future__ import annotations

from typing import Any

import keras

from keras_cvdata.engine.augmentation import Augmentation
from keras_cvdata.layers.adapters import Lambda
from keras_cvdata.layers.mixing.base import MixingLayer

# What these make of uint8 is not uint8.
_SCALING = (keras.layers.Rescaling, keras.layers.Normalization)


def inference_layers(augment: Any) -> list[Augmentation] | None:
    """Leave of the `augment` argument of a sequence what acts outside training too.

    Args:
        augment: As in `parse_layers`.

    Returns:
        The layers that draw nothing, and what stands for crops; `None` where nothing is left.

    Example:
        >>> from keras_cvdata.layers import RandomCrop, RandomFlip
        >>> inference_layers([RandomFlip(), RandomCrop(24, 24)])
        [CenterCrop(height=24, width=24)]
    """
    layers = [layer.inference_layer() for layer in parse_augment(augment)[0]]
    return [layer for layer in layers if layer is not None] or None


def parse_layers(augment: Any) -> list[Augmentation]:
    """Read layers that change single images.

    Args:
        augment: A layer, a list or `keras.Sequential` of layers, any callable on one uint8 image
            (height, width, channels), a transform of Albumentations, a preprocessing layer of
            Keras, or `None`.

    Returns:
        The layers, in the order of their action.

    Raises:
        TypeError: It is something else, or a layer of Keras whose result is not uint8.
        ValueError: A layer mixes whole batches.

    Example:
        >>> import numpy as np
        >>> from keras_cvdata.layers import RandomFlip
        >>> len(parse_layers([RandomFlip("horizontal"), np.flipud]))
        2
    """
    return [_as_layer(entry) for entry in _entries(augment)]


def parse_augment(augment: Any) -> tuple[list[Augmentation], tuple[MixingLayer, ...]]:
    """Read the `augment` argument of a sequence.

    Args:
        augment: As in `parse_layers`; at its end there may be layers that mix batches.

    Returns:
        The layers that change single images, and those that mix batches.

    Raises:
        TypeError: It is something else, see `parse_layers`.
        ValueError: A layer that mixes batches stands before one that changes images.
    """
    entries = _entries(augment)
    end = len(entries)
    while end and isinstance(entries[end - 1], MixingLayer):
        end -= 1
    return parse_layers(entries[:end]), tuple(entries[end:])


def _entries(augment: Any) -> list[Any]:
    if augment is None:
        return []
    if isinstance(augment, keras.Sequential):
        return _entries(augment.layers)
    if isinstance(augment, list | tuple):
        return [inner for entry in augment for inner in _entries(entry)]
    return [augment]


def _as_layer(augment: Any) -> Augmentation:
    if isinstance(augment, MixingLayer):
        raise ValueError(
            f"{augment!r} mixes whole batches with their labels, so it cannot stand among layers "
            "that change single images. Put it at the end of `augment`, or call it on "
            "(images, labels)."
        )
    if isinstance(augment, Augmentation):
        return augment
    if isinstance(augment, _SCALING):
        raise TypeError(
            f"augment holds the Keras layer {augment.name!r} ({type(augment).__name__}), whose "
            "result is not uint8. Use rescale= or standardize= of the sequence, or put it into "
            "the model."
        )
    if isinstance(augment, type):
        raise TypeError(
            f"augment holds the class {augment.__name__}; construct it: {augment.__name__}(...)."
        )
    if callable(augment):
        return Lambda(augment)
    raise TypeError(
        "augment must be a layer of keras_cvdata.layers, a list or keras.Sequential of them, or a "
        f"function of one uint8 image; got {augment!r} of type {type(augment).__name__}."
    )
