"""The forms in which a layer says what it does, one base class for each."""

from __future__ import annotations

import abc
from typing import Any, ClassVar, Literal

from keras_cvdata.arguments import choice, interval
from keras_cvdata.arguments import value_range as read_range
from keras_cvdata.engine.array_api import Parameters, Tensor
from keras_cvdata.layers.base import AugmentationLayer, LayerOptions, SharedOptions
from keras_cvdata.types import Range

FILL_MODES = ("reflect", "nearest", "wrap", "constant")
INTERPOLATIONS = ("bilinear", "nearest")


class GeometricOptions(LayerOptions, total=False):
    """Keywords that every geometric layer takes; `GeometricLayer` says what they mean."""

    fill_mode: str
    fill_value: float
    interpolation: str
    value_range: Range | None


class RangedOptions(SharedOptions, total=False):
    """Keywords of layers that have a value range and no rate; `RangedLayer` says what it means."""

    value_range: Range | None


class PhotometricOptions(LayerOptions, total=False):
    """Keywords that every photometric layer takes; `PhotometricLayer` says what they mean."""

    value_range: Range | None


class MatrixLayer(AugmentationLayer):
    """Base of geometric layers: each output pixel is read where a matrix says.

    Use it for layers that need no fill; others derive from `GeometricLayer`.
    """

    form: ClassVar[Literal["matrix"]] = "matrix"
    fill_mode: str = "nearest"
    fill_value: float = 0.0
    interpolation: str | None = None
    keeps_inside: bool = True  # whether it never reads outside the image, so that no fill matters
    projective: ClassVar[bool] = False  # whether the last rows are other than (0, 0, 1)

    @abc.abstractmethod
    def matrix(self, p: Parameters, height: Tensor, width: Tensor, xp: Any) -> Tensor:
        """Say where each pixel is read.

        Args:
            p: Parameters that were drawn.
            height: Height of the images in pixels, a number or (B,).
            width: Width of the images in pixels, a number or (B,).
            xp: `numpy` or `keras.ops`.

        Returns:
            (B, 3, 3) matrices from output to input pixel centres.
        """


class FillingLayer(AugmentationLayer):
    """Base of layers that may read outside the image.

    Args:
        fill_mode: What lies outside: `"reflect"` (d c b a | a b c d | d c b a), `"nearest"`
            (a a a a | a b c d | d d d d), `"wrap"` (a b c d | a b c d | a b c d) or `"constant"`.
        fill_value: What `"constant"` fills with, in units of the value range: 0 black, 1 white.
        interpolation: `"bilinear"` or `"nearest"`.
        value_range: Lowest and highest value of float images; needed for `"constant"` with a
            `fill_value` other than 0 only.
        **options: Those of `AugmentationLayer`: `rate`, `seed`, `data_format`, `name`.

    Raises:
        TypeError: A keyword is not known.
        ValueError: A value is out of its range.
    """

    def __init__(
        self,
        *,
        fill_mode: str = "reflect",
        fill_value: float = 0.0,
        interpolation: str = "bilinear",
        value_range: Range | None = None,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.fill_mode = choice(self._named("fill_mode"), fill_mode, FILL_MODES)
        self.fill_value = interval(
            self._named("fill_value"),
            fill_value,
            unit="the value range",
            low=0,
            high=1,
            single="fixed",
        ).low
        self.interpolation = choice(self._named("interpolation"), interpolation, INTERPOLATIONS)
        self.value_range = read_range(self._named("value_range"), value_range)

    @property
    def needs_range(self) -> bool:
        """Whether it fills with something else than 0, which is 0 in most ranges."""
        return self.fill_mode == "constant" and self.fill_value != 0


class GeometricLayer(FillingLayer, MatrixLayer):
    """Base of layers that read each pixel where a matrix says, which may lie outside the image.

    It takes the arguments of `FillingLayer`: `fill_mode`, `fill_value`, `interpolation` and
    `value_range`.
    """

    interpolation: str
    keeps_inside: bool = False


class FieldLayer(FillingLayer):
    """Base of layers that shift pixels by a smooth field.

    It takes the arguments of `FillingLayer`: `fill_mode`, `fill_value`, `interpolation` and
    `value_range`.
    """

    form: ClassVar[Literal["field"]] = "field"

    @abc.abstractmethod
    def field(self, p: Parameters, height: Tensor, width: Tensor, xp: Any) -> Tensor:
        """Say how far away each pixel is read.

        Args:
            p: Parameters that were drawn.
            height: Height of the images in pixels, a number or (B,).
            width: Width of the images in pixels, a number or (B,).
            xp: `numpy` or `keras.ops`.

        Returns:
            (B, rows, columns, 2) shifts across and down in pixels at the points of a grid of at
            least 4 x 4, which `engine.geometry.fields.displacement` spreads over the image.
        """


class RangedLayer(AugmentationLayer):
    """Base of layers that must know what black and white are.

    Args:
        value_range: Lowest and highest value of float images, such as (0, 1). Integer images need
            none: they count up to the largest value of their dtype.
        **options: Those of `AugmentationLayer`: `rate`, `seed`, `data_format`, `name`.

    Raises:
        TypeError: A keyword is not known.
        ValueError: A value is out of its range, or the layer is called on float images without
            a value range.
    """

    def __init__(self, *, value_range: Range | None = None, **options: Any) -> None:
        super().__init__(**options)
        self.value_range = read_range(self._named("value_range"), value_range)

    @property
    def needs_range(self) -> bool:
        """Whether it must know the range of float images."""
        return True


class PhotometricLayer(RangedLayer):
    """Base of layers that change the brightness of each pixel by itself.

    It takes the argument of `RangedLayer`: `value_range`.
    """

    form: ClassVar[Literal["curve"]] = "curve"
    per_channel: ClassVar[bool] = False  # whether the curves of channels differ

    @abc.abstractmethod
    def curve(self, p: Parameters, values: Tensor, xp: Any) -> Tensor:
        """Say what becomes of brightness.

        Args:
            p: Parameters that were drawn, float32.
            values: (1 or B, n, C) float32 of 0 to 1.
            xp: `numpy` or `keras.ops`.

        Returns:
            (B, n, C) values; what leaves 0 to 1 is clipped.
        """


class HistogramLayer(RangedLayer):
    """Base of layers whose curve depends on the histogram of each image.

    `kernel` names the curve in `engine.histograms`. It takes the argument of `RangedLayer`:
    `value_range`.
    """

    form: ClassVar[Literal["histogram"]] = "histogram"
    kernel: ClassVar[str]


class ColorLayer(RangedLayer):
    """Base of layers that mix the red, green and blue of each pixel.

    It takes the argument of `RangedLayer`: `value_range`.
    """

    form: ClassVar[Literal["mix"]] = "mix"

    def check_channels(self, channels: int) -> None:
        """Refuse images without colours."""
        check_colors(self, channels)

    @abc.abstractmethod
    def mix(self, p: Parameters, xp: Any) -> Tensor:
        """Say how colours are mixed.

        Args:
            p: Parameters that were drawn.
            xp: `numpy` or `keras.ops`.

        Returns:
            (B, 3, 4) matrices from red, green, blue (0 to 1) and 1 to red, green and blue; what
            leaves 0 to 1 is clipped.
        """


def check_colors(layer: AugmentationLayer, channels: int) -> None:
    """Refuse images that are not RGB or RGBA.

    Args:
        layer: Who asks.
        channels: Number of channels of the images.

    Raises:
        ValueError: There are other than 3 or 4 channels.
    """
    if channels not in (3, 4):
        raise ValueError(
            f"{type(layer).__name__} works on colours and needs images with 3 or 4 channels (RGB, "
            f"RGBA); these have {channels}. Use color_mode='rgb', or leave the layer out."
        )


class KernelLayer(RangedLayer):
    """Base of layers that work by a pair of functions in `engine.kernels`, which `kernel` names.

    It takes the argument of `RangedLayer`: `value_range`; where `needs_range` is False it may be
    left out for float images.
    """

    form: ClassVar[Literal["kernel"]] = "kernel"
    kernel: ClassVar[str]

    def with_constants(self, p: Parameters, xp: Any) -> Parameters:
        """Add to what was drawn what the functions need beside it, which is not written down."""
        return p


class RegionLayer(AugmentationLayer):
    """Base of layers that put rectangles of an image elsewhere in it."""

    form: ClassVar[Literal["region"]] = "region"

    @abc.abstractmethod
    def region(self, p: Parameters, height: Tensor, width: Tensor, xp: Any) -> Tensor:
        """Say which rectangles go where.

        Args:
            p: Parameters that were drawn.
            height: Height of the images in pixels, a number or (B,).
            width: Width of the images in pixels, a number or (B,).
            xp: `numpy` or `keras.ops`.

        Returns:
            (B, R, 6) int32: top, left, bottom, right of each rectangle, then top and left of where
            it is copied from.
        """
