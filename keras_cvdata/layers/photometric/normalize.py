"""Bring pixels to mean 0 and standard deviation 1."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Unpack

import keras
import numpy as np

from keras_cvdata.arguments import is_number
from keras_cvdata.engine.array_api import Parameters, Tensor
from keras_cvdata.engine.output import Output
from keras_cvdata.layers.base import SharedOptions
from keras_cvdata.layers.forms import RangedLayer
from keras_cvdata.types import Range


@keras.saving.register_keras_serializable(package="keras_cvdata")
class Normalize(RangedLayer):
    """Subtract a mean and divide by a standard deviation: `(value - mean) / (std + 1e-7)`.

    Use it with the statistics that a pretrained model was trained with; its default is that of
    ImageNet. Fitted statistics of your own images go into `standardize=` of a sequence. It gives
    float32 and always acts. In a sequence it is the last layer, is part of the same table as the
    curves before it, and refuses `rescale` and `standardize` beside it. The executors agree within
    4e-6. Sources: R39, R46, `torchvision.transforms.v2.Normalize`.

    Args:
        mean: One number, or one for each channel, in units of the value range: 0 to 1 for any
            depth.
        std: Likewise, above 0.
        value_range: Lowest and highest value of float images, such as (0, 1).
        **options: `seed`, `data_format` and `name`, see `AugmentationLayer`.

    Raises:
        TypeError: A value is no number and no list of numbers.
        ValueError: A value is out of its range, there are other than one mean and one deviation
            for each channel, or the layer is not the last.

    Example:
        >>> import numpy as np
        >>> image = np.array([0, 255], "uint8").reshape(1, 1, 2, 1)
        >>> np.asarray(Normalize(0.5, 0.25)(image)).ravel().round(3)
        array([-2.,  2.], dtype=float32)
    """

    form: ClassVar[str] = "output"
    gated = False

    def __init__(
        self,
        mean: float | Sequence[float] = (0.485, 0.456, 0.406),
        std: float | Sequence[float] = (0.229, 0.224, 0.225),
        *,
        value_range: Range | None = None,
        **options: Unpack[SharedOptions],
    ) -> None:
        super().__init__(value_range=value_range, **options)
        self.mean = self._numbers("mean", mean)
        self.std = self._numbers("std", std)
        if min(self.std) <= 0:
            raise ValueError(f"{self._named('std')} must be above 0; got {std!r}.")
        if len({len(self.mean), len(self.std)} - {1}) > 1:
            raise ValueError(
                f"{type(self).__name__} has {len(self.mean)} means and {len(self.std)} standard "
                "deviations. Give one of each for every channel."
            )

    def _numbers(self, argument: str, value: float | Sequence[float]) -> tuple[float, ...]:
        several = value if isinstance(value, list | tuple) else (value,)
        if not several or not all(map(is_number, several)):
            raise TypeError(
                f"{self._named(argument)} must be a number or a list with one for each channel; "
                f"got {value!r}."
            )
        return tuple(map(float, several))

    @property
    def output(self) -> Output:
        """What a batch holds after it."""
        return Output("float32", mean=np.array(self.mean), std=np.array(self.std))

    def check_channels(self, channels: int) -> None:
        """Refuse images with another number of channels than there are statistics."""
        own = max(len(self.mean), len(self.std))
        if own not in (1, channels):
            raise ValueError(
                f"{type(self).__name__} has statistics for {own} channels and the images have "
                f"{channels}. Give one mean and one std, or one for each channel."
            )

    def parameters(self, u: Tensor, height: Tensor, width: Tensor, xp: Any) -> Parameters:
        """Draw nothing: all images are normalized alike."""
        return {}
