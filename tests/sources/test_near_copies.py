"""Copies in collections."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from keras_cvdata.sources import ArraySource, open_source
from keras_cvdata.sources.near_copies import Compared, find_copies


def photographs(count: int, height: int = 90, width: int = 110, seed: int = 0) -> np.ndarray:
    """Images with smooth areas and grain."""
    random = np.random.default_rng(seed)
    images = np.empty((count, height, width, 3), np.uint8)
    for image in images:
        areas = random.integers(0, 256, (6, 7, 3), np.uint8)
        smooth = cv2.resize(areas, (width, height), interpolation=cv2.INTER_CUBIC)
        image[:] = np.clip(smooth + random.normal(0, 6, smooth.shape), 0, 255)
    return images


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Photographs in `a` and a changed copy of each in `b`; a broken, a flat and a small one."""
    root = tmp_path_factory.mktemp("copies")
    (root / "a").mkdir()
    (root / "b").mkdir()
    changes = [
        lambda image: image,
        lambda image: cv2.resize(image, (330, 270)),
        lambda image: np.rot90(image).copy(),
        lambda image: image[:, ::-1].copy(),
    ]
    for number, image in enumerate(photographs(20, 540, 660)):
        cv2.imwrite(str(root / f"a/{number:02}.png"), image)
        copy = changes[number % 4](image)
        cv2.imwrite(str(root / f"b/{number:02}.jpg"), copy, [cv2.IMWRITE_JPEG_QUALITY, 50])
    (root / "a/broken.jpg").write_bytes(b"no image")
    for name in ("a/flat.png", "b/flat.bmp"):
        cv2.imwrite(str(root / name), np.full((70, 80, 3), 90, np.uint8))
    for name in ("a/small.png", "b/small.bmp"):
        cv2.imwrite(str(root / name), photographs(1, 40, 80)[0])
    return root


def test_copies_are_grouped_whatever_became_of_them(folder):
    """Near ones by hashes; flat and small ones by equal pixels, also in another format."""
    source = open_source(folder)
    copies = find_copies(source, verbose=0)
    names = [source.name(position) for position in range(len(source))]
    stems = [name.rpartition("/")[2].partition(".")[0] for name in names]
    for position, stem in enumerate(stems):
        assert copies.groups[position] == stems.index(stem)
    assert np.bincount(copies.compared).tolist() == [40, 2, 2, 1]
    assert copies.compared[stems.index("broken")] == Compared.NOTHING
    assert copies.groups.dtype == np.int64


def test_flat_images_of_other_colors_are_no_copies():
    x = np.zeros((4, 70, 70, 3), np.uint8)
    x[1] = 1
    x[2, :, :, 0] = 1
    copies = find_copies(ArraySource(x), verbose=0)
    assert copies.groups.tolist() == [0, 1, 2, 0]


@pytest.mark.parametrize("dtype", ["uint16", "float32"])
def test_pixels_of_other_dtypes_have_the_same_hashes(dtype):
    x = photographs(3)
    full = {"uint16": 257, "float32": 1 / 255}[dtype]
    other = ArraySource((x.astype("float64") * full).astype(dtype))
    hashes = find_copies(ArraySource(x), verbose=0).hashes
    found = find_copies(other, verbose=0).hashes
    assert np.bitwise_count(found[:, 0] ^ hashes[:, 0]).max() <= 2
    ranged = ArraySource(x.astype("float32") - 100)
    ranged.value_range = (-100.0, 155.0)
    found = find_copies(ranged, verbose=0).hashes
    assert np.bitwise_count(found[:, 0] ^ hashes[:, 0]).max() <= 2


def test_floats_of_which_nothing_says_what_is_white_are_refused():
    """They are not called pictures without contrast."""
    x = ArraySource(photographs(2).astype("float32"))
    with pytest.raises(ValueError, match=r"x\[0\]: the pixels are floats from .* says which"):
        find_copies(x, verbose=0)


def test_no_images_are_no_groups():
    copies = find_copies(ArraySource(photographs(2)).select(np.zeros(0, int)), verbose=0)
    assert (len(copies.groups), copies.hashes.shape) == (0, (0, 8, 2))


def test_an_error_that_is_not_of_an_image_is_raised():
    source = ArraySource(photographs(2))
    source.fetch = lambda _: None
    with pytest.raises(TypeError, match="must return an encoded image"):
        find_copies(source, verbose=0)
