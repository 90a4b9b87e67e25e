"""Layers called on tensors of TensorFlow, whatever the backend: masks, boxes, draws, bad input."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_cvdata.layers import (
    Pad,
    RandomBackground,
    RandomElasticTransform,
    RandomFlip,
    RandomLighting,
    RandomTranslation,
)

pytestmark = pytest.mark.backends


def scenes(dtype: str = "uint8") -> dict[str, Any]:
    """Two images of 8 x 10 with a bright rectangle, its mask and its box, and a name."""
    images = np.zeros((2, 8, 10, 3), dtype)
    images[:, 2:5, 1:4] = 200
    return {
        "images": images,
        "segmentation_masks": (images[..., :1] > 0).astype("uint8") * 7,
        "bounding_boxes": {
            "boxes": np.array([[[1, 2, 4, 5], [0, 0, 0, 0]]] * 2, "float32"),
            "labels": np.array([[3, -1]] * 2, "int32"),
        },
        "names": np.array(["one", "two"]),
    }


def mapped(layer: Any, inputs: Any, batch: int | None = None) -> list[Any]:
    data = tf.data.Dataset.from_tensor_slices(inputs)
    data = data if batch is None else data.batch(batch)
    return list(data.map(layer).as_numpy_iterator())


@pytest.mark.parametrize("batch", [None, 2])
@pytest.mark.slow
def test_masks_and_boxes_follow(batch: int | None) -> None:
    layer = RandomFlip("horizontal", rate=1.0, bounding_box_format="xyxy")
    found = mapped(layer, scenes(), batch)[0]
    first = found if batch is None else keras.tree.map_structure(lambda x: x[0], found)
    expected = scenes()
    assert np.array_equal(first["images"], expected["images"][0, :, ::-1])
    assert np.array_equal(first["segmentation_masks"], expected["segmentation_masks"][0, :, ::-1])
    assert first["bounding_boxes"]["boxes"].tolist() == [[6, 2, 9, 5], [0, 0, 0, 0]]
    assert first["bounding_boxes"]["labels"].tolist() == [3, -1]
    assert first["names"] == b"one"


@pytest.mark.slow
def test_masks_say_what_changes() -> None:
    layer = RandomBackground(levels=0.4, mask_classes=7, bounding_box_format="xyxy")
    found = mapped(layer, scenes(), 2)[0]
    expected = np.where(scenes()["images"] > 0, 102, 0)
    assert np.array_equal(found["images"], expected)


@pytest.mark.slow
def test_pictures_fit_images_of_unknown_size(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "grey.png"), np.full((9, 9, 3), 70, np.uint8))
    layer = RandomBackground(backgrounds=tmp_path)
    spec = tf.TensorSpec((None, None, None, 3), tf.uint8)
    images = tf.zeros((2, 8, 10, 3), tf.uint8)
    assert (np.asarray(tf.function(layer, input_signature=[spec])(images)) == 70).all()


@pytest.mark.slow
def test_sizes_may_change() -> None:
    layer = Pad(height=12, width=12, bounding_box_format="rel_xyxy")
    inputs = scenes()
    inputs["bounding_boxes"]["boxes"] /= np.array([10, 8, 10, 8], "float32")
    (found,) = mapped(layer, inputs, 2)
    assert found["images"].shape == (2, 12, 12, 3)
    assert found["segmentation_masks"].shape == (2, 12, 12, 1)
    box = found["bounding_boxes"]["boxes"][0, 0] * 12
    assert np.allclose(box, [2, 4, 5, 7])


@pytest.mark.slow
def test_channels_first() -> None:
    layer = RandomFlip("vertical", rate=1.0, data_format="channels_first")
    x = np.moveaxis(scenes()["images"], -1, 1)
    assert np.array_equal(mapped(layer, x, 2)[0], x[:, :, ::-1])
    assert np.array_equal(mapped(layer, x)[0], x[0, :, ::-1])


def test_float_images_keep_their_dtype_and_range() -> None:
    layer = RandomLighting(value_range=(0, 1))
    (y,) = mapped(layer, scenes("float32")["images"] / 200, 2)
    assert y.dtype == np.float32
    assert 0 <= y.min() <= y.max() <= 1


@pytest.mark.parametrize("seed", [None, pytest.param(7, marks=pytest.mark.slow)])
def test_every_image_has_its_own_draws_in_every_pass(seed: int | None) -> None:
    x = np.random.default_rng(0).integers(0, 256, (1, 8, 8, 1), np.uint8)
    layer = RandomTranslation(0.4, 0.4, seed=seed)
    data = tf.data.Dataset.from_tensor_slices(np.repeat(x, 40, axis=0)).batch(20).map(layer)
    first, second = (np.concatenate(list(data.as_numpy_iterator())) for _ in range(2))
    assert len(np.unique(np.concatenate([first, second]), axis=0)) > 70


@pytest.mark.parametrize("shape", [(8, 10, 3), (1, 8, 10, 3), (2, 8, 10, 3)])
def test_acts_outside_of_graphs(shape: tuple[int, ...]) -> None:
    x = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    flipped = RandomFlip("horizontal", rate=1.0)(tf.constant(x))
    assert np.array_equal(np.asarray(flipped), x[..., ::-1, :])


@pytest.mark.parametrize("training", [False, 0, np.False_])
def test_rests_outside_training(training: Any) -> None:
    x = tf.constant(scenes()["images"])
    assert np.array_equal(np.asarray(RandomFlip(rate=1.0)(x, training=training)), np.asarray(x))
    acts = RandomFlip("horizontal", rate=1.0)(x, training=None)  # as if it was not given
    assert np.array_equal(np.asarray(acts), np.asarray(x)[..., ::-1, :])


@pytest.mark.slow
def test_elastic_fields_serve_images_of_unknown_size() -> None:
    data = tf.data.Dataset.from_generator(
        lambda: iter([np.zeros((9, 12, 3), np.uint8), np.zeros((20, 7, 3), np.uint8)]),
        output_signature=tf.TensorSpec((None, None, 3), tf.uint8),
    )
    shapes = [image.shape for image in data.map(RandomElasticTransform()).as_numpy_iterator()]
    assert shapes == [(9, 12, 3), (20, 7, 3)]


def test_bad_input_is_refused() -> None:
    with pytest.raises(ValueError, match=r"without 'images'; it has \['pictures'\]"):
        RandomFlip()({"pictures": tf.zeros((1, 2, 2, 3))})
    with pytest.raises(ValueError, match=r"boxes of unknown format.*bounding_box_format"):
        mapped(RandomFlip(), scenes(), 2)
    with pytest.raises(ValueError, match=r"takes images of shape.*got shape \(2, 2\)"):
        RandomFlip()(tf.zeros((2, 2)))
    data = tf.data.Dataset.from_tensor_slices([b"P5 1 1 255 \0"])
    with pytest.raises(ValueError, match=r"number of axes is not known.*expand_animations=False"):
        data.map(tf.io.decode_image).map(RandomFlip())


@pytest.mark.parametrize("graph", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_ragged_boxes_are_filled_up(graph: bool) -> None:
    """Further keys with them."""
    boxes = tf.ragged.constant([[[1.0, 2, 5, 6]], [], [[0, 0, 9, 9], [1, 1, 2, 2]]], ragged_rank=1)
    data = {
        "images": np.zeros((3, 16, 20, 3), np.uint8),
        "bounding_boxes": {
            "boxes": boxes,
            "labels": tf.ragged.constant([[1], [], [0, 2]]),
            "scores": tf.ragged.constant([[0.5], [], [0.25, 0.75]]),
        },
        "names": ["a", "b", "c"],
    }
    layer = RandomFlip("horizontal", rate=1.0, bounding_box_format="xyxy")
    tensors = {**data, "images": tf.constant(data["images"])}
    if graph:
        found = next(iter(tf.data.Dataset.from_tensors(tensors).map(layer.__call__)))
        assert found["names"].numpy().tolist() == [b"a", b"b", b"c"]
    else:
        found = layer(tensors)
    moved = {name: np.asarray(value) for name, value in found["bounding_boxes"].items()}
    assert moved["boxes"][[0, 2]].tolist() == [
        [[15, 2, 19, 6], [0] * 4],
        [[11, 0, 20, 9], [18, 1, 19, 2]],
    ]
    assert moved["labels"].tolist() == [[1, -1], [-1, -1], [0, 2]]
    assert moved["scores"].tolist() == [[0.5, -1], [-1, -1], [0.25, 0.75]]
