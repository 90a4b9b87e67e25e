"""What layers share that mix the samples of a batch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import keras
import numpy as np
from keras import ops

from keras_cvdata.engine import mixing
from keras_cvdata.engine.answers import ask_parameters
from keras_cvdata.engine.array_api import Parameters, Tensor, cast
from keras_cvdata.engine.tensor.mixing import mix_images
from keras_cvdata.layers.random_layer import RandomLayer
from keras_cvdata.layers.tf_data import is_tensorflow
from keras_cvdata.types import Array

_WEIGHTS = ("sample_weights", "sample_weight")


class Batch(NamedTuple):
    """The parts of a batch that are mixed; `weights` is `None` where there are none."""

    images: Any
    labels: Any
    weights: Any


class MixingLayer(RandomLayer):
    """Base of layers that mix each sample of a batch with another one, image and labels together.

    A mixing layer is called on batches with labels: `(images, labels)`,
    `(images, labels, sample_weights)` or a dict with `"images"`, `"labels"` and, if there are any,
    `"sample_weights"` or `"sample_weight"`. It returns what it was given. It may also stand at the
    end of `augment` of a sequence, after the layers that change single images; there it works on
    the worker threads, and the result depends on seed, epoch and batch only. What holds a single
    sample, such as `sequence.sample(i)`, has nothing to mix it with.

    Labels are one-hot, of several classes or levels (`"multilabel"`), `"binary"` or numbers of a
    regression; lists, tuples and dicts of such. They come out as floats, so the loss must take
    shares of classes (`CategoricalCrossentropy`). The partner of each sample is any other of its
    batch, each as likely.

    Args:
        rate: Probability, 0 to 1, that a sample is mixed.
        seed: Integer that the draws depend on when the layer is called; `None` for a random one.
            Sequences bring their own.
        data_format: `"channels_last"` or `"channels_first"`; that of Keras's configuration where
            `None`.
        **keras_options: `name`, `dtype` and `trainable` of `keras.layers.Layer`.

    Raises:
        TypeError: A keyword is not known.
        ValueError: A value is out of its range, or a batch has no labels or integer ones.
    """

    partner_uniform: int = 0  # which of the draws chooses the partner

    def draw(self, u: Tensor, height: Tensor, width: Tensor, xp: Any) -> Parameters:
        """Turn (B, total_uniforms) uniform numbers into parameters, see `engine.mixing.Mixer`."""
        p = ask_parameters(self, u, height, width, xp)
        p["partner"] = partners(u[:, self.partner_uniform], xp)
        if self.total_uniforms > self.num_uniforms:
            active = u[:, self.num_uniforms] < self.rate
            p["share"] = xp.where(active, p["share"], xp.ones_like(p["share"]))
            if "box" in p:
                p["box"] = xp.where(active[:, None], p["box"], xp.zeros_like(p["box"]))
        return p

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        """Mix a batch, each sample by its own draws.

        Args:
            inputs: A batch with labels, see the class.
            training: Whether to act at random; `None` to act unless in a model or another layer.

        Returns:
            What came in, mixed.
        """
        batch = self._read(inputs)
        if not self._acts(training):
            return inputs
        count, *sides = self._sizes(ops.shape(batch.images))
        u = self._uniforms.tensor(count, self.total_uniforms)
        height, width = (s if isinstance(s, int) else ops.cast(s, "float32") for s in sides)
        p = self.draw(u, height, width, ops)
        images = mix_images(self._channels_last(batch.images, ops), p)
        labels, weights = _map(
            lambda target: mixing.mix_targets(target, p, ops), (batch.labels, batch.weights)
        )
        return _write(inputs, self._as_given(images, ops), labels, weights)

    def __call__(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """Mix a batch; tensors of TensorFlow, as in `tf.data`, on any backend."""
        if not is_tensorflow(inputs):
            return super().__call__(inputs, *args, **kwargs)
        batch = self._read(inputs)
        training = kwargs.get("training", args[0] if args else None)
        if not (training is None or training):
            return inputs
        return _write(inputs, *self._mix_in_tensorflow(batch))

    def _mix_in_tensorflow(self, batch: Batch) -> Batch:
        import tensorflow as tf

        given = tuple(part for part in batch if part is not None)
        leaves = keras.tree.flatten(given)
        kinds = [leaves[0].dtype, *(_float_of(leaf) for leaf in leaves[1:])]
        mixed = tf.numpy_function(self._mix_arrays, leaves, kinds)
        for after, before in zip(mixed, leaves, strict=True):
            after.set_shape(before.shape)
        return Batch(*keras.tree.pack_sequence_as(given, mixed), *batch[len(given) :])

    def _mix_arrays(self, images: Array, *targets: Array) -> list[Array]:
        pixels = np.ascontiguousarray(self._channels_last(images, np))
        u = self._uniforms.array(len(pixels), self.total_uniforms)
        p = self.draw(u, pixels.shape[1], pixels.shape[2], np)
        mixed = self._as_given(mixing.mix_images(pixels, p), np)
        return [mixed, *(mixing.mix_targets(target, p, np) for target in targets)]

    def _sizes(self, shape: Sequence[Any]) -> tuple[Any, Any, Any]:
        count, a, b, c = shape
        return (count, b, c) if self.data_format == "channels_first" else (count, a, b)

    def _channels_last(self, images: Any, xp: Any) -> Any:
        first = self.data_format == "channels_first"
        return xp.transpose(images, (0, 2, 3, 1)) if first else images

    def _as_given(self, images: Any, xp: Any) -> Any:
        first = self.data_format == "channels_first"
        return xp.transpose(images, (0, 3, 1, 2)) if first else images

    def _read(self, inputs: Any) -> Batch:
        """Find the parts of a batch, and refuse one that cannot be mixed."""
        weights = None
        if isinstance(inputs, dict) and {"images", "labels"} <= set(inputs):
            unknown = set(inputs) - {"images", "labels", *_WEIGHTS}
            if unknown:
                raise ValueError(
                    f"{self.name} does not know how to mix {', '.join(sorted(unknown))}. Give "
                    "images, labels and sample_weights, and add the rest afterwards."
                )
            images, labels = inputs["images"], inputs["labels"]
            weights = next((inputs[key] for key in _WEIGHTS if key in inputs), None)
        elif isinstance(inputs, tuple | list) and len(inputs) in (2, 3):
            images, labels, weights = (*inputs, None)[:3]
        else:
            raise ValueError(
                f"{self.name} mixes images and labels together, so it takes (images, labels), "
                '(images, labels, sample_weights) or {"images": ..., "labels": ...}; got '
                f"{_described(inputs)}."
            )
        if len(images.shape) != 4:
            raise ValueError(
                f"{self.name} takes a batch of images of shape (batch, height, width, channels); "
                f"got shape {tuple(images.shape)}. Mix after batching."
            )
        for leaf in keras.tree.flatten(labels):
            check_target(self.name, leaf)
        return Batch(images, labels, weights)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the shapes that come in."""
        return input_shape

    def compute_output_spec(self, inputs: Any, training: bool | None = None) -> Any:
        """Return the shapes that come in; labels and weights become floats."""
        batch = self._read(inputs)
        mixes = training is None or training
        labels, weights = _map(
            lambda x: keras.KerasTensor(x.shape, dtype=_float_of(x) if mixes else x.dtype),
            (batch.labels, batch.weights),
        )
        images = keras.KerasTensor(batch.images.shape, dtype=batch.images.dtype)
        return _write(inputs, images, labels, weights)


def partners(u: Tensor, xp: Any) -> Tensor:
    """Choose another sample of the batch for each.

    Args:
        u: (B,) numbers of [0, 1).
        xp: `numpy` or `keras.ops`.

    Returns:
        (B,) int32; a sample that is alone is its own partner.

    Example:
        >>> partners(np.array([0.0, 0.6, 0.6]), np)
        array([1, 0, 1], dtype=int32)
    """
    count = xp.shape(u)[0]
    ahead = cast(xp.floor(u * cast(count - 1, u.dtype, xp)), "int32", xp)
    return (xp.arange(count, dtype="int32") + 1 + ahead) % count


def check_target(name: str, target: Any) -> None:
    """Refuse labels that have no shares in between, such as numbers of classes.

    Args:
        name: Who asks.
        target: Labels of a batch.

    Raises:
        ValueError: They cannot be mixed.
    """
    shape = tuple(target.shape)
    whole = not keras.backend.is_float_dtype(keras.backend.standardize_dtype(target.dtype))
    if whole and (len(shape) < 2 or shape[-1] == 1):
        raise ValueError(
            f"{name} cannot mix integer labels (shape {shape}, {target.dtype}): there is nothing "
            "between two numbers of classes. Use one-hot labels: label_mode='categorical' in a "
            "sequence, keras.ops.one_hot(labels, classes) otherwise; numbers of a regression as "
            "floats."
        )


def _map(change: Callable[[Any], Any], parts: Any) -> Any:
    """Change all arrays of a structure; `None` stays."""
    return keras.tree.map_structure(lambda x: None if x is None else change(x), parts)


def _float_of(target: Any) -> str:
    dtype = keras.backend.standardize_dtype(target.dtype)
    return dtype if keras.backend.is_float_dtype(dtype) else "float32"


def _write(inputs: Any, images: Any, labels: Any, weights: Any) -> Any:
    """Put parts of a batch where `inputs` has them."""
    if not isinstance(inputs, dict):
        return type(inputs)((images, labels, weights)[: len(inputs)])
    named = {"images": images, "labels": labels, **dict.fromkeys(_WEIGHTS, weights)}
    return {key: named[key] for key in inputs}


def _described(inputs: Any) -> str:
    if isinstance(inputs, dict):
        return f"a dict with {sorted(inputs)}"
    if isinstance(inputs, tuple | list):
        return f"a {type(inputs).__name__} of {len(inputs)}"
    return f"{type(inputs).__name__} of shape {getattr(inputs, 'shape', None)}, without labels"
