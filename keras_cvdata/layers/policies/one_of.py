"""Apply one of several layers to each image."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import Any, Unpack

import keras

from keras_cvdata.arguments import is_number
from keras_cvdata.engine.array_api import Tensor
from keras_cvdata.layers.base import LayerOptions
from keras_cvdata.layers.policies.base import CompoundLayer


@keras.saving.register_keras_serializable(package="keras_cvdata")
class OneOf(CompoundLayer):
    """Apply one of several layers to each image.

    Use it for alternatives that would be too much together, such as kinds of noise. The choice is
    made for each image. Sources: `albumentations.OneOf`, `torchvision.transforms.v2.RandomChoice`.

    Args:
        layers: Layers to choose from; they must keep the size of the image.
        odds: How likely each of them is beside the others, numbers above 0 such as (3, 1);
            `None` makes all as likely.
        **options: `rate`, `seed`, `data_format` and `name`, see `AugmentationLayer`.

    Raises:
        TypeError: `layers` is not a list of layers.
        ValueError: There are none, one of them changes the size, or the odds do not fit.

    Example:
        >>> import numpy as np
        >>> from keras_cvdata.layers import RandomFlip, RandomInvert
        >>> choice = OneOf([RandomFlip("horizontal", rate=1.0), RandomInvert(rate=1.0)], seed=3)
        >>> image = np.array([[0, 90]], "uint8")[None, :, :, None]
        >>> sorted({tuple(np.asarray(choice(image)).ravel().tolist()) for _ in range(20)})
        [(90, 0), (255, 165)]
    """

    exclusive = True
    num_gate_uniforms = 1

    def __init__(
        self,
        layers: Sequence[Any],
        odds: Sequence[float] | None = None,
        **options: Unpack[LayerOptions],
    ) -> None:
        super().__init__(layers, **options)
        self._refuse_sizes()
        self.odds = None if odds is None else tuple(odds)
        shares = self.odds or (1.0,) * len(self.layers)
        if len(shares) != len(self.layers) or not all(is_number(w) and w > 0 for w in shares):
            raise ValueError(
                f"{self._named('odds')} must be {len(self.layers)} numbers above 0, one for "
                f"each layer; got {odds!r}."
            )
        ends = list(accumulate(shares))
        self._ends: list[float] = [end / ends[-1] for end in ends]

    def gates(self, u: Tensor, xp: Any) -> Tensor:
        """Choose one."""
        ends = xp.array(self._ends, dtype=u.dtype)[None]
        starts = xp.array([0.0, *self._ends[:-1]], dtype=u.dtype)[None]
        return (starts <= u) & (u < ends)
