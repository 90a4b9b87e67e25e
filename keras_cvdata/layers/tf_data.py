"""Tensors of TensorFlow on another backend, as `tf.data` brings them: NumPy does the work."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np

from keras_cvdata.engine import opencv
from keras_cvdata.engine.chain import Chain
from keras_cvdata.engine.plan import Plan
from keras_cvdata.layers.annotations import (
    check_axes,
    check_owner,
    follow_boxes,
    from_batch,
    names,
    to_batch,
)
from keras_cvdata.layers.pixels import check_pixels
from keras_cvdata.types import Array


def is_tensorflow(inputs: Any) -> bool:
    """Whether any of the inputs is a tensor of TensorFlow, which is not the backend."""
    if keras.backend.backend() == "tensorflow":
        return False
    leaves = keras.tree.flatten(inputs)
    return any(type(leaf).__module__.startswith("tensorflow.") for leaf in leaves)


def augment(layer: Any, inputs: Any) -> Any:
    """Change tensors of TensorFlow, each image by its own draws.

    Args:
        layer: The augmentation layer that was called.
        inputs: See `AugmentationLayer.call`, with nothing beside what follows the images.

    Returns:
        Tensors of TensorFlow in the form of what came in.
    """
    import tensorflow as tf

    named = inputs if isinstance(inputs, Mapping) else {"images": inputs}
    given = {name: named[name] for name in names(layer, named)}
    check_axes(layer, given["images"])

    chain = Chain([layer])
    check_pixels(layer, chain, given["images"].dtype.name)

    def run(*arrays: Array) -> list[Array]:
        found = keras.tree.pack_sequence_as(given, arrays)
        return keras.tree.flatten(_augment_arrays(layer, chain, found))  # type: ignore[no-any-return]

    spec = {name: layer._spec_in_dict(name, value) for name, value in given.items()}
    kinds = keras.tree.flatten(spec)
    leaves = keras.tree.flatten(given)
    # Outside a graph, one result comes without its list.
    changed = keras.tree.flatten(tf.numpy_function(run, leaves, [kind.dtype for kind in kinds]))
    for leaf, kind in zip(changed, kinds, strict=True):
        leaf.set_shape(kind.shape)
    result = keras.tree.pack_sequence_as(given, changed)
    return result if isinstance(inputs, Mapping) else result["images"]


def _augment_arrays(layer: Any, chain: Chain, given: dict[str, Any]) -> dict[str, Any]:
    images = given["images"]
    pixels = np.ascontiguousarray(to_batch(layer, images, np))
    count, height, width, channels = pixels.shape
    size = chain.output_size(height, width)
    plan = chain.plan(layer._uniforms.array(count, layer.total_uniforms), height, width, channels)
    result, batch = {}, None
    if "segmentation_masks" in given:
        masks = given["segmentation_masks"]
        batch = np.ascontiguousarray(to_batch(layer, masks, np))
        moved = _move_masks(layer, batch, plan, size)
        result["segmentation_masks"] = from_batch(layer, moved, masks, np)
    needed = batch if plan.needs_masks else None
    changed = opencv.render_batch(pixels, plan, size, masks=needed, fill=layer.mask_fill_value)
    result["images"] = from_batch(layer, changed, images, np)
    if "bounding_boxes" in given:
        check_owner(layer, given["bounding_boxes"], count, plan)
        sizes = (height, width), size
        boxes = follow_boxes(layer, given["bounding_boxes"], plan, sizes, np)
        result["bounding_boxes"] = boxes
    return result


def _move_masks(layer: Any, masks: Array, plan: Plan, size: tuple[int, int]) -> Array:
    moved = np.empty((len(masks), *size, masks.shape[3]), masks.dtype)
    for b, mask in enumerate(masks):
        opencv.render_mask(mask, plan, b, moved[b], fill=layer.mask_fill_value)
    return moved
