"""Cover a part of each image by another one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Unpack

import keras

from keras_cvdata.arguments import interval
from keras_cvdata.engine.array_api import Parameters, Tensor, cast
from keras_cvdata.layers.base import LayerOptions
from keras_cvdata.layers.beta import Beta
from keras_cvdata.layers.mixing.base import MixingLayer


@keras.saving.register_keras_serializable(package="keras_cvdata")
class CutMix(MixingLayer):
    """Cover a rectangle of each image by the same place of another one, labels by area.

    Use it to make a model look at all of an object instead of its most telling part. The rectangle
    has the aspect of the image and a share 1 - s of its area, where s follows Beta(alpha, alpha);
    its centre is anywhere in the image, and what hangs over is cut off and not counted. Sources:
    Yun et al., CutMix: Regularization Strategy to Train Strong Classifiers with Localizable
    Features, 2019; `keras.layers.CutMix`, whose `factor` is another law than that of the paper.

    Args:
        alpha: 0.01 to 1000: 1 makes every area as likely, smaller values prefer very small and very
            large ones.
        **options: `rate`, `seed`, `data_format` and `name`, see `MixingLayer`, which also says what
            it is called on and which labels it takes.

    Raises:
        TypeError: `alpha` is no number.
        ValueError: A value is out of its range, or a batch has no labels or integer ones.

    Example:
        >>> import numpy as np
        >>> images = np.zeros((2, 10, 10, 1), "uint8")
        >>> images[1] = 1
        >>> mixed, labels = CutMix(seed=3)((images, np.eye(2, dtype="float32")))
        >>> bool(np.isclose(np.asarray(mixed)[0].mean(), np.asarray(labels)[0, 1]))
        True
    """

    num_uniforms = 4
    partner_uniform = 3
    instead_of: ClassVar[Mapping[str, str]] = {
        "factor": "Keras's factor is alpha= here, the law of shares; rate= is how often it acts."
    }

    def __init__(self, *, alpha: float = 1.0, **options: Unpack[LayerOptions]) -> None:
        super().__init__(**options)
        self.alpha = interval(
            self._named("alpha"), alpha, unit="1", low=0.01, high=1000, single="fixed"
        ).low
        self._law = Beta(self.alpha, self.alpha)

    def parameters(self, u: Tensor, height: Tensor, width: Tensor, xp: Any) -> Parameters:
        """Draw the rectangle; the share is what it leaves."""
        side = xp.sqrt(1 - self._law.at(u[:, 0], xp))
        top, bottom = _span(u[:, 1], side, height, xp)
        left, right = _span(u[:, 2], side, width, xp)
        covered = (bottom - top) * (right - left) / (height * width)
        box = cast(xp.stack([top, left, bottom, right], axis=1), "int32", xp)
        return {"share": 1 - covered, "box": box}


def _span(centre: Tensor, side: Tensor, length: Tensor, xp: Any) -> tuple[Tensor, Tensor]:
    """Whole start and end of a share `side` of a length, cut off at its ends."""
    middle, half = xp.floor(centre * length), xp.floor(side * length / 2)
    # An odd rest goes to the later end.
    rest = xp.floor(side * length) - 2 * half
    return xp.clip(middle - half, 0, length), xp.clip(middle + half + rest, 0, length)
