"""JPEG by simplejpeg gives what OpenCV gives, and leaves to OpenCV what it must."""

from __future__ import annotations

import itertools
import subprocess
import sys
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from keras_cvdata import codec
from keras_cvdata.codec import jpeg
from keras_cvdata.types import ImageError
from tests.codec.pictures import saved
from tests.conftest import photograph

pytest.importorskip("simplejpeg")

PHOTOGRAPH = photograph(1, 131, 139)
PLAIN = {
    "colour": saved(Image.fromarray(PHOTOGRAPH), "JPEG"),
    "full chroma": saved(Image.fromarray(PHOTOGRAPH), "JPEG", subsampling=0),
    "halved chroma": saved(Image.fromarray(PHOTOGRAPH), "JPEG", subsampling=1),
    "progressive": saved(Image.fromarray(PHOTOGRAPH), "JPEG", progressive=True),
    "stored as RGB": saved(Image.fromarray(PHOTOGRAPH), "JPEG", keep_rgb=True),
    "grey": saved(Image.fromarray(PHOTOGRAPH[..., 0]), "JPEG"),
    "tiny": saved(Image.fromarray(PHOTOGRAPH[:5, :4]), "JPEG"),
}
COLOUR = PLAIN["colour"]
CUT = COLOUR[: len(COLOUR) // 2] + b"\xff\xd9"


def turned() -> bytes:
    exif = Image.Exif()
    exif[0x112] = 6
    return saved(Image.fromarray(PHOTOGRAPH), "JPEG", exif=exif)


def of_odd_sampling() -> bytes:
    """Chroma wider than luma, as no encoder writes it."""
    data, frame = bytearray(COLOUR), COLOUR.index(b"\xff\xc0")
    data[frame + 11], data[frame + 14] = 0x11, 0x21
    return bytes(data)


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> list[np.ndarray]:
    """What simplejpeg decoded."""
    pixels: list[np.ndarray] = []
    decode: Callable[..., np.ndarray] = jpeg.simplejpeg.decode_jpeg

    def recorded(*args: object, **options: object) -> np.ndarray:
        pixels.append(decode(*args, **options))
        return pixels[-1]

    monkeypatch.setattr(jpeg.simplejpeg, "decode_jpeg", recorded)
    return pixels


def by_opencv(data: bytes, mode: str, reduce: int) -> np.ndarray:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(jpeg, "simplejpeg", None)
        return codec.decode(data, mode, reduce=reduce)


@pytest.mark.parametrize("kind", PLAIN)
def test_pixels_are_those_of_opencv(kind: str, taken: list[np.ndarray]) -> None:
    data = PLAIN[kind]
    for mode, reduce in itertools.product(("rgb", "grayscale", "unchanged", "rgba"), (1, 2, 4, 8)):
        pixels = codec.decode(data, mode, reduce=reduce)
        np.testing.assert_array_equal(pixels, by_opencv(data, mode, reduce))
        assert pixels.flags.c_contiguous
    assert len(taken) == (4 if kind == "tiny" else 16)  # nothing tiny is decoded smaller


@pytest.mark.parametrize("kind", PLAIN)
def test_a_fourth_channel_comes_beside_the_same_three(kind: str) -> None:
    four = codec.decode(PLAIN[kind], "rgbx", reduce=2)
    assert four.shape[2] == (3 if kind == "tiny" else 4)
    np.testing.assert_array_equal(four[:, :, :3], codec.decode(PLAIN[kind], reduce=2))


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(saved(Image.fromarray(PHOTOGRAPH), "PNG"), id="PNG"),
        pytest.param(saved(Image.fromarray(PHOTOGRAPH).convert("CMYK"), "JPEG"), id="CMYK"),
        pytest.param(turned(), id="turned"),
    ],
)
def test_where_no_fourth_channel_is_for_free_there_are_three(data: bytes) -> None:
    np.testing.assert_array_equal(codec.decode(data, "rgbx"), codec.decode(data, "rgb"))


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(saved(Image.fromarray(PHOTOGRAPH).convert("CMYK"), "JPEG"), id="CMYK"),
        pytest.param(of_odd_sampling(), id="odd sampling"),
        pytest.param(COLOUR.replace(b"\xff\xc0", b"\xff\xc9", 1), id="arithmetic"),
        pytest.param(CUT + b"\0", id="cut"),
    ],
)
def test_the_rest_is_left_to_opencv(data: bytes, taken: list[np.ndarray]) -> None:
    def outcome(decode: Callable[[], np.ndarray]) -> list[float] | str:
        try:
            return decode().tolist()
        except ImageError as error:
            return str(error)

    assert outcome(lambda: codec.decode(data)) == outcome(lambda: by_opencv(data, "rgb", 1))
    assert not taken


@pytest.mark.parametrize("whole", [COLOUR, turned()], ids=["upright", "turned"])
def test_damage_that_opencv_reads_over_is_read_over_without_a_line(
    whole: bytes, taken: list[np.ndarray], capfd: pytest.CaptureFixture[str]
) -> None:
    junk = whole[:-2] + bytes(3) + whole[-2:]
    expected = by_opencv(junk, "rgb", 1)
    assert capfd.readouterr().err.startswith("Corrupt JPEG data")
    np.testing.assert_array_equal(codec.decode(junk), expected)
    assert capfd.readouterr().err == ""
    assert len(taken) == 1


def test_pixels_go_to_the_memory_that_is_given() -> None:
    memory = np.zeros(PHOTOGRAPH.shape, np.uint8)
    pixels = codec.decode(COLOUR, empty=lambda shape, dtype: memory.reshape(shape).view(dtype))
    assert np.shares_memory(pixels, memory)
    np.testing.assert_array_equal(pixels, codec.decode(COLOUR))
    assert not np.shares_memory(codec.decode(COLOUR), codec.decode(COLOUR))


def test_it_works_without() -> None:
    code = (
        "import sys; sys.modules['simplejpeg'] = None\n"
        "import cv2, numpy as np\n"
        "from keras_cvdata import codec\n"
        "data = cv2.imencode('.jpg', np.full((4, 5, 3), 9, np.uint8))[1].tobytes()\n"
        "print(codec.decode(data).shape)\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout == "(4, 5, 3)\n"


@pytest.mark.parametrize("installed", [True, False])
def test_stored_without_loss(installed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its decoders convert no colors, turn and reduce nothing."""
    imagecodecs = pytest.importorskip("imagecodecs")
    if not installed:
        monkeypatch.setattr(jpeg, "simplejpeg", None)
    color = imagecodecs.jpeg8_encode(PHOTOGRAPH, lossless=True)
    grey = imagecodecs.jpeg8_encode(PHOTOGRAPH[:, :, 0].copy(), lossless=True)
    np.testing.assert_array_equal(codec.decode(color, reduce=2), PHOTOGRAPH)
    np.testing.assert_array_equal(codec.decode(grey), PHOTOGRAPH[:, :, [0, 0, 0]])
    assert codec.decode(color, "rgba").shape == (131, 139, 4)
    exif = turned()[turned().index(b"\xff\xe1") :]
    with_exif = color[:2] + exif[: 2 + int.from_bytes(exif[2:4], "big")] + color[2:]
    np.testing.assert_array_equal(codec.decode(with_exif), np.rot90(PHOTOGRAPH, -1))
    if installed:
        with pytest.raises(ImageError, match="not supported or cut"):
            codec.decode(color[: len(color) // 2] + b"\xff\xd9")
    inks = imagecodecs.jpeg8_encode(np.dstack([PHOTOGRAPH, PHOTOGRAPH[:, :, 0]]), lossless=True)
    with pytest.raises(ImageError, match=r"JPEG that .* is not read"):
        codec.decode(inks)
