"""What crops of a fixed size share."""

from __future__ import annotations

from typing import Any, Unpack

from keras_cvdata.engine.array_api import Parameters, Tensor
from keras_cvdata.engine.geometry.windows import fixed_crop, window_matrix
from keras_cvdata.layers.base import SharedOptions
from keras_cvdata.layers.forms import MatrixLayer
from keras_cvdata.layers.geometric.sides import sides


class Crop(MatrixLayer):
    """Base of crops of a fixed size.

    Args:
        height: Height of the result in pixels; by default that of what comes in.
        width: Width, likewise.
        **options: `seed`, `data_format` and `name`, see `AugmentationLayer`.
    """

    gated = False
    interpolation = "bilinear"
    # A small image that is enlarged is read up to half a pixel beyond its border.
    keeps_inside = False
    fill_mode = "reflect"

    def __init__(
        self,
        height: int | None = None,
        width: int | None = None,
        **options: Unpack[SharedOptions],
    ) -> None:
        super().__init__(**options)
        self.height, self.width = sides(self, height, width)
        self.changes_size = height is not None

    def output_size(self, height: Tensor, width: Tensor) -> tuple[Tensor, Tensor]:
        """The size that was given."""
        return (self.height or height), (self.width or width)

    def matrix(self, p: Parameters, height: Tensor, width: Tensor, xp: Any) -> Tensor:
        """Show a window."""
        size = self.output_size(height, width)
        return window_matrix(fixed_crop(p, size, height, width, xp), size, xp)
