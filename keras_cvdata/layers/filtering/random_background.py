"""Put things on another ground."""

from __future__ import annotations

from typing import Any, Unpack

import keras

from keras_cvdata.arguments import interval
from keras_cvdata.engine.array_api import Parameters, Tensor
from keras_cvdata.layers.forms import KernelLayer, PhotometricOptions
from keras_cvdata.types import Range


@keras.saving.register_keras_serializable(package="keras_cvdata")
class RandomBackground(KernelLayer):
    """Give pixels that look like the border of the image another colour.

    Use it where the ground shows the class, as a conveyor belt does (R95): a model that learnt the
    ground fails here. With the colour b of the border (the mean of the outermost rows and columns),
    the largest difference d of a channel from it, and a drawn colour n, the value v becomes `v + s
    * (n - b)`, where s is 1 for d up to the tolerance, and falls to 0 at twice of it; so soft edges
    stay soft. A fourth channel stays. Both executors agree within 1 level on uint8 and 2e-6 of the
    value range on floats.

    Args:
        tolerance: Range (low, high) of how unlike the border the ground may be, in units of the
            value range, 0.001 to 1, or a fixed number.
        levels: Range from which red, green and blue are drawn, in that unit, or a fixed number; one
            number serves all channels where there are not 3 or 4.
        **options: `value_range`, see `RangedLayer`, and `rate`, `seed`, `data_format` and `name`,
            see `AugmentationLayer`.

    Raises:
        TypeError: A range is neither a number nor a pair of numbers.
        ValueError: A value is out of its range.

    Example:
        >>> import numpy as np
        >>> image = np.zeros((1, 8, 8, 1), "uint8")
        >>> image[0, 3:5, 3:5] = 200
        >>> changed = np.asarray(RandomBackground(levels=0.4)(image))
        >>> np.unique(changed).tolist()
        [102, 200]
    """

    num_uniforms = 4
    kernel = "background"

    def __init__(
        self,
        tolerance: float | Range = 0.1,
        *,
        levels: float | Range = (0.0, 1.0),
        **options: Unpack[PhotometricOptions],
    ) -> None:
        super().__init__(**options)
        self.tolerance = interval(
            self._named("tolerance"),
            tolerance,
            unit="value ranges",
            low=0.001,
            high=1,
            single="fixed",
        )
        self.levels = interval(
            self._named("levels"), levels, unit="value ranges", low=0, high=1, single="fixed"
        )

    def parameters(self, u: Tensor, height: Tensor, width: Tensor, xp: Any) -> Parameters:
        """Draw the tolerance and a colour."""
        return {"tolerance": self.tolerance.at(u[:, 0]), "color": self.levels.at(u[:, 1:4])}
