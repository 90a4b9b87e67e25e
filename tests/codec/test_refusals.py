"""Files that are no images, damaged, or beyond the limits."""

from __future__ import annotations

import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from keras_cvdata import codec
from keras_cvdata.codec import limits, tiff
from keras_cvdata.types import ImageError
from tests.codec.pictures import (
    LOSSLESS,
    LOSSY,
    assembled,
    opened,
    raw_tiff,
    saved,
    scene,
)


@pytest.mark.parametrize(("form", "options"), [*LOSSLESS, *LOSSY, ("GIF", {})])
@pytest.mark.parametrize("share", [0.02, 0.5, 0.9, 0.999])
def test_truncated_files_are_refused(form, options, share):
    """X7."""
    data = saved(Image.fromarray(scene(90, 130)), form, **options)
    with pytest.raises(ImageError, match=r"cats/1.x .row 4.: "):
        codec.decode(data[: int(share * len(data))], name="cats/1.x", row=4)


def test_truncated_jpeg_with_a_thumbnail_is_refused():
    """X7: the end marker of the thumbnail is not that of the image."""
    data = saved(Image.fromarray(scene()), "JPEG")
    thumbnail = saved(Image.fromarray(scene(8, 8)), "JPEG")
    segment = b"\xff\xe1" + struct.pack(">H", len(thumbnail) + 2) + thumbnail
    whole = data[:2] + segment + data[2:]
    assert codec.sniff(whole + b"trailing bytes do no harm").width == 53
    with pytest.raises(ImageError, match="The JPEG is truncated: it has no end marker"):
        codec.sniff(whole[:-40])


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "The file is empty"),
        (b"hello there", "no image but text that begins 'hello there'"),
        (b"  <!DOCTYPE html><html>", "no image but an HTML page"),
        (b"BMW is no bitmap, it is text", "text that begins 'BMW"),
        (b"RIFF\0\0\0\0WAVEfmt ", "no image of a known format"),
        (b"GIRAFFE and more", "text that begins 'GIRAFFE"),
        (b"P1 is text", "text that begins 'P1"),
        (b"II is text", "text that begins 'II"),
        (b"version https://git-lfs.github.com/spec/v1", "git lfs pull"),
        (b"\0\0\0\x18ftypheic\0\0\0\0", "brand 'heic'"),
        (bytes(100), "nothing but zeros"),
        (b"\x01\x02\x03\x04\x05", "begins with the bytes 01 02 03 04 05"),
        (b"\x89PNG\n\x1a\n" + bytes(30), "signature is damaged, as by a copy in text mode"),
        (b"\xff\xd8\xff\xe0", "ends within its header"),
        (b"\xff\xd8\xff\xe0\0\x02xx", "damaged between its segments"),
        (b"\xff\xd8\xff\xff\xff\xda\0\x08\x01", "does not say its size"),
        (b"\xff\xd8" + b"\xff\xe0\0\x02" * 10_000, "no image among its segments"),
        (b"RIFF\x10\0\0\0WEBPXXXX" + bytes(16), "unknown chunk"),
        (b"\0\0\0\x10ftypavif\0\0\0\0", "lacks its list of properties"),
        (b"GIF89a" + bytes(4), "0 x 0 pixels: nothing"),
        (
            b"BM" + bytes(12) + struct.pack("<IiiI", 40, -5, 4, 0) + bytes(24),
            "0 x 4 pixels: nothing",
        ),
    ],
)
def test_what_is_no_image_is_named(data, reason):
    """X31: an HTML page, among others."""
    with pytest.raises(ImageError, match=reason):
        codec.decode(data, name="a.jpg")


def claimed(form: str, height: int, width: int) -> bytes:
    """A few bytes that claim a size."""
    if form == "png":
        chunk = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
        end = struct.pack(">I", 0) + b"IEND" + struct.pack(">I", zlib.crc32(b"IEND"))
        head = struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk))
        return b"\x89PNG\r\n\x1a\n" + head + end
    if form == "webp":
        packed = (width - 1) | (height - 1) << 14
        head = b"RIFF" + struct.pack("<I", 18) + b"WEBPVP8L\x05\0\0\0\x2f"
        return head + struct.pack("<I", packed) + b"\0"
    if form == "gif":
        return b"GIF89a" + struct.pack("<HH", width, height) + bytes(20)
    if form == "bmp":
        return b"BM" + bytes(12) + struct.pack("<Iii", 40, width, -height) + bytes(30)
    return b"P6 %d %d 255 " % (width, height)


@pytest.mark.parametrize("form", ["png", "webp", "gif", "bmp", "ppm"])
def test_bombs_are_refused_before_they_are_decoded(form):
    with pytest.raises(ImageError, match="12,000 x 12,000 pixels; at most 64,000,000"):
        codec.decode(claimed(form, 12_000, 12_000))
    with pytest.raises(
        ImageError, match=r"3,000 x 2,000 pixels in [0-9]+ bytes, which no photograph"
    ):
        codec.decode(claimed(form, 2_000, 3_000))
    assert codec.sniff(claimed(form, 2_000, 1_999)).height == 2_000


def test_the_limit_of_pixels_is_a_choice():
    data = saved(Image.fromarray(scene()), "PNG")
    with pytest.raises(ImageError, match=r"37 pixels; at most 1,960 .* or raise max_pixels of the"):
        codec.decode(data, header=codec.sniff(data, max_pixels=37 * 53 - 1))
    np.testing.assert_array_equal(codec.read(data, max_pixels=37 * 53), scene())
    scan = b"P4 8200 8000\n" + bytes(1025 * 8000)
    with pytest.raises(ImageError, match="at most 64,000,000 pixels"):
        codec.read(scan, "grayscale")
    header = codec.sniff(scan, max_pixels=65_600_000)
    assert (header.height, header.width) == (8000, 8200)


def test_more_pixels_allow_for_more_bytes():
    data = bytes(limits.MAX_BYTES + 1)
    with pytest.raises(ImageError, match=r"at most 67,108,864 are read.* or raise max_pixels"):
        codec.sniff(data)
    with pytest.raises(ImageError, match="nothing but zeros"):
        codec.sniff(data, max_pixels=limits.MAX_PIXELS + 1)


def test_blank_scan_of_one_bit_is_no_bomb():
    page = Image.new("1", (3_000, 4_000), 1)
    data = saved(page, "TIFF", compression="group4")
    assert 12_000_000 / len(data) > limits.MAX_PIXELS_PER_BYTE
    assert codec.decode(data, "grayscale").shape == (4_000, 3_000, 1)
    with pytest.raises(ImageError, match="at most 64,000,000"):
        codec.decode(saved(Image.new("1", (9_000, 9_000), 1), "TIFF", compression="group4"))


def test_jpeg_of_too_many_scans_is_refused():
    data = saved(Image.fromarray(scene()), "JPEG", progressive=True)
    scan = data.rindex(b"\xff\xda")
    bomb = data[:-2] + data[scan:-2] * 201 + data[-2:]
    with pytest.raises(ImageError, match=r"The JPEG has 2[0-9]+ scans"):
        codec.decode(bomb)


def test_too_many_bytes_are_refused():
    with pytest.raises(ImageError, match="67,108,865 bytes; at most 67,108,864"):
        codec.sniff(b"\xff\xd8" + bytes((64 << 20) - 1))


def test_sizes_beyond_those_of_opencv_are_refused():
    with pytest.raises(ImageError, match=r"It cannot be decoded: .*CV_IO_MAX_IMAGE_WIDTH"):
        codec.decode(b"P5 2000000 1 255 " + bytes(2_000_000))


def test_bmp_of_the_oldest_kind():
    row = b"\x01\x02\x03\x04\x05\x06\0\0"
    core = struct.pack("<IHHHH", 12, 2, 1, 1, 24)
    data = b"BM" + struct.pack("<IHHI", 26 + len(row), 0, 0, 26) + core + row
    np.testing.assert_array_equal(codec.decode(data), opened(data))
    assert codec.sniff(data)[:3] == ("bmp", 1, 2)


def test_tiff_without_readable_tags_is_refused():
    tags = {256: (4, [53]), 257: (4, [37])}
    data = bytearray(assembled(b"", tags, "<", big=False))
    data[12] = 7  # bytes of no meaning instead of integers
    with pytest.raises(ImageError, match="0 x 37 pixels: nothing"):
        codec.decode(bytes(data))


def test_tiff_with_tags_beyond_its_end_is_refused():
    """Tags that only this package reads: the same kind of error as for all other damage."""
    data = bytearray(raw_tiff(scene(channels=5)))
    entry = tiff.Directory(bytes(data)).entries[tiff.SAMPLES]
    data[entry + 4 : entry + 12] = struct.pack("<II", 5, 1 << 30)
    with pytest.raises(ImageError, match=r"a\.tif: The tags of the TIFF are damaged"):
        codec.decode(bytes(data), name="a.tif")


def test_tiff_of_strips_without_rows_is_refused():
    data = bytearray(raw_tiff(scene(channels=5), separate=True))
    entry = tiff.Directory(bytes(data)).entries[tiff.ROWS_PER_STRIP]
    data[entry + 8 : entry + 12] = bytes(4)
    with pytest.raises(ImageError, match="The tags of the TIFF are damaged"):
        codec.decode(bytes(data))


def test_bigtiff_with_tags_beyond_all_memory_is_refused():
    data = b"II" + struct.pack("<HHHQ", 43, 8, 0, 2**64 - 9) + bytes(64)
    with pytest.raises(ImageError, match="ends within its header"):
        codec.decode(data)


def test_png_chunks_that_claim_more_than_the_file_are_refused():
    """45 bytes whose end chunk claims 4 GiB made OpenCV take them."""
    data = bytearray(claimed("png", 20, 30))
    data[-12:-8] = b"\xff\xff\0\0"
    with pytest.raises(ImageError, match="The PNG is truncated"):
        codec.sniff(bytes(data))


def test_damage_inside_is_refused():
    data = bytearray(saved(Image.fromarray(scene(90, 130)), "PNG"))
    data[200:240] = bytes(40)
    with pytest.raises(ImageError, match="It is damaged or incomplete"):
        codec.decode(bytes(data))
