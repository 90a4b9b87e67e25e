"""Cut windows out of images."""

from __future__ import annotations

from typing import Any, Unpack

import keras

from keras_cvdata.engine.array_api import Parameters, Tensor
from keras_cvdata.layers.base import SharedOptions
from keras_cvdata.layers.geometric.center_crop import CenterCrop
from keras_cvdata.layers.geometric.crop import Crop


@keras.saving.register_keras_serializable(package="keras_cvdata")
class RandomCrop(Crop):
    """Cut a window of a fixed size out of each image, at a place of its own.

    Use it after a resize to somewhat more than the model takes, or after `Pad`. All whole pixels
    are equally likely. An image that is smaller is enlarged just enough to cover the size, with its
    aspect kept, and cut at a random place too. Outside training the middle is cut out. Source:
    `keras.layers.RandomCrop`, which draws one place for a whole batch and takes the middle of
    small images.

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
        >>> cropped = np.asarray(RandomCrop(1, 3)(image))[0, 0, :, 0]
        >>> int(cropped[0]) in (0, 1, 2), bool((np.diff(cropped) == 1).all())
        (True, True)
    """

    num_uniforms = 2

    def __init__(
        self,
        height: int | None = None,
        width: int | None = None,
        **options: Unpack[SharedOptions],
    ) -> None:
        super().__init__(height, width, **options)
        self._at_inference = CenterCrop(height, width, **options)

    def parameters(self, u: Tensor, height: Tensor, width: Tensor, xp: Any) -> Parameters:
        """Draw the place, from 0 (top, left) to 1 (bottom, right)."""
        return {"y": u[:, 0], "x": u[:, 1]}

    def inference_layer(self) -> CenterCrop:
        """The middle."""
        return self._at_inference
