"""Apply layers in a row, or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

import keras

from keras_cvdata.layers.base import SharedOptions
from keras_cvdata.layers.policies.base import CompoundLayer


@keras.saving.register_keras_serializable(package="keras_cvdata")
class RandomApply(CompoundLayer):
    """Apply layers in a row to some images and none of them to the others.

    Use it for effects that belong together, such as the noise and the blur of a poor camera. There
    is one decision for each image and all layers. Sources: `torchvision.transforms.v2.RandomApply`;
    unlike `keras.layers.RandomApply` it takes several layers and decides for each image.

    Args:
        layers: Layers in the order of their action; they must keep the size of the image.
        rate: Probability, 0 to 1, that they act on an image.
        **options: `seed`, `data_format` and `name`, see `AugmentationLayer`.

    Raises:
        TypeError: `layers` is not a list of layers.
        ValueError: There are none, one of them changes the size, or `rate` is no probability.

    Example:
        >>> import numpy as np
        >>> from keras_cvdata.layers import RandomFlip, RandomInvert
        >>> both = [RandomFlip("horizontal", rate=1.0), RandomInvert(rate=1.0)]
        >>> image = np.array([[0, 90]], "uint8")[None, :, :, None]
        >>> apply = RandomApply(both, 0.5, seed=3)
        >>> sorted({tuple(np.asarray(apply(image)).ravel().tolist()) for _ in range(20)})
        [(0, 90), (165, 255)]
    """

    def __init__(
        self, layers: Sequence[Any], rate: float = 0.5, **options: Unpack[SharedOptions]
    ) -> None:
        super().__init__(layers, rate=rate, **options)
        self._refuse_sizes()
