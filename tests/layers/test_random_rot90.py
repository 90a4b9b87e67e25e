"""RandomRot90 against numpy.rot90."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest

from keras_cvdata.engine.chain import Chain
from keras_cvdata.layers import RandomRot90, RandomTranslation
from tests.executors import with_opencv

pytestmark = pytest.mark.backends


@pytest.mark.parametrize("k", [-1, 0, 1, 2, 3, 6])
def test_turns_squares_without_loss(apply: Any, square: np.ndarray, k: int) -> None:
    """Counter-clockwise, as NumPy turns (R65, X24)."""
    assert np.array_equal(apply(RandomRot90((k,)), square), np.rot90(square, k))


@pytest.mark.parametrize("k", [1, 3])
def test_stretches_other_images_back(apply: Any, image: np.ndarray, k: int) -> None:
    """A quarter turn of an image that is not square is `rot90` and a resize (R67)."""
    expected = cv2.resize(np.rot90(image, k).astype(np.float32), image.shape[1::-1])
    # OpenCV's resize rounds its weights to 11 bits.
    limit = 1.01 if image.dtype == np.uint8 else 0.002
    assert np.abs(apply(RandomRot90((k,)), image) - expected).max() <= limit


def test_half_turns_are_exact_on_all_images(apply: Any, image: np.ndarray) -> None:
    assert np.array_equal(apply(RandomRot90((2,)), image), image[::-1, ::-1])


def test_every_number_of_quarters_is_equally_likely() -> None:
    u = np.random.default_rng(1).random((4000, 1))
    k = RandomRot90((0, 1, 3)).draw(u, 10, 10, np)["k"]
    values, counts = np.unique(k, return_counts=True)
    assert values.tolist() == [0, 1, 3]
    assert np.allclose(counts / 4000, 1 / 3, atol=0.03)


def test_bad_numbers_of_quarters_are_refused() -> None:
    with pytest.raises(
        TypeError, match=r"RandomRot90: k must be a sequence of integers.*\(0\.5,\)"
    ):
        RandomRot90((0.5,))
    with pytest.raises(TypeError, match="RandomRot90: k must be a sequence of integers"):
        RandomRot90(1)
    with pytest.raises(ValueError, match="RandomRot90: k is empty"):
        RandomRot90(())


def test_no_fill_of_another_layer_reaches_in() -> None:
    """Stretched back, a side is read half a pixel beyond the border; black must not bleed in."""
    layers = [RandomTranslation((0, 0), (0, 0), fill_mode="constant"), RandomRot90(k=(1,))]
    image = np.full((1, 40, 80, 3), 255, np.uint8)
    assert (with_opencv(Chain(layers), image, np.full((1, 3), 0.5)) == 255).all()
