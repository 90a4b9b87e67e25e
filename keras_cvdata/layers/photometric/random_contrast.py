"""Change contrast about the mean of each image."""

from __future__ import annotations

from typing import Any, Unpack

import keras

from keras_cvdata.arguments import Interval, interval, is_number
from keras_cvdata.engine.array_api import Parameters, Tensor
from keras_cvdata.layers.forms import HistogramLayer, PhotometricOptions
from keras_cvdata.types import Range


@keras.saving.register_keras_serializable(package="keras_cvdata")
class RandomContrast(HistogramLayer):
    """Multiply the distance of every value from the mean of its channel: `mean + c (x - mean)`.

    Use it for scenes in haze and in hard light. Unlike `RandomLighting` it keeps the mean. The gain
    c is drawn from 1 - low to 1 + high, as in `keras.layers.RandomContrast`, which draws from 1 up
    only where `factor` is one number, and exchanges the two of a pair whose first is the larger
    one. Sources: R71, `keras.layers.RandomContrast`.

    Args:
        factor: (low, high): by how much the gain may fall, 0 to 1, and rise, 0 to 100; v of 0 to 1
            for (v, v). Low 1 may leave even grey, high 1 may double the contrast.
        **options: `value_range`, see `RangedLayer`, and `rate`, `seed`, `data_format` and `name`,
            see `AugmentationLayer`.

    Raises:
        TypeError: The factor is neither a number nor a pair of numbers.
        ValueError: A value is out of its range.

    Example:
        >>> import numpy as np
        >>> image = np.array([100, 140], "uint8").reshape(1, 1, 2, 1)
        >>> contrast = np.ptp([np.asarray(RandomContrast(0.5)(image)) for _ in range(20)], axis=3)
        >>> bool(20 <= contrast.min() < 40 < contrast.max() <= 60)
        True
    """

    num_uniforms = 1
    kernel = "contrast"
    undone_by_samplewise = True

    def __init__(self, factor: float | Range = 0.2, **options: Unpack[PhotometricOptions]) -> None:
        super().__init__(**options)
        self.factor = self._ends(factor)
        self._change = Interval(-self.factor[0], self.factor[1])

    def _ends(self, factor: Any) -> tuple[float, float]:
        name = self._named("factor")
        if is_number(factor):
            low = high = factor
        elif isinstance(factor, tuple | list) and len(factor) == 2:
            low, high = factor
        else:
            raise TypeError(f"{name} must be a number or a pair (low, high); got {factor!r}.")
        fall, rise = (
            interval(f"{name} ({end})", value, unit="times", low=0, high=most, single="fixed").low
            for end, value, most in (("low", low, 1), ("high", high, 100))
        )
        return fall, rise

    def parameters(self, u: Tensor, height: Tensor, width: Tensor, xp: Any) -> Parameters:
        """Draw the gain."""
        return {"contrast": 1 + self._change.at(u[:, 0])}
