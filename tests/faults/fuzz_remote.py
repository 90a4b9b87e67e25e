"""Answers of servers, mutated: the picture, or an error that says it, and always soon."""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

from tests.faults.server import BEHAVIOURS, Behaviour, Part, came_of, serving

_TIMEOUT = 2.0
_PASSWORD = "s3cret"
_WORDS = (
    b"\r\n", b"\n", b"\0", b":", b"-1", b"0", b"fffffffff", b"\x1b[31m", b"chunked", b"gzip", b" ",
    b"Content-Length: ", b"Transfer-Encoding: ", b"Content-Encoding: ", b"Location: /",
    b"HTTP/1.1 ", b"100 Continue\r\n\r\n", b"302 Found", b"\xc3\xa4", b"\xff", b"1_0", b"0x1",
)  # fmt: skip


def _mutated(data: bytes, chance: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(chance.randint(1, 6)):
        at = chance.randrange(len(changed) + 1) if chance.random() < 0.3 else chance.randrange(160)
        length = chance.choice((0, 0, 1, 2, 9, 60))
        with_word = chance.random() < 0.6
        changed[at : at + length] = chance.choice(_WORDS) if with_word else chance.randbytes(length)
    return bytes(changed)


def _seeds() -> list[bytes]:
    """The answers that are bytes alone and no flood."""
    found = []
    for behaviour in BEHAVIOURS.values():
        parts = [] if behaviour.is_slow else list(_few(behaviour.answer(0)))
        if parts and all(isinstance(part, bytes) for part in parts):
            found.append(b"".join(part for part in parts if isinstance(part, bytes))[:5000])
    return found


def _few(parts: Iterable[Part]) -> Iterable[Part]:
    return (part for _, part in zip(range(3), parts, strict=False))


def fuzz(seconds: float, seed: int) -> None:
    """Mutate answers for a while.

    Args:
        seconds: How long.
        seed: Selects the mutations.

    Raises:
        AssertionError: A foreign error came, a message that steers a terminal or holds a password,
            or it took too long.
    """
    chance, seeds, until = random.Random(seed), _seeds(), time.monotonic() + seconds
    with serving() as server:
        came_of(server.address, "whole")  # which imports the package
        while time.monotonic() < until:
            data = _mutated(chance.choice(seeds), chance)
            BEHAVIOURS["fuzzed"] = Behaviour(lambda _, data=data: (data,), "")
            begun = time.monotonic()
            came = came_of(f"joe:{_PASSWORD}@{server.address}", "fuzzed", _TIMEOUT)
            took = time.monotonic() - begun
            said = came.startswith(("read ", "ImageError: ")) and came.isprintable()
            if not said or _PASSWORD in came or len(came) > 900 or took > 2 * _TIMEOUT + 2:
                path = Path(tempfile.mkdtemp()) / "answer"
                path.write_bytes(data)
                raise AssertionError(f"seed {seed}: {path} gave {came!r} in {took:.1f} s")
    del BEHAVIOURS["fuzzed"]
