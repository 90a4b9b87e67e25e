"""Change the colour of the light."""

from __future__ import annotations

from typing import Any, Unpack

import keras

from keras_cvdata.arguments import Interval, interval
from keras_cvdata.engine.array_api import Parameters, Tensor
from keras_cvdata.engine.colors import light_gains
from keras_cvdata.layers.forms import PhotometricLayer, PhotometricOptions, check_colors
from keras_cvdata.types import Range


@keras.saving.register_keras_serializable(package="keras_cvdata")
class RandomColorTemperature(PhotometricLayer):
    """Light images as by a lamp or a sky of another colour temperature.

    Use it for cameras that misjudge the light; unlike `RandomChannelLighting` it stays on the line
    from candles over daylight to a blue sky. Red, green and blue are multiplied by the gains of
    Planck's law relative to 6500 K, which keep the brightness of grey; a fourth channel stays.
    Temperatures are drawn evenly in 1 / kelvin, as eyes see them. The executors agree but for one
    level in one of 10,000 table entries. Sources: Kim et al. (2002),
    `albumentations.PlanckianJitter` with mode "blackbody".

    Args:
        temperature: Range (low, high) in kelvins, 1667 to 25000: 3000 is a lamp, 6500 changes
            nothing, 12000 a blue sky.
        **options: `value_range`, see `PhotometricLayer`, and `rate`, `seed`, `data_format` and
            `name`, see `AugmentationLayer`.

    Raises:
        TypeError: The range is no pair of numbers.
        ValueError: A value is out of its range, or the images have no colours.

    Example:
        >>> import numpy as np
        >>> image = np.full((1, 1, 1, 3), 100, "uint8")
        >>> np.asarray(RandomColorTemperature((3000, 3000))(image)).ravel()
        array([127,  94,  55], dtype=uint8)
    """

    num_uniforms = 1
    per_channel = True

    def __init__(
        self, temperature: Range = (4500, 10000), **options: Unpack[PhotometricOptions]
    ) -> None:
        super().__init__(**options)
        self.temperature = interval(
            self._named("temperature"), temperature, unit="kelvins", low=1667, high=25000
        )

    def check_channels(self, channels: int) -> None:
        """Refuse images without colours."""
        check_colors(self, channels)

    def parameters(self, u: Tensor, height: Tensor, width: Tensor, xp: Any) -> Parameters:
        """Draw the temperature."""
        cold = Interval(1 / self.temperature.high, 1 / self.temperature.low)
        return {"temperature": 1 / cold.at(u[:, 0])}

    def curve(self, p: Parameters, values: Tensor, xp: Any) -> Tensor:
        """Apply the gain of each channel."""
        gains = light_gains(p["temperature"], xp)
        gains = xp.concatenate([gains, xp.ones_like(gains[:, :1])], axis=1)
        return values * gains[:, None, : values.shape[-1]]
