"""Cut the middle out of images."""

from __future__ import annotations

from typing import Any

import keras

from keras_cvdata.engine.array_api import Parameters, Tensor
from keras_cvdata.layers.geometric.crop import Crop


@keras.saving.register_keras_serializable(package="keras_cvdata")
class CenterCrop(Crop):
    """Cut the middle out of images, in training and outside.

    Use it to test what was trained with `RandomCrop`. An image that is smaller is enlarged just
    enough to cover the size, with its aspect kept. Where the rest is odd, the greater part is cut
    off below and on the right. Source: `keras.layers.CenterCrop`.

    Args:
        height: Height of the result in pixels; by default that of what comes in.
        width: Width, likewise.
        **options: `seed`, `data_format` and `name`, see `AugmentationLayer`.

    Raises:
        TypeError: A size is no integer.
        ValueError: A size is below 1, or only one of height and width is given.

    Example:
        >>> import numpy as np
        >>> image = np.arange(5, dtype="uint8").reshape(1, 1, 5, 1)
        >>> np.asarray(CenterCrop(1, 3)(image))[0, 0, :, 0]
        array([1, 2, 3], dtype=uint8)
    """

    def parameters(self, u: Tensor, height: Tensor, width: Tensor, xp: Any) -> Parameters:
        """Place the window in the middle."""
        middle = xp.sum(u, axis=1) + 0.5  # nothing is drawn, so the sum is 0 for each image
        return {"y": middle, "x": middle}
