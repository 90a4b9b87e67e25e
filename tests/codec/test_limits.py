"""What an image may ask for: memory, passes, parts, and data beyond its image."""

from __future__ import annotations

import struct
import zlib
from unittest import mock

import cv2
import numpy as np
import pytest
from PIL import Image

from keras_cvdata import codec
from keras_cvdata.codec import avif, blocks, decoding, headers, png
from keras_cvdata.codec.memory import too_much
from keras_cvdata.types import ImageError
from tests.codec.pictures import saved, scene


def chunk(kind: bytes, content: bytes) -> bytes:
    check = struct.pack(">I", zlib.crc32(kind + content))
    return struct.pack(">I", len(content)) + kind + content + check


def png_of(rows: bytes, height: int, width: int, *extra: bytes, interlaced: int = 0) -> bytes:
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, interlaced)
    body = chunk(b"IHDR", head) + b"".join(extra) + rows + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def noise(height: int, width: int) -> bytes:
    rows = np.random.default_rng(0).integers(0, 256, (height, 1 + 3 * width), np.uint8)
    rows[:, 0] = 0
    return rows.tobytes()


def test_large_png_are_cut_where_their_image_ends() -> None:
    raw = noise(1200, 1200)
    packed = zlib.compress(raw + bytes(1 << 20), 1)
    data = png_of(chunk(b"IDAT", packed[:5]) + chunk(b"IDAT", packed[5:]), 1200, 1200)
    assert png.may_inflate_to_much(data)
    cut = png.without_excess(data)
    assert zlib.decompress(cut[41 : 41 + int.from_bytes(cut[33:37], "big")]) == raw
    expected = np.frombuffer(raw, np.uint8).reshape(1200, -1)[:, 1:].reshape(1200, 1200, 3)
    np.testing.assert_array_equal(codec.decode(data), expected)
    short = png_of(chunk(b"IDAT", zlib.compress(raw[:-1], 1)), 1200, 1200)
    wrong = png_of(chunk(b"IDAT", b"\0" + packed[1:]), 1200, 1200)
    for damaged in (short, wrong):
        with pytest.raises(ImageError, match="It is damaged or incomplete"):
            codec.decode(damaged)


NOISE = np.random.default_rng(0).integers(0, 256, (70, 50, 4), np.uint8)
OPAQUE = Image.fromarray(NOISE[:, :, :3])
BY_PILLOW = {
    "grey": OPAQUE.convert("L"),
    "RGB": OPAQUE,
    "palette": OPAQUE.convert("P"),
    "RGBA": Image.fromarray(NOISE),
    "grey of 16 bits": Image.fromarray(NOISE[:, :, 0].astype(np.uint16) * 199),
}
INFLATED = {
    "grey and alpha": saved(Image.fromarray(NOISE).convert("LA"), "PNG"),
    "a clear color": saved(OPAQUE, "PNG", transparency=tuple(NOISE[0, 0, :3].tolist())),
    "RGB of 16 bits": codec.encode(NOISE[:, :, :3].astype(np.uint16) * 199),
}


@pytest.mark.parametrize("kind", [*BY_PILLOW, *INFLATED])
def test_large_png_have_the_pixels_of_opencv(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    data = INFLATED.get(kind) or saved(BY_PILLOW[kind], "PNG")
    expected = codec.decode(data, "unchanged")
    monkeypatch.setattr(png, "_MOST_INFLATED", 0)  # all are large
    monkeypatch.setattr(png, "_PIECE", 1000)
    monkeypatch.setattr(png, "without_excess", mock.Mock(wraps=png.without_excess))
    pixels = codec.decode(data, "unchanged")
    assert png.without_excess.called == (kind in INFLATED)
    np.testing.assert_array_equal(pixels, expected)
    assert pixels.dtype == expected.dtype
    assert pixels.flags.writeable
    with pytest.raises(ImageError):
        codec.decode(data[:-400] + data[-12:], "unchanged")


def test_rows_of_an_interlaced_png() -> None:
    """Seven images: 1, 1, 1, 2, 2, 4 and 6 rows of 5 x 7 pixels."""
    data = png_of(b"", 5, 7, interlaced=1)
    columns = {(0, 8, 0, 8): 0, (4, 8, 0, 8): 0, (0, 4, 4, 8): 0, (2, 4, 0, 4): 0,
               (0, 2, 2, 4): 0, (1, 2, 0, 2): 0, (0, 1, 1, 2): 0}  # fmt: skip
    total = sum(
        len(range(top, 5, down)) * (1 + 3 * len(range(left, 7, across)))
        for left, across, top, down in columns
    )
    assert png.raw_size(data) == total


def test_chunks_and_boxes_are_counted() -> None:
    with pytest.raises(ImageError, match="more than 100,000 chunks"):
        codec.sniff(png_of(b"", 2, 2, chunk(b"tEXt", b"") * 100_001))
    with pytest.raises(ImageError, match="more than 100,000 boxes"):
        codec.sniff(b"\0\0\0\x10ftypavif\0\0\0\0" + b"\0\0\0\x08free" * 100_001)
    with pytest.raises(ImageError, match="P6"):
        codec.sniff(b"P6" + b"#\n" * 40_000 + b" 2 2 255\n")


def test_chunks_of_webp_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(headers, "MAX_PARTS", 50)
    chunks = b"WEBPVP8X" + struct.pack("<I", 10) + bytes(10) + b"JUNK\0\0\0\0" * 60
    with pytest.raises(ImageError, match="more than 50 chunks"):
        codec.sniff(b"RIFF" + struct.pack("<I", len(chunks)) + chunks)


def lying_avif() -> bytes:
    data = cv2.imencode(".avif", scene(90, 70), [cv2.IMWRITE_AVIF_SPEED, 10])[1].tobytes()
    place = data.index(b"ispe") + 8
    return data[:place] + struct.pack(">II", 20, 10) + data[place + 8 :]


def test_avif_is_as_large_as_its_picture() -> None:
    with pytest.raises(ImageError, match="claims 20 x 10 pixels, but its picture has 70 x 90"):
        codec.decode(lying_avif())


@pytest.mark.parametrize("junk", [b"\xff" * 40, b"\0\0\0\1junk", b"\0\0\0\2junk", b"junk"])
def test_what_follows_the_last_box_of_an_avif_is_left_out(junk: bytes) -> None:
    data = cv2.imencode(".avif", scene(90, 70), [cv2.IMWRITE_AVIF_SPEED, 10])[1].tobytes()
    np.testing.assert_array_equal(codec.decode(data + junk), codec.decode(data))
    for cut in (data[:-10], data[: data.index(b"iprp")]):
        with pytest.raises(ImageError, match="The AVIF is truncated"):
            codec.decode(cut)


@pytest.mark.parametrize("timed", [False, True])
def test_sizes_of_av1_that_are_not_reduced(timed: bool) -> None:
    """Levels, timing and decoder model come before the size (AV1 specification, 5.5.1)."""
    timing = "1" + "0" * 64 + "1" + "1" + "1" + f"{9:05b}" + "0" * 42 if timed else "0"
    levels = "1" + f"{0:05b}" + "0" * 12 + f"{8:05b}" + "0"
    levels += ("1" + "0" * 21 if timed else "") + "1" + "0000"
    bits = "000" + "1" + "0" + timing + levels + f"{11:04b}{9:04b}" + f"{2999:012b}{799:010b}"
    content = int(bits.ljust(400, "0"), 2).to_bytes(50, "big")
    unit = bytes((0x12, 0, 0x0A, len(content))) + content
    assert avif._size(b"front" + unit, 5) == (800, 3000)
    assert avif._size(b"\x80", 0) is None
    assert avif._size(b"\x12\0", 0) is None


DEEP_AVIF = cv2.imencode(".avif", np.zeros((64, 64, 3), np.uint16), [cv2.IMWRITE_AVIF_DEPTH, 12])[
    1
].tobytes()


@pytest.mark.parametrize(
    ("data", "form", "pixels", "what"),
    [
        (b"GIF89a", "gif", 60_000_000, "about 720 MB of memory; at most 512 MB"),
        (b"RIFF    WEBPVP8X", "webp", 50_000_000, "about 600 MB"),
        (b"RIFF    WEBPVP8 ".ljust(25 << 20), "webp", 5_000_000, "too many for the time"),
        (DEEP_AVIF.ljust(5 << 20), "avif", 14_000_000, "too many for the time"),
        (DEEP_AVIF.ljust(3 << 20), "avif", 14_000_000, None),
        (b"P6 9 9 255 ", "ppm", 60_000_000, None),
    ],
)
def test_memory_and_time(data: bytes, form: str, pixels: int, what: str | None) -> None:
    said = too_much(data, form, pixels, 64_000_000)
    assert (said is None) if what is None else what in (said or "")
    assert too_much(data, form, pixels, 200_000_000) is None


def test_scans_count_by_the_size_of_the_image() -> None:
    flat = np.full((2_100, 2_000), 90, np.uint8)
    data = cv2.imencode(".jpg", flat, [cv2.IMWRITE_JPEG_PROGRESSIVE, 1])[1].tobytes()
    last = data.rindex(b"\xff\xda")
    bomb = data[:-2] + data[last:-2] * 190 + data[-2:]
    with pytest.raises(ImageError, match="scans, each of which is decoded over the whole image"):
        codec.sniff(bomb)
    assert codec.sniff(bomb, max_pixels=100_000_000).height == 2_100


def test_blocks_of_rows_give_what_the_whole_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    """Alpha is blended, and colours are exchanged, a few rows at a time."""
    image = np.random.default_rng(0).integers(0, 256, (203, 50, 4), np.uint8)
    data = cv2.imencode(".png", image)[1].tobytes()
    whole = {mode: codec.decode(data, mode) for mode in ("rgb", "rgba")}
    monkeypatch.setattr(decoding, "_LARGE", 1000)
    monkeypatch.setattr(blocks, "_VALUES", 1000)
    for mode, expected in whole.items():
        np.testing.assert_array_equal(codec.decode(data, mode), expected)
