"""Apply layers in a row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

import keras

from keras_cvdata.layers.augment_argument import inference_layers
from keras_cvdata.layers.base import AugmentationLayer, SharedOptions
from keras_cvdata.layers.policies.base import CompoundLayer


@keras.saving.register_keras_serializable(package="keras_cvdata")
class Pipeline(CompoundLayer):
    """Apply layers in a row, as one layer.

    Use it to give a recipe a name, to put several layers in the place of one (`OneOf`, `SomeOf`),
    and in a model, where layers that stand by themselves cannot fuse: here neighbouring warps are
    one, and so are neighbouring brightness curves. Outside training those layers act that draw
    nothing, such as a resize. Source: `keras.layers.Pipeline`.

    Args:
        layers: Layers in the order of their action.
        **options: `seed`, `data_format` and `name`, see `AugmentationLayer`. For a `rate` see
            `RandomApply`.

    Raises:
        TypeError: `layers` is not a list of layers.
        ValueError: There are none.

    Example:
        >>> import numpy as np
        >>> from keras_cvdata.layers import RandomFlip, RandomInvert
        >>> both = Pipeline([RandomFlip("horizontal", rate=1.0), RandomInvert(rate=1.0)])
        >>> np.asarray(both(np.array([[0, 90]], "uint8")[None, :, :, None])).ravel()
        array([165, 255], dtype=uint8)
    """

    gated = False

    def __init__(self, layers: Sequence[Any], **options: Unpack[SharedOptions]) -> None:
        super().__init__(layers, **options)
        self._at_inference: Pipeline | None = None
        lasting = inference_layers(self.layers)
        if lasting is not None and self.total_uniforms:
            self._at_inference = Pipeline(lasting, **options)

    def inference_layer(self) -> AugmentationLayer | None:
        """Those of the layers that act outside training, in a row."""
        return self._at_inference if self.total_uniforms else self
