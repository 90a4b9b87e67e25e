"""Kill packing at random moments: nothing that is not complete is ever read, nothing is left over.

    python benchmarks/kills.py [--kills 50] [--data FOLDER]

A process packs a folder over an older pack and is killed (SIGKILL) at a random moment. After each
kill the target must open as the old pack or the new one, every image of it must agree with its
checksum, and the draft must not open. Each second time the same call goes on, and must end with the
bytes of a pack that was never interrupted; else the source is changed first, and nothing of the old
draft may be in the pack. Prints one line, or what went wrong.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.photographs import photographs
from keras_cvdata.conversion import convert
from keras_cvdata.sources import open_source

SETTINGS = {
    "raw": {"image_size": (224, 224)},
    "smaller": {"max_side": 160},
    "encoded": {"pixels": "encoded"},
}
PACK = f"""
import sys
from keras_cvdata.conversion import convert
print("begin", flush=True)
convert(sys.argv[1], sys.argv[2], verbose=0, overwrite=True, **{SETTINGS}[sys.argv[3]])
print("end", flush=True)
"""


def start(folder: Path, target: Path, setting: str) -> subprocess.Popen[bytes]:
    """Begin to pack in a process, and wait until it is about to."""
    root = str(Path(__file__).parents[1])
    run = subprocess.Popen(
        [sys.executable, "-c", PACK, str(folder), str(target), setting],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": root},
    )
    assert run.stdout is not None
    assert run.stdout.readline() == b"begin\n"
    return run


def check(target: Path, allowed: list[bytes]) -> None:
    """What stands under the name of the pack is whole, and a draft is no pack."""
    assert target.read_bytes() in allowed, "neither the old pack nor the new one"
    source = open_source(target, verify=True)
    for position in range(len(source)):
        source.fetch(position)
    draft = target.with_name(f".{target.name}.draft")
    if draft.exists():
        copy = shutil.copy(draft, target.with_name("draft.h5"))
        try:
            open_source(copy)
        except ValueError:
            Path(copy).unlink()
        else:  # it is complete, and was about to get its name
            assert Path(copy).read_bytes() in allowed, "a draft opens and is not complete"
            Path(copy).unlink()


def kill_once(folder: Path, target: Path, setting: str, duration: float, change: bool) -> bool:
    """Kill a run, check, and finish by another; return whether the kill came in time."""
    convert(folder, target, overwrite=True, verbose=0, image_size=(8, 8))
    old = target.read_bytes()
    new = whole(folder, target, setting)
    with start(folder, target, setting) as run:
        time.sleep(random.uniform(0, duration))
        run.kill()
    check(target, [old, new])
    in_time = target.read_bytes() == old
    if change:
        first, second = random.sample(sorted(folder.glob("*/*")), 2)
        before, after = first.read_bytes(), second.read_bytes()
        first.write_bytes(after)
        second.write_bytes(before)
        new = whole(folder, target, setting)
    with start(folder, target, setting) as run:
        assert run.wait() == 0
    check(target, [new])
    left = {path.name for path in target.parent.iterdir()}
    assert left == {target.name}, f"left over: {left}"
    return in_time


def whole(folder: Path, target: Path, setting: str) -> bytes:
    """Bytes of a pack that was never interrupted."""
    path = target.parent.parent / "whole.h5"
    convert(folder, path, verbose=0, overwrite=True, **SETTINGS[setting])
    return path.read_bytes()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--data", type=Path)
    args = parser.parse_args()
    random.seed(0)
    in_time = 0
    with tempfile.TemporaryDirectory() as scratch:
        work = Path(scratch)
        folder = work / "photographs"
        if args.data is None:
            photographs(folder, 200)
        else:
            shutil.copytree(args.data, folder)
        (work / "out").mkdir()
        durations = {}
        for setting in SETTINGS:
            with start(folder, work / "out/a.h5", setting) as run:
                began = time.monotonic()
                assert run.stdout is not None
                assert run.stdout.readline() == b"end\n"
                durations[setting] = time.monotonic() - began
        for number in range(args.kills):
            setting = list(SETTINGS)[number % len(SETTINGS)]
            target = work / "out/a.h5"
            in_time += kill_once(folder, target, setting, durations[setting], number % 2 == 1)
    print(f"{args.kills} kills, {in_time} of them before the pack was complete: nothing wrong")


if __name__ == "__main__":
    main()
