"""Change the brightness of each channel by itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

import keras

from keras_cvdata.arguments import Interval, interval, is_number
from keras_cvdata.engine.array_api import Parameters, Tensor
from keras_cvdata.layers.forms import PhotometricLayer, PhotometricOptions
from keras_cvdata.types import Range

_MOST_CHANNELS = 4


@keras.saving.register_keras_serializable(package="keras_cvdata")
class RandomChannelLighting(PhotometricLayer):
    """Multiply every channel by a gain of its own, which shifts the colour of the light.

    Use it for scenes under lamps and daylight of different colour. Results saturate. Sources: R72,
    X23.

    Args:
        factors: A range (low, high) of the gain for up to 4 channels, or a list with one range for
            each channel; 1 changes nothing.
        **options: `value_range`, see `PhotometricLayer`, and `rate`, `seed`, `data_format` and
            `name`, see `AugmentationLayer`.

    Raises:
        TypeError: A range is no pair of numbers.
        ValueError: A value is out of its range, or the layer meets images with more channels than
            there are ranges.

    Example:
        >>> import numpy as np
        >>> image = np.full((1, 1, 1, 3), 100, "uint8")
        >>> layer = RandomChannelLighting([(1.7, 1.7), (0.2, 0.2), (3.0, 3.0)])
        >>> np.asarray(layer(image)).ravel()
        array([170,  20, 255], dtype=uint8)
    """

    per_channel = True

    def __init__(
        self,
        factors: Range | Sequence[Range] = (0.8, 1.2),
        **options: Unpack[PhotometricOptions],
    ) -> None:
        super().__init__(**options)
        name = self._named("factors")
        if isinstance(factors, str) or not isinstance(factors, Sequence) or not factors:
            raise TypeError(
                f"{name} must be a pair (low, high) or a list with one pair for each channel; "
                f"got {factors!r}."
            )
        if all(map(is_number, factors)):
            every = interval(name, factors, unit="times", low=0, high=100)
            self.factors: Interval | tuple[Interval, ...] = every
            self._ranges = (every,) * _MOST_CHANNELS
        else:
            self._ranges = self.factors = tuple(
                interval(f"{name}[{i}]", each, unit="times", low=0, high=100)
                for i, each in enumerate(factors)
            )
        self.num_uniforms = len(self._ranges)

    def check_channels(self, channels: int) -> None:
        """Refuse images with more channels than there are ranges."""
        if channels > self.num_uniforms:
            raise ValueError(
                f"{type(self).__name__} has ranges for {self.num_uniforms} channels and the images "
                f"have {channels}. Give a list with one range for each channel."
            )

    def parameters(self, u: Tensor, height: Tensor, width: Tensor, xp: Any) -> Parameters:
        """Draw (B, channels) gains."""
        gains = [each.at(u[:, i]) for i, each in enumerate(self._ranges)]
        return {"gain": xp.stack(gains, axis=-1)}

    def curve(self, p: Parameters, values: Tensor, xp: Any) -> Tensor:
        """Apply the gain of each channel."""
        return values * p["gain"][:, : values.shape[-1]][:, None, :]
