"""Freeze the window before the camera."""

from __future__ import annotations

from typing import Any, Unpack

import keras

from keras_cvdata.arguments import interval
from keras_cvdata.engine.array_api import Parameters, Tensor
from keras_cvdata.engine.kernels.hashing import seeds
from keras_cvdata.layers.forms import KernelLayer, PhotometricOptions
from keras_cvdata.types import Range


@keras.saving.register_keras_serializable(package="keras_cvdata")
class RandomFrost(KernelLayer):
    """Dim images and add ice: `keep * v + amount * ice`.

    v is a value of 0 to 1. The ice is drawn: needles where normally distributed blots change their
    sign, in two directions 60 degrees apart, before clouds four times as large; on 3 and 4 channels
    it is bluish. A fourth channel stays. Both executors agree within 1 level on uint8 and 0.02 /
    255 of the value range on floats. Source: Hendrycks and Dietterich 2019, "Benchmarking neural
    network robustness to common corruptions and perturbations", with (keep, amount) of (1, 0.4),
    (0.8, 0.6), (0.7, 0.7), (0.65, 0.7) and (0.6, 0.75); it adds photographs of frost, so its pixels
    are other ones.

    Args:
        amount: Range (low, high) of the brightness of the ice, 0 to 1, or a fixed number.
        keep: Range of the share of the image that shines through, 0 to 1, or a fixed number.
        size: Range of the distance of the needles in pixels, 1 to 400, or a fixed number; they are
            up to three times as long.
        **options: `value_range`, see `RangedLayer`, and `rate`, `seed`, `data_format` and `name`,
            see `AugmentationLayer`.

    Raises:
        TypeError: A range is neither a number nor a pair of numbers.
        ValueError: A value is out of its range.

    Example:
        >>> import numpy as np
        >>> image = np.full((1, 64, 64, 3), 100, "uint8")
        >>> frozen = np.asarray(RandomFrost(0.6, keep=0.8, seed=7)(image))
        >>> int(frozen.min()) >= 80, int(frozen.max()) > 150
        (True, True)
    """

    num_uniforms = 6
    kernel = "frost"

    def __init__(
        self,
        amount: float | Range = (0.2, 0.5),
        *,
        keep: float | Range = (0.7, 1.0),
        size: float | Range = (8, 20),
        **options: Unpack[PhotometricOptions],
    ) -> None:
        super().__init__(**options)
        self.amount = interval(
            self._named("amount"), amount, unit="whites", low=0, high=1, single="fixed"
        )
        self.keep = interval(
            self._named("keep"), keep, unit="shares", low=0, high=1, single="fixed"
        )
        self.size = interval(
            self._named("size"), size, unit="pixels", low=1, high=400, single="fixed"
        )

    def parameters(self, u: Tensor, height: Tensor, width: Tensor, xp: Any) -> Parameters:
        """Draw the ice, its direction and its seed."""
        return {
            "amount": self.amount.at(u[:, 0]),
            "keep": self.keep.at(u[:, 1]),
            "size": self.size.at(u[:, 2]),
            "degrees": 360 * u[:, 3],
            "seed": seeds(u[:, 4:6], xp),
        }
