"""Mix images and labels of two samples."""

from __future__ import annotations

from typing import Any, Unpack

import keras

from keras_cvdata.arguments import interval
from keras_cvdata.engine.array_api import Parameters, Tensor
from keras_cvdata.layers.base import LayerOptions
from keras_cvdata.layers.beta import Beta
from keras_cvdata.layers.mixing.base import MixingLayer


@keras.saving.register_keras_serializable(package="keras_cvdata")
class MixUp(MixingLayer):
    """Let another image of the batch shine through: `s * image + (1 - s) * other`, labels too.

    Use it against overconfidence and wrong labels, for longer trainings. The share s follows
    Beta(alpha, alpha): with a small alpha most images stay nearly alone. Sources: Zhang et al.,
    mixup: Beyond Empirical Risk Minimization, 2018; `keras.layers.MixUp`, which draws one partner
    order for the batch, and takes integer labels for numbers.

    Args:
        alpha: Strength, 0.01 to 1000: 0.2 for photographs of many classes, 1 makes every share as
            likely.
        **options: `rate`, `seed`, `data_format` and `name`, see `MixingLayer`, which also says what
            it is called on and which labels it takes.

    Raises:
        TypeError: `alpha` is no number.
        ValueError: A value is out of its range, or a batch has no labels or integer ones.

    Example:
        >>> import numpy as np
        >>> images = np.array([0, 200], "uint8").reshape(2, 1, 1, 1)
        >>> mixed, labels = MixUp(seed=3)((images, np.eye(2, dtype="float32")))
        >>> share = np.asarray(labels)[1, 1]
        >>> int(np.asarray(mixed)[1].item()) == round(200 * share)
        True
    """

    num_uniforms = 2
    partner_uniform = 1

    def __init__(self, alpha: float = 0.2, **options: Unpack[LayerOptions]) -> None:
        super().__init__(**options)
        self.alpha = interval(
            self._named("alpha"), alpha, unit="1", low=0.01, high=1000, single="fixed"
        ).low
        self._law = Beta(self.alpha, self.alpha)

    def parameters(self, u: Tensor, height: Tensor, width: Tensor, xp: Any) -> Parameters:
        """Draw the share."""
        return {"share": self._law.at(u[:, 0], xp)}
