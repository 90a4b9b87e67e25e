"""BMP of every kind, against Pillow and by hand."""

from __future__ import annotations

import struct

import numpy as np
import pytest

from keras_cvdata import codec
from keras_cvdata.types import ImageError
from tests.codec.pictures import difference, opened

PALETTE = np.array([[10, 20, 30], [250, 0, 5], [7, 200, 90], [0, 0, 255]], np.uint8)


def bmp(
    body: bytes,
    width: int,
    height: int,
    bits: int,
    compression: int = 0,
    after: bytes = b"",
    palette: bytes = b"",
) -> bytes:
    colors = len(palette) // 4
    head = struct.pack("<IiiHHIIiiII", 40, width, height, 1, bits, compression, 0, 0, 0, colors, 0)
    start = 14 + len(head) + len(after) + len(palette)
    return b"BM" + struct.pack("<III", start + len(body), 0, start) + head + after + palette + body


def colors(entries: int) -> bytes:
    return b"".join(bytes([*PALETTE[n % 4, ::-1], 0]) for n in range(entries))


def stored(indices: np.ndarray, bits: int) -> bytes:
    """Rows of indices from the lowest, each padded to four bytes."""
    rows = b""
    for row in indices[::-1]:
        text = "".join(f"{index:0{bits}b}" for index in row)
        text = text.ljust(-(-len(text) // 32) * 32, "0")
        rows += int(text, 2).to_bytes(len(text) // 8, "big")
    return rows


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
@pytest.mark.parametrize("top_down", [False, True])
def test_palettes(bits: int, top_down: bool) -> None:
    indices = np.random.default_rng(0).integers(0, min(4, 1 << bits), (5, 11))
    rows = indices[::-1] if top_down else indices
    data = bmp(stored(rows, bits), 11, -5 if top_down else 5, bits, palette=colors(1 << bits))
    np.testing.assert_array_equal(codec.decode(data), PALETTE[indices])


def test_palettes_of_os2_have_three_bytes_a_color() -> None:
    indices = np.array([[0, 1, 1], [1, 0, 0]])
    core = struct.pack("<IHHHH", 12, 3, 2, 1, 1) + PALETTE[:2, ::-1].tobytes()
    data = b"BM" + struct.pack("<III", 0, 0, 14 + len(core)) + core + stored(indices, 1)
    np.testing.assert_array_equal(codec.decode(data), PALETTE[indices])
    np.testing.assert_array_equal(codec.decode(data), opened(data))


@pytest.mark.parametrize("row_ends", [b"\0\0", b""])
def test_runs_of_8_bits(row_ends: bytes) -> None:
    """A full row and its end are one line; so do programs write it that end each row."""
    low = bytes((3, 1, 0, 3, 0, 2, 3, 0))  # 1 1 1, then 0 2 3 as they are
    high = bytes((2, 2, 0, 2, 1, 0, 3, 3))  # 2 2, one to the right, 3 3 3
    data = bmp(low + b"\0\0" + high + b"\0\0" + b"\0\1", 6, 2, 8, 1, palette=colors(4))
    expected = PALETTE[np.array([[2, 2, 0, 3, 3, 3], [1, 1, 1, 0, 2, 3]])]
    np.testing.assert_array_equal(codec.decode(data), expected)


def test_runs_of_4_bits() -> None:
    low = bytes((5, 0x12, 0, 0))  # 1 2 1 2 1
    high = bytes((0, 5, 0x30, 0x12, 0x30, 0, 0, 1))  # 3 0 1 2 3 as they are, padded
    data = bmp(low + high, 5, 2, 4, 2, palette=colors(16))
    expected = PALETTE[np.array([[3, 0, 1, 2, 3], [1, 2, 1, 2, 1]])]
    np.testing.assert_array_equal(codec.decode(data), expected)
    with pytest.raises(ImageError, match="The BMP is truncated"):
        codec.decode(data[:-6])


@pytest.mark.parametrize(
    ("compression", "masks"),
    [(0, (0x7C00, 0x3E0, 0x1F)), (3, (0xF800, 0x7E0, 0x1F)), (3, (0xF00, 0xF0, 0xF))],
)
def test_16_bits(compression: int, masks: tuple[int, int, int]) -> None:
    """555, 565 and 444."""
    words = np.random.default_rng(1).integers(0, 1 << 16, (3, 4), np.uint16)
    after = struct.pack("<3I", *masks) if compression else b""
    data = bmp(words.astype("<u2").tobytes(), 4, -3, 16, compression, after)
    levels = [(words & mask).astype(float) / mask * 255 for mask in masks]
    assert np.abs(codec.decode(data) - np.stack(levels, -1)).max() <= 0.5
    if masks[0] != 0xF00:
        assert difference(codec.decode(data), opened(data)) <= 1


def test_32_bits_have_alpha_only_where_a_mask_says_so() -> None:
    words = np.array([[0x00FF8001, 0x80010203]], np.uint32)
    masks = (0xFF0000, 0xFF00, 0xFF)
    expected = [[[255, 128, 1], [1, 2, 3]]]
    for compression, after in ((0, b""), (3, struct.pack("<3I", *masks))):
        data = bmp(words.tobytes(), 2, 1, 32, compression, after)
        assert codec.decode(data, "unchanged").tolist() == expected
    data = bmp(words.tobytes(), 2, 1, 32, 6, struct.pack("<4I", *masks, 0xFF000000))
    assert codec.decode(data, "rgba").tolist() == [[[255, 128, 1, 0], [1, 2, 3, 128]]]


@pytest.mark.parametrize(
    ("bits", "compression", "reason"),
    [
        (8, 4, "A BMP of JPEG data is not read"),
        (8, 3, "8 bits a pixel and compression 3 is not read"),
        (16, 1, "16 bits a pixel and compression 1 is not read"),
        (3, 0, "3 bits a pixel and compression 0 is not read"),
        (16, 3, "does not say which bits are its colors"),
    ],
)
def test_other_kinds_are_named(bits: int, compression: int, reason: str) -> None:
    with pytest.raises(ImageError, match=reason):
        codec.decode(bmp(bytes(400), 4, 4, bits, compression, palette=bytes(12)))


def test_long_runs_are_refused() -> None:
    with pytest.raises(ImageError, match=r"of runs .RLE. is read up to 4,194,304 bytes"):
        codec.decode(bmp(bytes(4 << 20), 4, 4, 8, 1))
