"""Single files, as the old class gets them from Pillow."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from PIL import Image

from keras_cvdata.preprocessing import load
from keras_cvdata.preprocessing.load import read_image
from keras_cvdata.types import ImageError
from tests.codec.pictures import raw_tiff, saved, scene

MODES = ("rgb", "grayscale", "rgba")
SIZE = (37, 53)  # of `scene`


@pytest.fixture
def file(tmp_path):
    """Writes a file, whose ending need not be true."""

    def write(data: bytes, name: str = "1.tif") -> str:
        path = tmp_path / name
        path.write_bytes(data)
        return str(path)

    return write


def by_keras(path: str, color_mode: str, size=None, **how) -> np.ndarray:
    image = keras.utils.load_img(path, color_mode, size, **how)
    return keras.utils.img_to_array(image, "channels_last")


def assert_as_by_keras(path: str, modes=MODES) -> None:
    for mode in modes:
        theirs = by_keras(path, mode)
        ours = read_image(path, mode, theirs.shape[:2])
        np.testing.assert_array_equal(ours.astype("float32"), theirs)


def numbers(dtype: str, channels: int = 1) -> np.ndarray:
    """Random pixels that use all bits."""
    limits = np.iinfo(dtype)
    shape = (*SIZE, channels)
    return np.random.default_rng(0).integers(limits.min, limits.max, shape, dtype)


@pytest.mark.parametrize(
    ("dtype", "order"),
    [
        ("int8", "<"),
        ("int16", "<"),
        ("int16", ">"),
        ("int32", "<"),
        ("int32", ">"),
        ("uint32", "<"),
    ],
)
def test_signed_and_long_integers_are_those_of_pillow(file, dtype, order):
    path = file(raw_tiff(numbers(dtype), order=order))
    assert_as_by_keras(path)
    for how in (
        {"interpolation": "nearest"},
        {"interpolation": "bilinear"},
        {"interpolation": "nearest", "keep_aspect_ratio": True},
    ):
        theirs = by_keras(path, "grayscale", (20, 20), **how)
        ours = read_image(path, "grayscale", (20, 20), **how)
        np.testing.assert_array_equal(ours.astype("float32"), theirs)


@pytest.mark.parametrize("dtype", ["uint16", "float32"])
@pytest.mark.parametrize("channels", [5, 8])
def test_more_than_four_bands_are_refused(file, channels, dtype):
    path = file(raw_tiff(scene(channels=channels).astype(dtype)))
    message = rf"1\.tif: It has {channels} bands, and the old class takes four at most\. A Dir"
    with pytest.raises(ImageError, match=message):
        read_image(path, "rgb", SIZE)
    with pytest.raises(OSError, match="cannot identify"):
        by_keras(path, "rgb")


@pytest.mark.parametrize("kind", [0, 1, 2])
@pytest.mark.parametrize("channels", [2, 4])
def test_further_bands_of_eight_bits_mean_what_pillow_takes_them_for(file, channels, kind):
    if (channels, kind) == (2, 1):
        pytest.skip("Pillow cannot convert it")
    assert_as_by_keras(file(raw_tiff(scene(channels=channels), extra=(kind,))))


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16"])
@pytest.mark.parametrize("orientation", [1, 2, 3, 6])
def test_tiff_is_turned_upright_as_by_pillow(file, orientation, dtype):
    """Unlike JPEG."""
    pixels = scene(channels=1).astype(dtype)
    assert_as_by_keras(file(raw_tiff(pixels, orientation=orientation)), ["grayscale"])


@pytest.mark.parametrize(
    ("form", "name"), [("GIF", "1.png"), ("ICO", "1.png"), ("TGA", "1.bmp"), ("JPEG2000", "1.jpg")]
)
def test_other_formats_that_pillow_reads_are_read(file, form, name):
    image = Image.fromarray(scene(24, 24))
    image = image.quantize(20) if form == "GIF" else image
    options = {"transparency": 3} if form == "GIF" else {}
    assert_as_by_keras(file(saved(image, form, **options), name))


def test_damage_that_pillow_does_not_mind(file):
    png = saved(Image.fromarray(scene()), "PNG")
    assert_as_by_keras(file(png[:-12], "1.png"))  # without the chunk that says the end
    text = b"P2 3 2 255 " + b" ".join(b"%d" % value for value in range(6))
    assert_as_by_keras(file(text, "1.ppm"))  # without a line end


def test_floats_and_16_bits_are_kept_from_pillow_too(file):
    """As from the codec, so that all files of a folder have one unit."""
    floats = scene(channels=1)[..., 0] / np.float32(255)
    path = file(b"Pf 53 37 -1.0\n" + floats[::-1].tobytes(), "1.ppm")
    np.testing.assert_array_equal(read_image(path, "grayscale", SIZE)[..., 0], floats)
    deep = numbers("uint16")[..., 0]
    path = file(saved(Image.fromarray(deep), "JPEG2000"), "1.png")
    np.testing.assert_array_equal(read_image(path, "grayscale", SIZE)[..., 0], deep)
    np.testing.assert_allclose(read_image(path, "rgb", SIZE)[..., 1], deep / 257, rtol=1e-6)
    floats[3, 4] = np.nan
    path = file(raw_tiff(floats[:, :, None]))
    with pytest.raises(ImageError, match="not finite"):
        read_image(path, "grayscale", SIZE)


# Limits


def test_scans_beyond_the_limit_of_the_codec_are_read(file):
    path = file(b"P4 8200 8000\n" + bytes(1025 * 8000), "1.ppm")
    assert read_image(path, "grayscale", (4, 4)).tolist() == np.full((4, 4, 1), 255).tolist()


def test_the_limit_is_that_of_pillow(file, monkeypatch):
    path = file(saved(Image.new("1", (2600, 2600)), "PNG"), "1.png")  # too empty for the codec
    size = (2600, 2600)
    assert not read_image(path, "grayscale", size).any()
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 6_000_000)
    with pytest.warns(Image.DecompressionBombWarning, match="6760000 pixels"):
        read_image(path, "grayscale", size)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 3_000_000)
    with pytest.raises(ImageError, match=r"1\.png: .*6760000 pixels.* Raise PIL\.Image\.MAX_IM"):
        read_image(path, "grayscale", size)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)
    assert not read_image(path, "grayscale", size).any()


def test_a_lower_limit_of_pillow_holds_too(file, monkeypatch):
    path = file(saved(Image.fromarray(scene()), "JPEG"), "1.jpg")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1500)
    with pytest.warns(Image.DecompressionBombWarning, match="1961 pixels"):
        read_image(path, "rgb", SIZE)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 900)
    with pytest.raises(ImageError, match="1961 pixels"):
        read_image(path, "rgb", SIZE)


def test_endless_scans_do_not_come_to_pillow(file, monkeypatch):
    data = saved(Image.fromarray(scene()), "JPEG", progressive=True)
    scan = data.index(b"\xff\xda")
    path = file(data[:scan] + data[scan:-2] * 60 + data[-2:], "1.jpg")
    monkeypatch.setattr(load, "_by_pillow", None)
    with pytest.raises(ImageError, match="scans, each of which is decoded"):
        read_image(path, "rgb", SIZE)


def test_orientation_is_applied_by_pillow_too(file):
    exif = Image.Exif()
    exif[0x0112] = 6
    image = Image.fromarray(scene(24, 30))
    path = file(saved(image, "PNG", exif=exif)[:-12], "1.png")  # which the codec refuses
    upright = read_image(path, "rgb", (30, 24), orientation=True)
    np.testing.assert_array_equal(upright, np.rot90(scene(24, 30), -1))
