"""HDF5 with bytes of its headers changed, and with attributes and datasets of the wrong kinds.

    python -c "from tests.faults.fuzz_hdf5 import fuzz; fuzz(600, seed=0)"

Each try is made in a forked process. Where it dies by a signal or grows, the HDF5 library crashed,
hung or took gigabytes for an attribute of text, which is promised not to happen to a program that
reads with `untrusted=True`: the file is tried so.
"""

from __future__ import annotations

import json
import os
import random
import resource
import signal
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from keras_cvdata.conversion import convert
from keras_cvdata.sources import HDF5Source

PIXELS = np.zeros((6, 8, 8, 3), np.uint8)
SECONDS, CPU, MEMORY = 4, 2.0, 600 << 20  # of one try
NUMBERS = (0, 1, 2, 3, 7, 8, 16, 127, 128, 255, 1 << 15, (1 << 16) - 1, 1 << 31, (1 << 32) - 1)
LARGE = (1 << 20, 1 << 40, 1 << 62, (1 << 63) - 1, (1 << 64) - 1)


def fuzz(seconds: float, seed: int) -> None:
    """Try changed files for some time.

    Args:
        seconds: How long.
        seed: What decides on the changes.

    Raises:
        AssertionError: One gave a foreign exception, hung or broke a limit; it names the file.
    """
    chance, ended, came = random.Random(seed), time.monotonic() + seconds, Counter[str]()
    folder = Path(tempfile.mkdtemp(prefix="fuzz-hdf5-"))
    bases = _bases(folder)
    while time.monotonic() < ended:
        path = folder / f"{sum(came.values())}.h5"
        if chance.random() < 0.3:
            _wrong_kinds(path, chance)
        else:
            path.write_bytes(_changed(chance.choice(bases), chance))
        told = tried(path, untrusted=False)
        came[told.split(":")[0]] += 1
        known = ("ok", "ValueError", "ImageError", "signal", "large")
        assert told.startswith(known), _say(seed, path, told)
        if told.startswith(known[3:]):
            other = tried(path, untrusted=True)
            assert other.startswith(("ok", "ValueError", "ImageError")), _say(seed, path, other)
            path.rename(path.with_suffix(".crash"))
        path.unlink(missing_ok=True)
    print(json.dumps(came), folder)


def _say(seed: int, path: Path, told: str) -> str:
    return f"seed {seed}, {path}: {told}"


def tried(path: Path, untrusted: bool) -> str:
    """Open a file and read all of it in a forked process; say what came."""
    receiver, sender = os.pipe()
    pid = os.fork()
    if not pid:
        _use(path, untrusted, sender)
    os.close(sender)
    with os.fdopen(receiver, "rb") as answer:
        told = answer.read().decode()
    _, status, used = os.wait4(pid, 0)
    if os.WIFSIGNALED(status):
        return f"signal: {os.WTERMSIG(status)}"
    cpu = used.ru_utime + used.ru_stime
    if cpu > CPU and not untrusted:
        return f"slow: {cpu:.1f} s of CPU, {told}"
    return told


def _use(path: Path, untrusted: bool, sender: int) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    mapped = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (mapped + (3 << 30),) * 2)
    signal.alarm(3 * SECONDS)
    if not untrusted:
        resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # what the C library says when it aborts
    Path("/proc/self/clear_refs").write_text("5")
    before = _peak()
    told = "ok"
    try:
        source = HDF5Source(path, **({"untrusted": True} if untrusted else {}))
        for position in range(min(len(source), 20)):
            source.fetch(position)
            source.name(position)
            if source.masks is not None:
                source.masks.fetch(position)
        source.summary()
    except Exception as error:
        told = f"{type(error).__name__}: {error}"
    children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    grown = max(_peak() - before, children)
    if grown > MEMORY:
        told = f"large: {grown >> 20} MiB, {told}"
    os.write(sender, told.encode(errors="replace")[:4000])
    os._exit(0)


def _peak() -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) * 1024


def _bases(folder: Path) -> list[bytes]:
    """Good files of all layouts."""
    made = []
    for name, fill in {"groups": _groups, "flat": _flat, "chunks": _chunks}.items():
        for libver in ("earliest", "latest"):
            path = folder / f"{name}-{libver}.base"
            with h5py.File(path, "w", libver=libver) as file:
                fill(file)
            made.append(path.read_bytes())
    boxes = folder / "pack.h5"
    convert((PIXELS, list("abaabb")), boxes, verbose=0)
    return [*made, boxes.read_bytes()]


def _groups(file: Any) -> None:
    for name in ("cat", "dog"):
        group = file.create_group(name)
        group.attrs["label"], group.attrs["year"] = name, 2019
        group["images"], group["order"] = PIXELS[:3], [0, 2, 4] if name == "cat" else [1, 3, 5]
        group.create_group("columns")["place"] = ["here", "there", "elsewhere"]


def _flat(file: Any) -> None:
    file["images"], file["labels"] = PIXELS, ["cat", "dog"] * 3


def _chunks(file: Any) -> None:
    options = {"chunks": (2, 4, 8, 3), "compression": "gzip", "shuffle": True, "fletcher32": True}
    file.create_dataset("images", data=PIXELS, maxshape=(None, 8, 8, 3), **options)
    file.create_dataset("labels", data=["cat", "dog"] * 3, chunks=(2,), compression="gzip")


def _changed(base: bytes, chance: random.Random) -> bytes:
    """Change a few bytes of what is no pixels: there headers are dense, and zeros rare."""
    data = bytearray(base)
    starts = [at for at in range(len(data) - 8) if any(data[at : at + 8])]
    for _ in range(chance.choice((1, 1, 1, 2, 3, 8))):
        at = chance.choice(starts)
        kind = chance.randrange(6)
        if kind == 0:
            data[at] ^= 1 << chance.randrange(8)
        elif kind == 1:
            data[at] = chance.randrange(256)
        elif kind == 2:
            width = chance.choice((2, 4))
            data[at : at + width] = (chance.choice(NUMBERS) % 256**width).to_bytes(width, "little")
        elif kind == 3:
            data[at : at + 8] = chance.choice(NUMBERS + LARGE).to_bytes(8, "little")
        elif kind == 4:
            other = chance.choice(starts)
            data[at : at + 8] = data[other : other + 8]
        else:
            data[at : at + 8] = chance.choice(starts).to_bytes(8, "little")
    return bytes(data[: chance.randrange(len(data))] if chance.random() < 0.05 else data)


TEXTS = ("", "keras_cvdata", "[]", '[["a"]]', "{", "[" * 9999, "9" * 9999, np.bytes_(b"\xff\xfe"))
ARRAYS = (
    *(np.zeros(count, [("a", "u1"), ("b", "f4")]) for count in (0, 3, 6)),
    *(np.arange(6, dtype=dtype) for dtype in ("i1", "u8", "f2", ">u2")),
    *(["cat", "dog"] * 3, np.array([b"a", b"b"] * 3, "S9"), np.zeros(6, "c8"), h5py.Empty("f4")),
    *(np.float32(value) for value in (np.nan, np.inf, -1, 0.5)),
)


def _value(chance: random.Random) -> Any:
    kind = chance.randrange(6)
    if kind == 0:
        return chance.choice(NUMBERS)
    if kind == 1:
        return chance.choice(TEXTS)
    if kind == 2:
        return [chance.randrange(-3, 9) for _ in range(chance.randrange(12))]
    if kind == 3:
        return np.zeros([chance.randrange(4) for _ in range(chance.randrange(5))], "f4")
    return chance.choice(ARRAYS) if kind < 5 else PIXELS[..., : chance.randrange(4)]


NAMES = (
    *("images", "labels", "label", "image", "x", "y", "encoded", "offsets", "bytes", "order"),
    *("slots", "columns", "about", "cat", "cat/images", "cat/order", "cat/columns/a", "labels/a"),
    *("about/names", "about/name_offsets", "about/crc32", "about/masks", "about/boxes"),
    *("about/box_offsets", "about/box_labels", "about/mask_crc32", "columns/a"),
)
ATTRIBUTES = (
    *("format", "version", "complete", "class_names", "shard", "label", "name", "kind", "names"),
    *("value_range", "encoding", "other"),
)


def _wrong_kinds(path: Path, chance: random.Random) -> None:
    """A file with the names of ours and of others, and with anything in them."""
    with h5py.File(path, "w", libver=chance.choice(("earliest", "latest"))) as file:
        if chance.random() < 0.5:
            file.attrs.update(format="keras_cvdata", complete=True, version=chance.choice((1, 2)))
        for name in chance.sample(NAMES, chance.randrange(1, 9)):
            try:
                file[name] = PIXELS if chance.random() < 0.3 else _value(chance)
            except (ValueError, TypeError, OSError, AttributeError, RuntimeError):
                continue  # below a dataset
        holders = [file, *filter(None, (file.get(name) for name in NAMES))]
        for holder in chance.sample(holders, min(len(holders), 4)):
            for name in chance.sample(ATTRIBUTES, chance.randrange(4)):
                holder.attrs[name] = _value(chance)
