"""Turn images by quarters."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any, Unpack

import keras

from keras_cvdata.arguments import choice
from keras_cvdata.engine.array_api import Parameters, Tensor, cast
from keras_cvdata.engine.geometry.matrices import about_centre, turn
from keras_cvdata.layers.base import LayerOptions
from keras_cvdata.layers.forms import INTERPOLATIONS, MatrixLayer


@keras.saving.register_keras_serializable(package="keras_cvdata")
class RandomRot90(MatrixLayer):
    """Turn images counter-clockwise by quarters; without loss on square images.

    Use it where up and down mean nothing, as in views from above. An image that is not square is
    turned and then stretched back to its size. Sources: R65, X24 (counter-clockwise, as
    `numpy.rot90`).

    Args:
        k: Numbers of quarters to choose from, each as likely as the others.
        interpolation: `"bilinear"` or `"nearest"`, for images that are not square.
        **options: `rate`, `seed`, `data_format` and `name`, see `AugmentationLayer`.

    Raises:
        TypeError: `k` holds something else than integers.
        ValueError: `k` is empty, or the interpolation is none.

    Example:
        >>> import numpy as np
        >>> image = np.arange(12, dtype="uint8").reshape(1, 2, 2, 3)
        >>> turned = RandomRot90(k=(1,))(image)
        >>> bool((np.asarray(turned)[0] == np.rot90(image[0])).all())
        True
    """

    num_uniforms = 1
    # A side that is stretched back is read up to half a pixel beyond the border.
    keeps_inside = False
    fill_mode = "reflect"

    def __init__(
        self,
        k: Sequence[int] = (0, 1, 2, 3),
        *,
        interpolation: str = "bilinear",
        **options: Unpack[LayerOptions],
    ) -> None:
        super().__init__(**options)
        try:
            self.k = tuple(operator.index(quarters) for quarters in k)
        except TypeError:
            raise TypeError(
                f"{self._named('k')} must be a sequence of integers, such as (0, 1, 2, 3); "
                f"got {k!r}."
            ) from None
        if not self.k:
            raise ValueError(f"{self._named('k')} is empty. Name at least one number of quarters.")
        self.interpolation = choice(self._named("interpolation"), interpolation, INTERPOLATIONS)

    def parameters(self, u: Tensor, height: Tensor, width: Tensor, xp: Any) -> Parameters:
        """Draw the number of quarters, 0 to 3."""
        quarters = xp.array([float(k % 4) for k in self.k], dtype="float32")
        chosen = cast(xp.floor(u[:, 0] * len(self.k)), "int32", xp)
        return {"k": xp.take(quarters, chosen, axis=0) + xp.zeros_like(u[:, 0])}  # dtype of `u`

    def matrix(self, p: Parameters, height: Tensor, width: Tensor, xp: Any) -> Tensor:
        """Turn, and stretch back where the sides differ; sine and cosine are whole numbers."""
        zero, one = xp.zeros_like(p["k"]), xp.ones_like(p["k"])
        cosine = xp.where(p["k"] == 0, one, xp.where(p["k"] == 2, -one, zero))
        sine = xp.where(p["k"] == 1, one, xp.where(p["k"] == 3, -one, zero))
        on_side = xp.abs(sine)
        down = 1 + on_side * (width / height - 1)
        across = 1 + on_side * (height / width - 1)
        return about_centre(turn(cosine, sine, (down, across)), height, width, xp)
