"""Image files that ask for too much, and what is in the files that make them."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import cv2
import numpy as np

from tests.faults.fault import Fault


def _use(path: Path) -> str:
    """Read the file as a sequence does, and say what came."""
    from keras_cvdata import codec

    pixels = codec.read(path.read_bytes(), name=path.name)
    return f"{pixels.shape} {pixels.dtype} first {pixels[0, 0].tolist()}"


def _use_as_mask(path: Path) -> str:
    from keras_cvdata import codec

    mask = codec.read_mask(path.read_bytes(), name=path.name)
    return f"mask {mask.shape} {mask.dtype}"


def _written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def chunk(kind: bytes, content: bytes) -> bytes:
    check = struct.pack(">I", zlib.crc32(kind + content))
    return struct.pack(">I", len(content)) + kind + content + check


def png(
    height: int, width: int, data: bytes, *, bits: int = 8, color: int = 2, extra: bytes = b""
) -> bytes:
    head = struct.pack(">IIBBBBB", width, height, bits, color, 0, 0, 0)
    body = chunk(b"IHDR", head) + extra + chunk(b"IDAT", data) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def rows(height: int, length: int) -> bytes:
    """Compressed rows of a PNG that compress well, but not beyond what is plausible."""
    noise = np.random.default_rng(0).integers(0, 256, 40, np.uint8).tobytes()
    row = b"\0" + noise + bytes(length - 40)
    compressor = zlib.compressobj(1)
    return b"".join([*(compressor.compress(row) for _ in range(height)), compressor.flush()])


def tiff(tags: dict[int, tuple[int, list[int]]], body: bytes) -> bytes:
    """A little-endian TIFF; tags as pairs of kind and values, in the order that is given."""
    entries, later = b"", b""
    after = 8 + len(body) + 2 + 12 * len(tags) + 4
    for tag, (kind, numbers) in tags.items():
        packed = struct.pack(f"<{len(numbers)}{'H' if kind == 3 else 'I'}", *numbers)
        place = packed.ljust(4, b"\0")
        if len(packed) > 4:
            place, later = struct.pack("<I", after + len(later)), later + packed
        entries += struct.pack("<HHI", tag & 0xFFFF, kind, len(numbers)) + place
    head = b"II*\0" + struct.pack("<I", 8 + len(body))
    return head + body + struct.pack("<H", len(tags)) + entries + bytes(4) + later


def planes(
    height: int, width: int, channels: int, body: bytes, *, bits: int = 8, more: dict | None = None
) -> bytes:
    """A TIFF of one Deflate strip."""
    tags = {
        256: (4, [width]),
        257: (4, [height]),
        258: (3, [bits] * channels),
        259: (3, [8]),
        262: (3, [1]),
        273: (4, [8]),
        277: (3, [channels]),
        278: (4, [height]),
        279: (4, [len(body)]),
    }
    return tiff({**tags, **(more or {})}, body)


def _lying_avif(folder: Path) -> Path:
    data = cv2.imencode(".avif", np.zeros((8192, 8192, 3), np.uint8), [cv2.IMWRITE_AVIF_SPEED, 10])[
        1
    ].tobytes()
    place = data.index(b"ispe") + 8
    return _written(
        folder / "lie.avif", data[:place] + struct.pack(">II", 100, 100) + data[place + 8 :]
    )


def _twice(folder: Path) -> Path:
    """The first width and height count in the decoder."""
    body = zlib.compress(bytes(16))
    data = planes(60_000, 60_000, 1, body, more={0x10100: (4, [4]), 0x10101: (4, [4])})
    return _written(folder / "twice.tif", data)


def _clear(folder: Path) -> Path:
    return _written(folder / "clear.png", png(6_500, 6_500, rows(6_500, 4 * 6_500), color=6))


def _clear_64(folder: Path) -> Path:
    return _written(folder / "clear.png", png(8_000, 8_000, rows(8_000, 4 * 8_000), color=6))


def _deep_clear(folder: Path) -> Path:
    return _written(
        folder / "deep.png", png(5_600, 5_600, rows(5_600, 8 * 5_600), color=6, bits=16)
    )


def _channels(folder: Path) -> Path:
    body = zlib.compress(bytes(256 * 1900 * 1900), 1)
    return _written(folder / "channels.tif", planes(1_900, 1_900, 256, body))


def _inflating(folder: Path) -> Path:
    """Data beyond the image: 27 gigabytes; each flushed block inflates to 32 MiB."""
    compressor = zlib.compressobj(9)
    start = compressor.compress(bytes(61 * 20))
    block = compressor.compress(bytes(1 << 25)) + compressor.flush(zlib.Z_FULL_FLUSH)
    block = compressor.compress(bytes(1 << 25)) + compressor.flush(zlib.Z_FULL_FLUSH)
    return _written(folder / "inflating.png", png(20, 20, start + block * 800))


def _texts(folder: Path) -> Path:
    text = chunk(b"zTXt", b"k\0\0" + zlib.compress(bytes(7_900_000), 9))
    return _written(
        folder / "texts.png", png(20, 20, zlib.compress(bytes(61 * 20)), extra=text * 900)
    )


def _many_chunks(folder: Path) -> Path:
    extra = chunk(b"tEXt", b"") * 5_000_000
    return _written(folder / "chunks.png", png(20, 20, zlib.compress(bytes(61 * 20)), extra=extra))


def _comments(folder: Path) -> Path:
    return _written(
        folder / "comments.ppm", b"P6" + b"#\n" * 30_000_000 + b" 2 2 255\n" + bytes(12)
    )


def _blanks(folder: Path) -> Path:
    return _written(folder / "blanks.ppm", b"P6" + b" " * 60_000_000)


def _boxes(folder: Path) -> Path:
    head = b"\0\0\0\x18ftypavif\0\0\0\0avifmif1"
    return _written(folder / "boxes.avif", head + b"\0\0\0\x08free" * 7_500_000)


def _riff(folder: Path) -> Path:
    head = b"WEBPVP8X" + struct.pack("<I", 10) + b"\x08\0\0\0\x09\0\0\x09\0\0"
    body = head + b"JUNK\0\0\0\0" * 7_500_000
    return _written(folder / "chunks.webp", b"RIFF" + struct.pack("<I", len(body)) + body)


def _zeros(folder: Path) -> Path:
    return _written(folder / "zeros.jpg", bytes(64 << 20))


def photo(height: int, width: int) -> np.ndarray:
    small = np.random.default_rng(1).integers(0, 256, (height // 50, width // 50, 3), np.uint8)
    return cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)


def _many_scans(folder: Path) -> Path:
    """An image of 20 megapixels, whose last scan comes 150 times."""
    data = cv2.imencode(
        ".jpg", np.full((4_000, 5_000), 90, np.uint8), [cv2.IMWRITE_JPEG_PROGRESSIVE, 1]
    )[1].tobytes()
    last = data.rindex(b"\xff\xda")
    return _written(folder / "scans.jpg", data[:-2] + data[last:-2] * 150 + data[-2:])


def _large_progressive(folder: Path) -> Path:
    data = cv2.imencode(".jpg", photo(8_000, 8_000), [cv2.IMWRITE_JPEG_PROGRESSIVE, 1])[1].tobytes()
    return _written(folder / "progressive.jpg", data)


def _scans_in_tiff(folder: Path) -> Path:
    strip = cv2.imencode(
        ".jpg", np.full((2_000, 2_000, 3), 90, np.uint8), [cv2.IMWRITE_JPEG_PROGRESSIVE, 1]
    )[1].tobytes()
    last = strip.rindex(b"\xff\xda")
    strip = strip[:-2] + strip[last:-2] * 2_000 + strip[-2:]
    more = {259: (3, [7]), 262: (3, [6]), 279: (4, [len(strip)])}
    return _written(folder / "scans.tif", planes(2_000, 2_000, 3, strip, more=more))


def _large_webp(folder: Path) -> Path:
    pixels = np.zeros((4_800, 8_000, 4), np.uint8)
    pixels[:4800:40, ::40] = 200
    return _written(
        folder / "alpha.webp",
        cv2.imencode(".webp", pixels, [cv2.IMWRITE_WEBP_QUALITY, 60])[1].tobytes(),
    )


def _text_pixels(folder: Path) -> Path:
    return _written(folder / "text.pbm", b"P1 7900 7900\n" + b"1" * (7_900 * 7_900))


def _doubled_height(folder: Path) -> Path:
    data = bytearray(cv2.imencode(".jpg", photo(300, 400))[1].tobytes())
    frame = data.index(b"\xff\xc0")
    data[frame + 5 : frame + 7] = struct.pack(">H", 600)
    return _written(folder / "doubled.jpg", bytes(data))


def _junk(folder: Path) -> Path:
    data = cv2.imencode(".jpg", np.full((30, 40, 3), 200, np.uint8))[1].tobytes()
    return _written(folder / "junk.jpg", data[:20] + b"junk\xff\0" + data[20:])


def _os2_bitmap(folder: Path) -> Path:
    core = struct.pack("<IHHHH", 12, 8, 1, 1, 1) + bytes((30, 20, 10, 90, 200, 7))
    head = b"BM" + struct.pack("<III", 36, 0, 14 + len(core))
    return _written(folder / "os2.bmp", head + core + b"\xff\0\0\0")


def _bitmap_without_alpha(folder: Path) -> Path:
    masks = struct.pack("<3I", 0xFF0000, 0xFF00, 0xFF)
    head = struct.pack("<IiiHHIIIIII", 40, 2, 1, 1, 32, 3, 8, 0, 0, 0, 0) + masks
    start = b"BM" + struct.pack("<III", 74, 0, 14 + len(head))
    return _written(folder / "fields.bmp", start + head + bytes((7, 200, 90, 0)) * 2)


_BIG = r"ImageError: .*at most [0-9,]+ (MB|pixels|bytes)|ImageError: .*which no photograph reaches"

FAULTS: tuple[Fault, ...] = (
    Fault(
        "avif-whose-ispe-lies",
        "images",
        _lying_avif,
        _use,
        r"ImageError: .*claims 100 x 100 pixels, but",
    ),
    Fault("tiff-with-its-size-twice", "images", _twice, _use, _BIG, quick=True),
    Fault("png-of-42-clear-megapixels", "images", _clear, _use, r"\(6500, 6500, 3\) uint8"),
    Fault("png-of-64-clear-megapixels", "images", _clear_64, _use, rf"{_BIG}|\(8000, 8000, 3\)"),
    Fault("png-of-31-clear-megapixels-of-16-bits", "images", _deep_clear, _use, rf"{_BIG}|uint16"),
    Fault("tiff-of-256-channels", "images", _channels, _use, _BIG),
    Fault("png-that-inflates-to-27-gigabytes", "images", _inflating, _use, r"\(20, 20, 3\) uint8"),
    Fault(
        "png-that-inflates-read-as-a-mask",
        "images",
        _inflating,
        _use_as_mask,
        r"mask \(20, 20, 1\)",
    ),
    Fault("png-of-900-compressed-texts", "images", _texts, _use, r"\(20, 20, 3\) uint8"),
    Fault("png-of-5-million-chunks", "images", _many_chunks, _use, "ImageError: .*100,000 chunks"),
    Fault("ppm-of-comments", "images", _comments, _use, "ImageError: .*"),
    Fault("ppm-of-blanks", "images", _blanks, _use, "ImageError: .*"),
    Fault("pbm-of-60-million-digits", "images", _text_pixels, _use, r"\(7900, 7900, 3\)"),
    Fault("avif-of-7-million-boxes", "images", _boxes, _use, "ImageError: .*100,000 boxes"),
    Fault("webp-of-7-million-chunks", "images", _riff, _use, "ImageError: .*100,000 chunks"),
    Fault("zeros-of-64-mib", "images", _zeros, _use, "ImageError: .*nothing but zeros"),
    Fault("jpeg-of-many-scans", "images", _many_scans, _use, "ImageError: .*scans"),
    Fault(
        "progressive-jpeg-of-64-megapixels",
        "images",
        _large_progressive,
        _use,
        r"\(8000, 8000, 3\)",
    ),
    Fault("tiff-of-a-jpeg-of-many-scans", "images", _scans_in_tiff, _use, "ImageError: .*scans"),
    Fault("webp-of-38-clear-megapixels", "images", _large_webp, _use, r"\(4800, 8000, 3\)"),
    Fault(
        "jpeg-whose-height-was-doubled",
        "images",
        _doubled_height,
        _use,
        "ImageError: .*claims a larger",
        quick=True,
    ),
    Fault(
        "jpeg-with-junk-between-segments",
        "images",
        _junk,
        _use,
        r"\(30, 40, 3\) uint8 first \[200",
        quick=True,
    ),
    Fault("bmp-with-a-palette-of-os2", "images", _os2_bitmap, _use, r"first \[7, 200, 90\]"),
    Fault("bmp-of-32-bits-without-alpha", "images", _bitmap_without_alpha, _use, r"\[90, 200, 7\]"),
)
