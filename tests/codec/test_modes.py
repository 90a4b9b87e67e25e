"""How files store their pixels."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from PIL import Image

from keras_cvdata import codec
from keras_cvdata.codec.modes import MODES, mode_of, starts_like_an_image
from tests.codec.pictures import raw_tiff, saved, scene, with_alpha

RGB = Image.fromarray(scene())
GREY = RGB.convert("L")
PALETTE = RGB.convert("P")
DEEP = cv2.imencode(".png", scene().astype(np.uint16) * 257)[1].tobytes()
FRAMES = {"save_all": True, "append_images": [RGB.rotate(90), RGB.rotate(180)]}

FILES = {
    "rgb jpeg": (saved(RGB, "JPEG"), "8-bit RGB"),
    "grey jpeg": (saved(GREY, "JPEG"), "8-bit grey"),
    "cmyk jpeg": (saved(RGB.convert("CMYK"), "JPEG"), "CMYK"),
    "rgb png": (saved(RGB, "PNG"), "8-bit RGB"),
    "grey png": (saved(GREY, "PNG"), "8-bit grey"),
    "rgba png": (saved(with_alpha(), "PNG"), "alpha"),
    "png with a clear colour": (saved(RGB, "PNG", transparency=(1, 2, 3)), "alpha"),
    "palette png": (saved(PALETTE, "PNG"), "palette"),
    "16-bit png": (DEEP, "16-bit"),
    "webp": (saved(RGB, "WEBP"), "8-bit RGB"),
    "rgba webp": (saved(with_alpha(), "WEBP"), "alpha"),
    "bmp": (saved(RGB, "BMP"), "8-bit RGB"),
    "palette bmp": (saved(PALETTE, "BMP"), "palette"),
    "rgba bmp": (saved(with_alpha(), "BMP"), "alpha"),
    "gif": (saved(RGB, "GIF"), "palette"),
    "ppm": (saved(RGB, "PPM"), "8-bit RGB"),
    "pgm": (saved(GREY, "PPM"), "8-bit grey"),
    "16-bit ppm": (b"P6 5 4 65535 " + bytes(5 * 4 * 6), "16-bit"),
    "tiff": (saved(RGB, "TIFF"), "8-bit RGB"),
    "grey tiff": (saved(GREY, "TIFF"), "8-bit grey"),
    "cmyk tiff": (saved(RGB.convert("CMYK"), "TIFF"), "CMYK"),
    "palette tiff": (saved(PALETTE, "TIFF"), "palette"),
    "rgba tiff": (saved(with_alpha(), "TIFF"), "alpha"),
    "16-bit tiff": (raw_tiff(scene().astype(np.uint16)), "16-bit"),
    "float tiff": (raw_tiff(scene().astype(np.float32)), "other depth"),
    "one-bit tiff": (saved(RGB.convert("1"), "TIFF"), "other depth"),
    "big tiff of five channels": (raw_tiff(scene(channels=5), big=True), "other channels"),
    "avif": (saved(RGB, "AVIF"), "8-bit RGB"),
    "rgba avif": (saved(with_alpha(), "AVIF"), "alpha"),
}


@pytest.mark.parametrize("name", FILES)
def test_modes(name: str) -> None:
    data, mode = FILES[name]
    assert mode_of(data, codec.sniff(data)) == (mode, False)
    assert mode in MODES
    assert starts_like_an_image(data[:64])


@pytest.mark.parametrize("form", ["GIF", "WEBP", "PNG", "TIFF", "AVIF"])
def test_several_images_in_a_file(form: str) -> None:
    data = saved(RGB, form, **FRAMES)
    assert mode_of(data, codec.sniff(data))[1]


def test_what_is_damaged_beyond_its_header_is_taken_for_plain() -> None:
    data = saved(RGB, "GIF", **FRAMES)[:40]
    assert mode_of(data, codec.sniff(data)) == ("8-bit RGB", False)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<html>",
        b"BMW is no bitmap, it is text and text",
        b"P1 is",
        b"P1is",
        b"II is",
        bytes(99),
    ],
)
def test_what_is_no_image(data: bytes) -> None:
    assert starts_like_an_image(data) == (data == b"P1 is")
