"""Functions, transforms of Albumentations and layers of Keras, as members of a chain."""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable
from typing import Any, ClassVar, Literal

import keras
import numpy as np

from keras_cvdata.engine.array_api import Parameters, Tensor, cast
from keras_cvdata.engine.augmentation import Augmentation
from keras_cvdata.types import Array


class Lambda(Augmentation):
    """A function of one uint8 image that takes part in a chain; nothing fuses across it.

    It acts in sequences only, and is called from many threads at once. Transforms of Albumentations
    and layers of Keras are seeded for each sample; other functions draw as they like.

    Args:
        function: Takes one uint8 image (height, width, channels) and returns one of that shape and
            dtype; a transform of Albumentations or a layer of Keras serves as it is.

    Example:
        >>> import numpy as np
        >>> Lambda(np.flipud).form
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
    def total_uniforms(self) -> int:
        """One number for the seed, where it can be told."""
        return int(self.seeded)

    def draw(self, u: Tensor, height: Tensor, width: Tensor, xp: Any) -> Parameters:
        """Draw the seed of each image."""
        return {"seed": cast(xp.floor(u[:, 0] * 2**31), "int64", xp)} if self.seeded else {}

    def __repr__(self) -> str:
        return f"Lambda({self.function!r})"


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
