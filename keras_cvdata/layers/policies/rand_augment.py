"""Apply some operations of one strength, as RandAugment does."""

from __future__ import annotations

from typing import Unpack

import keras

from keras_cvdata.arguments import Signed, integer, interval
from keras_cvdata.layers.forms import GeometricOptions
from keras_cvdata.layers.geometric.random_translation import RandomTranslation
from keras_cvdata.layers.policies import operations
from keras_cvdata.layers.policies.pipeline import Pipeline


@keras.saving.register_keras_serializable(package="keras_cvdata")
class RandAugment(operations.PublishedPolicy):
    """Apply `num_ops` operations of one strength to each image, drawn from 14.

    Use it where there is no time to tune augmentations one by one: two numbers are left. With the
    strength f each operation has one magnitude, with either sign where that makes sense: nothing;
    shear across or down by 0.3 f; shift across or down by 150/331 f of the side; rotation by 30 f
    degrees; brightness, colour, contrast and sharpness times 1 +- 0.9 f; posterization to
    8 - 4 f bits; solarization from 1 - f; auto contrast; equalization. An operation may come twice.
    Images must be RGB or RGBA. Sources: Cubuk et al., RandAugment, 2019, whose magnitude is 30 f;
    `torchvision.transforms.v2.RandAugment` (contrast here keeps the mean of each channel);
    `keras.layers.RandAugment`, which decides once for the whole batch and draws strengths up to
    `factor`. Executors agree as they do on each operation, within one level on uint8; what follows
    a warp may enlarge that level (2 levels, in one of 100 images 3; more where a value lies at the
    threshold of the solarization), and 0.04 of 255 on floats.

    Args:
        num_ops: Number of operations for each image.
        factor: Strength f, 0 to 1. 0.3 is the magnitude 9 of the paper.
        **options: `fill_mode`, `fill_value`, `interpolation`, `value_range`, see `FillingLayer`,
            and `rate`, `seed`, `data_format` and `name`, see `AugmentationLayer`.

    Raises:
        TypeError: `num_ops` is no integer or `factor` no number.
        ValueError: A value is out of its range.

    Example:
        >>> import numpy as np
        >>> images = np.zeros((4, 32, 32, 3), "uint8")
        >>> tuple(RandAugment(num_ops=2, factor=0.5)(images).shape)
        (4, 32, 32, 3)
    """

    def __init__(
        self, *, num_ops: int = 2, factor: float = 0.3, **options: Unpack[GeometricOptions]
    ) -> None:
        super().__init__(**options)
        self.num_ops = integer(self._named("num_ops"), num_ops, 1)
        ends = interval(
            self._named("factor"), factor, unit="strengths", low=0, high=1, single="fixed"
        )
        self.factor = f = ends.low
        geometric = operations.geometric_options(self)
        layers = [
            *operations.geometric_ops((0.3 * f, 0.3 * f), _either(30 * f), **geometric),
            *operations.shift_ops(_either(150 / 331 * f), RandomTranslation, **geometric),
            *operations.color_ops(_either(0.9 * f), value_range=self.value_range),
            *operations.tonal_ops([8 - round(4 * f)], (1 - f, 1 - f), value_range=self.value_range),
        ]
        self.policy = Pipeline(operations.rounds(layers, self.num_ops, idle=1))


def _either(strength: float) -> Signed:
    return Signed(-strength, strength)
