"""Apply layers in an order that is drawn for each image."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

import keras

from keras_cvdata.engine.array_api import Tensor
from keras_cvdata.layers.base import LayerOptions
from keras_cvdata.layers.policies.base import CompoundLayer
from keras_cvdata.layers.policies.some_of import ranks


@keras.saving.register_keras_serializable(package="keras_cvdata")
class RandomOrder(CompoundLayer):
    """Apply all layers to each image, in an order that is drawn for it.

    Use it where the order makes a difference that a model should not rely on, such as blur before
    noise or after it. Every order is as likely as the others. It takes as many rounds as there are
    layers, so n layers in any order cost more than n in a row, up to n times as much on tensors.
    Source: `torchvision.transforms.v2.RandomOrder`.

    Args:
        layers: The layers; they must keep the size of the image.
        **options: `rate`, `seed`, `data_format` and `name`, see `AugmentationLayer`.

    Raises:
        TypeError: `layers` is not a list of layers.
        ValueError: There are none, or one of them changes the size.

    Example:
        >>> import numpy as np
        >>> from keras_cvdata.layers import RandomInvert, RandomLighting
        >>> darker = RandomLighting((0.5, 0.5), (0, 0))
        >>> either = RandomOrder([darker, RandomInvert(rate=1.0)], seed=3)
        >>> image = np.full((20, 1, 1, 1), 56, "uint8")
        >>> sorted(set(np.asarray(either(image)).ravel().tolist()))
        [100, 227]
    """

    def __init__(self, layers: Sequence[Any], **options: Unpack[LayerOptions]) -> None:
        super().__init__(layers, **options)
        self._refuse_sizes()

    @property
    def num_gate_uniforms(self) -> int:  # type: ignore[override] # depends on the layers
        """One number for each layer; they act from the least to the largest."""
        return len(self.layers)

    def rounds(self) -> Sequence[Sequence[int]]:
        """As many rounds as there are layers; any layer may act in each of them."""
        return [range(len(self.layers))] * len(self.layers)

    def gates(self, u: Tensor, xp: Any) -> Tensor:
        """Give each layer the round of its rank."""
        order = ranks(u, xp)
        return xp.concatenate([order == turn for turn in range(len(self.layers))], axis=1)
