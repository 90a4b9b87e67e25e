"""Store images as JPEG and read them again."""

from __future__ import annotations

from typing import Any, Unpack

import keras

from keras_cvdata.arguments import whole_interval
from keras_cvdata.engine.array_api import Parameters, Tensor
from keras_cvdata.layers.forms import KernelLayer, PhotometricOptions
from keras_cvdata.layers.uniforms import pick
from keras_cvdata.types import Range


@keras.saving.register_keras_serializable(package="keras_cvdata")
class RandomJPEG(KernelLayer):
    """Compress images as JPEG of random quality, with chroma at half size (4:2:0).

    Use it for pictures from the web, which were compressed again and again. In sequences OpenCV
    encodes and decodes; in a model the same integer arithmetic runs on tensors, and both agree to
    the last level wherever OpenCV was built with libjpeg-turbo and images are at least 5 pixels
    wide. Floats and 16-bit images are rounded to 256 levels. Grey images have no chroma, a fourth
    channel stays as it is. Sources: ITU-T T.81; `torchvision.transforms.v2.JPEG`.

    Args:
        quality: Range (low, high) of the quality, whole numbers from 1 to 100, or a fixed one.
        **options: `value_range`, see `RangedLayer`, and `rate`, `seed`, `data_format` and `name`,
            see `AugmentationLayer`.

    Raises:
        TypeError: The range is neither a number nor a pair of numbers.
        ValueError: A value is out of its range or no whole number, or the images have other than
            1, 3 or 4 channels.

    Example:
        >>> import numpy as np
        >>> image = np.arange(64, dtype="uint8").reshape(8, 8, 1) * 4
        >>> np.asarray(RandomJPEG(10)(image))[0, :4, 0]
        array([ 4,  6,  8, 12], dtype=uint8)
    """

    num_uniforms = 1
    kernel = "jpeg"

    def __init__(
        self, quality: int | Range = (30, 95), **options: Unpack[PhotometricOptions]
    ) -> None:
        super().__init__(**options)
        self.quality = whole_interval(
            self._named("quality"), quality, unit="JPEG quality", low=1, high=100
        )

    def check_channels(self, channels: int) -> None:
        """Refuse images that are not grey, RGB or RGBA."""
        if channels not in (1, 3, 4):
            raise ValueError(
                f"{type(self).__name__} works on images with 1, 3 or 4 channels (grey, RGB, RGBA); "
                f"these have {channels}. Leave the layer out."
            )

    def parameters(self, u: Tensor, height: Tensor, width: Tensor, xp: Any) -> Parameters:
        """Draw the quality."""
        return {"quality": pick(self.quality, u[:, 0], xp)}
