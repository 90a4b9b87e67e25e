"""A class of images that show none of the classes (R6)."""

from __future__ import annotations

import pickle
from pathlib import Path

import cv2
import numpy as np
import pytest

from keras_cvdata import not_any_class
from keras_cvdata.sources import ArraySource, DirectorySource

PETS = np.arange(10, dtype=np.uint8)[:, None, None, None] * np.ones((4, 4, 3), np.uint8)
NAMES = ["cat", "dog"] * 5
OTHERS = (100 + np.arange(40, dtype=np.uint8))[:, None, None, None] * np.ones((4, 4, 3), np.uint8)


def values(source) -> list[int]:
    return [int(source.image(i)[0, 0, 0]) for i in range(len(source))]


def test_a_class_of_average_size_is_appended() -> None:
    """R6: an extra label of randomly chosen images; the other classes keep their integers."""
    source = not_any_class((PETS, NAMES), OTHERS, seed=7)
    assert source.class_names == ("cat", "dog", "none")
    assert source.labels["label"].counts() == {"cat": 5, "dog": 5, "none": 5}
    assert values(source)[:10] == list(range(10))
    chosen = values(source)[10:]
    assert len(set(chosen)) == 5
    assert min(chosen) >= 100
    assert source[14][1] == 2
    assert source.not_any == "none"


def test_the_seed_chooses_the_images() -> None:
    chosen = [values(not_any_class((PETS, NAMES), OTHERS, seed=s))[10:] for s in (7, 7, 8)]
    assert chosen[0] == chosen[1] != chosen[2]


def test_number_and_name_are_given() -> None:
    source = not_any_class((PETS, NAMES), OTHERS, name="neither", images=40)
    assert source.labels["label"].counts()["neither"] == 40
    assert sorted(values(source)[10:]) == list(range(100, 140))
    assert "'neither': 40 images of none of the classes" in source.summary()


def test_images_of_the_classes_among_the_others_are_left_out() -> None:
    others = ArraySource(OTHERS, np.where(np.arange(40) < 37, "dog", "fish"))
    source = not_any_class((PETS, NAMES), others)
    assert sorted(values(source)[10:]) == [137, 138, 139]


def test_rows_stay_and_are_unique() -> None:
    part = ArraySource(PETS, NAMES).select(np.array([8, 2, 3]))
    source = not_any_class(part, OTHERS, images=3)
    rows = source.rows.tolist()
    assert rows[:3] == [8, 2, 3]
    assert rows[3:] == [9 + value - 100 for value in values(source)[3:]]


def test_selections_know_the_class_too() -> None:
    """R9, R10: rules on balance ask the selection which class to leave out."""
    source = not_any_class((PETS, NAMES), OTHERS)
    assert source.select(np.array([0, 12])).not_any == "none"
    assert ArraySource(PETS, NAMES).not_any is None


def test_further_columns_hold_none_where_others_lack_them() -> None:
    own = {"light": np.array(["day"] * 10), "weight": np.arange(10)}
    source = not_any_class(
        ArraySource(PETS, NAMES, columns=own),
        ArraySource(OTHERS, columns={"weight": np.arange(40)}),
    )
    assert source.columns["light"].tolist() == ["day"] * 10 + [None] * 5
    assert source.columns["weight"].dtype.kind == "i"
    assert source.columns["weight"][10:].tolist() == [v - 100 for v in values(source)[10:]]


@pytest.mark.parametrize("folders", [("",), ("car", "tree")])
def test_others_may_be_a_folder_with_or_without_classes(tmp_path: Path, folders) -> None:
    for number in range(8):
        folder = tmp_path / folders[number % len(folders)]
        folder.mkdir(exist_ok=True)
        cv2.imwrite(str(folder / f"{number}.png"), OTHERS[number])
    source = not_any_class((PETS, NAMES), tmp_path)
    assert source.labels["label"].counts()["none"] == 5
    assert source.name(12).endswith(".png")
    assert source.image_shape is None
    assert values(pickle.loads(pickle.dumps(source))) == values(source)


def test_the_limit_of_pixels_holds_for_both(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "0.png"), OTHERS[0])
    source = not_any_class((PETS, NAMES), tmp_path, images=1).limited(15)
    with pytest.raises(ValueError, match=r"0\.png.*15"):
        source.image(10)
    assert [part.max_pixels for part in source.sources] == [15, 15]


def test_shape_and_range_are_known_where_both_agree() -> None:
    source = not_any_class((PETS, NAMES), OTHERS)
    assert (source.image_shape, source.dtype) == ((4, 4, 3), np.uint8)
    mixed = not_any_class((PETS / 255, NAMES), OTHERS)
    assert (mixed.dtype, mixed.value_range) == (None, (0.0, 1.0))


@pytest.mark.parametrize(
    ("data", "others", "options", "error", "match"),
    [
        (PETS, OTHERS, {}, ValueError, "one column of classes"),
        ((PETS, {"a": NAMES, "b": NAMES}), OTHERS, {}, ValueError, "one column of classes"),
        ((PETS, NAMES), OTHERS, {"name": "cat"}, ValueError, "class 'cat' already"),
        ((PETS, NAMES), OTHERS, {"images": 41}, ValueError, "hold 40 images .* 41 are needed"),
        ((PETS, NAMES), OTHERS, {"images": "all"}, TypeError, "images must be an integer"),
        ((PETS, NAMES), OTHERS, {"images": 0}, ValueError, "images must be at least 1"),
        ((PETS, NAMES), (PETS, ["cat"] * 10), {}, ValueError, "hold 0 images"),
    ],
)
def test_what_cannot_be_joined_is_refused(data, others, options, error, match) -> None:
    with pytest.raises(error, match=match):
        not_any_class(data, others, **options)


def test_floats_of_two_ranges_are_refused() -> None:
    signed = ArraySource(OTHERS / 127.5 - 1, value_range=(-1, 1))
    with pytest.raises(ValueError, match="Bring them to one range"):
        not_any_class((PETS / 255, NAMES), signed)


def test_a_source_of_folders_counts(tmp_path: Path) -> None:
    for name in ("cat", "dog"):
        (tmp_path / name).mkdir()
        cv2.imwrite(str(tmp_path / name / "0.png"), PETS[0])
    source = not_any_class(DirectorySource(tmp_path, verbose=0), OTHERS)
    assert source.labels["label"].counts() == {"cat": 1, "dog": 1, "none": 1}
