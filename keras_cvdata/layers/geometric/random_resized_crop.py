"""Show a part of an image at full size."""

from __future__ import annotations

import math
from typing import Any, ClassVar, Unpack

import keras
import numpy as np

from keras_cvdata.arguments import Interval, choice, interval
from keras_cvdata.engine.array_api import Parameters, Tensor
from keras_cvdata.engine.geometry.windows import resized_crop, window_matrix
from keras_cvdata.engine.steps import Resize, Size
from keras_cvdata.layers.base import SharedOptions
from keras_cvdata.layers.forms import INTERPOLATIONS, MatrixLayer
from keras_cvdata.layers.geometric.resizing import Resizing
from keras_cvdata.layers.geometric.sides import sides
from keras_cvdata.types import Range


@keras.saving.register_keras_serializable(package="keras_cvdata")
class RandomResizedCrop(MatrixLayer):
    """Cut a window of random area, aspect and place, and stretch it to one size.

    Use it to train classifiers on photographs, where objects appear at any distance. As the first
    layer of a sequence it takes the decoded image, so that small windows stay sharp, and the result
    has its size (that of `image_size` by default). Outside training the whole image is resized with
    its middle kept. Sources: Szegedy et al. 2015, "Going deeper with convolutions";
    `torchvision.transforms.v2.RandomResizedCrop`.

    Args:
        height: Height of the result in pixels; by default that of what comes in.
        width: Width, likewise.
        scale: Range (low, high) of the share of the image's area, above 0 to 1.
        ratio: Range of the aspect, width by height, drawn evenly on a logarithmic scale. A window
            that would be longer than a side of the image is made smaller, with its aspect kept.
        interpolation: `"bilinear"` or `"nearest"`.
        **options: `seed`, `data_format` and `name`, see `AugmentationLayer`.

    Raises:
        TypeError: A range is no pair of numbers, or a size no integer.
        ValueError: A value is out of its range, or only one of height and width is given.

    Example:
        >>> import numpy as np
        >>> image = np.zeros((2, 40, 30, 3), "uint8")
        >>> tuple(RandomResizedCrop(16, 16)(image).shape)
        (2, 16, 16, 3)
    """

    num_uniforms = 4
    gated = False
    takes_decoded: ClassVar[bool] = True
    # A window that is enlarged is read up to half a pixel beyond its border.
    keeps_inside = False
    fill_mode = "reflect"

    def __init__(
        self,
        height: int | None = None,
        width: int | None = None,
        *,
        scale: Range = (0.08, 1.0),
        ratio: Range = (3 / 4, 4 / 3),
        interpolation: str = "bilinear",
        **options: Unpack[SharedOptions],
    ) -> None:
        super().__init__(**options)
        self.height, self.width = sides(self, height, width)
        self.changes_size = height is not None
        self.scale = interval(self._named("scale"), scale, unit="shares", low=1e-6, high=1)
        self.ratio = interval(
            self._named("ratio"), ratio, unit="width by height", low=0.01, high=100
        )
        self.interpolation = choice(self._named("interpolation"), interpolation, INTERPOLATIONS)
        self._at_inference = Resizing(
            height, width, interpolation, crop_to_aspect_ratio=True, **options
        )

    def output_size(self, height: Tensor, width: Tensor) -> tuple[Tensor, Tensor]:
        """The size that was given."""
        return (self.height or height), (self.width or width)

    def inference_layer(self) -> Resizing:
        """A resize of the whole image, with its middle kept."""
        return self._at_inference

    def parameters(self, u: Tensor, height: Tensor, width: Tensor, xp: Any) -> Parameters:
        """Draw share of the area, aspect and place."""
        logarithms = Interval(math.log(self.ratio.low), math.log(self.ratio.high))
        return {
            "area": self.scale.at(u[:, 0]),
            "ratio": xp.exp(logarithms.at(u[:, 1])),
            "y": u[:, 2],
            "x": u[:, 3],
        }

    def matrix(self, p: Parameters, height: Tensor, width: Tensor, xp: Any) -> Tensor:
        """Stretch the window."""
        window = resized_crop(p, height, width, xp)
        return window_matrix(window, self.output_size(height, width), xp)

    def resize(self, size: Size) -> Resize:
        """The resize that takes the place of that of a sequence; `windows` are drawn later."""
        return Resize(self.output_size(*size), "stretch", str(self.interpolation))

    def windows(self, p: Parameters) -> Parameters:
        """What says which part of a decoded image is shown."""
        return {name: np.asarray(p[name]) for name in ("area", "ratio", "y", "x")}
