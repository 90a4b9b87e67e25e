"""Changes real files of every format at random, their headers most."""

from __future__ import annotations

import io
import random
import struct
import time

import cv2
import numpy as np
from PIL import Image

from tests.faults.mutation import check, mutate


def seeds() -> list[bytes]:
    """Small files of every format but TIFF, in several kinds."""
    rng = np.random.default_rng(0)
    color = cv2.resize(rng.integers(0, 256, (5, 6, 3), np.uint8), (37, 29))
    alpha, deep = np.dstack([color, color[:, :, :1]]), color.astype(np.uint16) * 257
    wanted: list[tuple[str, np.ndarray, list[int]]] = [
        (".jpg", color, []),
        (".jpg", color[:, :, 0], []),
        (".jpg", color, [cv2.IMWRITE_JPEG_PROGRESSIVE, 1]),
        (".png", color, []),
        (".png", alpha, []),
        (".png", deep, []),
        (".webp", color, []),
        (".webp", alpha, [cv2.IMWRITE_WEBP_QUALITY, 101]),
        (".webp", alpha, [cv2.IMWRITE_WEBP_QUALITY, 50]),
        (".bmp", color, []),
        (".bmp", alpha, []),
        (".bmp", color[:, :, 0], []),
        (".gif", color, []),
        (".ppm", color, []),
        (".pgm", deep[:, :, 0], []),
        (".avif", color, [cv2.IMWRITE_AVIF_SPEED, 10]),
        (".avif", alpha, [cv2.IMWRITE_AVIF_SPEED, 10]),
    ]
    files = [cv2.imencode(form, image, options)[1].tobytes() for form, image, options in wanted]
    return [*files, *_more(), _animation(alpha)]


def _animation(image: np.ndarray) -> bytes:
    file = io.BytesIO()
    later = [Image.fromarray(image ^ 255)]
    Image.fromarray(image).save(file, "PNG", save_all=True, append_images=later, default_image=True)
    return file.getvalue()


def _more() -> list[bytes]:
    runs = bytes((5, 1, 0, 3, 1, 2, 3, 0, 0, 0, 0, 2, 1, 1, 3, 2, 0, 1))
    head = struct.pack("<IiiHHIIIIII", 40, 8, 6, 1, 8, 1, len(runs), 0, 0, 4, 0)
    palette = bytes(range(16))
    body = head + palette + runs
    rle = b"BM" + struct.pack("<III", 14 + len(body), 0, 14 + 56) + body
    core = struct.pack("<IHHHH", 12, 8, 2, 1, 1) + bytes(6) + bytes(8)
    old = b"BM" + struct.pack("<III", 14 + len(core), 0, 32) + core
    fields = struct.pack("<IiiHHIIIIII3I", 40, 3, -2, 1, 16, 3, 16, 0, 0, 0, 0, 0xF800, 0x7E0, 0x1F)
    packed = b"BM" + struct.pack("<III", 14 + len(fields) + 16, 0, 14 + len(fields)) + fields
    return [rle, old, packed + bytes(16), b"P1 3 2\n1 0 1 0 1 1\n", b"P2\n# x\n3 1\n9\n1 2 3\n"]


def fuzz(seconds: float, seed: int) -> None:
    """Raise AssertionError, with the seed and where the bytes are, at the first thing wrong."""
    rng, files = random.Random(seed), seeds()
    stop = time.monotonic() + seconds
    while time.monotonic() < stop:
        check(mutate(rng, rng.choice(files)), seed)
