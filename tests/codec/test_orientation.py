"""Images are turned upright, whole or reduced."""

from __future__ import annotations

import struct

import cv2
import numpy as np
import pytest
from PIL import Image

from keras_cvdata import codec
from tests.codec.pictures import (
    difference,
    opened,
    raw_tiff,
    saved,
    scene,
)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize(
    ("form", "options"),
    [
        ("JPEG", {"quality": 98, "subsampling": 0}),
        ("PNG", {}),
        ("WEBP", {"lossless": True}),
        ("TIFF", {}),
        ("AVIF", {"quality": 100, "subsampling": "4:4:4"}),
    ],
)
def test_orientation_is_applied(form, options, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    image = Image.fromarray(scene())
    data = saved(image, form, exif=exif, **options)
    expected = opened(data)
    header = codec.sniff(data)
    assert (header.height, header.width) == expected.shape[:2]
    for mode, reference in (("rgb", "RGB"), ("grayscale", "L"), ("rgba", "RGBA")):
        pixels = codec.decode(data, mode)
        assert difference(pixels.squeeze(), opened(data, reference)) <= 5
        assert pixels.flags.c_contiguous
    np.testing.assert_array_equal(codec.decode(data, "unchanged"), codec.decode(data))


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("reduce", [2, 4, 8])
@pytest.mark.parametrize("mode", ["rgb", "grayscale", "rgba"])
def test_reduced_jpeg_is_the_small_image_upright(orientation, reduce, mode):
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = saved(Image.fromarray(scene(160, 240)), "JPEG", exif=exif, quality=95)
    full = codec.decode(data, mode)
    size = (full.shape[1] // reduce, full.shape[0] // reduce)
    expected = cv2.resize(full, size, interpolation=cv2.INTER_AREA).reshape(*size[::-1], -1)
    small = codec.decode(data, mode, reduce=reduce)
    assert small.shape == expected.shape
    assert np.abs(small.astype(float) - expected).mean() < 3


def test_turned_jpeg_with_a_rest_is_not_reduced():
    """The last row, which stands for less, would come first."""
    exif = Image.Exif()
    exif[0x0112] = 3
    turned = saved(Image.fromarray(scene(161, 240)), "JPEG", exif=exif)
    assert codec.decode(turned, reduce=4).shape == (161, 240, 3)
    upright = saved(Image.fromarray(scene(161, 240)), "JPEG")
    assert codec.decode(upright, reduce=4).shape == (41, 60, 3)


def test_other_formats_are_not_reduced():
    data = saved(Image.fromarray(scene()), "PNG")
    np.testing.assert_array_equal(codec.decode(data, reduce=4), scene())


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("channels", [1, 3, 4, 6])
def test_tiff_orientation_in_every_depth(dtype, orientation, channels):
    stored = scene(channels=channels).astype(dtype)
    turn = {
        1: lambda x: x,
        2: np.fliplr,
        3: lambda x: np.rot90(x, 2),
        4: np.flipud,
        5: lambda x: x.swapaxes(0, 1),
        6: lambda x: np.rot90(x, -1),
        7: lambda x: np.rot90(x, 2).swapaxes(0, 1),
        8: lambda x: np.rot90(x, 1),
    }[orientation]
    data = raw_tiff(stored, orientation=orientation)
    pixels = codec.decode(data, "unchanged")
    np.testing.assert_array_equal(pixels, turn(stored))
    assert (codec.sniff(data).height, codec.sniff(data).width) == pixels.shape[:2]


def test_damaged_exif_means_upright():
    data = saved(Image.fromarray(scene()), "JPEG")
    for exif in (b"Exif\0\0", b"Exif\0\0II*\0\xff\xff\xff\x7f", b"Exif\0\0MM\0*\0\0\0\x08\0\0"):
        segment = b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif
        np.testing.assert_array_equal(
            codec.decode(data[:2] + segment + data[2:]), codec.decode(data)
        )


def test_exif_without_an_orientation_means_upright():
    exif = Image.Exif()
    exif[0x0131] = "some software"
    for form in ("JPEG", "PNG", "WEBP"):
        assert codec.sniff(saved(Image.fromarray(scene()), form, exif=exif)).orientation == 1


def test_exif_of_webp_may_have_the_head_of_jpeg():
    exif = Image.Exif()
    exif[0x0112] = 6
    image = Image.fromarray(scene())
    data = saved(image, "WEBP", exif=exif)
    start = data.index(b"EXIF") + 8
    body = b"Exif\0\0" + data[start:].removeprefix(b"Exif\0\0")
    headed = data[: start - 4] + struct.pack("<I", len(body)) + body
    headed = headed[:4] + struct.pack("<I", len(headed) - 8) + headed[8:]
    assert codec.sniff(headed).orientation == 6
    flag_alone = data[: start - 8]
    flag_alone = flag_alone[:4] + struct.pack("<I", len(flag_alone) - 8) + flag_alone[8:]
    assert codec.sniff(flag_alone).orientation == 1


def test_orientation_may_be_a_long_integer_and_never_beyond_8():
    for value, height in ((6, 53), (9, 37)):
        exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01" + struct.pack(">HHII", 0x0112, 4, 1, value)
        segment = b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif
        data = saved(Image.fromarray(scene()), "JPEG")
        assert codec.sniff(data[:2] + segment + data[2:]).height == height
