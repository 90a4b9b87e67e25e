"""Alpha that is dropped or kept, and TIFF of any number of channels."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from keras_cvdata import codec
from keras_cvdata.types import ImageError
from tests.codec.pictures import (
    LOSSLESS,
    assembled,
    difference,
    raw_tiff,
    saved,
    scene,
    with_alpha,
)


@pytest.mark.parametrize(("form", "options"), [LOSSLESS[0], LOSSLESS[1], LOSSLESS[3], LOSSLESS[4]])
def test_dropped_alpha_is_laid_on_white(form, options):
    """R32: the same as Pillow's composition on white."""
    data = saved(with_alpha(), form, **options)
    white = Image.new("RGBA", (53, 37), "white")
    expected = np.asarray(Image.alpha_composite(white, with_alpha()).convert("RGB"))
    assert difference(codec.decode(data), expected) <= 1
    np.testing.assert_array_equal(codec.decode(data, "rgba"), np.asarray(with_alpha()))
    np.testing.assert_array_equal(codec.decode(data, "unchanged"), np.asarray(with_alpha()))
    gray = codec.decode(data, "grayscale")[:, :, 0]
    assert difference(gray, np.asarray(Image.fromarray(expected).convert("L"))) <= 1


def test_avif_with_alpha_is_rgb():
    """X4: OpenCV returns BGR when it is asked for RGB."""
    data = saved(with_alpha(255), "AVIF", quality=100, subsampling="4:4:4")
    assert difference(codec.decode(data, "rgba")[:, 5:], np.asarray(with_alpha(255))[:, 5:]) <= 5
    assert difference(codec.decode(data)[:, 5:], scene()[:, 5:]) <= 5


@pytest.mark.parametrize("form", ["PNG", "GIF"])
def test_transparent_color_is_laid_on_white(form):
    image = Image.fromarray(scene()[:, :, 0]).convert("P")
    image.putpixel((3, 2), 7)
    pixels = codec.decode(saved(image, form, transparency=7))
    assert pixels[2, 3].tolist() == [255, 255, 255]


def test_alpha_of_16_bits_and_floats():
    for dtype, full in (("uint16", 65535), ("float32", 1.0)):
        image = (scene(channels=4) / 255 * full).astype(dtype)
        share = image[:, :, 3:] / full
        expected = image[:, :, :3] * share + full * (1 - share)
        error = np.abs(codec.to_color_mode(image, "rgb", "x") - expected).max() / full
        assert error < 1e-5


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_tiff_alpha_is_read_as_stored(dtype):
    scale = 1 if dtype == "uint8" else 257
    stored = np.asarray(with_alpha()).astype(dtype) * scale
    data = raw_tiff(stored, extra=(2,))
    np.testing.assert_array_equal(codec.decode(data, "rgba"), stored)
    full = 255 * scale
    ones = stored[:, :, 3:].astype(np.int64)
    associated = stored.copy()
    associated[:, :, :3] = (stored[:, :, :3] * ones + full // 2) // full
    on_white = associated[:, :, :3] + (full - ones)
    data = raw_tiff(associated, extra=(1,))
    assert difference(codec.decode(data), on_white) <= 1
    assert codec.decode(data, "rgba")[0, 0].tolist() == [0, 0, 0, 0]
    floats = raw_tiff((associated / full).astype(np.float32), extra=(1,))
    assert np.abs(codec.decode(floats) - on_white / full).max() < 1e-5


def test_tiff_channel_without_meaning_is_dropped():
    stored = scene(channels=4)
    np.testing.assert_array_equal(codec.decode(raw_tiff(stored, extra=(0,))), stored[:, :, :3])


def test_gray_with_alpha():
    stored = np.asarray(with_alpha())[:, :, [0, 3]]
    expected = codec.decode(saved(Image.fromarray(stored), "PNG"), "rgba")
    data = raw_tiff(stored, extra=(2,))
    np.testing.assert_array_equal(codec.decode(data, "rgba"), expected)
    np.testing.assert_array_equal(codec.decode(data, "unchanged"), stored)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("channels", [2, 3, 5, 12])
@pytest.mark.parametrize("separate", [False, True])
@pytest.mark.parametrize("order", ["<", ">"])
def test_tiff_of_any_number_of_channels(dtype, channels, separate, order):
    stored = scene(36, 53, channels).astype(dtype)
    data = raw_tiff(stored, separate=separate, order=order, rows=12)
    np.testing.assert_array_equal(codec.decode(data, "unchanged"), stored)


def test_tiff_with_differences_to_the_left():
    stored = scene(channels=5)
    differences = stored.copy()
    differences[:, 1:] -= stored[:, :-1]
    data = raw_tiff(differences, compression=8, predictor=2)
    np.testing.assert_array_equal(codec.decode(data, "unchanged"), stored)


@pytest.mark.parametrize("predictor", [1, 2])
def test_tiles_of_many_channels(predictor):
    stored = scene(36, 150, 5)
    padded = np.pad(stored, ((0, 12), (0, 42), (0, 0)))
    tiles = [padded[y : y + 16, x : x + 64] for y in range(0, 48, 16) for x in range(0, 192, 64)]
    if predictor == 2:
        tiles = [np.diff(tile, axis=1, prepend=tile[:, :1] * 0) for tile in tiles]
    tags = {
        256: (4, [150]),
        257: (4, [36]),
        258: (3, [8] * 5),
        259: (3, [1]),
        262: (3, [1]),
        277: (3, [5]),
        284: (3, [1]),
        317: (3, [predictor]),
        322: (3, [64]),
        323: (3, [16]),
        324: (4, [8 + 64 * 16 * 5 * number for number in range(9)]),
        325: (4, [64 * 16 * 5] * 9),
        338: (3, [0] * 4),
    }
    data = assembled(b"".join(tile.tobytes() for tile in tiles), tags, "<", big=False)
    np.testing.assert_array_equal(codec.decode(data, "unchanged"), stored)


def test_floats_with_differences_of_their_bits():
    """The TIFF library takes the differences of the 32-bit words, whatever they stand for."""
    stored = scene(channels=5).astype(np.float32)
    words = stored.view(np.uint32)
    differences = np.diff(words, axis=1, prepend=words[:, :1] * 0).view(np.float32)
    data = raw_tiff(differences, compression=8, predictor=2)
    np.testing.assert_array_equal(codec.decode(data, "unchanged"), stored)


def test_channels_that_are_no_colors_need_unchanged():
    data = raw_tiff(scene(channels=5))
    with pytest.raises(ImageError, match=r"5 channels .* color_mode='rgb'.*'unchanged'"):
        codec.decode(data)


@pytest.mark.parametrize("options", [{"big": True}, {"separate": True, "rows": 10}])
def test_unusual_tiff_of_many_channels_is_read_with_tifffile(options):
    stored = scene(channels=5)
    np.testing.assert_array_equal(codec.decode(raw_tiff(stored, **options), "unchanged"), stored)


def test_big_tiff_of_three_channels():
    for orientation in (1, 6):
        data = raw_tiff(scene(), big=True, orientation=orientation)
        expected = np.rot90(scene(), {1: 0, 6: -1}[orientation])
        np.testing.assert_array_equal(codec.decode(data), expected)
