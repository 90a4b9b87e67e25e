"""The table of differences from Keras is complete, and true where a line can show it.

What layers do is tested in their own files and in `test_from_keras` and `test_keras_names`; here
are the lines about all layers, and those about what Keras does.
"""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import ops

from keras_cvdata import layers
from tests.layers.test_from_keras import EXACT, OTHER, SILENT

pytestmark = pytest.mark.backends

PAGE = (Path(__file__).parents[2] / "docs/differences.md").read_text()
ROWS = re.findall(r"^\| (`[^|]+?`) \|([^|]*)\|", PAGE, re.MULTILINE)
X = np.random.default_rng(0).integers(0, 256, (4, 12, 16, 3)).astype("float32")
BLACK = np.zeros((400, 4, 4, 3), "float32")


def listed() -> dict[str, str]:
    """Names of the first column of "Layer by layer", with their arguments."""
    found: dict[str, str] = {}
    for names, arguments in ROWS:
        for name in re.findall(r"`(\w+)`", names):
            found[name] = f"{found.get(name, '')} {arguments}"
    return found


def changed(layer: Any, x: Any = X) -> np.ndarray:
    return ops.convert_to_numpy(layer(ops.convert_to_tensor(x), training=True)) - x


def test_every_image_layer_of_keras_has_a_row() -> None:
    assert {*EXACT, *OTHER, *SILENT, "Pipeline", "MaxNumBoundingBoxes"} <= set(listed())


@pytest.mark.parametrize("name", [name for name in listed() if hasattr(layers, name)])
def test_the_arguments_of_a_row_exist(name: str) -> None:
    ours = getattr(layers, name)
    taken = {*ours._argument_names()} | {"factor", "kernel_size"}
    for argument in re.findall(r"`(\w+)`", listed()[name]):
        assert argument in taken


def test_dtypes_stay() -> None:
    for dtype in ("uint8", "float16"):
        assert (
            layers.RandomFlip()(X.astype(dtype)).dtype
            == ops.convert_to_tensor(X.astype(dtype)).dtype
        )
    assert "float32" in str(keras.layers.RandomFlip()(X.astype("uint8")).dtype)


def test_floats_need_a_range_where_it_matters() -> None:
    assert inspect.signature(keras.layers.RandomBrightness).parameters["value_range"].default
    with pytest.raises(ValueError, match="value_range="):
        layers.RandomBrightness(0.2)(X)


def test_dicts_are_not_changed() -> None:
    given = {"images": X}
    layers.RandomFlip()(given)
    assert given["images"] is X


def test_ends_of_a_range_have_an_order() -> None:
    assert keras.layers.RandomRotation((0.2, -0.1)).factor == (-0.1, 0.2)
    with pytest.raises(ValueError, match="lower end first"):
        layers.RandomRotation((0.2, -0.1))


def test_fill_values_are_parts_of_the_range() -> None:
    with pytest.raises(ValueError, match=r"fill_value .*from 0 to 1"):
        layers.RandomTranslation(0.1, 0.1, fill_mode="constant", fill_value=255)


def test_contrast_keeps_the_order_of_a_pair() -> None:
    assert keras.layers.RandomContrast((0.5, 0.2)).factor == (0.2, 0.5)
    assert keras.layers.RandomContrast(0.2).factor == (0, 0.2)
    assert layers.RandomContrast((0.5, 0.2)).factor == (0.5, 0.2)
    assert layers.RandomContrast(0.2).factor == (0.2, 0.2)


def test_both_mirrorings_are_one_in_keras() -> None:
    x = np.repeat(X[:1], 200, axis=0)
    kinds = {
        layer: len({each.tobytes() for each in changed(layer, x)})
        for layer in (keras.layers.RandomFlip(seed=1), layers.RandomFlip(seed=1))
    }
    assert list(kinds.values()) == [2, 4]


def test_saturation_and_blur_of_one_number() -> None:
    assert keras.layers.RandomSaturation(0.3).factor == (-0.3, 0.3)
    assert keras.layers.RandomGaussianBlur(sigma=0.3).sigma == (0, 0.3)
    ours = layers.RandomGaussianBlur(sigma=0.3).sigma
    assert (ours.low, ours.high) == (0.3, 0.3)


def test_invert_of_one_number() -> None:
    """Half of the images with Keras's default; all of them at rate 1."""
    inverted = (changed(keras.layers.RandomInvert(seed=1), BLACK) > 0).mean()
    assert 0.4 < inverted < 0.6
    assert 0.4 < (changed(layers.RandomInvert(value_range=(0, 255)), BLACK) > 0).mean() < 0.6
    assert (changed(layers.RandomInvert(1.0, value_range=(0, 255)), BLACK) > 0).all()


def test_posterization_of_one_number_and_of_a_pair() -> None:
    assert keras.layers.RandomPosterization(4).factor == (1, 4)
    assert layers.RandomPosterization(4).factor == (4, 4)
    fine = np.full((200, 2, 2, 1), 255, "float32")
    left = 255 + changed(keras.layers.RandomPosterization((1, 2), seed=1), fine)
    assert set(left.ravel()) == {128}
    left = 255 + changed(layers.RandomPosterization((1, 2), value_range=(0, 255)), fine)
    assert set(np.rint(left).ravel()) == {128, 192}


def test_solarization_of_nothing() -> None:
    assert np.allclose(changed(keras.layers.Solarization()), 255 - 2 * X)
    dark = np.full((2, 2, 2, 1), 100, "float32")
    assert np.abs(changed(layers.Solarization(value_range=(0, 255)), dark)).max() < 1e-3


def test_keras_blackens_the_border_of_what_it_sharpens() -> None:
    white = np.full((1, 5, 5, 1), 200, "float32")
    assert changed(keras.layers.RandomSharpness((0, 0)), white)[0, 0, 0, 0] < -50
    assert not changed(layers.RandomSharpness((0, 0), value_range=(0, 255)), white).any()


def test_boxes_of_a_crop_lie_beside_their_pixels_in_keras() -> None:
    """The upper edge of the box is the first row that is kept."""
    image = np.arange(10, dtype="float32")[:, None, None].repeat(8, axis=1)
    found = {"boxes": np.array([[2.0, 1.0, 4.0, 3.0]], "float32"), "labels": np.array([1])}
    given = {"images": image, "bounding_boxes": found}
    theirs, ours = (
        resizing(20, 20, crop_to_aspect_ratio=True, bounding_box_format="xyxy")(given)
        for resizing in (keras.layers.Resizing, layers.Resizing)
    )
    assert float(theirs["images"][0, 0, 0]) == 1
    assert float(theirs["bounding_boxes"]["boxes"][0][1]) == 0.5
    assert float(ours["bounding_boxes"]["boxes"][0][1]) == pytest.approx(0, abs=1e-5)
