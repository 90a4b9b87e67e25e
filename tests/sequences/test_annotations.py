"""Masks and boxes that sequences deliver beside images and labels."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import keras
import numpy as np
import pandas as pd
import pytest

from keras_cvdata import (
    ArraySequence,
    CSVSequence,
    DataFrameSequence,
    DirectorySequence,
    ImageError,
    JSONSequence,
    Sequence,
    layers,
)
from keras_cvdata.sources import ArraySource, DirectorySource

pytestmark = pytest.mark.backends

AUGMENT = [
    layers.RandomFlip("horizontal"),
    layers.RandomRotateBound(20, fill_mode="constant"),
    layers.RandomLighting((0.8, 1.2), 0.1),
]


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Photographs of one bright rectangle with masks, and tables of both and of boxes."""
    root = tmp_path_factory.mktemp("scenes")
    random = np.random.default_rng(0)
    rows = []
    for number in range(8):
        height, width = 150 + 10 * number, 260 - 12 * number
        mask = np.zeros((height, width), np.uint8)
        top, left = random.integers(20, 40, 2).tolist()
        mask[top : top + 90, left : left + 100] = 1
        kind = ("cat", "dog")[number % 2]
        for folder in ("images", "masks"):
            (root / folder / kind).mkdir(parents=True, exist_ok=True)
        image = np.repeat(mask[..., None] * np.uint8(200) + np.uint8(20), 3, axis=2)
        cv2.imwrite(str(root / f"images/{kind}/{number}.jpg"), image)
        cv2.imwrite(str(root / f"masks/{kind}/{number}.png"), mask)
        rows.append(
            {
                "location": f"images/{kind}/{number}.jpg",
                "label": kind,
                "mask": f"masks/{kind}/{number}.png",
                "boxes": [[left, top, left + 100, top + 90, kind]],
            }
        )
    rows.sort(key=lambda row: row["location"])
    (root / "scenes.json").write_text(json.dumps(rows))
    frame = pd.DataFrame(rows)
    frame["boxes"] = frame["boxes"].map(json.dumps)
    frame.to_csv(root / "scenes.csv", index=False)
    return root


def everything(scenes: Path, **options: Any) -> dict[str, Any]:
    """The same collection by each kind of sequence that takes masks."""
    shared = {"image_size": (128, 192), "batch_size": 4, "seed": 5, "verbose": 0, **options}
    frame = pd.read_json(scenes / "scenes.json")
    return {
        "directory": DirectorySequence(
            scenes / "images", mask_directory=scenes / "masks", **shared
        ),
        "csv": CSVSequence(scenes / "scenes.csv", mask_column="mask", **shared),
        "json": JSONSequence(scenes / "scenes.json", mask_column="mask", **shared),
        "frame": DataFrameSequence(frame, mask_column="mask", root=scenes, **shared),
    }


@pytest.mark.parametrize("augment", [None, AUGMENT])
@pytest.mark.parametrize(
    "shape", [{}, {"crop_to_aspect_ratio": True}, {"pad_to_aspect_ratio": True}], ids=str
)
def test_masks_lie_on_their_images(scenes: Path, augment: Any, shape: dict[str, bool]) -> None:
    """In every format alike, and through every way of resizing."""
    found = {}
    for name, seq in everything(scenes, augment=augment, **shape).items():
        for x, y in seq:
            masks = y["segmentation_masks"]
            assert masks.shape == (4, 128, 192, 1)
            assert masks.dtype == np.uint8
            seen = x[..., :1] > 120
            assert (seen & (masks > 0)).sum() / (seen | (masks > 0)).sum() >= 0.98
            assert y["labels"].shape == (4,)
        found[name] = np.concatenate([y["segmentation_masks"] for _, y in seq])
    assert all(np.array_equal(masks, found["csv"]) for masks in found.values())


def test_boxes_lie_on_their_images(scenes: Path) -> None:
    """Within a pixel and a half of the rectangle round the mask; clipped and filled up."""
    seq = JSONSequence(
        scenes / "scenes.json",
        mask_column="mask",
        box_column="boxes",
        label_mode=None,
        image_size=(128, 192),
        augment=[layers.RandomFlip(), layers.RandomTranslation(0.1, 0.1, fill_mode="constant")],
        max_boxes=3,
        seed=1,
        verbose=0,
    )
    x, y = seq[0]
    boxes, labels = y["bounding_boxes"]["boxes"], y["bounding_boxes"]["labels"]
    assert boxes.shape == (8, 3, 4)
    assert (labels[:, 1:] == -1).all()
    assert set(labels[:, 0]) == {0, 1}
    for mask, box in zip(y["segmentation_masks"], boxes[:, 0], strict=True):
        rows, columns = np.flatnonzero(mask.any((1, 2))), np.flatnonzero(mask.any((0, 2)))
        assert np.abs(box - [columns[0], rows[0], columns[-1] + 1, rows[-1] + 1]).max() <= 1.5
    assert len(x) == 8


def test_the_only_target_stands_alone(scenes: Path) -> None:
    seq = DirectorySequence(
        scenes / "images", mask_directory=scenes / "masks", label_mode=None, verbose=0
    )
    x, y = seq[0]
    assert (x.shape, y.shape) == ((8, 256, 256, 3), (8, 256, 256, 1))
    table = CSVSequence(scenes / "scenes.csv", box_column="boxes", label_mode=None, verbose=0)
    assert sorted(table[0][1]) == ["boxes", "labels"]


def test_listings_of_images_and_masks_are_kept(scenes: Path, tmp_path: Path) -> None:
    folders = {"directory": scenes / "images", "mask_directory": scenes / "masks"}
    seqs = [DirectorySequence(**folders, index=kept, verbose=0) for kept in (tmp_path, False)]
    assert seqs[0].file_paths == seqs[1].file_paths
    assert len(list(tmp_path.glob("*.index"))) == 2


def test_selections_keep_masks_with_their_images(scenes: Path) -> None:
    seq = everything(scenes)["directory"]
    part = seq.with_source(seq.source.select(np.array([6, 1, 4])), training=False)
    x, y = part[0]
    seen = x[..., :1] > 120
    assert (seen == (y["segmentation_masks"] > 0)).mean() > 0.98


def test_arrays_bring_masks_and_boxes() -> None:
    masks = np.zeros((3, 20, 30, 1), np.uint8)
    masks[:, 4:12, 6:20] = 2
    seq = ArraySequence(
        masks * np.uint8(100),
        masks=masks,
        boxes=[[[6, 4, 20, 12, 3]], [], [[0, 0, 1, 1, 0], [6, 4, 20, 12, 1]]],
        augment=layers.RandomFlip("vertical", rate=1.0),
        shuffle=False,
        verbose=0,
    )
    x, y = seq[0]
    assert np.array_equal(x, y["segmentation_masks"] * 100.0)
    assert y["bounding_boxes"]["boxes"][0].tolist() == [[6, 8, 20, 16], [0] * 4]
    assert y["bounding_boxes"]["labels"].tolist() == [[3, -1], [-1, -1], [0, 1]]


def test_a_limit_of_pixels_holds_for_masks(scenes: Path) -> None:
    masks = DirectorySource(scenes / "masks", unlabelled=True, verbose=0)
    source = ArraySource(np.zeros((8, 150, 260, 3), np.uint8))
    with pytest.raises(ImageError, match="at most 99 pixels are decoded"):
        _ = Sequence(source, masks=masks, max_pixels=99, label_mode=None, verbose=0)[0]


@pytest.mark.slow
def test_a_segmentation_model_fits(scenes: Path) -> None:
    seq = DirectorySequence(
        scenes / "images",
        mask_directory=scenes / "masks",
        label_mode=None,
        image_size=(32, 48),
        augment=AUGMENT,
        rescale="unit",
        batch_size=4,
        seed=2,
        verbose=0,
    )
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((32, 48, 3)),
            keras.layers.Dense(8, activation="relu"),
            keras.layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(keras.optimizers.Adam(0.05), "binary_crossentropy")
    losses = model.fit(seq, epochs=12, verbose=0).history["loss"]
    assert losses[-1] < losses[0] / 2


@pytest.mark.parametrize(
    ("mask", "message"),
    [
        (
            np.eye(40, dtype=np.uint8)[..., None] * np.arange(3, dtype=np.uint8),
            r"has 3 channels of uint8. Give mask_palette= to turn",
        ),
        (
            np.zeros((44, 40), np.uint8),
            r"mask is 44 x 40 pixels and its image 40 x 40. Save both at one",
        ),
    ],
)
def test_masks_that_do_not_fit_are_named(tmp_path: Path, mask: np.ndarray, message: str) -> None:
    for folder, pixels in (("images", np.zeros((40, 40, 3), np.uint8)), ("masks", mask)):
        (tmp_path / folder).mkdir()
        cv2.imwrite(str(tmp_path / folder / "0.png"), pixels)
    with pytest.raises(ImageError, match=rf"masks/0.png.*{message}"):
        DirectorySequence(
            tmp_path / "images",
            mask_directory=tmp_path / "masks",
            label_mode=None,
            image_size=(40, 8),
            verbose=0,
        )[0]


def test_missing_and_double_masks_are_named(scenes: Path, tmp_path: Path) -> None:
    (tmp_path / "cat").mkdir()
    cv2.imwrite(str(tmp_path / "cat/0.png"), np.zeros((4, 4), np.uint8))
    with pytest.raises(ValueError, match=r"cat/2.jpg has no mask: .* holds no 'cat/2.png'"):
        DirectorySequence(scenes / "images", mask_directory=tmp_path, verbose=0)
    cv2.imwrite(str(tmp_path / "cat/0.bmp"), np.zeros((4, 4), np.uint8))
    with pytest.raises(ValueError, match=r"two masks of one image, 'cat/0.bmp' and 'cat/0.png'"):
        DirectorySequence(scenes / "images", mask_directory=tmp_path, verbose=0)


def test_functions_that_masks_cannot_follow_are_refused(scenes: Path) -> None:
    with pytest.raises(ValueError, match=r"Masks and boxes cannot follow Lambda.*flipud"):
        everything(scenes, augment=np.flipud)


@pytest.mark.parametrize(
    ("boxes", "message"),
    [
        ([[[1, 2, 3]]], r"row 0: a box must be four finite numbers and a class"),
        ([[[1, 2, 3, float("nan"), 0]]], "four finite numbers"),
        ([[[1, 2, 3, 4, -2]]], "four finite numbers and a class"),
        ([None, "[[1, 2"], r"row 1: the boxes are no JSON"),
        ([7], r"row 0: boxes must be a list; got 7"),
        ([[[1, 2, 3, 4, "cat"], [1, 2, 3, 4, 1]]], "labelled by names and some by integers"),
    ],
)
def test_boxes_that_are_none_are_named(boxes: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ArraySequence(np.zeros((len(boxes), 4, 4), np.uint8), boxes=boxes, verbose=0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"mask_fill_value": -1}, "mask_fill_value must be at least 0"),
        ({"ignore_value": -1}, "ignore_value must be at least 0"),
        ({"mask_values": [0, 1]}, "mask_values must be a dict with the class of each number"),
        ({"mask_values": {0: -1}}, "mask_values: class must be at least 0"),
        ({"mask_values": {70000: 1}}, "mask_values reach to 65535"),
        ({"mask_values": {0: 0}, "mask_palette": "voc"}, "not both"),
        ({"mask_palette": "coco"}, "must be 'voc', a list of colours or a dict"),
        (
            {"mask_palette": {1: (0, 0, 0)}},
            r"as keys of a dict such as \{\(128, 0, 0\): 1\}; got 1",
        ),
        ({"mask_palette": [(1, 2, 3), (1, 2, 3)]}, "name each colour once"),
        ({"targets": ["masks"]}, "some of 'labels', 'segmentation_masks', 'bounding_boxes'; got"),
        ({"targets": "labels"}, "targets must be a list of"),
        ({"targets": ["bounding_boxes"]}, "names 'bounding_boxes', but there are none: give box"),
        ({"bounding_box_format": "abcd"}, "bounding_box_format must be one of 'xyxy'"),
        ({"max_boxes": 0}, "max_boxes must be at least 1"),
        ({"min_visible": 1.5}, "min_visible must be a share from 0 to 1"),
    ],
)
def test_settings_out_of_range_are_refused(options: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ArraySequence(np.zeros((1, 4, 4), np.uint8), verbose=0, **options)


def test_targets_choose_among_what_there_is(scenes: Path) -> None:
    table = scenes / "scenes.json"
    options = {"mask_column": "mask", "box_column": "boxes", "image_size": (32, 32), "verbose": 0}
    every = JSONSequence(table, **options)[0][1]
    assert sorted(every) == ["bounding_boxes", "labels", "segmentation_masks"]
    some = JSONSequence(table, targets=["bounding_boxes", "labels"], **options)[0][1]
    assert sorted(some) == ["bounding_boxes", "labels"]
    one = JSONSequence(table, targets=["segmentation_masks"], **options)[0][1]
    assert one.shape == (8, 32, 32, 1)


def test_box_classes_have_one_numbering(tmp_path: Path) -> None:
    """Whatever classes a file has; by default the names of each file are numbered by themselves."""
    images = np.zeros((2, 9, 9), np.uint8)
    boxes = [[[1, 2, 3, 4, "car"]], [[1, 2, 3, 4, "bus"], [1, 1, 2, 2, "car"]]]
    names = ["bike", "bus", "car"]
    seq = ArraySequence(images, boxes=boxes, box_class_names=names, shuffle=False, verbose=0)
    assert seq[0][1]["labels"].tolist() == [[2, -1], [1, 2]]
    assert seq.box_class_names == ("bike", "bus", "car")
    found = ArraySequence(images, boxes=boxes, shuffle=False, verbose=0)
    assert (found[0][1]["labels"][0, 0], found.box_class_names) == (1, ("bus", "car"))
    numbered = ArraySequence(
        images, boxes=[[[1, 2, 3, 4, 2]], []], box_class_names=names, shuffle=False, verbose=0
    )
    assert numbered[0][1]["labels"].tolist() == [[2], [-1]]
    assert ArraySequence(images, verbose=0).box_class_names == ()
    for wrong in ("ship", 3):
        with pytest.raises(
            ValueError, match=r"row 1: a box is of class .*box_class_names is \['bike"
        ):
            ArraySequence(
                images, boxes=[[], [[1, 2, 3, 4, wrong]]], box_class_names=names, verbose=0
            )
    with pytest.raises(ValueError, match="list of different names; got 'car'"):
        ArraySequence(images, boxes=boxes, box_class_names="car", verbose=0)


def test_boxes_beyond_the_most_are_left_out() -> None:
    boxes = [[[0, 0, 1, 1, 1], [1, 1, 3, 3, 2]]]
    seq = ArraySequence(np.zeros((1, 9, 9), np.uint8), boxes=boxes, max_boxes=1, verbose=0)
    assert seq[0][1]["labels"].tolist() == [[1]]


def test_a_column_of_masks_must_name_files(scenes: Path, tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    table.write_text("location,label,mask\na.png,x,m.png\nb.png,x,\n")
    with pytest.raises(ValueError, match=r"row 1: the column 'mask' must name a file; got ''"):
        CSVSequence(table, mask_column="mask", missing="later", verbose=0)
    with pytest.raises(ValueError, match=r"there is no column 'masks'"):
        CSVSequence(scenes / "scenes.csv", mask_column="masks", verbose=0)
