"""What all layers share that change images: drawing, calling, and what follows the images."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypedDict

import keras
from keras import ops

from keras_cvdata.arguments import choice, probability
from keras_cvdata.engine import tensor
from keras_cvdata.engine.array_api import Parameters, Tensor
from keras_cvdata.engine.augmentation import Augmentation
from keras_cvdata.engine.chain import Chain
from keras_cvdata.engine.geometry import boxes
from keras_cvdata.engine.plan import Plan
from keras_cvdata.layers import tf_data
from keras_cvdata.layers.annotations import (
    apart,
    densify,
    follow_all,
    from_batch,
    signed,
    to_batch,
)
from keras_cvdata.layers.random_layer import RandomLayer


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


class AugmentationLayer(RandomLayer, Augmentation):
    """Base of all layers that change images at random.

    A subclass says how many uniform numbers one image needs (`num_uniforms`), turns them into
    `parameters`, and says what it does in one of the forms of `layers.forms`, such as
    `GeometricLayer` and `PhotometricLayer`. It holds no pixel code. In a sequence it acts through
    OpenCV; called on tensors, by itself or in a model, it acts through `keras.ops` and draws from
    its own seed.

    Images are (height, width, channels) or (batch, height, width, channels), uint8, uint16 (which
    Keras does not have on PyTorch) or floats. They come out with the same shape and dtype,
    saturated, never wrapped. With `training=False` they come out as they went in, unless the layer
    draws nothing and so belongs to the preparation of all images, such as a resize. Where nobody
    says `training`, a layer acts that is called by hand, and rests in a model that is called.

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
        min_visible: Share of the area of a box, 0 to 1, that must stay in sight through all that
            the layer does, of what lay in the image before; other boxes become zeros with the label
            -1, and so do those of which nothing is in sight.
        **keras_options: `name`, `dtype` and `trainable` of `keras.layers.Layer`. The dtype of the
            images is kept, whatever `dtype` is.

    Raises:
        TypeError: A keyword is not known.
        ValueError: A value is out of its range.
    """

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
        super().__init__(rate=rate, seed=seed, data_format=data_format, **keras_options)
        self.mask_fill_value = mask_fill_value
        if bounding_box_format is not None:
            choice(self._named("bounding_box_format"), bounding_box_format, boxes.FORMATS)
        self.bounding_box_format = bounding_box_format
        self.min_visible = probability(self._named("min_visible"), min_visible)

    @property
    def always_acts(self) -> bool:  # type: ignore[override] # depends on the rate
        """Whether it acts on every image."""
        return self.total_uniforms == self.num_uniforms

    def draw(self, u: Tensor, height: Tensor, width: Tensor, xp: Any) -> Parameters:
        """Turn (B, total_uniforms) uniforms into parameters; (B,) `active` if it is gated."""
        p = self.parameters(u[:, : self.num_uniforms], height, width, xp)
        if self.total_uniforms > self.num_uniforms:
            p["active"] = u[:, self.num_uniforms] < self.rate
        return p

    def inference_layer(self) -> AugmentationLayer | None:
        """The layer that acts outside training, or `None` where nothing happens there."""
        return None if self.total_uniforms else self

    def __call__(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """Change images at random; tensors of TensorFlow, as in `tf.data`, on any backend."""
        moving, beside = apart(densify(inputs))
        if not tf_data.is_tensorflow(moving):
            return beside(super().__call__(moving, *args, **kwargs))
        training = kwargs.get("training", args[0] if args else None)
        layer = self if training is None or training else self.inference_layer()
        return beside(moving if layer is None else tf_data.augment(layer, moving))

    def call(self, images: Any, training: bool | None = None) -> Any:
        """Change images at random, each by its own draws.

        Args:
            images: A batch or one image, see the class; or a dict of them under `"images"` with
                what belongs to them: `"segmentation_masks"` (..., height, width, 1) and
                `"bounding_boxes"`, a dict of `"boxes"` (..., N, 4) and `"labels"` (..., N), which
                follow the images, and anything else, here and among the boxes, which stays. Lists
                of the boxes of each image and ragged tensors are filled up with -1. A box that is
                out of sight becomes zeros with the label -1 in its place. A box that is turned
                becomes the smallest upright one round it, once for all layers of a `Pipeline`.
            training: Whether to act at random; `None` to act unless in a model or another layer.

        Returns:
            The same of the same dtypes, and the same shapes unless the layer sets the size.
        """
        layer = self if self._acts(training) else self.inference_layer()
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

    def compute_output_spec(self, images: Any, training: bool | None = None) -> Any:
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
            labels = value["labels"]
            labels = keras.KerasTensor(labels.shape, dtype=signed(labels.dtype))
            return {**value, "boxes": corners, "labels": labels}
        return self._spec(value, value.dtype) if name == "segmentation_masks" else value

    def _spec(self, images: Any, dtype: Any) -> Any:
        return keras.KerasTensor(self.compute_output_shape(images.shape), dtype=dtype)
