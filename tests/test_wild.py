"""Test sets of changed images on disk."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from keras_cvdata import ArraySequence, DirectorySequence, ImageError, in_the_wild, layers
from keras_cvdata.conversion import convert
from keras_cvdata.sources import ArraySource, DirectorySource, HDF5Source, open_source

pytestmark = pytest.mark.backends

DIGITS = np.random.default_rng(0).integers(0, 256, (12, 28, 28), np.uint8)
CODES = np.arange(12) % 3  # of mixed order: the folders alone would sort them


def pixels(folder: Path) -> np.ndarray:
    source = DirectorySource(folder, verbose=0)
    return np.stack([source.image(i, "unchanged")[..., 0] for i in range(len(source))])


def test_digits_are_inverted_and_shifted(tmp_path: Path) -> None:
    """R82: the negative; and four pixels to the right, bit for bit."""
    sets = in_the_wild((DIGITS, CODES), tmp_path / "wild", verbose=0)
    assert {name: path.parent for name, path in sets.items()} == {
        "inverted": tmp_path / "wild",
        "shifted": tmp_path / "wild",
    }
    order = np.argsort(CODES, kind="stable")
    np.testing.assert_array_equal(pixels(sets["inverted"]), 255 - DIGITS[order])
    shifted = pixels(sets["shifted"])
    np.testing.assert_array_equal(shifted[..., 4:], DIGITS[order][..., :-4])
    assert (shifted[..., :4] == DIGITS[order][..., :1]).all()


def test_sequences_read_the_sets_class_by_class(tmp_path: Path) -> None:
    data = ArraySequence(DIGITS, CODES, color_mode="grayscale", shuffle=False, seed=1, verbose=0)
    path = in_the_wild(data, tmp_path, verbose=0)["inverted"]
    read = DirectorySource(path, verbose=0)
    order = np.argsort(CODES, kind="stable")
    assert read.labels["label"].values.tolist() == CODES[order].tolist()
    assert [int(Path(read.name(i)).stem) for i in range(12)] == order.tolist()
    images, codes = DirectorySequence(
        path, image_size=28, color_mode="grayscale", shuffle=False, verbose=0
    )[0]
    np.testing.assert_array_equal(images[..., 0], 255 - DIGITS[order])
    np.testing.assert_array_equal(codes, CODES[order])


def test_perturbations_of_ones_own_are_repeated_by_their_seed(tmp_path: Path) -> None:
    own = {
        "dim": layers.RandomLighting(contrast=(0.2, 0.5), brightness=(0.0, 0.0)),
        "turned": [layers.RandomRotation(0.1), np.fliplr],
    }
    once = in_the_wild((DIGITS, CODES), tmp_path / "a", own, seed=7, verbose=0)
    again = in_the_wild((DIGITS, CODES), tmp_path / "b", own, seed=7, verbose=0)
    other = in_the_wild((DIGITS, CODES), tmp_path / "c", own, seed=8, verbose=0)
    for name in own:
        np.testing.assert_array_equal(pixels(once[name]), pixels(again[name]))
        assert (pixels(once[name]) != pixels(other[name])).any()
    gains = pixels(once["dim"]).reshape(12, -1).max(axis=1)
    assert len(set(gains.tolist())) > 6  # each image has draws of its own


def test_draws_follow_the_rows(tmp_path: Path) -> None:
    """An image is changed alike in a part of the collection."""
    source, own = ArraySource(DIGITS, CODES), {"dim": layers.RandomLighting()}
    whole = pixels(
        in_the_wild(source.select(np.argsort(CODES, kind="stable")), tmp_path / "a", own)["dim"]
    )
    part = pixels(
        in_the_wild(source.filter().select(np.flatnonzero(CODES == 1)), tmp_path / "b", own)["dim"]
    )
    np.testing.assert_array_equal(part, whole[np.sort(CODES) == 1])


def test_colour_alpha_and_sizes_stay_right(tmp_path: Path) -> None:
    folder = tmp_path / "data" / "cat"
    folder.mkdir(parents=True)
    colour = np.zeros((20, 30, 3), np.uint8)
    colour[..., 2] = 200  # red, in the order of OpenCV
    cv2.imwrite(str(folder / "0.png"), colour)
    cv2.imwrite(str(folder / "1.png"), np.dstack([colour, np.full((20, 30), 128, np.uint8)]))
    sets = in_the_wild(tmp_path / "data", tmp_path / "wild", verbose=0)
    read = DirectorySource(sets["inverted"], verbose=0)
    assert read.image(0).shape == read.image(1).shape == (20, 30, 3)
    assert read.image(0)[0, 0].tolist() == [55, 255, 255]


def test_floats_are_inverted_within_their_range(tmp_path: Path) -> None:
    x = DIGITS[:3].astype(np.float32) / 127.5 - 1
    source = ArraySource(x, [0, 1, 2], value_range=(-1, 1))
    sets = in_the_wild(source, tmp_path, verbose=0)
    read = DirectorySource(sets["inverted"], verbose=0)
    np.testing.assert_allclose(read.image(0, "unchanged")[..., 0], -x[0], atol=1e-6)


def test_data_of_any_format_will_do(tmp_path: Path) -> None:
    path = convert((DIGITS, CODES), tmp_path / "digits.h5", verbose=0)
    assert isinstance(open_source(path), HDF5Source)
    assert len(pixels(in_the_wild(path, tmp_path / "wild", verbose=0)["inverted"])) == 12


def test_sets_are_replaced_only_when_asked(tmp_path: Path) -> None:
    in_the_wild((DIGITS, CODES), tmp_path, verbose=0)
    with pytest.raises(FileExistsError, match="overwrite=True"):
        in_the_wild((DIGITS, CODES), tmp_path, verbose=0)
    path = in_the_wild((DIGITS[:6], CODES[:6]), tmp_path, overwrite=True, verbose=0)["inverted"]
    assert len(pixels(path)) == 6


def test_a_bad_image_leaves_no_half_set(tmp_path: Path) -> None:
    folder = tmp_path / "data" / "cat"
    folder.mkdir(parents=True)
    cv2.imwrite(str(folder / "0.png"), DIGITS[0])
    (folder / "1.png").write_bytes(b"broken")
    with pytest.raises(ImageError, match=r"1\.png"):
        in_the_wild(tmp_path / "data", tmp_path / "wild", verbose=0)
    assert list((tmp_path / "wild").iterdir()) == []


@pytest.mark.parametrize(
    ("perturbations", "error", "match"),
    [
        ({}, ValueError, "perturbations must be a dict"),
        (layers.RandomInvert(), ValueError, "perturbations must be a dict"),
        ({"a/b": layers.RandomInvert()}, ValueError, "'a/b' cannot be the name"),
        ({"mixed": layers.MixUp()}, ValueError, "MixUp"),
        ({"none": 3}, TypeError, "3"),
    ],
)
def test_what_cannot_perturb_is_refused(tmp_path: Path, perturbations, error, match) -> None:
    with pytest.raises(error, match=match):
        in_the_wild((DIGITS, CODES), tmp_path / "wild", perturbations, verbose=0)
    assert not (tmp_path / "wild").exists()


def test_data_that_cannot_be_written_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="one class"):
        in_the_wild((DIGITS, CODES.astype(float) / 3), tmp_path / "a", verbose=0)
    sets = in_the_wild((DIGITS, CODES), tmp_path / "b", verbose=0)
    with pytest.raises(ValueError, match="lies in"):
        in_the_wild(sets["inverted"], sets["inverted"] / "wild", verbose=0)
    with pytest.raises(ValueError, match="b/inverted holds images that are read"):
        in_the_wild(sets["inverted"], tmp_path / "b", overwrite=True, verbose=0)
