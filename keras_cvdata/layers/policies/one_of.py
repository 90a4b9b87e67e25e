"""Apply one of several layers to each image."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

import keras

from keras_cvdata.engine.portable import Tensor, cast
from keras_cvdata.layers.base import LayerOptions
from keras_cvdata.layers.policies.base import CompoundLayer


@keras.saving.register_keras_serializable(package="keras_cvdata")
class OneOf(CompoundLayer):
    """Apply one of several layers to each image, each as likely as the others.

    Use it for alternatives that would be too much together, such as kinds of noise. The choice is
    made for each image. Source: `albumentations.OneOf`.

    Args:
        layers: Layers to choose from; they must keep the size of the image.
        **options: `rate`, `seed`, `data_format` and `name`, see `AugmentationLayer`.

    Raises:
        TypeError: `layers` is not a list of layers.
        ValueError: There are none, or one of them changes the size.

    Example:
        >>> import numpy as np
        >>> from keras_cvdata.layers import RandomFlip, RandomInvert
        >>> choice = OneOf([RandomFlip("horizontal", rate=1.0), RandomInvert(rate=1.0)], seed=3)
        >>> image = np.array([[0, 90]], "uint8")[None, :, :, None]
        >>> sorted({tuple(np.asarray(choice(image)).ravel().tolist()) for _ in range(20)})
        [(90, 0), (255, 165)]
    """

    exclusive = True
    gate_draws = 1

    def __init__(self, layers: Sequence[Any], **options: Unpack[LayerOptions]) -> None:
        super().__init__(layers, **options)
        self._refuse_sizes()

    def gates(self, u: Tensor, xp: Any) -> Tensor:
        """Choose one."""
        chosen = cast(xp.floor(u * len(self.layers)), "int32", xp)
        return chosen == xp.arange(len(self.layers), dtype="int32")[None]
