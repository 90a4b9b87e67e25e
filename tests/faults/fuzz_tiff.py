"""Changes TIFF files at random: their tags by kind, number and value, and their bytes."""

from __future__ import annotations

import random
import struct
import time
import zlib

import numpy as np

from tests.codec.pictures import raw_tiff, scene
from tests.faults.images_faults import planes
from tests.faults.mutation import CHANGES, Change, check, mutate

_TAGS = (256, 257, 258, 259, 262, 266, 273, 274, 277, 278, 279, 284, 317, 320, 322, 323, 324, 325,
         338, 339, 530)  # fmt: skip
_VALUES = (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 16, 17, 32, 64, 100, 256, 4096, 32773, 34925, 50000,
           65535, 2**31, 2**32 - 1)  # fmt: skip


def seeds() -> list[bytes]:
    """Small files of several depths, arrangements and colours."""
    files = []
    for dtype in ("uint8", "uint16", "float32", "int16"):
        for channels in (1, 3, 4, 5):
            image = scene(20, 24, channels).astype(dtype)
            for options in ({}, {"separate": True, "rows": 5}, {"compression": 8}, {"big": True}):
                files.append(raw_tiff(image, **options))
    bits = zlib.compress(bytes(range(60)))
    colors = {320: (3, list(range(0, 65536, 1366))[:48])}
    files.append(planes(20, 24, 1, bits, bits=1))
    files.append(planes(20, 6, 1, bits, bits=4, more={262: (3, [3]), **colors}))
    files.append(planes(5, 6, 4, zlib.compress(bytes(240)), bits=16, more={262: (3, [5])}))
    files.append(raw_tiff(np.ascontiguousarray(scene(20, 24)), order=">", predictor=2))
    return files


def _tag(rng: random.Random, data: bytearray) -> None:
    """Change one entry of the first directory."""
    order = "<" if data[:2] == b"II" else ">"
    if len(data) < 16 or data[2:4] in (b"+\0", b"\0+"):
        return
    (start,) = struct.unpack_from(order + "I", data, 4)
    if start + 2 > len(data):
        return
    (count,) = struct.unpack_from(order + "H", data, start)
    entry = start + 2 + 12 * rng.randrange(max(1, min(count, 40)))
    if entry + 12 > len(data):
        return
    what = rng.randrange(4)
    if what == 0:
        struct.pack_into(order + "H", data, entry, rng.choice(_TAGS))
    elif what == 1:
        struct.pack_into(order + "H", data, entry + 2, rng.choice((1, 3, 4, 16, rng.randrange(20))))
    elif what == 2:
        struct.pack_into(order + "I", data, entry + 4, rng.choice(_VALUES))
    else:
        code = order + rng.choice("HI")
        value = rng.choice(_VALUES) & (0xFFFF if code[1] == "H" else 0xFFFFFFFF)
        struct.pack_into(code, data, entry + 8, value)


_CHANGES: tuple[Change, ...] = (*CHANGES, *(_tag,) * 12)


def fuzz(seconds: float, seed: int) -> None:
    """Raise AssertionError, with the seed and where the bytes are, at the first thing wrong."""
    rng, files = random.Random(seed), seeds()
    stop = time.monotonic() + seconds
    while time.monotonic() < stop:
        check(mutate(rng, rng.choice(files), _CHANGES), seed)
