"""Encoded pictures to try the codec on, and how near two of them are."""

from __future__ import annotations

import io
import struct
import zlib

import cv2
import numpy as np
from PIL import Image, ImageOps

LOSSLESS = [
    ("PNG", {}),
    ("WEBP", {"lossless": True, "exact": True}),
    ("BMP", {}),
    ("TIFF", {}),
    ("TIFF", {"compression": "tiff_lzw"}),
    ("PPM", {}),
]
LOSSY = [
    ("JPEG", {"quality": 95}),
    ("JPEG", {"quality": 95, "subsampling": 0, "progressive": True}),
    ("WEBP", {"quality": 95}),
    ("AVIF", {"quality": 95}),
]


def scene(height: int = 37, width: int = 53, channels: int = 3) -> np.ndarray:
    """Smooth colours with an asymmetric bright corner, uint8 (height, width, channels)."""
    areas = np.random.default_rng(3).integers(0, 200, (4, 5, channels), np.uint8)
    image = cv2.resize(areas, (width, height), interpolation=cv2.INTER_CUBIC)
    image = image.reshape(height, width, channels)
    image[:9, :14] = 250
    return image


def saved(image: Image.Image, form: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


def opened(data: bytes, mode: str = "RGB") -> np.ndarray:
    """Decode with Pillow, upright."""
    with Image.open(io.BytesIO(data)) as image:
        if mode == "L":
            image.draft("L", image.size)  # the luma that a JPEG stores, not one made from RGB
        return np.asarray(ImageOps.exif_transpose(image).convert(mode))


def difference(a: np.ndarray, b: np.ndarray) -> int:
    assert a.shape == b.shape
    return int(np.abs(a.astype(int) - b.astype(int)).max())


def with_alpha(alpha: int = 128) -> Image.Image:
    image = np.dstack([scene(), np.full((37, 53), alpha, np.uint8)])
    image[:, :5, 3] = 0
    image[:, -5:, 3] = 255
    return Image.fromarray(image)


def raw_tiff(
    pixels: np.ndarray,
    *,
    orientation: int = 1,
    extra: tuple[int, ...] | None = None,
    separate: bool = False,
    order: str = "<",
    rows: int | None = None,
    compression: int = 1,
    predictor: int = 1,
    big: bool = False,
) -> bytes:
    """Write (H, W, C) pixels as TIFF, by the specification and by no library."""
    height, width, channels = pixels.shape
    rows = rows or height
    color = 3 if channels in (3, 4) else 1
    typed = pixels.astype(pixels.dtype.newbyteorder(order))
    planes = [typed[:, :, [c]] for c in range(channels)] if separate else [typed]
    strips = [
        plane[top : top + rows].tobytes() for plane in planes for top in range(0, height, rows)
    ]
    if compression == 8:
        strips = [zlib.compress(strip) for strip in strips]
    head = 16 if big else 8
    starts = np.cumsum([head, *map(len, strips)])[:-1].tolist()
    tags = {
        256: (4, [width]),
        257: (4, [height]),
        258: (3, [pixels.dtype.itemsize * 8] * channels),
        259: (3, [compression]),
        262: (3, [2 if color == 3 else 1]),
        273: (4, starts),
        274: (3, [orientation]),
        277: (3, [channels]),
        278: (4, [rows]),
        279: (4, [len(strip) for strip in strips]),
        284: (3, [2 if separate else 1]),
        339: (3, [{"u": 1, "i": 2, "f": 3}[pixels.dtype.kind]] * channels),
    }
    if predictor > 1:
        tags[317] = (3, [predictor])
    if channels > color:
        tags[338] = (3, extra or [0] * (channels - color))
    body = b"".join(strips)
    body += bytes(len(body) % 2)
    return assembled(body, tags, order, big)


def assembled(body: bytes, tags: dict, order: str, big: bool) -> bytes:
    """Put the head of a TIFF before its image data and the tags after them."""
    counter, offset, entry, room, head = ("Q", "Q", 20, 8, 16) if big else ("H", "I", 12, 4, 8)
    later = head + len(body) + struct.calcsize("<" + counter) + entry * len(tags) + room
    directory, values = struct.pack(order + counter, len(tags)), b""
    for tag, (kind, numbers) in sorted(tags.items()):
        packed = struct.pack(f"{order}{len(numbers)}{'H' if kind == 3 else 'I'}", *numbers)
        place = packed.ljust(room, b"\0")
        if len(packed) > room:
            place = struct.pack(order + offset, later + len(values))
            values += packed + bytes(len(packed) % 2)
        directory += struct.pack(order + "HH" + offset, tag, kind, len(numbers)) + place
    version = (43, 8, 0, head + len(body)) if big else (42, head + len(body))
    magic = b"II" if order == "<" else b"MM"
    magic += struct.pack(order + ("HHHQ" if big else "HI"), *version)
    return magic + body + directory + bytes(room) + values
