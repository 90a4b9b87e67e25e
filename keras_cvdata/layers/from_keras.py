"""Layers of Keras as layers of this package."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import keras

from keras_cvdata.layers.keras_conversions import CONVERSIONS, REFUSED
from keras_cvdata.layers.random_layer import RandomLayer
from keras_cvdata.types import Range


def from_keras(layers: Any, value_range: Range = (0, 255)) -> list[RandomLayer]:
    """Make layers of this package that do what given layers of Keras do.

    Use it to bring over a pipeline that was tuned with Keras's layers: units are shifted, and
    probabilities that Keras draws anew for each image become a `rate`. The draws are others. Where
    a layer of Keras does something that none does here, the nearest one is made with a warning that
    says what is other.

    Args:
        layers: A layer of Keras, a list, a `keras.Sequential` or a `keras.layers.Pipeline` of them;
            layers of this package stay as they are.
        value_range: Lowest and highest value of the images, for fill values of geometric layers,
            which in Keras do not know it.

    Returns:
        The layers in their order, to be given as `augment`, or to be called.

    Raises:
        TypeError: There is no such layer here; the message says what to use.
        ValueError: A layer has an argument that has no counterpart.

    Example:
        >>> augment = [keras.layers.RandomFlip("horizontal"), keras.layers.RandomRotation(0.1)]
        >>> from_keras(augment)[1].factor
        Interval(low=-0.1, high=0.1)
    """
    return [_converted(layer, value_range) for layer in _flat(layers)]


def _flat(layers: Any) -> list[Any]:
    if isinstance(layers, keras.Sequential | keras.layers.Pipeline):
        return _flat(list(layers.layers))
    if isinstance(layers, Sequence) and not isinstance(layers, str):
        return [inner for layer in layers for inner in _flat(layer)]
    return [layers]


def _converted(layer: Any, value_range: Range) -> RandomLayer:
    if isinstance(layer, RandomLayer):
        return layer
    name = type(layer).__name__
    if getattr(keras.layers, name, None) is not type(layer) or name not in CONVERSIONS:
        advice = REFUSED.get(name, "Write it as a layer of this package, see AugmentationLayer.")
        raise TypeError(f"from_keras knows no layer for {layer!r} of type {name}. {advice}")
    made, other = CONVERSIONS[name](layer, value_range)
    if other:
        warnings.warn(f"{name} is not exactly as in Keras: {other}", stacklevel=4)
    return made
