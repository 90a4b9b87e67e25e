"""Bend images like rubber."""

from __future__ import annotations

from typing import Any, Unpack

import keras

from keras_cvdata.arguments import interval, is_number
from keras_cvdata.engine.array_api import Parameters, Tensor
from keras_cvdata.layers.forms import FieldLayer, GeometricOptions
from keras_cvdata.types import Range

# Points of the grid on each side. The greatest shift, a tenth of a side, stays below half of their
# distance, a quarter of a side, so that no line of pixels folds over.
_POINTS = 7
_FULL = 0.1


@keras.saving.register_keras_serializable(package="keras_cvdata")
class RandomElasticTransform(FieldLayer):
    """Bend images by a smooth random field.

    Use it for handwriting, tissue and other soft things. The points of a grid of 7 x 7 over each
    image are shifted by themselves, and cubic splines lead from one to the next; so the field has
    the same form at any size of the image. Its largest shift is 0.1 times `scale` of each side, a
    typical one a quarter of that. Sources: Simard et al. 2003, "Best practices for convolutional
    neural networks"; `keras.layers.RandomElasticTransform` (same unit; its `factor` is `rate`
    here, and it draws one scale for a whole batch).

    Args:
        scale: Range (low, high) of the strength, 0 to 1; v for (0, v).
        **options: `fill_mode`, `fill_value`, `interpolation`, see `FillingLayer`, and `rate`,
            `seed`, `data_format` and `name`, see `AugmentationLayer`.

    Raises:
        TypeError: The range is neither a number nor a pair of numbers.
        ValueError: A value is out of its range.

    Example:
        >>> import numpy as np
        >>> image = np.full((1, 8, 8, 3), 90, "uint8")
        >>> np.unique(np.asarray(RandomElasticTransform()(image)))
        array([90], dtype=uint8)
    """

    num_uniforms = 1 + 2 * _POINTS**2

    def __init__(self, *, scale: float | Range = 1.0, **options: Unpack[GeometricOptions]) -> None:
        super().__init__(**options)
        ends: Any = (0, scale) if is_number(scale) else scale
        self.scale = interval(self._named("scale"), ends, unit="parts of the full", low=0, high=1)

    def parameters(self, u: Tensor, height: Tensor, width: Tensor, xp: Any) -> Parameters:
        """Draw the strength, and the shift of each point across and down, from -1 to 1."""
        shape = (-1, _POINTS, _POINTS, 2)
        return {"scale": self.scale.at(u[:, 0]), "shifts": xp.reshape(2 * u[:, 1:] - 1, shape)}

    def field(self, p: Parameters, height: Tensor, width: Tensor, xp: Any) -> Tensor:
        """Shift the points by parts of the sides."""
        full = p["scale"] * _FULL
        sides = xp.stack([full * width, full * height], axis=-1)
        return p["shifts"] * sides[:, None, None, :]
