"""What dicts with bounding boxes may hold: none, further keys, different numbers for each image."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from keras import ops

from keras_cvdata import layers
from keras_cvdata.engine.geometry.outlines import Outlines

pytestmark = pytest.mark.backends

IMAGES = np.zeros((2, 16, 20, 3), np.uint8)


def flip(**options: Any) -> layers.RandomFlip:
    return layers.RandomFlip("horizontal", rate=1.0, bounding_box_format="xyxy", **options)


def moved(layer: Any, boxes: Any, labels: Any, size: tuple[int, int] = (16, 20)) -> Any:
    """Boxes and labels of one image after a layer."""
    found = layer(
        {
            "images": np.zeros((*size, 3), np.uint8),
            "bounding_boxes": {"boxes": np.array(boxes, np.float32), "labels": np.array(labels)},
        }
    )["bounding_boxes"]
    return ops.convert_to_numpy(found["boxes"]), ops.convert_to_numpy(found["labels"]).tolist()


@pytest.mark.parametrize(
    "layer",
    [
        layers.RandomFlip,
        layers.RandomRoll,
        layers.RandomElasticTransform,
        layers.RandomPerspective,
        layers.RandomGaussianBlur,
    ],
)
def test_no_boxes_at_all(layer: Any) -> None:
    none = {"boxes": np.zeros((2, 0, 4), np.float32), "labels": np.zeros((2, 0), np.int32)}
    found = layer(bounding_box_format="rel_xyxy")({"images": IMAGES, "bounding_boxes": none})
    assert tuple(found["bounding_boxes"]["boxes"].shape) == (2, 0, 4)
    assert tuple(found["bounding_boxes"]["labels"].shape) == (2, 0)


def test_further_keys_stay_as_they_are() -> None:
    """Among the boxes and beside the images, and they need be no tensors."""
    boxes = {
        "boxes": np.array([[[1, 2, 5, 6]], [[0, 0, 9, 9]]], np.float32),
        "labels": np.array([[3], [4]]),
        "difficult": np.array([[True], [False]]),
        "ids": [["a"], ["b"]],
    }
    sample = {"images": IMAGES, "bounding_boxes": boxes, "file": ["a.png", "b.png"], "row": 2**40}
    for layer in (flip(), layers.Pipeline([flip()], bounding_box_format="xyxy")):
        found = layer(sample)
        assert ops.convert_to_numpy(found["bounding_boxes"]["boxes"])[0].tolist() == [
            [15, 2, 19, 6]
        ]
        assert found["bounding_boxes"]["difficult"] is boxes["difficult"]
        assert found["bounding_boxes"]["ids"] == [["a"], ["b"]]
        assert (found["file"], found["row"]) == (["a.png", "b.png"], 2**40)
    assert flip()(sample, training=False)["row"] == 2**40


def test_lists_of_different_length_are_filled_up() -> None:
    boxes = {
        "boxes": [np.array([[1, 2, 5, 6], [0, 0, 9, 9]]), []],
        "labels": [np.array([3, 4], np.uint8), np.array([], np.uint8)],
        "scores": [[0.5, 0.25], []],
    }
    found = flip()({"images": IMAGES, "bounding_boxes": boxes})["bounding_boxes"]
    found = keras.tree.map_structure(ops.convert_to_numpy, found)
    assert found["boxes"].tolist() == [[[15, 2, 19, 6], [11, 0, 20, 9]], [[0] * 4] * 2]
    assert found["labels"].tolist() == [[3, 4], [-1, -1]]
    assert found["scores"].tolist() == [[0.5, 0.25], [-1, -1]]
    assert isinstance(boxes["boxes"], list)


def test_unsigned_labels_say_what_is_out_of_sight() -> None:
    """Where -1 would be 255, the labels become int32."""
    crop = layers.CenterCrop(8, 8, bounding_box_format="xyxy")
    labels = np.array([[1], [2]], np.uint8)
    given = {"boxes": np.array([[[0, 0, 4, 4]], [[6, 4, 9, 9]]], np.float32), "labels": labels}
    found = crop({"images": IMAGES, "bounding_boxes": given})["bounding_boxes"]
    assert ops.convert_to_numpy(found["labels"]).tolist() == [[-1], [2]]


@pytest.mark.parametrize("wrong", [{"boxes": np.zeros((2, 1, 4))}, np.zeros((2, 1, 4))])
def test_boxes_without_labels_are_named(wrong: Any) -> None:
    with pytest.raises(ValueError, match=r"bounding_boxes as a dict with 'boxes'.*-1 where there"):
        flip()({"images": IMAGES, "bounding_boxes": wrong})


@pytest.mark.parametrize("name", ["segmentation_masks", "bounding_boxes"])
def test_layers_that_do_not_say_where_pixels_go_are_refused(name: str) -> None:
    """AugMix adds up an image and moved ones: no mask lies on all of them."""
    boxes = {"boxes": np.zeros((2, 1, 4)), "labels": np.zeros((2, 1))}
    values = {"segmentation_masks": IMAGES[..., :1], "bounding_boxes": boxes}
    layer = layers.AugMix(num_chains=1, chain_depth=1, bounding_box_format="xyxy", seed=1)
    with pytest.raises(ValueError, match="Masks and boxes cannot follow AugMix"):
        layer({"images": IMAGES, name: values[name]})
    assert layer({"images": IMAGES, "names": 3})["names"] == 3


def test_what_a_crop_cut_away_does_not_come_back() -> None:
    pipe = layers.Pipeline(
        [layers.CenterCrop(20, 20), layers.Pad(15)], bounding_box_format="xyxy", min_visible=0.01
    )
    given = [[2, 2, 12, 10], [30, 5, 58, 12], [0, 0, 60, 40], [0, 0, 20.05, 40]]
    boxes, labels = moved(pipe, given, [1, 3, 5, 7], (40, 60))
    assert labels == [-1, 3, 5, -1]  # of the last, 0.05 x 20 of 802 pixels are left
    assert boxes[:3].tolist() == [[0] * 4, [25, 15, 35, 17], [15, 15, 35, 35]]


def test_what_is_visible_counts_over_the_whole_chain() -> None:
    """Twice a third of a box is lost: enough each time, and not in the end."""
    shift = layers.RandomTranslation(0, (-0.1, -0.1), fill_mode="constant")
    for min_visible, label in ((0.3, 6), (0.4, -1)):
        pipe = layers.Pipeline(
            [shift, layers.RandomRoll(0, 0), shift],
            bounding_box_format="xywh",
            min_visible=min_visible,
        )
        boxes, labels = moved(pipe, [[0, 1, 6, 4]], [6])
        assert labels == [label]
        assert boxes.tolist() == [[0, 1, 2, 4] if label == 6 else [0] * 4]


def test_what_lay_outside_from_the_start_does_not_count() -> None:
    boxes, labels = moved(flip(min_visible=0.9), [[-10, 2, 4, 6], [30, 0, 40, 9]], [1, 2])
    assert labels == [1, -1]
    assert boxes[0].tolist() == [16, 2, 20, 6]


def test_shares_in_perspective_are_those_of_the_original() -> None:
    """Half of a box leaves, which looks larger than the other half."""
    # x' = x / (1 - x / 20): what lies beyond 5 of 10 is stretched, from 6.7 to 20.
    matrix = np.array([[[1.0, 0, 0], [0, 1, 0], [1 / 20, 0, 1]]])
    centred = np.array([[[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1.0]]])
    outlines = Outlines.of(np.array([[[0.0, 0, 10, 10]]]), 10, 10, np)
    outlines = outlines.by_matrix(np.linalg.inv(centred) @ matrix @ centred, np)
    assert np.allclose(outlines.boxes(99, 99, np), [[[0, 0, 20, 20]]])
    cut = outlines.cut(99, 20 / 3, np)
    assert np.allclose(cut.shares(np), 0.5)
    assert np.allclose(cut.boxes(99, 99, np)[0, 0, 2], 20 / 3)
