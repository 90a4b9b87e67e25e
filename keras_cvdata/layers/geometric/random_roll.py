"""Shift images round."""

from __future__ import annotations

from typing import Any, Unpack

import keras

from keras_cvdata.arguments import Interval, interval
from keras_cvdata.engine.array_api import Parameters, Tensor, cast
from keras_cvdata.layers.base import LayerOptions
from keras_cvdata.layers.forms import RegionLayer
from keras_cvdata.types import Range

_LIMIT = 0.2
# Fractions like 0.29 of 100 pixels fall a hair below the whole number that they mean.
_SLACK = 1e-4


@keras.saving.register_keras_serializable(package="keras_cvdata")
class RandomRoll(RegionLayer):
    """Shift images by whole pixels; what leaves on one side comes back on the other.

    Use it for small shifts of objects on an even background: nothing is invented and nothing is
    lost. Beyond 0.2 the object itself is torn apart. Sources: R69, R70, X26.

    Args:
        height_factor: Range of the shift down as a fraction of the height, (low, high) or v for
            (-v, v); negative is up. All whole pixels within it are equally likely.
        width_factor: Range of the shift to the right as a fraction of the width, likewise.
        allow_large_shift: Permit shifts of more than 0.2.
        **options: `rate`, `seed`, `data_format` and `name`, see `AugmentationLayer`.

    Raises:
        TypeError: A range is neither a number nor a pair of numbers.
        ValueError: A value is out of its range, or beyond 0.2 without permission.

    Example:
        >>> import numpy as np
        >>> image = np.arange(4, dtype="uint8").reshape(1, 1, 4, 1)
        >>> rolled = RandomRoll(0, (0.25, 0.25), allow_large_shift=True)(image)
        >>> np.asarray(rolled)[0, 0, :, 0]
        array([3, 0, 1, 2], dtype=uint8)
    """

    num_uniforms = 2

    def __init__(
        self,
        height_factor: float | Range = 0.1,
        width_factor: float | Range = 0.1,
        *,
        allow_large_shift: bool = False,
        **options: Unpack[LayerOptions],
    ) -> None:
        super().__init__(**options)
        self.allow_large_shift = bool(allow_large_shift)
        self.height_factor = self._factor("height_factor", height_factor, "heights")
        self.width_factor = self._factor("width_factor", width_factor, "widths")

    def _factor(self, argument: str, value: float | Range, unit: str) -> Interval:
        name = self._named(argument)
        factor = interval(name, value, unit=unit, low=-1, high=1, single="symmetric")
        if max(-factor.low, factor.high) > _LIMIT and not self.allow_large_shift:
            raise ValueError(
                f"{name} must stay within -{_LIMIT} to {_LIMIT}, because larger shifts tear the "
                f"object apart; got {value!r}. Pass allow_large_shift=True if that is wanted, or "
                "use RandomTranslation."
            )
        return factor

    def parameters(self, u: Tensor, height: Tensor, width: Tensor, xp: Any) -> Parameters:
        """Draw the shifts in whole pixels."""
        return {
            "dy": _whole(self.height_factor, u[:, 0], height, xp),
            "dx": _whole(self.width_factor, u[:, 1], width, xp),
        }

    def region(self, p: Parameters, height: Tensor, width: Tensor, xp: Any) -> Tensor:
        """Cut the image in four and exchange the parts."""
        y, x = cast(p["dy"] % height, "int32", xp), cast(p["dx"] % width, "int32", xp)
        zero = xp.zeros_like(y)
        bottom, right = zero + cast(height, "int32", xp), zero + cast(width, "int32", xp)
        parts = [
            [y, x, bottom, right, zero, zero],
            [zero, x, y, right, bottom - y, zero],
            [y, zero, bottom, x, zero, right - x],
            [zero, zero, y, x, bottom - y, right - x],
        ]
        return xp.stack([xp.stack(part, axis=-1) for part in parts], axis=1)


def _whole(factor: Interval, u: Tensor, length: Tensor, xp: Any) -> Tensor:
    """Draw one of the whole numbers of pixels within a range; 0 where there is none."""
    first = xp.ceil(factor.low * length + xp.zeros_like(u) - _SLACK)
    last = xp.floor(factor.high * length + xp.zeros_like(u) + _SLACK)
    drawn = first + xp.floor(u * (last - first + 1))
    return xp.where(last < first, xp.zeros_like(u), drawn)
