"""Bring images to one size."""

from __future__ import annotations

from typing import Any, ClassVar, Literal, Unpack

import keras

from keras_cvdata.arguments import choice, interval
from keras_cvdata.engine.array_api import Parameters, Tensor
from keras_cvdata.engine.steps import Fit, Resize, Size
from keras_cvdata.layers.forms import RangedLayer, RangedOptions
from keras_cvdata.layers.geometric.sides import sides

_INTERPOLATIONS = ("bilinear", "nearest", "area", "bicubic", "lanczos")


@keras.saving.register_keras_serializable(package="keras_cvdata")
class Resizing(RangedLayer):
    """Bring images to one size, in training and outside.

    Use it in front of a model that takes one size. Where an image shrinks, blocks of whole pixels
    are averaged before it is interpolated, so that nothing flickers; Keras leaves pixels out
    unless `antialias` is set. As the first layer of a sequence it takes the place of the
    sequence's own resize and fuses with the layers after it. Source: `keras.layers.Resizing`
    (`fill_value` is in units of the value range here); R33, R34.

    Both executors agree within one level on uint8, and 0.02 of 255 on floats.

    Args:
        height: Height of the result in pixels; by default that of what comes in.
        width: Width, likewise.
        interpolation: `"bilinear"` or `"nearest"`; in sequences also `"area"`, `"bicubic"` and
            `"lanczos"`, which have no equal form on tensors.
        crop_to_aspect_ratio: Cut off what does not fit the aspect instead of changing it.
        pad_to_aspect_ratio: Fill up what is missing to the aspect instead of changing it.
        fill_mode: `"constant"`, the only one.
        fill_value: What is filled up with, in units of the value range: 0 black, 1 white.
        antialias: True, the only one: images that shrink are averaged, but for `"nearest"`.
        **options: `value_range`, see `RangedLayer`; needed for a `fill_value` other than 0 only;
            `seed`, `data_format` and `name`, see
            `AugmentationLayer`.

    Raises:
        TypeError: A size is no integer; or, on tensors, the interpolation is for sequences only.
        ValueError: A value is out of its range, only one of height and width is given, or the
            aspect is to be kept in both ways.

    Example:
        >>> import numpy as np
        >>> image = np.array([[0, 10, 100, 110]], "uint8").reshape(1, 1, 4, 1)
        >>> np.asarray(Resizing(1, 2)(image))[0, 0, :, 0]
        array([  5, 105], dtype=uint8)
    """

    form: ClassVar[Literal["resize"]] = "resize"
    gated = False
    takes_decoded: ClassVar[bool] = True

    def __init__(
        self,
        height: int | None = None,
        width: int | None = None,
        interpolation: str = "bilinear",
        crop_to_aspect_ratio: bool = False,
        pad_to_aspect_ratio: bool = False,
        *,
        fill_mode: str = "constant",
        fill_value: float = 0.0,
        antialias: bool = True,
        **options: Unpack[RangedOptions],
    ) -> None:
        super().__init__(**options)
        self.fill_mode = choice(self._named("fill_mode"), fill_mode, ("constant",))
        if not antialias:
            raise ValueError(
                f"{self._named('antialias')} is {antialias!r}, but images that shrink are averaged "
                "here, so that nothing flickers. Leave it out, or leave pixels out by "
                "interpolation='nearest'."
            )
        self.antialias = True
        self.height, self.width = sides(self, height, width)
        self.changes_size = height is not None
        self.interpolation = choice(self._named("interpolation"), interpolation, _INTERPOLATIONS)
        if crop_to_aspect_ratio and pad_to_aspect_ratio:
            raise ValueError(
                f"{type(self).__name__}: give crop_to_aspect_ratio or pad_to_aspect_ratio, not "
                "both."
            )
        self.crop_to_aspect_ratio = bool(crop_to_aspect_ratio)
        self.pad_to_aspect_ratio = bool(pad_to_aspect_ratio)
        name = self._named("fill_value")
        self.fill_value = interval(
            name, fill_value, unit="the value range", low=0, high=1, single="fixed"
        ).low

    @property
    def needs_range(self) -> bool:
        """Whether it pads with something else than 0."""
        return self.pad_to_aspect_ratio and self.fill_value != 0

    def parameters(self, u: Tensor, height: Tensor, width: Tensor, xp: Any) -> Parameters:
        """Draw nothing."""
        return {}

    def output_size(self, height: Tensor, width: Tensor) -> tuple[Tensor, Tensor]:
        """The size that was given."""
        return (self.height or height), (self.width or width)

    def resize(self, size: Size) -> Resize:
        """What is done, where `size` stands for a size that was not given."""
        fit: Fit = "stretch"
        if self.crop_to_aspect_ratio or self.pad_to_aspect_ratio:
            fit = "crop" if self.crop_to_aspect_ratio else "pad"
        return Resize(self.output_size(*size), fit, self.interpolation, self.fill_value)

    def windows(self, p: Parameters) -> None:
        """Show all of the image."""
