"""Test-time augmentation: which looks there are, and how they become one prediction."""

from __future__ import annotations

import numpy as np
import pytest

from keras_cvdata import layers
from keras_cvdata.review.averaging import MOVES, Averaging, averaging

P = np.float32([[0.8, 0.2]]), np.float32([[0.2, 0.8]]), np.float32([[0.5, 0.5]])


@pytest.mark.parametrize(("name", "count"), [("mirror", 2), ("flips", 4), ("turns", 4), ("all", 8)])
def test_moves_are_all_different_and_undone(name: str, count: int) -> None:
    image = np.arange(27).reshape(1, 3, 3, 3)
    moved = [move.apply(image, (1, 2)) for move in MOVES[name]]
    assert len({part.tobytes() for part in moved}) == count
    for move, part in zip(MOVES[name], moved, strict=True):
        np.testing.assert_array_equal(move.undo(part, (1, 2)), image)


def test_moves_are_those_of_numpy() -> None:
    image = np.arange(6).reshape(1, 2, 3, 1)
    as_it_is, mirrored = (move.apply(image, (1, 2))[0] for move in MOVES["mirror"])
    np.testing.assert_array_equal(as_it_is, image[0])
    np.testing.assert_array_equal(mirrored, np.fliplr(image[0]))
    turned = [move.apply(image, (1, 2)) for move in MOVES["turns"]]
    np.testing.assert_array_equal(turned[1][0], np.rot90(image[0]))
    first = MOVES["flips"][3].apply(np.moveaxis(image, -1, 1), (2, 3))  # channels first
    np.testing.assert_array_equal(first[0, 0], np.flipud(image[0, ..., 0]))


@pytest.mark.parametrize(
    ("merge", "looks", "expected"),
    [
        ("mean", P, [0.5, 0.5]),
        ("geometric", P[:2], [0.5, 0.5]),
        ("geometric", (P[0], P[2]), [2 / 3, 1 / 3]),  # sqrt(0.4) beside sqrt(0.1)
        ("max", (P[0], P[2]), [0.8 / 1.3, 0.5 / 1.3]),
        ("max", P[:1], [0.8, 0.2]),
    ],
)
def test_looks_become_one(merge, looks, expected) -> None:
    found = Averaging(merge=merge).merged("classes", looks)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, [expected], rtol=1e-6)


def test_numbers_are_averaged_as_they_are() -> None:
    found = Averaging().merged("regression", [np.float32([[4, -1]]), np.float32([[2, 5]])])
    np.testing.assert_array_equal(found, [[3, 2]])


def test_what_cannot_be_done_is_refused() -> None:
    with pytest.raises(ValueError, match="tta must be one of 'mirror', 'flips', 'turns', 'all'"):
        averaging("flip")
    with pytest.raises(ValueError, match="merge must be one of"):
        averaging(None, merge="median")
    with pytest.raises(TypeError, match="augment must be a layer"):
        averaging(7)
    with pytest.raises(ValueError, match=r"must be square; the model gets 8 x 6.*'flips'"):
        averaging("turns").check((8, 6, 3))
    averaging("flips").check((8, 6, 3))
    with pytest.raises(ValueError, match="merge='max' is for probabilities"):
        averaging("all", merge="max").check_kind("regression")


def test_layers_that_move_pixels_are_refused_for_masks() -> None:
    averaging([layers.RandomInvert(), layers.RandomLighting()]).check_kind("masks")
    averaging(layers.RandomFlip()).check_kind("classes")
    for moving in (
        layers.RandomFlip(),
        [layers.RandomInvert(), layers.RandomRotateBound(10)],
        np.flip,
    ):
        with pytest.raises(ValueError, match="masks cannot be moved back"):
            averaging(moving).check_kind("masks")
