"""What belongs to images and moves with them when a layer is called: masks and boxes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_cvdata.engine import tensor
from keras_cvdata.engine.array_api import Tensor, cast
from keras_cvdata.engine.chain import Chain
from keras_cvdata.engine.geometry import boxes
from keras_cvdata.engine.geometry.outlines import in_sight
from keras_cvdata.engine.plan import Plan

FOLLOWERS = ("images", "segmentation_masks", "bounding_boxes")
_BOXES = ("boxes", "labels")


def names(layer: Any, inputs: Mapping[str, Any]) -> list[str]:
    """Which entries of a dict are images or move with them.

    Args:
        layer: The layer that was called.
        inputs: See `AugmentationLayer.call`.

    Returns:
        Keys of the dict, that of the images first.

    Raises:
        ValueError: There are no images, boxes of unknown format or without labels, or masks or
            boxes that cannot follow the layer.
    """
    if "images" not in inputs:
        raise ValueError(
            f"{layer.name} was called on a dict without 'images'; it has {sorted(inputs)}. Name "
            "the images so."
        )
    if "bounding_boxes" in inputs:
        _check_boxes(layer, inputs["bounding_boxes"])
    found = [name for name in FOLLOWERS if name in inputs]
    part = Chain([layer]).without_moves() if len(found) > 1 else None
    if part is not None:
        raise ValueError(
            f"Masks and boxes cannot follow {part!r}, which does not say where it moves pixels. "
            "Call it on the images alone, or leave it out."
        )
    return found


def _check_boxes(layer: Any, found: Mapping[str, Any]) -> None:
    if layer.bounding_box_format is None:
        raise ValueError(
            f"{layer.name} was called with bounding boxes of unknown format. Construct it with "
            f"bounding_box_format, one of {', '.join(map(repr, boxes.FORMATS))}."
        )
    if not isinstance(found, Mapping) or not set(_BOXES) <= set(found):
        given = sorted(found) if isinstance(found, Mapping) else type(found).__name__
        raise ValueError(
            f"{layer.name} takes bounding_boxes as a dict with 'boxes' (..., N, 4) and 'labels' "
            f"(..., N), -1 where there is no box; got {given}."
        )


def check_owner(layer: Any, found: Mapping[str, Any], count: int | None, plan: Plan) -> None:
    """Refuse the boxes of one image beside several that move, each in its own way.

    Args:
        layer: The layer that was called.
        found: See `follow_boxes`.
        count: Number of images, where it is known.
        plan: What happens to the images.
    """
    moves = any(step.for_mask() is not None for step in plan.steps)
    if moves and count not in (None, 1) and len(found["boxes"].shape) == 2:
        raise ValueError(
            f"{layer.name} was called on {count} images with boxes of shape "
            f"{tuple(found['boxes'].shape)}, which do not say whose they are. Give boxes of "
            "(batch, N, 4) and labels of (batch, N), or one image."
        )


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
    result = dict(inputs)
    if "segmentation_masks" in given:
        masks = inputs["segmentation_masks"]
        batch = to_batch(layer, masks)
        plan = tensor.with_masks(plan, batch, layer.mask_fill_value) if plan.needs_masks else plan
        moved = tensor.render_masks(batch, plan, layer.mask_fill_value)
        result["segmentation_masks"] = from_batch(layer, moved, masks)
    changed = tensor.render_batch(pixels, plan)
    result["images"] = from_batch(layer, changed, images)
    if "bounding_boxes" in given:
        check_owner(layer, inputs["bounding_boxes"], pixels.shape[0], plan)
        sizes = ops.shape(pixels)[1:3], ops.shape(changed)[1:3]
        result["bounding_boxes"] = follow_boxes(layer, inputs["bounding_boxes"], plan, sizes, ops)
    return result


def follow_boxes(
    layer: Any, found: Mapping[str, Any], plan: Plan, sizes: tuple[Any, Any], xp: Any
) -> dict[str, Any]:
    """Let the boxes of a batch or of one image follow a plan.

    Args:
        layer: The layer that was called.
        found: `"boxes"` (..., N, 4), `"labels"` (..., N), and anything else.
        plan: What happens to the images.
        sizes: (height, width) of the images before and after.
        xp: `numpy` or `keras.ops`, whichever the plan was made with.

    Returns:
        The same keys: boxes as float32, labels of their dtype or int32 where that has no -1, and
        the rest as it is.
    """
    single, flat = len(found["boxes"].shape) == 2, len(found["labels"].shape) == 1
    given = cast(found["boxes"][None] if single else found["boxes"], "float32", xp)
    labels = found["labels"][None] if flat else found["labels"]
    labels = cast(labels, signed(labels.dtype), xp)
    (height, width), (tall, wide) = (
        (cast(size[0], "float32", xp), cast(size[1], "float32", xp)) for size in sizes
    )
    pixels = boxes.to_pixels(given, layer.bounding_box_format, height, width, xp)
    pixels, shares = plan.follow_boxes(pixels, height, width, xp)
    seen = xp.logical_and(in_sight(shares, layer.min_visible, xp), labels >= 0)
    written = boxes.from_pixels(pixels, layer.bounding_box_format, tall, wide, xp)
    written = cast(xp.where(seen[..., None], written, 0.0), "float32", xp)
    labels = xp.where(seen, labels, xp.full_like(labels, -1))
    written, labels = written[0] if single else written, labels[0] if flat else labels
    return {**found, "boxes": written, "labels": labels}


def signed(dtype: Any) -> str:
    """Dtype of labels that can be -1, for those of a dtype."""
    name = keras.backend.standardize_dtype(dtype)
    return "int32" if name.startswith("uint") else name


def densify(inputs: Any) -> Any:
    """Make arrays of the boxes of images that have different numbers of them, filled up with -1.

    Args:
        inputs: What a layer is called on.

    Returns:
        The same, with an array in place of each list of arrays and each ragged tensor of TensorFlow
        in `"bounding_boxes"`.

    Example:
        >>> labels = densify({"bounding_boxes": {"labels": [[3, 4], []]}})
        >>> labels["bounding_boxes"]["labels"].tolist()
        [[3, 4], [-1, -1]]
    """
    if not isinstance(inputs, Mapping) or not isinstance(inputs.get("bounding_boxes"), Mapping):
        return inputs
    found = {name: _dense(name, value) for name, value in inputs["bounding_boxes"].items()}
    return {**inputs, "bounding_boxes": found}


def apart(inputs: Any) -> tuple[Any, Callable[[Any], Any]]:
    """Keep aside what no layer touches, which need be no tensors.

    Args:
        inputs: What a layer is called on.

    Returns:
        The images and what follows them, and a function that puts the rest beside what becomes of
        them.

    Example:
        >>> moving, beside = apart({"images": 1, "name": "a"})
        >>> moving, beside({"images": 2})
        ({'images': 1}, {'images': 2, 'name': 'a'})
    """
    if not isinstance(inputs, Mapping) or "images" not in inputs:
        return inputs, lambda changed: changed
    moving = {name: inputs[name] for name in FOLLOWERS if name in inputs}
    found = moving.get("bounding_boxes")
    if not isinstance(found, Mapping) or not set(_BOXES) <= set(found):
        return moving, lambda changed: {**inputs, **changed}
    moving["bounding_boxes"] = {name: found[name] for name in _BOXES}

    def beside(changed: Any) -> Any:
        boxes = {**found, **changed["bounding_boxes"]}
        return {**inputs, **changed, "bounding_boxes": boxes}

    return moving, beside


def _dense(name: str, value: Any) -> Any:
    if type(value).__name__ == "RaggedTensor":
        return value.to_tensor(-1)
    if not isinstance(value, list | tuple) or not value:
        return value
    rows = [ops.convert_to_numpy(row) if ops.is_tensor(row) else np.asarray(row) for row in value]
    if name == "boxes" and any(row.ndim > 1 or not row.size for row in rows):
        rows = [row.reshape(-1, 4) for row in rows]
    shapes = {row.shape for row in rows}
    filled = [row for row in rows if row.size] or rows
    dtype = np.result_type(*filled)
    if dtype.kind not in "iufb" or (len(shapes) > 1 and dtype.kind == "b"):
        return value
    if len(shapes) == 1:
        return np.stack(rows).astype(dtype, copy=False)
    dtype = np.dtype(signed(dtype))
    dense = np.full((len(rows), max(map(len, rows)), *filled[0].shape[1:]), -1, dtype)
    for number, row in enumerate(rows):
        dense[number, : len(row)] = row
    return dense
