"""Masks and boxes follow their images, on both executors and all backends."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from keras import ops

from keras_cvdata import layers
from keras_cvdata.engine import opencv, tensor
from keras_cvdata.engine.chain import Chain
from keras_cvdata.engine.geometry import boxes
from tests.cases import LAYERS, LayerCase
from tests.executors import tensor_plan, uniforms
from tests.layers.rows import for_each

pytestmark = pytest.mark.backends

MOVING = [
    case
    for case in LAYERS
    if getattr(case.layer, "form", "") in ("matrix", "field", "region", "resize")
]
SIZE = (161, 187)


def shapes(batch: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Images with one bright rectangle, their masks and boxes."""
    random = np.random.default_rng(1)
    masks = np.zeros((batch, *SIZE, 1), np.uint8)
    corners = np.zeros((batch, 1, 4), np.float32)
    for mask, corner in zip(masks, corners, strict=True):
        top, left = random.integers(36, 44, 2)
        bottom, right = top + 72, left + 80
        mask[top:bottom, left:right] = 1
        corner[0] = left, top, right, bottom
    images = np.repeat(masks * np.uint8(200) + np.uint8(20), 3, axis=3)
    return images, masks, corners


def gentle(case: LayerCase) -> Any:
    """The layer of a row, which keeps the rectangle inside."""
    options = {
        "RandomRotateBound": {"degrees": 40},
        "RandomTranslation": {"height_factor": 0.1, "width_factor": 0.1},
        "RandomRoll": {"height_factor": 0.1, "width_factor": 0.1},
        "RandomZoomCrop": {"magnification": (0.8, 1.1)},
        "RandomResizedCrop": {**case.options, "scale": (0.9, 1.0), "ratio": (1.2, 1.3)},
        "RandomRotation": {"degrees": 20},
        "RandomZoom": {"height_factor": 0.1, "width_factor": 0.2},
        "RandomShear": {"x_factor": 0.2, "y_factor": 0.1},
        "RandomAffine": {"degrees": 10},
        "RandomPerspective": {"scale": 0.2},
        "RandomCrop": {"height": 151, "width": 180},
        "CenterCrop": {"height": 151, "width": 180},
        "Resizing": {"height": 200, "width": 170},
    }.get(case.layer.__name__, case.options)
    fill = {"fill_mode": "constant"} if issubclass(case.layer, layers.FillingLayer) else {}
    return case.layer(**{**options, **fill, "seed": 2})


def overlap(one: np.ndarray, other: np.ndarray) -> float:
    """Intersection over union."""
    return (one & other).sum() / (one | other).sum()


@for_each(MOVING)
def test_masks_find_their_shapes(case: LayerCase) -> None:
    """The mask found in the warped image is the warped mask: IoU of 0.99 on every backend."""
    images, masks, _ = shapes(6)
    chain = Chain([gentle(case)])
    u = uniforms(chain, 6)
    plan = chain.plan(u, *SIZE, 3)
    for b in range(6):
        size = chain.output_size(*SIZE)
        image, mask = np.empty((*size, 3), np.uint8), np.empty((*size, 1), np.uint8)
        opencv.render(images[b], plan, b, image)
        opencv.render_mask(masks[b], plan, b, mask)
        assert set(np.unique(mask)) <= {0, 1}
        assert overlap(image[..., :1] > 120, mask > 0) >= 0.99
    result = gentle(case)({"images": images, "segmentation_masks": masks})
    found = ops.convert_to_numpy(result["images"])[..., :1] > 120
    assert overlap(found, ops.convert_to_numpy(result["segmentation_masks"]) > 0) >= 0.99


@for_each(MOVING)
def test_boxes_find_their_shapes(case: LayerCase) -> None:
    """Within a pixel of the rectangle round the mask, where the turn keeps corners in sight."""
    _, masks, corners = shapes(6)
    chain = Chain([gentle(case)])
    u = uniforms(chain, 6)
    plan = chain.plan(u, *SIZE, 3)
    moved, shares = plan.follow_boxes(corners.astype(np.float64), *SIZE, np)
    for b in range(6):
        mask = np.empty((*chain.output_size(*SIZE), 1), np.uint8)
        opencv.render_mask(masks[b], plan, b, mask)
        rows, columns = np.flatnonzero(mask.any(axis=(1, 2))), np.flatnonzero(mask.any(axis=(0, 2)))
        found = [columns[0], rows[0], columns[-1] + 1, rows[-1] + 1]
        assert np.abs(moved[b, 0] - found).max() <= 1
    assert (shares > 0.99).all()


@pytest.mark.parametrize("box_format", boxes.FORMATS)
def test_formats_are_those_of_keras(box_format: str) -> None:
    pixels = np.array([[[3.0, 5.0, 11.0, 20.0]]], np.float32)
    written = boxes.from_pixels(pixels, box_format, 40, 50, np)
    if box_format in ("xyxy", "yxyx", "xywh", "center_xywh", "rel_xyxy", "rel_yxyx", "rel_xywh"):
        expected = keras.utils.bounding_boxes.convert_format(
            ops.convert_to_tensor(pixels), "xyxy", box_format, height=40, width=50
        )
        assert np.allclose(written, ops.convert_to_numpy(expected), atol=1e-6)
    assert np.allclose(boxes.to_pixels(written, box_format, 40, 50, np), pixels, atol=1e-5)


def test_boxes_are_clipped_and_dropped() -> None:
    """What leaves the image is cut off; with too little in sight a box becomes zeros and -1."""
    layer = layers.RandomTranslation(
        0, (0.5, 0.5), fill_mode="constant", bounding_box_format="xywh", min_visible=0.5
    )
    given = {
        "images": np.zeros((1, 10, 20, 3), np.uint8),
        "bounding_boxes": {
            "boxes": np.array([[[0, 1, 4, 4], [6, 1, 8, 4], [9, 1, 8, 4], [0, 0, 0, 0]]], float),
            "labels": np.array([[5, 6, 7, -1]]),
        },
        "names": np.array([3]),
    }
    result = layer(given)
    found = keras.tree.map_structure(ops.convert_to_numpy, result["bounding_boxes"])
    assert found["boxes"][0].tolist() == [[10, 1, 4, 4], [16, 1, 4, 4], [0] * 4, [0] * 4]
    assert found["labels"].tolist() == [[5, 6, -1, -1]]
    assert ops.convert_to_numpy(result["names"]).tolist() == [3]
    assert given["bounding_boxes"]["boxes"][0, 0].tolist() == [0, 1, 4, 4]


def test_a_single_image_brings_single_targets() -> None:
    image, mask, corners = (each[0] for each in shapes(1))
    layer = layers.RandomFlip("vertical", rate=1.0, bounding_box_format="xyxy")
    result = layer(
        {
            "images": image,
            "segmentation_masks": mask,
            "bounding_boxes": {"boxes": corners, "labels": np.array([4])},
        }
    )
    assert np.array_equal(ops.convert_to_numpy(result["segmentation_masks"]), mask[::-1])
    left, top, right, bottom = corners[0]
    found = ops.convert_to_numpy(result["bounding_boxes"]["boxes"])
    assert found.tolist() == [[left, 161 - bottom, right, 161 - top]]


def test_boxes_and_labels_keep_their_axes() -> None:
    """Keras takes labels of a batch beside the boxes of one image."""
    layer = layers.CenterCrop(20, 20, bounding_box_format="xyxy")
    found = {"boxes": np.array([[2, 1, 9, 8], [60, 4, 70, 6]]), "labels": np.array([[1, 2]])}
    result = layer({"images": np.zeros((20, 30, 3), np.uint8), "bounding_boxes": found})
    boxed = {k: ops.convert_to_numpy(v).tolist() for k, v in result["bounding_boxes"].items()}
    assert boxed == {"boxes": [[0, 1, 4, 8], [0, 0, 0, 0]], "labels": [[1, -1]]}


def test_boxes_without_a_batch_axis_belong_to_one_image() -> None:
    import tensorflow as tf

    layer = layers.RandomFlip("vertical", rate=1.0, bounding_box_format="xyxy")
    found = {"boxes": np.array([[0, 0, 2, 1]]), "labels": np.array([4])}
    several = {"images": np.zeros((2, 4, 4, 3), np.uint8), "bounding_boxes": found}
    with pytest.raises(
        ValueError, match=r"2 images with boxes of shape \(1, 4\), which do not say"
    ):
        layer(several)
    with pytest.raises(Exception, match=r"2 images with boxes of shape \(1, 4\)"):
        list(tf.data.Dataset.from_tensors(several).map(layer))
    result = layer({"images": np.zeros((1, 4, 4, 3), np.uint8), "bounding_boxes": found})
    assert ops.convert_to_numpy(result["bounding_boxes"]["boxes"]).tolist() == [[0, 3, 2, 4]]
    still = layers.RandomGrayscale(1.0, bounding_box_format="xyxy")
    result = still({"images": np.zeros((2, 4, 4, 3), np.uint8), "bounding_boxes": found})
    assert ops.convert_to_numpy(result["bounding_boxes"]["boxes"]).tolist() == [[0, 0, 2, 1]]


def test_masks_fill_with_a_class_of_their_own() -> None:
    layer = layers.RandomTranslation((0.5, 0.5), 0, fill_mode="constant", mask_fill_value=9)
    result = layer(
        {
            "images": np.zeros((1, 4, 4, 3), np.uint8),
            "segmentation_masks": np.ones((1, 4, 4, 1), int),
        }
    )
    masks = ops.convert_to_numpy(result["segmentation_masks"])
    assert masks[0, :, 0, 0].tolist() == [9, 9, 1, 1]


def test_what_is_missing_is_named() -> None:
    layer = layers.RandomFlip()
    with pytest.raises(ValueError, match=r"without 'images'; it has \['pixels'\]"):
        layer({"pixels": np.zeros((1, 4, 4, 3), np.uint8)})
    boxed = {"boxes": np.zeros((1, 1, 4)), "labels": np.zeros((1, 1))}
    with pytest.raises(ValueError, match=r"boxes of unknown format.*bounding_box_format, one of"):
        layer({"images": np.zeros((1, 4, 4, 3), np.uint8), "bounding_boxes": boxed})
    with pytest.raises(ValueError, match="bounding_box_format must be one of"):
        layers.RandomFlip(bounding_box_format="xxyy")


def test_both_executors_agree_on_targets_of_a_chain() -> None:
    _, masks, corners = shapes(4)
    chain = Chain(
        [
            layers.RandomFlip(),
            layers.RandomRoll(),
            layers.RandomRotateBound(30, fill_mode="constant"),
            layers.RandomRot90(),
        ]
    )
    u = uniforms(chain, 4)
    plan, other = chain.plan(u, *SIZE, 3), tensor_plan(chain, (4, *SIZE, 3), u)
    one = np.empty_like(masks)
    for b in range(4):
        opencv.render_mask(masks[b], plan, b, one[b], fill=7)
    two = ops.convert_to_numpy(tensor.render_masks(ops.convert_to_tensor(masks), other, 7))
    assert np.mean(one != two) <= 1 / 5000
    assert 7 in one
    expected = plan.follow_boxes(corners, *SIZE, np)
    followed = other.follow_boxes(ops.convert_to_tensor(corners), *SIZE, ops)
    for one, two in zip(expected, followed, strict=True):
        assert np.abs(ops.convert_to_numpy(two) - one).max() <= 1e-3
