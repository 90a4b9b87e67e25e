"""Image files that are rare or large, read right or refused, and what is in the files."""

from __future__ import annotations

import re
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np

from tests.codec.pictures import assembled, raw_tiff
from tests.faults.fault import Fault
from tests.faults.images_faults import _written, photo, planes, png

SCENE = photo(100, 150)
INDICES = np.arange(64).reshape(4, 16) % 4
COLORS = np.array([[10, 20, 30], [250, 0, 5], [7, 200, 90], [0, 0, 255]], np.uint8)


def checked(pixels: np.ndarray) -> str:
    """What `_use_all` says of pixels."""
    return f"{pixels.shape} {pixels.dtype} checksum {zlib.crc32(pixels.tobytes())}"


def _use_all(path: Path) -> str:
    """Read the file and say what all of its pixels are."""
    from keras_cvdata import codec

    return checked(codec.read(path.read_bytes(), name=path.name))


def _tiled_planes(folder: Path) -> Path:
    """Three planes of 16 bits, each a tile that is higher and wider than the image."""
    tile = np.zeros((3, 112, 160), "<u2")
    tile[:, :100, :150] = np.moveaxis(SCENE.astype(np.uint16) * 257, 2, 0)
    size = tile[0].nbytes
    tags = {256: (4, [150]), 257: (4, [100]), 258: (3, [16] * 3), 259: (3, [1]), 262: (3, [2]),
            277: (3, [3]), 284: (3, [2]), 322: (4, [160]), 323: (4, [112]),
            324: (4, [8, 8 + size, 8 + 2 * size]), 325: (4, [size] * 3)}  # fmt: skip
    return _written(folder / "planes.tif", assembled(tile.tobytes(), tags, "<", big=False))


def _one_bit_palette(folder: Path) -> Path:
    body = np.packbits(INDICES.astype(np.uint8) & 1, axis=1).tobytes()
    more = {
        262: (3, [3]),
        259: (3, [1]),
        320: (3, (COLORS[:2].T.astype(int) * 257).ravel().tolist()),
    }
    return _written(folder / "palette.tif", planes(4, 16, 1, body, bits=1, more=more))


def _cielab(folder: Path) -> Path:
    more = {262: (3, [8])}
    return _written(
        folder / "lab.tif", planes(100, 150, 3, zlib.compress(SCENE.tobytes()), more=more)
    )


def _bitmap(path: Path, body: bytes, bits: int, compression: int) -> Path:
    """A BMP of 16 x 4 pixels with a palette, from its runs."""
    palette = b"".join(bytes((*color[::-1], 0)) for color in COLORS.tolist())
    head = struct.pack("<IiiHHIIiiII", 40, 16, 4, 1, bits, compression, 0, 0, 0, 4, 0)
    start = 14 + len(head) + len(palette)
    data = b"BM" + struct.pack("<III", start + len(body), 0, start) + head + palette + body
    return _written(path, data)


def _runs_of_8_bits(folder: Path) -> Path:
    """Three rows of four runs each, each with its end, and a last one that skips ten pixels."""
    rows = [bytes((4, 0, 4, 1, 4, 2, 4, 3, 0, 0))] * 3
    skip = bytes((3, 1, 0, 2, 10, 0, 3, 2))
    return _bitmap(folder / "rle8.bmp", b"".join(rows) + skip + b"\0\1", 8, 1)


def _runs_of_4_bits(folder: Path) -> Path:
    """Three as they are, and their padding, then runs of two colors in turn."""
    row = bytes((0, 3, 0x01, 0x20, 3, 0x30, 10, 0x12, 0, 0))
    return _bitmap(folder / "rle4.bmp", row * 4 + b"\0\1", 4, 2)


def _tiles(number: int, side: int, tile: bytes, compression: int, kind: int, more: dict) -> bytes:
    """A TIFF of `number` rows of `number` tiles, which are all the same bytes of the file."""
    tags = {256: (4, [number * side]), 257: (4, [number * side]), 258: (3, [8] * 3),
            259: (3, [compression]), 262: (3, [kind]), 277: (3, [3]), 322: (4, [side]),
            323: (4, [side]), 324: (4, [8] * number**2), 325: (4, [len(tile)] * number**2),
            **more}  # fmt: skip
    return assembled(tile + bytes(len(tile) % 2), tags, "<", big=False)


def _jpeg(side: int, *options: int) -> bytes:
    noise = np.random.default_rng(0).integers(0, 256, (side, side, 3), np.uint8)
    return cv2.imencode(".jpg", noise, options)[1].tobytes()


_HALVED = {530: (3, [2, 2])}  # chroma


def _tiles_of_jpeg(folder: Path) -> Path:
    """32,400 of 1,936 pixels each; more are refused."""
    return _written(folder / "tiles.tif", _tiles(180, 44, _jpeg(44), 7, 6, _HALVED))


def _more_tiles_of_jpeg(folder: Path) -> Path:
    return _written(folder / "tiles.tif", _tiles(720, 11, _jpeg(11), 7, 6, _HALVED))


def _tiles_of_deflate(folder: Path) -> Path:
    noise = np.random.default_rng(0).integers(0, 100, 18 * 18 * 3, np.uint8).tobytes()
    return _written(folder / "tiles.tif", _tiles(441, 18, zlib.compress(noise), 8, 2, {}))


def _tiles_of_one_jpeg_of_many_scans(folder: Path) -> Path:
    """All tiles are the same 90 scans; libtiff reads up to 100."""
    tile = _jpeg(256, cv2.IMWRITE_JPEG_PROGRESSIVE, 1)
    last = tile.rindex(b"\xff\xda")
    tile = tile[:-2] + tile[last:-2] * 80 + tile[-2:]
    return _written(folder / "scans.tif", _tiles(30, 256, tile, 7, 6, _HALVED))


def _premultiplied(folder: Path) -> Path:
    """26.5 megapixels of RGBA whose colors are multiplied by alpha."""
    noise = np.random.default_rng(0).integers(0, 256, (50, 50, 4), np.uint8)
    pixels = np.tile(noise, (103, 103, 1))
    return _written(folder / "clear.tif", raw_tiff(pixels, extra=(1,), compression=8))


def _deep_avif(folder: Path) -> Path:
    """17.2 megapixels of 12 bits."""
    noise = np.random.default_rng(0).integers(0, 65536, (92, 92, 3), np.uint16)
    pixels = cv2.resize(noise, (4150, 4150), interpolation=cv2.INTER_CUBIC)
    options = [cv2.IMWRITE_AVIF_DEPTH, 12, cv2.IMWRITE_AVIF_SPEED, 10, cv2.IMWRITE_AVIF_QUALITY, 60]
    return _written(folder / "deep.avif", cv2.imencode(".avif", pixels >> 4, options)[1].tobytes())


# Bits that begin a stream: the codes 0 for a match of 258 bytes, 10 for one of 227 to 257, 110 for
# the byte 0, which comes four times, and 111 for the end; one bit for the distance 1 or 2.
_BEGINNING = 0x37878130000000C30C3BF95F04D6DDB6
_BITS = 128


def _long_matches(folder: Path) -> Path:
    """Data beyond the image that look random, 3.9 MB that inflate to 1.6 GB."""
    random = np.random.default_rng(0)
    short = random.random(6_200_000) < 0.5
    bits = random.integers(0, 2, (len(short), 8), np.uint8)
    bits[:, 0], bits[short, 1] = short, 0
    bits[:, 2] &= bits[:, 3] ^ 1  # all five ones would be 258
    body = bits[np.arange(8) < np.where(short, 8, 2)[:, None]]
    start = np.array(list(f"{_BEGINNING:0{_BITS}b}"), np.uint8)
    stream = np.packbits(np.concatenate([start, body, [1, 1, 1]]), bitorder="little").tobytes()
    return _written(folder / "matches.png", png(20, 20, b"\x78\x01" + stream))


def _large_png(folder: Path) -> Path:
    """64 megapixels of RGB in 62 MB."""
    random = np.random.default_rng(0)
    noise = random.integers(0, 3, (8_000, 8_000, 3), np.uint8)
    areas = random.integers(0, 200, (80, 80, 3), np.uint8)
    areas = cv2.resize(areas, (8_000, 8_000), interpolation=cv2.INTER_LINEAR)
    return _written(folder / "large.png", cv2.imencode(".png", areas + noise)[1].tobytes())


def _damaged_png(folder: Path) -> Path:
    """Near its end."""
    path = _large_png(folder)
    with path.open("r+b") as file:
        file.seek(path.stat().st_size * 98 // 100)
        file.write(bytes(50))
    return path


_BIG = r"ImageError: .*at most [0-9,]+ MB|ImageError: .*more than [0-9,]+ strips or tiles"
_SKIPPED = re.escape(
    checked(COLORS[[[1] * 3 + [0] * 10 + [2] * 3] + [np.repeat(range(4), 4).tolist()] * 3])
)
_RUNS = re.escape(checked(COLORS[[[0, 1, 2, 3, 0, 3, *[1, 2] * 5]] * 4]))
_DEEP = re.escape(checked(SCENE.astype(np.uint16) * 257))

FAULTS: tuple[Fault, ...] = (
    Fault("tiff-of-deep-planes-in-large-tiles", "images", _tiled_planes, _use_all, _DEEP),
    Fault(
        "tiff-with-a-palette-of-1-bit",
        "images",
        _one_bit_palette,
        _use_all,
        re.escape(checked(COLORS[INDICES & 1])),
    ),
    Fault("tiff-of-cielab", "images", _cielab, _use_all, "ImageError: .*CIELAB, which is not read"),
    Fault("bmp-of-runs-of-8-bits", "images", _runs_of_8_bits, _use_all, _SKIPPED),
    Fault("bmp-of-runs-of-4-bits", "images", _runs_of_4_bits, _use_all, _RUNS),
    Fault("tiff-of-32400-tiles-of-jpeg", "images", _tiles_of_jpeg, _use_all, r"\(7920, 7920, 3\)"),
    Fault("tiff-of-518400-tiles-of-jpeg", "images", _more_tiles_of_jpeg, _use_all, _BIG),
    Fault("tiff-of-194481-tiles", "images", _tiles_of_deflate, _use_all, r"\(7938, 7938, 3\)"),
    Fault(
        "tiff-whose-tiles-are-one-jpeg-of-many-scans",
        "images",
        _tiles_of_one_jpeg_of_many_scans,
        _use_all,
        "ImageError: .*scans",
        seconds=60.0,
    ),
    Fault("tiff-of-26-premultiplied-megapixels", "images", _premultiplied, _use_all, "uint8"),
    Fault("avif-of-17-deep-megapixels", "images", _deep_avif, _use_all, "uint16"),
    Fault("png-of-64-megapixels", "images", _large_png, _use_all, r"\(8000, 8000, 3\)"),
    Fault("png-of-64-damaged-megapixels", "images", _damaged_png, _use_all, "ImageError: .*damage"),
    Fault("png-of-matches-that-look-random", "images", _long_matches, _use_all, r"\(20, 20, 3\)"),
)
