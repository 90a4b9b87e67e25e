"""Take the colour out of images."""

from __future__ import annotations

from typing import Any, Unpack

import keras

from keras_cvdata.engine.array_api import Parameters, Tensor
from keras_cvdata.engine.colors import towards_gray
from keras_cvdata.layers.base import SharedOptions
from keras_cvdata.layers.forms import ColorLayer
from keras_cvdata.types import Range


@keras.saving.register_keras_serializable(package="keras_cvdata")
class RandomGrayscale(ColorLayer):
    """Turn images grey and keep their channels: `0.299 R + 0.587 G + 0.114 B` in each.

    Use it where shape tells classes apart and colour misleads. Weights are those of ITU-R 601, as
    in Pillow. Source: `keras.layers.RandomGrayscale`, whose `factor` is the `rate`.

    Args:
        rate: Probability, 0 to 1, that an image turns grey.
        value_range: Lowest and highest value of float images, such as (0, 1).
        **options: `seed`, `data_format` and `name`, see `AugmentationLayer`.

    Raises:
        ValueError: The rate is no probability, or the images have no colours.

    Example:
        >>> import numpy as np
        >>> image = np.array([200, 100, 50], "uint8").reshape(1, 1, 1, 3)
        >>> np.asarray(RandomGrayscale(rate=1.0)(image)).ravel()
        array([124, 124, 124], dtype=uint8)
    """

    def __init__(
        self,
        rate: float = 0.5,
        *,
        value_range: Range | None = None,
        **options: Unpack[SharedOptions],
    ) -> None:
        super().__init__(rate=rate, value_range=value_range, **options)

    def inference_layer(self) -> None:
        """Nothing happens outside training, also where every image turns grey in it."""

    def parameters(self, u: Tensor, height: Tensor, width: Tensor, xp: Any) -> Parameters:
        """Draw nothing: no colour is left. The sum over no draws is 0 for each image."""
        return {"saturation": xp.sum(u, axis=1)}

    def mix(self, p: Parameters, xp: Any) -> Tensor:
        """Replace by grey."""
        return towards_gray(p["saturation"], xp)
