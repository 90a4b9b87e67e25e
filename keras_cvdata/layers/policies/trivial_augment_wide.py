"""Apply one operation of any strength, as TrivialAugment does."""

from __future__ import annotations

from typing import Unpack

import keras

from keras_cvdata.arguments import Signed, Steps
from keras_cvdata.layers.forms import GeometricOptions
from keras_cvdata.layers.policies import operations

_STRENGTHS = 31


@keras.saving.register_keras_serializable(package="keras_cvdata")
class TrivialAugmentWide(operations.PublishedPolicy):
    """Apply one of 14 operations to each image, of a strength that is drawn too.

    Use it where nothing shall be tuned at all. The strength t is one of 31 even steps from 0 to 1,
    with either sign where that makes sense: nothing; shear across or down by 0.99 t; shift across
    or down by 32 t pixels; rotation by 135 t degrees; brightness, colour, contrast and sharpness
    times 1 +- 0.99 t; posterization to 8 - 6 t bits; solarization from 1 - t; auto contrast;
    equalization. Images must be RGB or RGBA. Sources: Mueller and Hutter, TrivialAugment, 2021 (the
    wide space); `torchvision.transforms.v2.TrivialAugmentWide` (contrast here keeps the mean of
    each channel).

    Args:
        **options: `fill_mode`, `fill_value`, `interpolation`, `value_range`, see `FillingLayer`,
            and `rate`, `seed`, `data_format` and `name`, see `AugmentationLayer`.

    Raises:
        TypeError: A keyword is not known.
        ValueError: A value is out of its range.

    Example:
        >>> import numpy as np
        >>> images = np.zeros((4, 32, 32, 3), "uint8")
        >>> tuple(TrivialAugmentWide()(images).shape)
        (4, 32, 32, 3)
    """

    def __init__(self, **options: Unpack[GeometricOptions]) -> None:
        super().__init__(**options)
        bits = [8 - round(6 * step / (_STRENGTHS - 1)) for step in range(_STRENGTHS)]
        geometric = operations.geometric_options(self)
        layers = [
            *operations.geometric_ops(Steps(0, 0.99, _STRENGTHS), _either(135), **geometric),
            *operations.shift_ops(_either(1), operations.PixelTranslation, **geometric),
            *operations.color_ops(_either(0.99), value_range=self.value_range),
            *operations.tonal_ops(bits, Steps(0, 1, _STRENGTHS), value_range=self.value_range),
        ]
        (self.policy,) = operations.rounds(layers, 1, idle=1)


def _either(strength: float) -> Signed:
    return Signed(-strength, strength, _STRENGTHS)
