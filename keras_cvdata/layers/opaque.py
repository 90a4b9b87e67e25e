"""Bring what users pass as augmentation to a list of layers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Literal

import keras

from keras_cvdata.engine.plan import Augmentation
from keras_cvdata.engine.portable import Parameters, Tensor
from keras_cvdata.layers.base import AugmentationLayer
from keras_cvdata.layers.mixing.base import MixingLayer
from keras_cvdata.types import Array


class Opaque:
    """A function of one uint8 image that takes part in a chain; nothing fuses across it.

    It acts in sequences only. Its randomness is its own, so seeds of a sequence do not reach it,
    and it is called from many threads at once.

    Args:
        function: Takes one uint8 image (height, width, channels) and returns one of that shape and
            dtype; a transform of Albumentations serves as it is.

    Example:
        >>> import numpy as np
        >>> Opaque(np.flipud).form
        'call'
    """

    form: ClassVar[Literal["call"]] = "call"
    num_draws: ClassVar[int] = 0

    def __init__(self, function: Callable[..., Any]) -> None:
        named = type(function).__module__.split(".")[0] == "albumentations"
        self.function: Callable[[Array], Array] = _ByName(function) if named else function

    def draw(self, u: Tensor, height: Tensor, width: Tensor, xp: Any) -> Parameters:  # noqa: ARG002
        """Draw nothing."""
        return {}

    def parts(self) -> Sequence[Any]:
        """Be one part."""
        return (self,)

    def spread(self, p: Parameters) -> Sequence[Parameters]:
        """Be one part."""
        return (p,)

    def output_size(self, height: Tensor, width: Tensor) -> tuple[Tensor, Tensor]:
        """Keep the size."""
        return height, width

    def check_channels(self, channels: int) -> None:
        """Take any number of channels."""

    def __repr__(self) -> str:
        return f"Opaque({self.function!r})"


class _ByName:
    """Call a transform of Albumentations, which takes and returns images by name."""

    def __init__(self, transform: Callable[..., Any]) -> None:
        self.transform = transform

    def __call__(self, image: Array) -> Array:
        result: Array = self.transform(image=image)["image"]
        return result

    def __repr__(self) -> str:
        return repr(self.transform)


def as_layers(augment: Any) -> list[Augmentation]:
    """Read layers that change single images.

    Args:
        augment: A layer, a list or `keras.Sequential` of layers, any callable on one uint8 image
            (height, width, channels), a transform of Albumentations, or `None`.

    Returns:
        The layers, in the order of their action.

    Raises:
        TypeError: It is something else, such as a layer of Keras, which has no form for single
            images in NumPy.
        ValueError: A layer mixes whole batches.

    Example:
        >>> import numpy as np
        >>> from keras_cvdata.layers import RandomFlip
        >>> len(as_layers([RandomFlip("horizontal"), np.flipud]))
        2
    """
    return [_as_layer(entry) for entry in _entries(augment)]


def split_mixing(augment: Any) -> tuple[list[Augmentation], tuple[MixingLayer, ...]]:
    """Read the `augment` argument of a sequence.

    Args:
        augment: As in `as_layers`; at its end there may be layers that mix batches.

    Returns:
        The layers that change single images, and those that mix batches.

    Raises:
        TypeError: It is something else, see `as_layers`.
        ValueError: A layer that mixes batches stands before one that changes images.
    """
    entries = _entries(augment)
    end = len(entries)
    while end and isinstance(entries[end - 1], MixingLayer):
        end -= 1
    return as_layers(entries[:end]), tuple(entries[end:])


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
        augment.parts()  # says why it cannot be here
    if isinstance(augment, AugmentationLayer | Opaque):
        return augment
    if isinstance(augment, keras.layers.Layer):
        raise TypeError(
            f"augment holds the Keras layer {augment.name!r} ({type(augment).__name__}), which "
            "cannot act on single images in threads. Use its namesake of keras_cvdata.layers, or "
            "put it into the model."
        )
    if isinstance(augment, type):
        raise TypeError(
            f"augment holds the class {augment.__name__}; construct it: {augment.__name__}(...)."
        )
    if callable(augment):
        return Opaque(augment)
    raise TypeError(
        "augment must be a layer of keras_cvdata.layers, a list or keras.Sequential of them, or a "
        f"function of one uint8 image; got {augment!r} of type {type(augment).__name__}."
    )
