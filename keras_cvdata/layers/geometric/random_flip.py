"""Mirror images."""

from __future__ import annotations

from typing import Any, Unpack

import keras

from keras_cvdata.arguments import choice
from keras_cvdata.engine.array_api import Parameters, Tensor
from keras_cvdata.engine.geometry.matrices import about_centre
from keras_cvdata.layers.base import SharedOptions
from keras_cvdata.layers.forms import MatrixLayer

_MODES = ("horizontal", "vertical", "horizontal_and_vertical")


@keras.saving.register_keras_serializable(package="keras_cvdata")
class RandomFlip(MatrixLayer):
    """Mirror images left to right, top to bottom or both, without loss.

    Use it where a mirrored object keeps its label; text and digits do not. Sources: R64, X24
    (names follow Keras: "horizontal" exchanges left and right).

    Args:
        mode: `"horizontal"`, `"vertical"`, or `"horizontal_and_vertical"`, which decides about
            each of the two by itself.
        rate: Probability, 0 to 1, of each mirroring.
        **options: `seed`, `data_format` and `name`, see `AugmentationLayer`.

    Raises:
        ValueError: The mode or the rate is none.

    Example:
        >>> import numpy as np
        >>> image = np.arange(6, dtype="uint8").reshape(1, 2, 3, 1)
        >>> flipped = RandomFlip("horizontal", rate=1.0)(image)
        >>> np.asarray(flipped)[0, :, :, 0]
        array([[2, 1, 0],
               [5, 4, 3]], dtype=uint8)
    """

    gated = False

    def __init__(
        self,
        mode: str = "horizontal_and_vertical",
        *,
        rate: float = 0.5,
        **options: Unpack[SharedOptions],
    ) -> None:
        super().__init__(rate=rate, **options)
        self.mode = choice(self._named("mode"), mode, _MODES)
        self.num_uniforms = 2 if mode == "horizontal_and_vertical" else 1

    def parameters(self, u: Tensor, height: Tensor, width: Tensor, xp: Any) -> Parameters:
        """Draw the direction of each axis: -1 is mirrored, 1 is not."""
        sign = xp.where(u < self.rate, -xp.ones_like(u), xp.ones_like(u))
        kept = xp.ones_like(sign[:, 0])
        return {
            "x": sign[:, 0] if "horizontal" in self.mode else kept,
            "y": sign[:, -1] if "vertical" in self.mode else kept,
        }

    def matrix(self, p: Parameters, height: Tensor, width: Tensor, xp: Any) -> Tensor:
        """Read from the other side."""
        zero = xp.zeros_like(p["x"])
        return about_centre((p["x"], zero, zero, p["y"]), height, width, xp)
