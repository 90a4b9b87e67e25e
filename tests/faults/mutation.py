"""Images that are changed at random, and what must hold when they are read."""

from __future__ import annotations

import random
import resource
import struct
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from keras_cvdata import codec
from keras_cvdata.codec.modes import mode_of
from keras_cvdata.types import ImageError

_NUMBERS = (0, 1, 2, 3, 4, 7, 8, 15, 16, 127, 128, 255, 256, 4096, 32767, 32768, 65535, 65536,
            2**24, 2**31 - 1, 2**31, 2**32 - 1)  # fmt: skip
_SECONDS, _MEBIBYTES = 2.0, 600

Change = Callable[[random.Random, bytearray], None]


def _byte(rng: random.Random, data: bytearray) -> None:
    data[_place(rng, data)] = rng.choice((0, 1, 255, rng.randrange(256)))


def _bit(rng: random.Random, data: bytearray) -> None:
    data[_place(rng, data)] ^= 1 << rng.randrange(8)


def _number(rng: random.Random, data: bytearray) -> None:
    code = rng.choice(("<H", ">H", "<I", ">I"))
    place = _place(rng, data)
    packed = struct.pack(code, rng.choice(_NUMBERS) & (0xFFFF if code[1] == "H" else 0xFFFFFFFF))
    data[place : place + len(packed)] = packed


def _cut(rng: random.Random, data: bytearray) -> None:
    del data[_place(rng, data) :]


def _repeat(rng: random.Random, data: bytearray) -> None:
    place = _place(rng, data)
    part = data[place : place + rng.choice((1, 4, 12, 40))]
    data[place:place] = part * rng.choice((1, 2, 30))


def _drop(rng: random.Random, data: bytearray) -> None:
    place = _place(rng, data)
    del data[place : place + rng.choice((1, 2, 4, 12))]


def _move(rng: random.Random, data: bytearray) -> None:
    a, b, size = _place(rng, data), _place(rng, data), rng.choice((2, 4, 8, 12))
    data[a : a + size] = data[b : b + size]


def _place(rng: random.Random, data: bytearray) -> int:
    """Mostly in the first bytes, where headers are, or the last ones."""
    size = max(len(data), 1)
    kind = rng.random()
    if kind < 0.6:
        return rng.randrange(min(size, 200))
    return max(0, size - 1 - rng.randrange(min(size, 200))) if kind < 0.8 else rng.randrange(size)


CHANGES: tuple[Change, ...] = (_byte, _byte, _bit, _number, _number, _cut, _repeat, _drop, _move)


def mutate(rng: random.Random, data: bytes, changes: tuple[Change, ...] = CHANGES) -> bytes:
    """Change a file in one to six places."""
    changed = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 3, 6))):
        if not changed:
            break
        rng.choice(changes)(rng, changed)
    return bytes(changed)


def check(data: bytes, seed: int) -> None:
    """Read an image in every way; whatever comes but `ImageError`, or breaks a limit, is kept."""
    problem = ""
    started, before = time.process_time(), _peak()
    for way in (_looked_at, _decoded, _as_mask):
        try:
            way(data)
        except ImageError:
            pass
        except Exception as error:  # a foreign one is what is searched for
            problem = f"{way.__name__}: {type(error).__name__}: {error}"
    if time.process_time() - started > 3 * _SECONDS:
        problem = f"{time.process_time() - started:.1f} s of CPU"
    if _peak() - before > _MEBIBYTES:
        problem = f"{_peak() - before:.0f} MiB"
    if problem:
        path = Path(tempfile.mkdtemp()) / "image.bin"
        path.write_bytes(data)
        raise AssertionError(f"seed {seed}, {path}: {problem}")


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _looked_at(data: bytes) -> None:
    mode_of(data, codec.sniff(data))


def _decoded(data: bytes) -> None:
    pixels = codec.decode(data, "unchanged")
    assert pixels.ndim == 3, pixels.shape
    assert pixels.flags.c_contiguous


def _as_mask(data: bytes) -> None:
    codec.read_mask(data)
