"""Lay a border round images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

import keras
import numpy as np
from keras import ops

from keras_cvdata.arguments import integer
from keras_cvdata.engine.array_api import Parameters, Tensor
from keras_cvdata.engine.geometry.matrices import shift
from keras_cvdata.layers.base import SharedOptions
from keras_cvdata.layers.forms import GeometricLayer
from keras_cvdata.layers.geometric.sides import sides
from keras_cvdata.types import Range


@keras.saving.register_keras_serializable(package="keras_cvdata")
class Pad(GeometricLayer):
    """Lay a border round images, in training and outside.

    Use it before `RandomCrop` on small images, or to bring images to a size without scaling them.
    Sources: `torchvision.transforms.v2.Pad`, `albumentations.PadIfNeeded`; He et al. 2015, "Deep
    residual learning" (4 pixels on CIFAR).

    Args:
        amounts: Pixels on each side: a number, (above and below, left and right), or (above, below,
            left, right).
        height: Instead of `amounts`: height of the result in pixels. The image lies in the middle,
            half a pixel above it where the rest is odd; a larger one keeps its height.
        width: Width, likewise.
        fill_mode: `"constant"`, `"reflect"`, `"nearest"` or `"wrap"`, see `GeometricLayer`.
        fill_value: What `"constant"` fills with, in units of the value range: 0 black, 1 white.
        value_range: Lowest and highest value of float images; needed for `"constant"` with a
            `fill_value` other than 0 only.
        **options: `seed`, `data_format` and `name`, see `AugmentationLayer`.

    Raises:
        TypeError: A number is no integer, or both `amounts` and a size are given.
        ValueError: A value is out of its range, or only one of height and width is given.

    Example:
        >>> import numpy as np
        >>> image = np.full((1, 1, 2, 1), 9, "uint8")
        >>> np.asarray(Pad((0, 0, 1, 2))(image))[0, 0, :, 0]
        array([0, 9, 9, 0, 0], dtype=uint8)
    """

    gated = False

    def __init__(
        self,
        amounts: int | Sequence[int] | None = None,
        *,
        height: int | None = None,
        width: int | None = None,
        fill_mode: str = "constant",
        fill_value: float = 0.0,
        value_range: Range | None = None,
        **options: Unpack[SharedOptions],
    ) -> None:
        super().__init__(
            fill_mode=fill_mode, fill_value=fill_value, value_range=value_range, **options
        )
        if amounts is not None and (height is not None or width is not None):
            raise TypeError(
                f"{type(self).__name__} takes amounts or height and width, not both; got "
                f"amounts={amounts!r}, height={height!r}, width={width!r}. Leave one out."
            )
        self.height, self.width = sides(self, height, width)
        self.amounts = amounts if amounts is None else self._four(amounts)
        self.changes_size = amounts is not None or height is not None

    def _four(self, amounts: Any) -> tuple[int, ...]:
        name = self._named("amounts")
        if isinstance(amounts, list | tuple):
            if len(amounts) not in (2, 4):
                raise ValueError(
                    f"{name} must be a number of pixels, (above and below, left and right) or "
                    f"(above, below, left, right); got {amounts!r}."
                )
            top, bottom, *rest = amounts if len(amounts) == 4 else [amounts[0]] * 2
            left, right = rest or [amounts[1]] * 2
        else:
            top = bottom = left = right = amounts
        return tuple(integer(name, value, 0) for value in (top, bottom, left, right))

    def parameters(self, u: Tensor, height: Tensor, width: Tensor, xp: Any) -> Parameters:
        """Find the pixels above and on the left."""
        zero = xp.sum(u, axis=1)  # nothing is drawn, so the sum is 0 for each image
        if self.amounts is not None:
            return {"top": zero + self.amounts[0], "left": zero + self.amounts[2]}
        tall, wide = self.output_size(height, width)
        return {
            "top": xp.floor((tall - height) / 2 + zero),
            "left": xp.floor((wide - width) / 2 + zero),
        }

    def output_size(self, height: Tensor, width: Tensor) -> tuple[Tensor, Tensor]:
        """The size with the border."""
        if self.amounts is not None:
            top, bottom, left, right = self.amounts
            return _plus(height, top + bottom), _plus(width, left + right)
        return _at_least(self.height, height), _at_least(self.width, width)

    def matrix(self, p: Parameters, height: Tensor, width: Tensor, xp: Any) -> Tensor:
        """Read from before the first pixel."""
        return shift(-p["left"], -p["top"], xp)


def _at_least(least: int | None, side: Tensor) -> Tensor:
    """The larger of two sides, of which the second may be an array or a tensor."""
    if least is None or side is None:
        return side
    if isinstance(side, int):
        return max(least, side)
    return (np if isinstance(side, np.ndarray | np.generic) else ops).maximum(side, least)


def _plus(side: Tensor, amount: int) -> Tensor:
    """A side with its border, where it is known."""
    return None if side is None else side + amount
