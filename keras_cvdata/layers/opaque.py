"""Bring what users pass as augmentation to a list of layers."""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Literal

import keras
import numpy as np

from keras_cvdata.engine.plan import Augmentation
from keras_cvdata.engine.portable import Parameters, Tensor, cast
from keras_cvdata.layers.base import AugmentationLayer
from keras_cvdata.layers.mixing.base import MixingLayer
from keras_cvdata.types import Array


class Opaque:
    """A function of one uint8 image that takes part in a chain; nothing fuses across it.

    It acts in sequences only, and is called from many threads at once. Transforms of Albumentations
    and layers of Keras are seeded for each sample; other functions draw as they like.

    Args:
        function: Takes one uint8 image (height, width, channels) and returns one of that shape and
            dtype; a transform of Albumentations or a layer of Keras serves as it is.

    Example:
        >>> import numpy as np
        >>> Opaque(np.flipud).form
        'call'
    """

    form: ClassVar[Literal["call"]] = "call"

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function: Callable[..., Array] = function
        if isinstance(function, keras.layers.Layer):
            self.function = _KerasLayer(function)
        elif type(function).__module__.split(".")[0] == "albumentations":
            self.function = _Albumentations(function)
        self.seeded = self.function is not function

    @property
    def num_draws(self) -> int:
        """One number for the seed, where it can be told."""
        return int(self.seeded)

    def draw(self, u: Tensor, height: Tensor, width: Tensor, xp: Any) -> Parameters:  # noqa: ARG002
        """Draw the seed of each image."""
        return {"seed": cast(xp.floor(u[:, 0] * 2**31), "int64", xp)} if self.seeded else {}

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

    def resting(self) -> None:
        """Be taken for random."""

    def __repr__(self) -> str:
        return f"Opaque({self.function!r})"


class _Albumentations:
    """Call a transform by name, in a copy for each thread, because it holds its random state."""

    def __init__(self, transform: Any) -> None:
        self.transform = transform
        self._copies = threading.local()

    def __reduce__(self) -> tuple[type[_Albumentations], tuple[Any]]:
        return _Albumentations, (self.transform,)

    def __call__(self, image: Array, seed: int) -> Array:
        if not hasattr(self._copies, "transform"):
            self._copies.transform = copy.deepcopy(self.transform)
        transform = self._copies.transform
        transform.set_random_seed(seed)
        result: Array = transform(image=image)["image"]
        return result

    def __repr__(self) -> str:
        return repr(self.transform)


class _KerasLayer:
    """Call a layer of Keras on one image after another, because its random state is shared."""

    def __init__(self, layer: Any) -> None:
        self.layer = layer
        self._generators = [
            value
            for inner in layer._flatten_layers()
            for value in vars(inner).values()
            if isinstance(value, keras.random.SeedGenerator)
        ]
        self._lock = threading.Lock()

    def __reduce__(self) -> tuple[type[_KerasLayer], tuple[Any]]:
        return _KerasLayer, (self.layer,)

    def __call__(self, image: Array, seed: int) -> Array:
        with self._lock:
            for generator in self._generators:
                generator.state.assign([seed, 0])
            pixels = keras.ops.convert_to_tensor(image[None], dtype="float32")
            result = keras.ops.convert_to_numpy(self.layer(pixels, training=True))[0]
        return np.rint(np.clip(result, 0, 255)).astype(np.uint8)  # type: ignore[no-any-return]

    def __repr__(self) -> str:
        return f"{type(self.layer).__name__} of Keras, {self.layer.name!r}"


# What these make of uint8 is not uint8.
_SCALING = (keras.layers.Rescaling, keras.layers.Normalization)


def resting(augment: Any) -> list[Augmentation] | None:
    """Leave of the `augment` argument of a sequence what acts outside training too.

    Args:
        augment: As in `as_layers`.

    Returns:
        The layers that draw nothing, and what stands for crops; `None` where nothing is left.

    Example:
        >>> from keras_cvdata.layers import RandomCrop, RandomFlip
        >>> resting([RandomFlip(), RandomCrop(24, 24)])
        [CenterCrop(height=24, width=24)]
    """
    layers = [layer.resting() for layer in split_mixing(augment)[0]]
    return [layer for layer in layers if layer is not None] or None


def as_layers(augment: Any) -> list[Augmentation]:
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
        return Opaque(augment)
    raise TypeError(
        "augment must be a layer of keras_cvdata.layers, a list or keras.Sequential of them, or a "
        f"function of one uint8 image; got {augment!r} of type {type(augment).__name__}."
    )
