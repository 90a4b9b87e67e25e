"""Decoding against Pillow as an independent reference: formats and depths."""

from __future__ import annotations

import struct

import cv2
import numpy as np
import pytest
from PIL import Image

from keras_cvdata import codec
from keras_cvdata.types import ImageError
from tests.codec.pictures import (
    LOSSLESS,
    LOSSY,
    difference,
    opened,
    raw_tiff,
    saved,
    scene,
)


@pytest.mark.parametrize(("form", "options"), LOSSLESS)
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_lossless_formats_are_exact(form, options, mode):
    """R30, X4, X6: bytes become RGB, not BGR, equal to Pillow's pixels."""
    data = saved(Image.fromarray(scene()).convert(mode), form, **options)
    pixels = codec.decode(data)
    assert pixels.flags.c_contiguous
    assert pixels.dtype == np.uint8
    np.testing.assert_array_equal(pixels, opened(data))
    assert difference(codec.decode(data, "grayscale")[:, :, 0], opened(data, "L")) <= 1
    np.testing.assert_array_equal(codec.decode(data, "rgba"), opened(data, "RGBA"))


@pytest.mark.parametrize(("form", "options"), LOSSY)
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_lossy_formats_agree_with_pillow(form, options, mode):
    """R30."""
    data = saved(Image.fromarray(scene()).convert(mode), form, **options)
    assert difference(codec.decode(data), opened(data)) <= 2
    assert difference(codec.decode(data, "grayscale")[:, :, 0], opened(data, "L")) <= 2
    assert difference(codec.decode(data, "rgba"), opened(data, "RGBA")) <= 2


@pytest.mark.parametrize(("form", "options"), [*LOSSLESS, *LOSSY, ("GIF", {})])
def test_header_tells_the_format_and_size(form, options):
    header = codec.sniff(saved(Image.fromarray(scene()), form, **options))
    assert header[:4] == (form.lower(), 37, 53, 1)


def test_avif_is_as_large_as_its_largest_part():
    """Thumbnails and tiles state sizes of their own, and image data may follow without a length."""

    def box(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", 8 + len(content)) + kind + content

    sizes = [(30, 40), (53, 37), (5, 4)]
    parts = b"".join(box(b"ispe", struct.pack(">III", 0, *size)) for size in sizes)
    meta = box(b"meta", bytes(4) + box(b"iprp", box(b"ipco", parts + bytes(8))))
    header = codec.sniff(box(b"ftyp", b"avif\0\0\0\0") + meta + bytes(4) + b"mdat")
    assert header[:3] == ("avif", 37, 53)


def test_gif_gives_its_first_frame():
    """R30."""
    first, second = (Image.fromarray(scene()).quantize(64, dither=0) for _ in range(2))
    second = second.transpose(Image.Transpose.ROTATE_180)
    data = saved(first, "GIF", save_all=True, append_images=[second])
    np.testing.assert_array_equal(codec.decode(data), np.asarray(first.convert("RGB")))


def test_animated_webp_and_png_give_their_first_frame():
    images = [Image.fromarray(scene()), Image.fromarray(scene()[::-1])]
    for form in ("WEBP", "PNG"):
        data = saved(images[0], form, save_all=True, append_images=images[1:], lossless=True)
        np.testing.assert_array_equal(codec.decode(data), scene())


@pytest.mark.parametrize("mode", ["1", "P"])
@pytest.mark.parametrize("form", ["PNG", "BMP", "TIFF", "GIF"])
def test_one_bit_and_palette_images(form, mode):
    data = saved(Image.fromarray(scene()).convert(mode), form)
    np.testing.assert_array_equal(codec.decode(data), opened(data))


def test_cmyk_jpeg_agrees_with_pillow():
    data = saved(Image.fromarray(scene()).convert("CMYK"), "JPEG", quality=95)
    assert difference(codec.decode(data), opened(data)) <= 2


@pytest.mark.parametrize("text", [b"P6\n# by hand\n1 2\n100\n", b"P6 1 2 255 ", b"P6\n1\n2\n15\n"])
def test_ppm_is_scaled_by_its_maximum(text):
    data = text + bytes([0, 7, 15, 3, 5, 9])
    np.testing.assert_array_equal(codec.decode(data), opened(data))


@pytest.mark.parametrize("data", [b"P3 1 1 100 50 100 0\n", b"P2 2 1 15 3 15\n", b"P1 2 1 0 1\n"])
def test_ppm_as_text(data):
    assert difference(codec.decode(data), opened(data)) <= 1


def test_16_bits_stay_16_bits():
    """R36, X5: PNG, TIFF and PGM."""
    deep = np.arange(37 * 53, dtype=np.uint16).reshape(37, 53) * 33
    for form in ("PNG", "TIFF", "PPM"):
        pixels = codec.decode(saved(Image.fromarray(deep), form), "unchanged")
        assert pixels.dtype == np.uint16
        np.testing.assert_array_equal(pixels[:, :, 0], deep)
    rgb = codec.decode(saved(Image.fromarray(deep), "PNG"), "rgb")
    np.testing.assert_array_equal(rgb, np.dstack([deep] * 3))
    shallow = b"P5 2 1 1023\n" + struct.pack(">HH", 511, 1023)
    assert codec.decode(shallow, "unchanged").ravel().tolist() == [32735, 65535]


@pytest.mark.parametrize("bits", [10, 12])
def test_deep_avif_is_brought_to_full_scale(bits):
    image = scene().astype(np.uint16) << (bits - 8)
    options = [cv2.IMWRITE_AVIF_DEPTH, bits, cv2.IMWRITE_AVIF_QUALITY, 100]
    data = cv2.imencode(".avif", image[:, :, ::-1], options)[1].tobytes()
    assert codec.sniff(data).maximum == 2**bits - 1
    expected = image * (65535 / (2**bits - 1))
    assert np.abs(codec.decode(data) - expected).max() < 0.01 * 65535


def test_float_tiff_keeps_its_values():
    """R36."""
    image = (scene() / 255).astype(np.float32)
    data = saved(Image.fromarray(image[:, :, 0]), "TIFF")
    np.testing.assert_array_equal(codec.decode(data, "grayscale")[:, :, 0], image[:, :, 0])
    np.testing.assert_array_equal(codec.decode(raw_tiff(image)), image)
    double = codec.decode(raw_tiff(image.astype(float)))
    assert double.dtype == np.float32
    np.testing.assert_array_equal(double, image)


def test_float_tiff_with_nan_is_refused():
    image = np.full((3, 4, 1), np.nan, np.float32)
    with pytest.raises(ImageError, match=r"a.tif .row 5.: It holds pixels that are not finite"):
        codec.decode(raw_tiff(image), name="a.tif", row=5)


@pytest.mark.parametrize("dtype", ["int8", "int16", "int32", "uint32"])
@pytest.mark.parametrize("channels", [1, 3])
def test_integers_that_are_no_levels_become_floats_of_their_value(dtype, channels):
    image = scene(channels=channels).astype(np.int64) - (0 if dtype[0] == "u" else 100)
    stored = np.clip(image, *(getattr(np.iinfo(dtype), side) for side in ("min", "max")))
    pixels = codec.decode(raw_tiff(stored.astype(dtype)), "unchanged")
    assert pixels.dtype == np.float32
    np.testing.assert_array_equal(pixels, stored)
