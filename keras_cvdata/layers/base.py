"""What all augmentation layers share: drawing, calling, checking and saving."""

from __future__ import annotations

import abc
import inspect
from typing import Any, ClassVar, Literal, TypedDict

import keras
from keras import ops

from keras_cvdata.engine import tensor
from keras_cvdata.engine.plan import Chain
from keras_cvdata.engine.portable import Parameters, Tensor
from keras_cvdata.layers.ranges import Interval, choice, interval, probability
from keras_cvdata.types import Range

FILL_MODES = ("reflect", "nearest", "wrap", "constant")
INTERPOLATIONS = ("bilinear", "nearest")


class SharedOptions(TypedDict, total=False):
    """Keywords that every layer takes; `AugmentationLayer` says what they mean."""

    seed: int | None
    data_format: str | None
    name: str | None
    dtype: Any
    trainable: bool


class LayerOptions(SharedOptions, total=False):
    """Keywords of layers that have no rate of their own."""

    rate: float


class GeometricOptions(LayerOptions, total=False):
    """Keywords that every geometric layer takes; `GeometricLayer` says what they mean."""

    fill_mode: str
    fill_value: float
    interpolation: str
    value_range: Range | None


class PhotometricOptions(LayerOptions, total=False):
    """Keywords that every photometric layer takes; `PhotometricLayer` says what they mean."""

    value_range: Range | None


class AugmentationLayer(keras.layers.Layer):
    """Base of all layers that change images at random.

    A subclass says how many uniform numbers one image needs (`draws`), turns them into
    `parameters`, and says what it does in one of the forms: `GeometricLayer`, `PhotometricLayer`
    and `RegionLayer`. It holds no pixel code. In a sequence it acts through OpenCV; called on
    tensors, by itself or in a model, it acts through `keras.ops` and draws from its own seed.

    Images are (height, width, channels) or (batch, height, width, channels), uint8, uint16 (which
    Keras does not have on PyTorch) or floats. They come out with the same shape and dtype,
    saturated, never wrapped. With `training=False` they come out as they went in; `training` is
    True where it is not given.

    Args:
        rate: Probability, 0 to 1, that the layer acts on an image.
        seed: Integer that the draws depend on when the layer is called; `None` for a random one.
            Sequences bring their own.
        data_format: `"channels_last"` or `"channels_first"`, the order of axes of the tensors that
            the layer is called on; by default that of the Keras configuration.
        **keras_options: `name`, `dtype` and `trainable` of `keras.layers.Layer`. The dtype of the
            images is kept, whatever `dtype` is.

    Raises:
        TypeError: A keyword is not known.
        ValueError: A value is out of its range.
    """

    draws: int = 0
    gated: ClassVar[bool] = True  # False where `parameters` uses `rate` itself
    value_range: Range | None = None
    undone_by_samplewise: bool = False  # a per-image normaliser takes the effect back (R77)

    def __init__(
        self,
        *,
        rate: float = 1.0,
        seed: int | None = None,
        data_format: str | None = None,
        **keras_options: Any,
    ) -> None:
        unknown = set(keras_options) - {"name", "dtype", "trainable"}
        if unknown:
            raise TypeError(
                f"{type(self).__name__} has no argument {', '.join(sorted(map(repr, unknown)))}. "
                f"It takes {', '.join(sorted({*self._argument_names(), 'name', 'dtype'}))}."
            )
        super().__init__(**keras_options, autocast=False)
        self.rate = probability(self._named("rate"), rate)
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)
        self.data_format = choice(
            self._named("data_format"),
            data_format or keras.config.image_data_format(),
            ("channels_last", "channels_first"),
        )

    @abc.abstractmethod
    def parameters(self, u: Tensor, height: Tensor, width: Tensor, xp: Any) -> Parameters:
        """Turn uniform numbers into what the layer does with each image.

        Args:
            u: (B, draws) numbers of [0, 1).
            height: Height of the images in pixels, a number or (B,).
            width: Width of the images in pixels, a number or (B,).
            xp: `numpy` or `keras.ops`, whichever `u` belongs to.

        Returns:
            Named arrays whose first axis is the batch.
        """

    @property
    def num_draws(self) -> int:
        """Uniform numbers that one image needs, with the one that decides whether to act."""
        return self.draws + (self.gated and self.rate < 1)

    def draw(self, u: Tensor, height: Tensor, width: Tensor, xp: Any) -> Parameters:
        """Turn (B, num_draws) uniform numbers into parameters; (B,) `active` where it may rest."""
        p = self.parameters(u[:, : self.draws], height, width, xp)
        if self.num_draws > self.draws:
            p["active"] = u[:, self.draws] < self.rate
        return p

    def check_channels(self, channels: int) -> None:
        """Refuse images with a number of channels that the layer cannot serve."""

    def call(self, images: Tensor, training: bool = True) -> Tensor:
        """Change images at random, each by its own draws.

        Args:
            images: A batch or one image, see the class.
            training: Whether to act at all.

        Returns:
            Images of the same shape and dtype.
        """
        if not training:
            return images
        rank = len(images.shape)
        if rank not in (3, 4):
            raise ValueError(
                f"{self.name} takes images of shape (height, width, channels) or a batch of them; "
                f"got shape {tuple(images.shape)}. Add or remove axes."
            )
        pixels = images if rank == 4 else images[None]
        first = self.data_format == "channels_first"
        pixels = ops.transpose(pixels, (0, 2, 3, 1)) if first else pixels
        pixels = self._augment(pixels)
        pixels = ops.transpose(pixels, (0, 3, 1, 2)) if first else pixels
        return pixels if rank == 4 else pixels[0]

    def _augment(self, pixels: Tensor) -> Tensor:
        batch, *sides, channels = ops.shape(pixels)
        u = keras.random.uniform((batch, self.num_draws), dtype="float32", seed=self.seed_generator)
        height, width = (s if isinstance(s, int) else ops.cast(s, "float32") for s in sides)
        plan = Chain([self]).plan(u, height, width, channels, xp=ops)
        return tensor.run(pixels, plan)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the shape that comes in."""
        return input_shape

    def compute_output_spec(self, images: Any, training: bool = True) -> Any:  # noqa: ARG002
        """Return the shape and dtype that come in."""
        return keras.KerasTensor(images.shape, dtype=images.dtype)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor, from which the layer can be made again."""
        config: dict[str, Any] = super().get_config()
        return config | {name: _plain(getattr(self, name)) for name in self._argument_names()}

    def _named(self, argument: str) -> str:
        """Name an argument for messages."""
        return f"{type(self).__name__}: {argument}"

    @classmethod
    def _argument_names(cls) -> list[str]:
        """Arguments of all constructors down to this class; each is kept as an attribute."""
        constructors = [
            vars(base)["__init__"]
            for base in cls.__mro__
            if issubclass(base, AugmentationLayer) and "__init__" in vars(base)
        ]
        named = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
        return [
            parameter.name
            for constructor in constructors
            for parameter in inspect.signature(constructor).parameters.values()
            if parameter.kind in named and parameter.name != "self"
        ]


def _plain(value: Any) -> Any:
    """Turn an argument into what it can be given as."""
    if isinstance(value, Interval):
        return value.low, value.high
    return tuple(map(_plain, value)) if isinstance(value, tuple) else value


def _value_range(name: str, value: Range | None) -> Range | None:
    if value is None:
        return None
    ends = interval(name, value, unit="the units of the pixels")
    if ends.low == ends.high:
        raise ValueError(f"{name} must have two different ends; got {value!r}.")
    return ends.low, ends.high


class MatrixLayer(AugmentationLayer):
    """Base of geometric layers: each output pixel is read where a matrix says.

    Use it for layers that need no fill; others derive from `GeometricLayer`.
    """

    form: ClassVar[Literal["matrix"]] = "matrix"
    fill_mode: str = "nearest"
    fill_value: float = 0.0
    interpolation: str | None = None
    keeps_inside: bool = True

    @abc.abstractmethod
    def matrix(self, p: Parameters, height: Tensor, width: Tensor, xp: Any) -> Tensor:
        """Say where each pixel is read.

        Args:
            p: Parameters that were drawn.
            height: Height of the images in pixels, a number or (B,).
            width: Width of the images in pixels, a number or (B,).
            xp: `numpy` or `keras.ops`.

        Returns:
            (B, 3, 3) affine matrices from output to input pixel centres.
        """


class GeometricLayer(MatrixLayer):
    """Base of geometric layers that may read outside the image.

    Args:
        fill_mode: What lies outside: `"reflect"` (d c b a | a b c d | d c b a), `"nearest"`
            (a a a a | a b c d | d d d d), `"wrap"` (a b c d | a b c d | a b c d) or `"constant"`.
        fill_value: What `"constant"` fills with, in units of the value range: 0 black, 1 white.
        interpolation: `"bilinear"` or `"nearest"`.
        value_range: Lowest and highest value of float images; needed for `"constant"` only, and
            taken as 0 to 1 where it is not given.
        **options: Those of `AugmentationLayer`: `rate`, `seed`, `data_format`, `name`.

    Raises:
        TypeError: A keyword is not known.
        ValueError: A value is out of its range.
    """

    keeps_inside: bool = False

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
        self.value_range = _value_range(self._named("value_range"), value_range)


class PhotometricLayer(AugmentationLayer):
    """Base of layers that change the brightness of each pixel by itself.

    Args:
        value_range: Lowest and highest value of float images, such as (0, 1). Integer images need
            none: they count up to the largest value of their dtype.
        **options: Those of `AugmentationLayer`: `rate`, `seed`, `data_format`, `name`.

    Raises:
        TypeError: A keyword is not known.
        ValueError: A value is out of its range, or the layer is called on float images without
            a value range.
    """

    form: ClassVar[Literal["curve"]] = "curve"
    per_channel: ClassVar[bool] = False  # whether the curves of channels differ

    def __init__(self, *, value_range: Range | None = None, **options: Any) -> None:
        super().__init__(**options)
        self.value_range = _value_range(self._named("value_range"), value_range)

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

    def _augment(self, pixels: Tensor) -> Tensor:
        dtype = keras.backend.standardize_dtype(pixels.dtype)
        if self.value_range is None and keras.backend.is_float_dtype(dtype):
            raise ValueError(
                f"{self.name} was called on {dtype} images and does not know what black and white "
                f"are. Construct it with value_range=(0, 1) or value_range=(0, 255)."
            )
        return super()._augment(pixels)


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
