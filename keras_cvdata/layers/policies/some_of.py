"""Apply several out of more layers to each image."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

import keras

from keras_cvdata.arguments import integer
from keras_cvdata.engine.array_api import Tensor, cast
from keras_cvdata.layers.base import LayerOptions
from keras_cvdata.layers.policies.base import CompoundLayer


@keras.saving.register_keras_serializable(package="keras_cvdata")
class SomeOf(CompoundLayer):
    """Apply `n` different layers out of a list to each image, in the order of the list.

    Use it for variety without all effects at once. Every choice of `n` layers is as likely as the
    others and made for each image. Source: `albumentations.SomeOf`.

    Args:
        layers: Layers to choose from; they must keep the size of the image.
        n: How many of them act on an image, from 1 to their number.
        **options: `rate`, `seed`, `data_format` and `name`, see `AugmentationLayer`.

    Raises:
        TypeError: `layers` is not a list of layers, or `n` no integer.
        ValueError: There are fewer than `n`, or one of them changes the size.

    Example:
        >>> import numpy as np
        >>> from keras_cvdata.layers import RandomFlip, RandomInvert
        >>> both = [RandomFlip("horizontal", rate=1.0), RandomInvert(rate=1.0)]
        >>> image = np.array([[0, 90]], "uint8")[None, :, :, None]
        >>> np.asarray(SomeOf(both, 2)(image)).ravel()
        array([165, 255], dtype=uint8)
    """

    def __init__(self, layers: Sequence[Any], n: int = 1, **options: Unpack[LayerOptions]) -> None:
        super().__init__(layers, **options)
        self.n = integer(self._named("n"), n, 1)
        if self.n > len(self.layers):
            raise ValueError(
                f"{self._named('n')} is {n}, but there are only {len(self.layers)} layers to "
                f"choose from. Use at most n={len(self.layers)}."
            )
        self._refuse_sizes()

    @property
    def num_gate_uniforms(self) -> int:  # type: ignore[override] # depends on the layers
        """One number for each layer; the least `n` are chosen."""
        return len(self.layers)

    def gates(self, u: Tensor, xp: Any) -> Tensor:
        """Choose those with the least numbers."""
        return ranks(u, xp) < self.n


def ranks(u: Tensor, xp: Any) -> Tensor:
    """Say how many numbers of a row come before each.

    Args:
        u: (B, n) numbers; of equal ones the first comes first.
        xp: `numpy` or `keras.ops`.

    Returns:
        (B, n) int32, in each row the numbers 0 to n - 1.

    Example:
        >>> import numpy as np
        >>> ranks(np.array([[0.3, 0.1, 0.3]]), np)
        array([[1, 0, 2]], dtype=int32)
    """
    number = xp.arange(u.shape[1], dtype="int32")
    tied = (u[:, None, :] == u[:, :, None]) & (number[None, :] < number[:, None])[None]
    before = (u[:, None, :] < u[:, :, None]) | tied
    return cast(xp.sum(cast(before, "int32", xp), axis=2), "int32", xp)
