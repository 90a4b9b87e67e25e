"""Keep only some bits of each value."""

from __future__ import annotations

from typing import Any, Unpack

import keras

from keras_cvdata.arguments import Interval, integer
from keras_cvdata.engine.array_api import Parameters, Tensor, cast
from keras_cvdata.layers.forms import PhotometricLayer, PhotometricOptions

# 8-bit levels are cut down to whole steps; a value that was divided by 255 must reach its level.
_SLACK = 2.0**-10


@keras.saving.register_keras_serializable(package="keras_cvdata")
class RandomPosterization(PhotometricLayer):
    """Keep the highest bits of 8 and set the lower ones to 0.

    Use it for images that went through few colours, such as GIF files, and in policies. Values are
    cut down, so images become darker; other depths than uint8 are cut on the same 256 levels.
    Sources: `keras.layers.RandomPosterization`, which never draws the higher end of a pair, and
    `PIL.ImageOps.posterize`.

    Args:
        factor: Bits to keep, 1 to 8: a pair (low, high), both ends included, or a fixed number.
        **options: `value_range`, see `PhotometricLayer`, and `rate`, `seed`, `data_format` and
            `name`, see `AugmentationLayer`.

    Raises:
        TypeError: The bits are no integers.
        ValueError: A value is out of its range.

    Example:
        >>> import numpy as np
        >>> image = np.array([0, 100, 255], "uint8").reshape(1, 1, 3, 1)
        >>> np.asarray(RandomPosterization(2)(image)).ravel()
        array([  0,  64, 192], dtype=uint8)
    """

    num_uniforms = 1

    def __init__(
        self, factor: int | tuple[int, int] = (4, 7), **options: Unpack[PhotometricOptions]
    ) -> None:
        super().__init__(**options)
        self.factor = self._check_bits(factor)

    def _check_bits(self, factor: int | tuple[int, int]) -> tuple[int, int]:
        name = self._named("factor")
        low, high = (
            factor if isinstance(factor, tuple | list) and len(factor) == 2 else [factor] * 2
        )
        ends = integer(name, low, 1), integer(name, high, 1)
        if ends[0] > ends[1] or ends[1] > 8:
            raise ValueError(
                f"{name} must be bits from 1 to 8, or a pair of them, the lower one first; "
                f"got {factor!r}."
            )
        return ends

    def parameters(self, u: Tensor, height: Tensor, width: Tensor, xp: Any) -> Parameters:
        """Draw the bits."""
        low, high = self.factor
        return {"bits": cast(xp.floor(Interval(low, high + 1).at(u[:, 0])), "int32", xp)}

    def curve(self, p: Parameters, values: Tensor, xp: Any) -> Tensor:
        """Cut values down to whole steps."""
        steps = xp.array([2.0**bits for bits in range(8, -1, -1)], dtype="float32")
        step = xp.take(steps, cast(p["bits"], "int32", xp), axis=0)[:, None, None]
        return xp.floor((values * 255 + _SLACK) / step) * step / 255
