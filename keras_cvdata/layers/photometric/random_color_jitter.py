"""Change brightness, contrast, saturation and hue at once."""

from __future__ import annotations

from typing import Any, Unpack

import keras
import numpy as np

from keras_cvdata.engine.array_api import Parameters, Tensor
from keras_cvdata.layers.base import AugmentationLayer
from keras_cvdata.layers.forms import PhotometricOptions, RangedLayer
from keras_cvdata.layers.photometric.random_brightness import RandomBrightness
from keras_cvdata.layers.photometric.random_contrast import RandomContrast
from keras_cvdata.layers.photometric.random_hue import RandomHue
from keras_cvdata.layers.photometric.random_saturation import RandomSaturation
from keras_cvdata.types import Range


@keras.saving.register_keras_serializable(package="keras_cvdata")
class RandomColorJitter(RangedLayer):
    """Change brightness, contrast, saturation and hue of an image, in this order.

    Use it as the one colour layer of a pipeline. It is `RandomBrightness`, `RandomContrast`,
    `RandomSaturation` and `RandomHue` in a row, whose units its arguments have; what is not given
    is left out, and without saturation and hue it serves grey images too. The executors agree
    within one level on uint8, but for rare pixels that an earlier step rounds apart and the hue
    takes three levels apart, and within 4e-6 of the value range on floats. Sources:
    `keras.layers.RandomColorJitter`, which has `value_range` in the first place and takes no number
    for it, so that a pair is refused there; `torchvision.transforms.v2.ColorJitter`, which shuffles
    the order and counts saturation from 1.

    Args:
        brightness_factor: As `factor` of `RandomBrightness`.
        contrast_factor: As `factor` of `RandomContrast`.
        saturation_factor: As `factor` of `RandomSaturation`: (0.4, 0.6) is moderate.
        hue_factor: As `factor` of `RandomHue`.
        **options: `value_range`, see `RangedLayer`, and `rate`, `seed`, `data_format` and `name`,
            see `AugmentationLayer`.

    Raises:
        TypeError: A range is neither a number nor a pair of numbers.
        ValueError: A value is out of its range, or the images have no colours.

    Example:
        >>> import numpy as np
        >>> image = np.array([200, 100, 50], "uint8").reshape(1, 1, 1, 3)
        >>> layer = RandomColorJitter(brightness_factor=(0.1, 0.1), saturation_factor=(0, 0))
        >>> np.asarray(layer(image)).ravel()
        array([150, 150, 150], dtype=uint8)
    """

    def __init__(
        self,
        brightness_factor: float | Range | None = None,
        contrast_factor: float | Range | None = None,
        saturation_factor: float | Range | None = None,
        hue_factor: float | Range | None = None,
        **options: Unpack[PhotometricOptions],
    ) -> None:
        super().__init__(**options)
        self.brightness_factor = _given(brightness_factor)
        self.contrast_factor = _given(contrast_factor)
        self.saturation_factor = _given(saturation_factor)
        self.hue_factor = _given(hue_factor)
        given: list[tuple[type[Any], float | Range | None]] = [
            (RandomBrightness, brightness_factor),
            (RandomContrast, contrast_factor),
            (RandomSaturation, saturation_factor),
            (RandomHue, hue_factor),
        ]
        self.jitters: list[AugmentationLayer] = [
            layer(factor, value_range=self.value_range)
            for layer, factor in given
            if factor is not None
        ]
        self.num_uniforms = len(self.jitters)
        one = np.zeros((1, 1))
        self._drawn = [name for each in self.jitters for name in each.parameters(one, 1, 1, np)]

    def flatten(self) -> list[Any]:
        """The layers in a row."""
        return list(self.jitters)

    def parameters(self, u: Tensor, height: Tensor, width: Tensor, xp: Any) -> Parameters:
        """Draw one number for each layer, under the name that it has there."""
        drawn = (
            layer.parameters(u[:, i : i + 1], height, width, xp)
            for i, layer in enumerate(self.jitters)
        )
        return {name: value for p in drawn for name, value in p.items()}

    def flatten_parameters(self, p: Parameters) -> list[Parameters]:
        """Give each layer its number; all act, or none."""
        active = {"active": p["active"]} if "active" in p else {}
        return [{name: p[name]} | active for name in self._drawn]

    def check_channels(self, channels: int) -> None:
        """Refuse images without colours where a layer needs them."""
        for layer in self.jitters:
            layer.check_channels(channels)


def _given(factor: Any) -> Any:
    """Keep a factor as it was given, also where it comes from a file that has lists only."""
    return tuple(factor) if isinstance(factor, list) else factor
