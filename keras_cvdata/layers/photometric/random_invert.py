"""Exchange black and white."""

from __future__ import annotations

from typing import Any, Unpack

import keras

from keras_cvdata.engine.array_api import Parameters, Tensor
from keras_cvdata.layers.base import SharedOptions
from keras_cvdata.layers.forms import PhotometricLayer
from keras_cvdata.types import Range


@keras.saving.register_keras_serializable(package="keras_cvdata")
class RandomInvert(PhotometricLayer):
    """Turn images into their negative: `1 - value`.

    Use it where dark on light and light on dark mean the same, as in handwriting; a tenth of the
    images is enough for a model to learn that. Sources: R82, R90, R91, X11.

    Args:
        rate: Probability, 0 to 1, that an image is inverted.
        value_range: Lowest and highest value of float images, such as (0, 1).
        **options: `seed`, `data_format` and `name`, see `AugmentationLayer`.

    Raises:
        ValueError: The rate is no probability.

    Example:
        >>> import numpy as np
        >>> image = np.array([0, 100, 255], "uint8").reshape(1, 1, 3, 1)
        >>> np.asarray(RandomInvert(rate=1.0)(image)).ravel()
        array([255, 155,   0], dtype=uint8)
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
        """Nothing happens outside training, also where every image is inverted in it."""

    def parameters(self, u: Tensor, height: Tensor, width: Tensor, xp: Any) -> Parameters:
        """Draw nothing: an image is inverted or not."""
        return {}

    def curve(self, p: Parameters, values: Tensor, xp: Any) -> Tensor:
        """Measure brightness from the other end."""
        return 1 - values
