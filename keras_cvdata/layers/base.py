"""What all augmentation layers share: drawing, calling, checking and saving."""

from __future__ import annotations

import abc
import inspect
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, TypedDict

import keras
from keras import ops

from keras_cvdata.engine import tensor
from keras_cvdata.engine.array_api import Parameters, Tensor
from keras_cvdata.engine.chain import Chain, Plan
from keras_cvdata.engine.geometry import boxes
from keras_cvdata.layers import tf_data
from keras_cvdata.layers.annotations import follow_all, from_batch, to_batch
from keras_cvdata.layers.ranges import Interval, choice, probability
from keras_cvdata.layers.uniforms import Uniforms
from keras_cvdata.types import Range


class SharedOptions(TypedDict, total=False):
    """Keywords that every layer takes; `AugmentationLayer` says what they mean."""

    seed: int | None
    data_format: str | None
    name: str | None
    dtype: Any
    trainable: bool
    mask_fill_value: int
    bounding_box_format: str | None
    min_visible: float


class LayerOptions(SharedOptions, total=False):
    """Keywords of layers that have no rate of their own."""

    rate: float


class AugmentationLayer(keras.layers.Layer):
    """Base of all layers that change images at random.

    A subclass says how many uniform numbers one image needs (`num_uniforms`), turns them into
    `parameters`, and says what it does in one of the forms of `layers.forms`, such as
    `GeometricLayer` and `PhotometricLayer`. It holds no pixel code. In a sequence it acts through
    OpenCV; called on tensors, by itself or in a model, it acts through `keras.ops` and draws from
    its own seed.

    Images are (height, width, channels) or (batch, height, width, channels), uint8, uint16 (which
    Keras does not have on PyTorch) or floats. They come out with the same shape and dtype,
    saturated, never wrapped. With `training=False` they come out as they went in, unless the layer
    draws nothing and so belongs to the preparation of all images, such as a resize; `training` is
    True where it is not given.

    Args:
        rate: Probability, 0 to 1, that the layer acts on an image.
        seed: Integer that the draws depend on when the layer is called; `None` for a random one.
            Sequences bring their own.
        data_format: `"channels_last"` or `"channels_first"`, the order of axes of the tensors that
            the layer is called on; by default that of the Keras configuration.
        mask_fill_value: What segmentation masks hold beyond the border, where `fill_mode` is
            `"constant"`.
        bounding_box_format: Format of bounding boxes, as in `keras.utils.bounding_boxes`:
            `"xyxy"`, `"rel_yxyx"`, `"center_xywh"`, ...
        min_visible: Share of the area of a box, 0 to 1, that must stay inside the image; other
            boxes become zeros with the label -1.
        **keras_options: `name`, `dtype` and `trainable` of `keras.layers.Layer`. The dtype of the
            images is kept, whatever `dtype` is.

    Raises:
        TypeError: A keyword is not known.
        ValueError: A value is out of its range.
    """

    num_uniforms: int = 0
    gated: ClassVar[bool] = True  # False where `parameters` uses `rate` itself
    value_range: Range | None = None
    undone_by_samplewise: bool = False  # a per-image normaliser takes the effect back (R77)
    changes_size: bool = False  # whether `output_size` may differ from what it is given

    def __init__(
        self,
        *,
        rate: float = 1.0,
        seed: int | None = None,
        data_format: str | None = None,
        mask_fill_value: int = 0,
        bounding_box_format: str | None = None,
        min_visible: float = 0.0,
        **keras_options: Any,
    ) -> None:
        unknown = set(keras_options) - {"name", "dtype", "trainable"}
        if rate != 1 and not self._takes_rate():
            unknown.add("rate")
        if unknown:
            raise TypeError(
                f"{type(self).__name__} has no argument {', '.join(sorted(map(repr, unknown)))}. "
                f"It takes {', '.join(sorted({*self._argument_names(), 'name', 'dtype'}))}."
            )
        super().__init__(**keras_options, autocast=False)
        # Nothing is to be built. Where Keras finds a layer that is not, it calls the model once
        # more, uncompiled, for every batch.
        self.built = True
        self.rate = probability(self._named("rate"), rate)
        self.seed = seed
        self._uniforms = Uniforms(seed)
        self.seed_generator = self._uniforms.generator  # which Keras finds here
        self.data_format = choice(
            self._named("data_format"),
            data_format or keras.config.image_data_format(),
            ("channels_last", "channels_first"),
        )
        self.mask_fill_value = mask_fill_value
        if bounding_box_format is not None:
            choice(self._named("bounding_box_format"), bounding_box_format, boxes.FORMATS)
        self.bounding_box_format = bounding_box_format
        self.min_visible = probability(self._named("min_visible"), min_visible)

    @abc.abstractmethod
    def parameters(self, u: Tensor, height: Tensor, width: Tensor, xp: Any) -> Parameters:
        """Turn uniform numbers into what the layer does with each image.

        Args:
            u: (B, num_uniforms) numbers of [0, 1).
            height: Height of the images in pixels, a number or (B,).
            width: Width of the images in pixels, a number or (B,).
            xp: `numpy` or `keras.ops`, whichever `u` belongs to.

        Returns:
            Named arrays whose first axis is the batch.
        """

    @property
    def always_acts(self) -> bool:
        """Whether it acts on every image."""
        return self.total_uniforms == self.num_uniforms

    @property
    def total_uniforms(self) -> int:
        """Uniform numbers that one image needs, with the one that decides whether to act."""
        return self.num_uniforms + (self.gated and self.rate < 1)

    def draw(self, u: Tensor, height: Tensor, width: Tensor, xp: Any) -> Parameters:
        """Turn (B, total_uniforms) uniforms into parameters; (B,) `active` if it is gated."""
        p = self.parameters(u[:, : self.num_uniforms], height, width, xp)
        if self.total_uniforms > self.num_uniforms:
            p["active"] = u[:, self.num_uniforms] < self.rate
        return p

    def flatten(self) -> Sequence[Any]:
        """The layers that it is made of, each of one form, in the order of their action."""
        return (self,)

    def flatten_parameters(self, p: Parameters) -> Sequence[Parameters]:
        """Parameters of each part."""
        return (p,)

    def output_size(self, height: Tensor, width: Tensor) -> tuple[Tensor, Tensor]:
        """Height and width of what comes out of an image; `None` where they are not known."""
        return height, width

    def inference_layer(self) -> AugmentationLayer | None:
        """The layer that acts outside training, or `None` where nothing happens there."""
        return None if self.total_uniforms else self

    def check_channels(self, channels: int) -> None:
        """Refuse images with a number of channels that the layer cannot serve."""

    def __call__(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """Change images at random; tensors of TensorFlow, as in `tf.data`, on any backend."""
        if not tf_data.is_tensorflow(inputs):
            return super().__call__(inputs, *args, **kwargs)
        layer = (
            self if kwargs.get("training", args[0] if args else True) else self.inference_layer()
        )
        return inputs if layer is None else tf_data.augment(layer, inputs)

    def call(self, images: Any, training: bool = True) -> Any:
        """Change images at random, each by its own draws.

        Args:
            images: A batch or one image, see the class; or a dict of them under `"images"` with
                what belongs to them: `"segmentation_masks"` (..., height, width, 1) and
                `"bounding_boxes"`, a dict of `"boxes"` (..., N, 4) and `"labels"` (..., N), which
                follow the images, and anything else, which stays.
            training: Whether to act at random.

        Returns:
            The same of the same dtypes, and the same shapes unless the layer sets the size.
        """
        layer = self if training else self.inference_layer()
        if layer is None:
            return images
        if isinstance(images, Mapping):
            return follow_all(layer, images)
        return from_batch(layer, layer._augment(to_batch(layer, images)), images)

    def _augment(self, pixels: Tensor) -> Tensor:
        return tensor.render_batch(pixels, self._plan(pixels))

    def _plan(self, pixels: Tensor) -> Plan:
        """Draw for a batch (batch, height, width, channels), and plan what happens to it."""
        batch, *sides, channels = ops.shape(pixels)
        u = ops.zeros((batch, 0))
        if self.total_uniforms:
            u = self._uniforms.tensor(batch, self.total_uniforms)
        height, width = (s if isinstance(s, int) else ops.cast(s, "float32") for s in sides)
        return Chain([self]).plan(u, height, width, channels, xp=ops)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the shape that comes in, with the size that the layer makes of it."""
        if not self.changes_size:
            return input_shape
        *batch, a, b, c = input_shape
        if self.data_format == "channels_first":
            return (*batch, a, *self.output_size(b, c))
        return (*batch, *self.output_size(a, b), c)

    def compute_output_spec(self, images: Any, training: bool = True) -> Any:  # noqa: ARG002
        """Return the shape that comes out, and the dtype that comes in or is made of it."""
        if isinstance(images, Mapping):
            return {name: self._spec_in_dict(name, value) for name, value in images.items()}
        made = [part.output.dtype for part in self.flatten() if part.form == "output"]
        return self._spec(images, made[0] if made else images.dtype)

    def _spec_in_dict(self, name: str, value: Any) -> Any:
        if name == "images":
            return self.compute_output_spec(value)
        if name == "bounding_boxes":
            corners = keras.KerasTensor(value["boxes"].shape, dtype="float32")
            return {"boxes": corners, "labels": value["labels"]}
        return self._spec(value, value.dtype) if name == "segmentation_masks" else value

    def _spec(self, images: Any, dtype: Any) -> Any:
        return keras.KerasTensor(self.compute_output_shape(images.shape), dtype=dtype)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor, from which the layer can be made again."""
        config: dict[str, Any] = super().get_config()
        return config | {name: _plain(getattr(self, name)) for name in self._argument_names()}

    def __repr__(self) -> str:
        """Read like the call of the constructor."""
        given = {name: _plain(getattr(self, name)) for name in self._argument_names()}
        shown = [
            f"{name}={given[name]!r}"
            for name, parameter in inspect.signature(type(self)).parameters.items()
            if name in given and given[name] != _plain(parameter.default)
        ]
        return f"{type(self).__name__}({', '.join(shown)})"

    def _named(self, argument: str) -> str:
        """Name an argument for messages."""
        return f"{type(self).__name__}: {argument}"

    @classmethod
    def _takes_rate(cls) -> bool:
        """Whether it can leave images alone."""
        return cls.gated or "rate" in inspect.signature(cls).parameters

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
