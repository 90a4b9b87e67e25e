"""Arrays brought to a color mode, and images written."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from keras_cvdata import codec
from keras_cvdata.types import ImageError
from tests.codec.pictures import (
    difference,
    opened,
    scene,
)


def test_arrays_are_brought_to_the_color_mode():
    """R32, X8: grey gets a channel axis; what fits already is not copied."""
    gray = scene()[:, :, 0]
    assert codec.read(gray, "grayscale").shape == (37, 53, 1)
    np.testing.assert_array_equal(codec.read(gray), np.dstack([gray] * 3))
    np.testing.assert_array_equal(
        codec.read(gray, "rgba"), np.dstack([gray] * 3 + [gray * 0 + 255])
    )
    rgb = scene()
    assert np.shares_memory(codec.read(rgb), rgb)
    expected = np.asarray(Image.fromarray(rgb).convert("L"))
    assert difference(codec.read(rgb, "grayscale")[:, :, 0], expected) <= 1
    np.testing.assert_array_equal(codec.read(rgb[:, ::-1]), rgb[:, ::-1])
    assert codec.read(rgb[:, ::-1]).flags.c_contiguous
    assert codec.read(scene(channels=7), "unchanged").shape == (37, 53, 7)


def test_array_dtypes():
    """R36, X11."""
    gray = scene()[:, :, 0]
    assert codec.read(gray > 100, "grayscale").max() == 255
    assert codec.read(gray / 255, "grayscale").dtype == np.float32
    assert codec.read((gray / 255).astype("float16"), "grayscale").dtype == np.float32
    swapped = gray.astype(">u2")
    assert codec.read(swapped, "grayscale").dtype == np.dtype("uint16")
    np.testing.assert_array_equal(codec.read(swapped, "grayscale")[:, :, 0], gray)
    with pytest.raises(ImageError, match=r"got int64\. Convert them"):
        codec.read(gray.astype("int64"), name="x[3]", row=3)


def test_arrays_of_other_shapes_are_refused():
    with pytest.raises(ImageError, match=r"must be \(height, width, channels\)"):
        codec.read(np.zeros((2, 3, 4, 5), np.uint8))
    with pytest.raises(ImageError, match="not empty"):
        codec.read(np.zeros((0, 3, 3), np.uint8))
    with pytest.raises(ImageError, match=r"32 channels .* use np.moveaxis\(x, -3, -1\)"):
        codec.read(np.zeros((3, 32, 32), np.uint8))


@pytest.mark.parametrize("channels", [1, 2, 3, 4, 7])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_what_is_encoded_is_decoded_again(channels, dtype):
    stored = scene(channels=channels).astype(dtype)
    data = codec.encode(stored, ".tif")
    np.testing.assert_array_equal(codec.decode(data, "unchanged"), stored)
    if dtype == "uint8" and channels in (1, 3, 4):
        expected = opened(data, {1: "L", 3: "RGB", 4: "RGBA"}[channels])
        np.testing.assert_array_equal(expected, stored.squeeze())
    if channels in (1, 3, 4) and dtype != "float32":
        png = codec.encode(stored, ".png")
        np.testing.assert_array_equal(codec.decode(png, "unchanged"), stored)
    else:
        with pytest.raises(ValueError, match=r"PNG holds 1, 3 or 4 .*'.tif'"):
            codec.encode(stored, ".png")


def test_only_lossless_formats_are_written():
    with pytest.raises(ValueError, match=r"must be '.png', '.tif' or '.tiff'; got '.jpg'"):
        codec.encode(scene(), ".jpg")
