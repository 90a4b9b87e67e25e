"""Look at images from aside."""

from __future__ import annotations

from typing import Any, ClassVar, Unpack

import keras

from keras_cvdata.arguments import interval
from keras_cvdata.engine.array_api import Parameters, Tensor
from keras_cvdata.engine.geometry.matrices import perspective
from keras_cvdata.layers.forms import GeometricLayer, GeometricOptions

# From 0.37 on the horizon may come into the frame, and beyond it the image a second time.
MOST = 0.35


@keras.saving.register_keras_serializable(package="keras_cvdata")
class RandomPerspective(GeometricLayer):
    """Move each corner of images by itself, as if they were seen from aside.

    Use it for flat things that are photographed at any angle: signs, covers, documents. It fuses
    with other geometric layers into one warp. Source: `keras.layers.RandomPerspective`, with three
    differences: its `factor` is `rate` here, as in all layers; its corners move in proportion to
    their distance from the top left one, which never moves, and here all move alike; and its
    `scale` goes up to 1, and here up to 0.35, beyond which the horizon may come into sight, and the
    image a second time behind it.

    Args:
        scale: Corners move up to half of this share of the sides, 0 to 0.35, either way across and
            down.
        **options: `fill_mode`, `fill_value`, `interpolation`, see `GeometricLayer`, and `rate`,
            `seed`, `data_format` and `name`, see `AugmentationLayer`.

    Raises:
        TypeError: The scale is no number.
        ValueError: A value is out of its range.

    Example:
        >>> import numpy as np
        >>> image = np.full((1, 8, 8, 3), 90, "uint8")
        >>> np.unique(np.asarray(RandomPerspective()(image)))
        array([90], dtype=uint8)
    """

    num_uniforms = 8
    projective: ClassVar[bool] = True

    def __init__(self, *, scale: float = 0.2, **options: Unpack[GeometricOptions]) -> None:
        super().__init__(**options)
        self.scale = interval(
            self._named("scale"), scale, unit="sides", low=0, high=MOST, single="fixed"
        ).high

    def parameters(self, u: Tensor, height: Tensor, width: Tensor, xp: Any) -> Parameters:
        """Draw how far each corner moves, in sides: (B, 4) clockwise from the top left."""
        moved = (u - 0.5) * self.scale
        return {"x": moved[:, :4], "y": moved[:, 4:]}

    def matrix(self, p: Parameters, height: Tensor, width: Tensor, xp: Any) -> Tensor:
        """Lead the moved corners to those of the image."""
        return perspective(p["x"], p["y"], height, width, xp)
