"""What belongs to images and moves with them when a layer is called: masks and boxes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from keras import ops

from keras_cvdata.engine import tensor
from keras_cvdata.engine.array_api import Tensor, cast
from keras_cvdata.engine.geometry import boxes
from keras_cvdata.engine.plan import Plan


def names(layer: Any, inputs: Mapping[str, Any]) -> list[str]:
    """Which entries of a dict are images or move with them.

    Args:
        layer: The layer that was called.
        inputs: See `AugmentationLayer.call`.

    Returns:
        Keys of the dict, that of the images first.

    Raises:
        ValueError: There are no images, or boxes of unknown format.
    """
    if "images" not in inputs:
        raise ValueError(
            f"{layer.name} was called on a dict without 'images'; it has {sorted(inputs)}. Name "
            "the images so."
        )
    if "bounding_boxes" in inputs and layer.bounding_box_format is None:
        raise ValueError(
            f"{layer.name} was called with bounding boxes of unknown format. Construct it with "
            f"bounding_box_format, one of {', '.join(map(repr, boxes.FORMATS))}."
        )
    return [name for name in ("images", "segmentation_masks", "bounding_boxes") if name in inputs]


def check_axes(layer: Any, images: Tensor) -> None:
    """Refuse what is neither an image nor a batch of them."""
    if getattr(images.shape, "rank", 0) is None:  # of TensorFlow
        raise ValueError(
            f"{layer.name} was called on images whose number of axes is not known. Decode them by "
            "tf.io.decode_image(..., expand_animations=False), or set their shape."
        )
    if len(images.shape) not in (3, 4):
        raise ValueError(
            f"{layer.name} takes images of shape (height, width, channels) or a batch of them; "
            f"got shape {tuple(images.shape)}. Add or remove axes."
        )


def to_batch(layer: Any, images: Tensor, xp: Any = ops) -> Tensor:
    """Bring images to (batch, height, width, channels).

    Args:
        layer: The layer that was called, for its name and data format.
        images: A batch or one image.
        xp: `numpy` or `keras.ops`.

    Returns:
        The batch.
    """
    check_axes(layer, images)
    pixels = images if len(images.shape) == 4 else images[None]
    first = layer.data_format == "channels_first"
    return xp.transpose(pixels, (0, 2, 3, 1)) if first else pixels


def from_batch(layer: Any, pixels: Tensor, images: Tensor, xp: Any = ops) -> Tensor:
    """Bring a batch back to the form of the images that it was made from."""
    if layer.data_format == "channels_first":
        pixels = xp.transpose(pixels, (0, 3, 1, 2))
    return pixels if len(images.shape) == 4 else pixels[0]


def follow_all(layer: Any, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Change images, and let masks and boxes follow them.

    Args:
        layer: The layer that was called.
        inputs: See `AugmentationLayer.call`; never changed.

    Returns:
        A new dict with the same keys.
    """
    given = names(layer, inputs)
    images = inputs["images"]
    pixels = to_batch(layer, images)
    plan = layer._plan(pixels)
    changed = tensor.render_batch(pixels, plan)
    result = dict(inputs) | {"images": from_batch(layer, changed, images)}
    if "segmentation_masks" in given:
        masks = inputs["segmentation_masks"]
        moved = tensor.render_masks(to_batch(layer, masks), plan, layer.mask_fill_value)
        result["segmentation_masks"] = from_batch(layer, moved, masks)
    if "bounding_boxes" in given:
        sizes = ops.shape(pixels)[1:3], ops.shape(changed)[1:3]
        result["bounding_boxes"] = follow_boxes(layer, inputs["bounding_boxes"], plan, sizes, ops)
    return result


def follow_boxes(
    layer: Any, found: Mapping[str, Any], plan: Plan, sizes: tuple[Any, Any], xp: Any
) -> dict[str, Any]:
    """Let the boxes of a batch or of one image follow a plan.

    Args:
        layer: The layer that was called.
        found: `"boxes"` (..., N, 4) and `"labels"` (..., N).
        plan: What happens to the images.
        sizes: (height, width) of the images before and after.
        xp: `numpy` or `keras.ops`, whichever the plan was made with.

    Returns:
        The same two, float32 and of the dtype of the labels.
    """
    single = len(found["boxes"].shape) == 2
    given = cast(found["boxes"][None] if single else found["boxes"], "float32", xp)
    labels = found["labels"][None] if single else found["labels"]
    (height, width), (tall, wide) = (
        (cast(size[0], "float32", xp), cast(size[1], "float32", xp)) for size in sizes
    )
    pixels = boxes.to_pixels(given, layer.bounding_box_format, height, width, xp)
    pixels = plan.follow_boxes(pixels, height, width, xp)
    pixels, seen = boxes.clip(pixels, tall, wide, layer.min_visible, xp)
    seen = xp.logical_and(seen, labels >= 0)
    written = boxes.from_pixels(pixels, layer.bounding_box_format, tall, wide, xp)
    written = cast(xp.where(seen[..., None], written, 0.0), "float32", xp)
    labels = xp.where(seen, labels, xp.full_like(labels, -1))
    if single:
        written, labels = written[0], labels[0]
    return {"boxes": written, "labels": labels}
