"""What belongs to images and moves with them when a layer is called: masks and boxes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
from keras import ops

from keras_cvdata.engine import boxes, tensor
from keras_cvdata.engine.plan import Plan
from keras_cvdata.engine.portable import Tensor


def to_batch(layer: Any, images: Tensor) -> Tensor:
    """Bring images to (batch, height, width, channels).

    Args:
        layer: The layer that was called, for its name and data format.
        images: A batch or one image.

    Returns:
        The batch.

    Raises:
        ValueError: The images have another rank.
    """
    if len(images.shape) not in (3, 4):
        raise ValueError(
            f"{layer.name} takes images of shape (height, width, channels) or a batch of them; "
            f"got shape {tuple(images.shape)}. Add or remove axes."
        )
    pixels = images if len(images.shape) == 4 else images[None]
    first = layer.data_format == "channels_first"
    return ops.transpose(pixels, (0, 2, 3, 1)) if first else pixels


def from_batch(layer: Any, pixels: Tensor, images: Tensor) -> Tensor:
    """Bring a batch back to the form of the images that it was made from."""
    if layer.data_format == "channels_first":
        pixels = ops.transpose(pixels, (0, 3, 1, 2))
    return pixels if len(images.shape) == 4 else pixels[0]


def follow_all(layer: Any, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Change images, and let masks and boxes follow them.

    Args:
        layer: The layer that was called.
        inputs: See `AugmentationLayer.call`; never changed.

    Returns:
        A new dict with the same keys.

    Raises:
        ValueError: There are no images, or boxes of unknown format.
    """
    if "images" not in inputs:
        raise ValueError(
            f"{layer.name} was called on a dict without 'images'; it has {sorted(inputs)}. Name "
            "the images so."
        )
    images = inputs["images"]
    pixels = to_batch(layer, images)
    plan = layer._plan(pixels)
    changed = tensor.run(pixels, plan)
    result = dict(inputs) | {"images": from_batch(layer, changed, images)}
    if "segmentation_masks" in inputs:
        masks = inputs["segmentation_masks"]
        moved = tensor.run_masks(to_batch(layer, masks), plan, layer.mask_fill_value)
        result["segmentation_masks"] = from_batch(layer, moved, masks)
    if "bounding_boxes" in inputs:
        sizes = ops.shape(pixels)[1:3], ops.shape(changed)[1:3]
        result["bounding_boxes"] = _follow_boxes(layer, inputs["bounding_boxes"], plan, sizes)
    return result


def _follow_boxes(
    layer: Any, found: Mapping[str, Any], plan: Plan, sizes: tuple[Any, Any]
) -> dict[str, Any]:
    if layer.bounding_box_format is None:
        raise ValueError(
            f"{layer.name} was called with bounding boxes of unknown format. Construct it with "
            f"bounding_box_format, one of {', '.join(map(repr, boxes.FORMATS))}."
        )
    single = len(found["boxes"].shape) == 2
    given = ops.cast(found["boxes"][None] if single else found["boxes"], "float32")
    labels = found["labels"][None] if single else found["labels"]
    (height, width), (tall, wide) = (
        (ops.cast(size[0], "float32"), ops.cast(size[1], "float32")) for size in sizes
    )
    pixels = boxes.to_pixels(given, layer.bounding_box_format, height, width, ops)
    pixels = boxes.follow(pixels, plan, height, width, ops)
    pixels, seen = boxes.clip(pixels, tall, wide, layer.min_visible, ops)
    seen = ops.logical_and(seen, labels >= 0)
    written = boxes.from_pixels(pixels, layer.bounding_box_format, tall, wide, ops)
    written = ops.where(seen[..., None], written, 0.0)
    dtype = keras.backend.standardize_dtype(labels.dtype)
    labels = ops.where(seen, labels, ops.cast(-1, dtype))
    if single:
        written, labels = written[0], labels[0]
    return {"boxes": written, "labels": labels}
