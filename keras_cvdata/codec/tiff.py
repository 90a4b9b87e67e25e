"""TIFF files in the form that OpenCV reads exactly.

OpenCV reads at most four channels, multiplies 8-bit colours by their alpha, drops the alpha of grey
and mixes up separate planes of 16 bits. All of that is avoided by handing it the same samples under
another header, as one grey image that is wider (or, for separate planes, higher).
"""

from __future__ import annotations

import struct
import zlib

import numpy as np

from keras_cvdata.codec.lookalikes import looks_like
from keras_cvdata.types import Array

WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC = 256, 257, 258, 259, 262
STRIP_OFFSETS, ORIENTATION, SAMPLES, ROWS_PER_STRIP, STRIP_SIZES = 273, 274, 277, 278, 279
PLANAR, PREDICTOR, TILE_WIDTH, TILE_HEIGHT, TILE_OFFSETS, TILE_SIZES = 284, 317, 322, 323, 324, 325
EXTRA_SAMPLES, SAMPLE_FORMAT, FILL_ORDER, COLOR_MAP = 338, 339, 266, 320

SHORT, LONG = 3, 4
_CODES = {1: "B", SHORT: "H", LONG: "I", 16: "Q"}

WHITE_IS_ZERO, _GRAY, _RGB, PALETTE, CMYK, _YCBCR = 0, 1, 2, 3, 5, 6
_COLORS = {8: "CIELAB", 9: "ICC L*a*b*", 10: "ITU L*a*b*", 32803: "a color filter array",
           32844: "logarithmic", 32845: "logarithmic", 34892: "linear raw",
           4: "a mask"}  # fmt: skip
_COMPRESSIONS = {6: "old JPEG", 34661: "JBIG", 34712: "JPEG 2000", 34887: "LERC",
                 34892: "lossy JPEG", 34925: "LZMA", 34926: "Zstandard", 50000: "Zstandard",
                 50001: "WebP", 50002: "JPEG XL", 52546: "JPEG XL", 34933: "PNG"}  # fmt: skip
_JPEG, _SUBSAMPLING = 7, 530
READ_BY_OPENCV = (1, 2, 3, 4, 5, _JPEG, 8, 32773, 32946)
_SEPARATE = 2
_LAYOUT = (FILL_ORDER, STRIP_OFFSETS, STRIP_SIZES, TILE_HEIGHT, TILE_OFFSETS, TILE_SIZES)
_LOSSLESS = (1, 5, 8, 32773, 32946)  # none, LZW, Deflate, PackBits, Deflate
_SAMPLE_FORMATS = {"u": 1, "f": 3}


class Directory:
    """The tags of the first image of a TIFF file, classic or BigTIFF.

    Args:
        data: The whole file.

    Raises:
        ValueError: It is no TIFF.
        struct.error: The file ends within its tags.
    """

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.order = "<" if data[:2] == b"II" else ">"
        (magic,) = struct.unpack_from(self.order + "H", data, 2)
        if magic not in (42, 43):
            raise ValueError(looks_like(data))
        self.big = magic == 43
        (first,) = self._unpack("Q" if self.big else "I", 8 if self.big else 4)
        (count,) = self._unpack("Q" if self.big else "H", first)
        step, start = (20, first + 8) if self.big else (12, first + 2)
        self.end = start + step * count
        self.entries: dict[int, int] = {}  # where the entry of each tag begins
        for entry in range(start, start + step * min(count, 4096), step):
            self.entries.setdefault(self._unpack("H", entry)[0], entry)  # as libtiff: the first
        self.height, self.width = self.value(HEIGHT, 0), self.value(WIDTH, 0)
        self.bits = self.value(BITS, 1)
        orientation = self.value(ORIENTATION, 1)
        self.orientation = orientation if 1 <= orientation <= 8 else 1

    def _unpack(self, code: str, position: int) -> tuple[int, ...]:
        if position > len(self.data):  # the one error for it, also beyond all memory
            raise struct.error("beyond the end of the file")
        return struct.unpack_from(self.order + code, self.data, position)

    def value(self, tag: int, default: int) -> int:
        """First value of a tag of integers."""
        code, count, position = self._place(tag)
        return self._unpack(code, position)[0] if count else default

    def _place(self, tag: int) -> tuple[str, int, int]:
        """Code, number and place of the values of a tag; no number where it has no integers."""
        if tag not in self.entries:
            return "", 0, 0
        entry = self.entries[tag]
        (kind,) = self._unpack("H", entry + 2)
        (count,) = self._unpack("Q" if self.big else "I", entry + 4)
        code = _CODES.get(kind)
        if code is None:
            return "", 0, 0
        room, position = (8, entry + 12) if self.big else (4, entry + 8)
        if count * struct.calcsize(self.order + code) > room:
            (position,) = self._unpack("Q" if self.big else "I", position)
        return code, count, position

    def following(self) -> int:
        """Where the tags of a further image begin; 0 where there is none."""
        return self._unpack("Q" if self.big else "I", self.end)[0]

    @property
    def channels(self) -> int:
        """Number of samples of a pixel."""
        return self.value(SAMPLES, 1)

    @property
    def photometric(self) -> int:
        """What the samples stand for."""
        return self.value(PHOTOMETRIC, _GRAY)

    @property
    def is_jpeg(self) -> bool:
        """Whether its strips or tiles are JPEG."""
        return self.value(COMPRESSION, 1) in (6, _JPEG)

    def unread(self) -> str | None:
        """Name what colours cannot be made of; `None` where they can."""
        name = _COLORS.get(self.photometric)
        if self.value(SAMPLE_FORMAT, 1) in (5, 6):
            name = "complex numbers"
        if self.photometric == PALETTE and COLOR_MAP not in self.entries:
            name = "indices without their palette"
        return name

    def beyond_opencv(self) -> str | None:
        """Name what OpenCV does not read, or reads wrong; `None` where it reads exactly."""
        compression, kind, bits = self.value(COMPRESSION, 1), self.photometric, self.bits
        deep = bits > 8
        separate = self.value(PLANAR, 1) == _SEPARATE and self.channels > 1
        tiled = TILE_WIDTH in self.entries
        problems = {
            f"compression {_COMPRESSIONS.get(compression, compression)}": compression
            not in READ_BY_OPENCV,
            f"{bits} bits a sample": not self._has_usual_bits(),
            f"a palette of {bits} bits": kind == PALETTE and bits not in (1, 8),
            "CMYK of 16 bits": kind == CMYK and deep,
            "inverted grey of this kind": kind == WHITE_IS_ZERO and (deep or (bits == 8 and tiled)),
            "tiles of YCbCr with less chroma": kind == _YCBCR
            and (tiled and compression != _JPEG and self.value(_SUBSAMPLING, 2) != 1),
            "floats of 16 bits": self.value(SAMPLE_FORMAT, 1) == 3 and bits == 16,
            "separate planes in strips or tiles that straddle them": separate
            and (deep or self.spread)
            and self._straddles(),
            "many channels in a BigTIFF": self.spread and self.big,
            "differences of floats": self.spread and self.value(PREDICTOR, 1) > 2,
        }
        return next((problem for problem, holds in problems.items() if holds), None)

    def _has_usual_bits(self) -> bool:
        if self.channels == 1:
            return self.bits in (1, 8, 10, 12, 14, 16, 32, 64)
        return self.bits in (8, 10, 12, 14, 16, 32, 64)

    def _straddles(self) -> bool:
        """Whether planes below each other are not cut where strips or tiles end."""
        if TILE_WIDTH in self.entries:
            return self.height % self.value(TILE_HEIGHT, self.height) != 0
        return self.height % min(self.value(ROWS_PER_STRIP, self.height), self.height) != 0

    @property
    def spread(self) -> bool:
        """Whether OpenCV must be given the samples as those of a grey image."""
        kind = self.value(PHOTOMETRIC, _GRAY)
        if kind not in (_GRAY, _RGB) or self.value(COMPRESSION, 1) not in _LOSSLESS:
            return False
        separate = self.value(PLANAR, 1) == _SEPARATE and self.bits > 8
        return self.channels not in (1, 3) or (self.channels == 3 and separate)

    @property
    def tile(self) -> tuple[int, int]:
        """Height and width of a tile or strip."""
        if TILE_WIDTH in self.entries:
            return self.value(TILE_HEIGHT, self.height), self.value(TILE_WIDTH, self.width)
        return min(self.value(ROWS_PER_STRIP, self.height), self.height), self.width

    @property
    def strips(self) -> int:
        """Number of strips or tiles."""
        tag = TILE_OFFSETS if TILE_OFFSETS in self.entries else STRIP_OFFSETS
        if tag not in self.entries:
            return 1
        return max(1, self._unpack("Q" if self.big else "I", self.entries[tag] + 4)[0])

    def times(self, marker: bytes) -> float:
        """How often two bytes stand in a strip or tile, on average; further images do not count.

        Many strips may be the same bytes of the file.
        """
        offset, size = STRIP_OFFSETS, STRIP_SIZES
        if TILE_OFFSETS in self.entries:
            offset, size = TILE_OFFSETS, TILE_SIZES
        most = len(self.data)
        values = (self._values(tag).astype(np.uint64) for tag in (offset, size))
        starts, sizes = (np.minimum(each, most).astype(int) for each in values)
        if not len(starts) or len(starts) != len(sizes) or not sizes.all():
            return self.data.count(marker)  # as much as a decoder may look for
        stops = starts + sizes
        if (starts[1:] >= stops[:-1]).all():
            return self.data.count(marker, int(starts[0]), int(stops[-1])) / len(starts)
        file = np.frombuffer(self.data, np.uint8)
        places = np.flatnonzero((file[:-1] == marker[0]) & (file[1:] == marker[1]))
        counts = np.searchsorted(places, stops - 1) - np.searchsorted(places, starts)
        return float(counts.mean())

    def _values(self, tag: int) -> Array:
        """All values of a tag of integers; none where they are not there."""
        code, count, position = self._place(tag)
        if not count or position + count * struct.calcsize(self.order + code) > len(self.data):
            return np.empty(0, np.int64)
        return np.frombuffer(self.data, self.order + code, count, position)

    def has_alpha(self) -> bool:
        """Whether the only channel beyond grey or colour is an alpha channel."""
        color = 3 if self.value(PHOTOMETRIC, _GRAY) == _RGB else 1
        # OpenCV and others write RGBA without saying what the fourth channel is.
        return self.channels == color + 1 and self.value(EXTRA_SAMPLES, 2) in (1, 2)

    def is_premultiplied(self) -> bool:
        """Whether the colours are stored multiplied by their alpha."""
        return self.has_alpha() and self.value(EXTRA_SAMPLES, 2) == 1

    def readable(self) -> bytes:
        """The file as OpenCV reads it exactly: upright, and as grey where `spread`.

        Returns:
            A changed copy, or the file itself where nothing stands in the way.
        """
        if self.spread:
            return self._as_gray()
        if self.orientation == 1:
            return self.data
        changed = bytearray(self.data)
        place = self.entries[ORIENTATION] + (12 if self.big else 8)
        code = _CODES[self._unpack("H", self.entries[ORIENTATION] + 2)[0]]
        struct.pack_into(self.order + code, changed, place, 1)
        return bytes(changed)

    def _as_gray(self) -> bytes:
        separate = self.value(PLANAR, 1) == _SEPARATE
        wider, higher = (1, self.channels) if separate else (self.channels, 1)
        tiled = TILE_WIDTH in self.entries
        rows = min(self.value(ROWS_PER_STRIP, self.height), self.height)
        tags = {
            WIDTH: (LONG, self.width * wider),
            HEIGHT: (LONG, self.height * higher),
            BITS: (SHORT, self.bits),
            COMPRESSION: (SHORT, self.value(COMPRESSION, 1)),
            PHOTOMETRIC: (SHORT, _GRAY),
            SAMPLES: (SHORT, 1),
            SAMPLE_FORMAT: (SHORT, self.value(SAMPLE_FORMAT, 1)),
        }
        if tiled:
            tags[TILE_WIDTH] = (LONG, self.value(TILE_WIDTH, 0) * wider)
        else:
            tags[ROWS_PER_STRIP] = (LONG, rows)
        entries = {tag: self._entry(tag, *value) for tag, value in tags.items()}
        for tag in _LAYOUT:
            if tag in self.entries:
                entries[tag] = self.data[self.entries[tag] : self.entries[tag] + 12]
        start = len(self.data) + len(self.data) % 2
        directory = struct.pack(self.order + "H", len(entries))
        directory += b"".join(entries[tag] for tag in sorted(entries)) + bytes(4)
        head = self.data[:4] + struct.pack(self.order + "I", start)
        return (head + self.data[8:]).ljust(start, b"\0") + directory

    def _entry(self, tag: int, kind: int, value: int) -> bytes:
        code = "HHIHxx" if kind == SHORT else "HHII"
        return struct.pack(self.order + code, tag, kind, 1, value)

    def restore(self, gray: Array) -> Array:
        """Bring the grey image that `readable` made of the samples back to an image.

        Args:
            gray: (H, W * C), or (C * H, W) where the planes are separate.

        Returns:
            (H, W, C) in the order of the file.
        """
        if self.value(PLANAR, 1) == _SEPARATE:
            planes = gray.reshape(self.channels, self.height, self.width)
            pixels = np.ascontiguousarray(np.moveaxis(planes, 0, -1))
        else:
            pixels = gray.reshape(self.height, self.width, self.channels)
        if self.value(PREDICTOR, 1) == 2:  # differences to the pixel on the left, by strip or tile
            step = self.value(TILE_WIDTH, self.width)
            words = pixels.view(f"u{pixels.itemsize}")  # floats are differences of integers, too
            for left in range(0, self.width, step):
                part = words[:, left : left + step]
                np.cumsum(part, axis=1, dtype=words.dtype, out=part)
        return pixels


def encode(pixels: Array) -> bytes:
    """Write an image as TIFF, without loss, in one Deflate strip.

    Args:
        pixels: (H, W, C) uint8, uint16 or float32; two or four channels are taken to end in alpha.

    Returns:
        The encoded file.

    Example:
        >>> import numpy as np
        >>> Directory(encode(np.zeros((2, 3, 5), "uint16"))).channels
        5
    """
    height, width, channels = pixels.shape
    color = 3 if channels in (3, 4) else 1
    strip = zlib.compress(pixels.astype(pixels.dtype.newbyteorder("<")).tobytes(), 6)
    tags = [
        (WIDTH, LONG, [width]),
        (HEIGHT, LONG, [height]),
        (BITS, SHORT, [pixels.dtype.itemsize * 8] * channels),
        (COMPRESSION, SHORT, [8]),
        (PHOTOMETRIC, SHORT, [_RGB if color == 3 else _GRAY]),
        (STRIP_OFFSETS, LONG, [8]),
        (SAMPLES, SHORT, [channels]),
        (ROWS_PER_STRIP, LONG, [height]),
        (STRIP_SIZES, LONG, [len(strip)]),
        (SAMPLE_FORMAT, SHORT, [_SAMPLE_FORMATS[pixels.dtype.kind]] * channels),
    ]
    if channels > color:
        extra = [2] if channels in (2, 4) else [0] * (channels - color)
        tags.insert(-1, (EXTRA_SAMPLES, SHORT, extra))
    start = 8 + len(strip) + len(strip) % 2
    beyond = start + 2 + 12 * len(tags) + 4
    directory, values = struct.pack("<H", len(tags)), b""
    for tag, kind, numbers in tags:
        packed = struct.pack(f"<{len(numbers)}{_CODES[kind]}", *numbers)
        place = packed.ljust(4, b"\0")
        if len(packed) > 4:
            place = struct.pack("<I", beyond + len(values))
            values += packed.ljust(len(packed) + len(packed) % 2, b"\0")
        directory += struct.pack("<HHI", tag, kind, len(numbers)) + place
    body = b"II*\0" + struct.pack("<I", start) + strip
    return body.ljust(start, b"\0") + directory + bytes(4) + values
