"""Kill writers at random moments: nothing partial is read, no old target is lost, nothing is left.

    python benchmarks/kills.py [--kills 100] [--only NAME ...] [--write]

A process writes a collection over an older one, or where there is none, and is killed (SIGKILL):
every second time after a random while, else at a random one of its operations on files, of which
half are chosen among the last thirty, where names change. After each kill a reader must see the
old collection as a whole, the new one as a whole, or nothing where nothing was. Then the same call
runs again, or every second time one with another collection, and must end with exactly this one,
and with no other name in the folder.

Prints a table, or what went wrong; `--write` writes it to `benchmarks/results/kills.md`.
"""

from __future__ import annotations

import argparse
import hashlib
import multiprocessing
import os
import random
import re
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NamedTuple

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np

from benchmarks.photographs import photographs
from keras_cvdata.conversion import convert
from keras_cvdata.conversion.split import write_split
from keras_cvdata.engine.opencv import Reduced
from keras_cvdata.loading.caching.disk import DiskStore
from keras_cvdata.loading.caching.entries import Kept
from keras_cvdata.sources import open_source
from keras_cvdata.sources.directory import DirectorySource
from keras_cvdata.writing import moving, write_text

COUNTS = {"old": 24, "new": 60, "third": 40}  # images
NOTHING = "nothing"


class Writer(NamedTuple):
    """What is killed.

    Attributes:
        write: Writes a collection, given the folder to write into, that of the photographs, and the
            name of the collection.
        read: Says what a reader sees there, a line for each image.
        names: Names that are there in the end, as a regular expression.
        gaps: Whether a reader may find nothing, for a moment, where an old one was.
        limits: Changes what the system can.
    """

    write: Callable[[Path, Path], Any]
    read: Callable[[Path], Iterable[str]]
    names: str
    gaps: bool = False
    limits: Callable[[], None] | None = None


def to(name: str, **options: Any) -> Callable[[Path, Path], Any]:
    """Convert to a target of this name."""
    return lambda place, photos: convert(
        photos, place / name, verbose=0, overwrite=True, n_jobs=2, **options
    )


def to_shards(place: Path, photos: Path) -> None:
    for part in range(2):
        to("pets.h5", shard=(part, 2), max_side=160)(place, photos)


def seen(name: str, **options: Any) -> Callable[[Path], Iterable[str]]:
    """Labels and pixels that a source gives."""
    return lambda place: _seen(place / name, **options)


def _seen(path: Path, **options: Any) -> Iterable[str]:
    if not path.exists():
        return
    source = open_source(path, **options)
    (column,) = source.labels.values()
    for position, code in enumerate(column.values.tolist()):
        yield f"{column.class_names[code]} {digest(source.image(position).tobytes())}"


def seen_parts(names: Iterable[str]) -> Callable[[Path], Iterable[str]]:
    """All parts that are there; `split` makes them disjoint, so no image may come twice."""

    def read(place: Path) -> Iterable[str]:
        there = [name for name in names if (place / name).exists()]
        return [f"{name} {line}" for name in there for line in _seen(place / name)]

    return read


def to_parts(name: str) -> Callable[[Path, Path], Any]:
    return lambda place, photos: write_split(
        photos, place / name, 0.25, seed=len(list(photos.glob("*/*"))), overwrite=True, verbose=0
    )


def to_cache(place: Path, photos: Path) -> None:
    """Fill a cache; several runs share it."""
    store = DiskStore(place / "cache")
    for file in sorted(photos.glob("*/*")):
        pixels = np.frombuffer(file.read_bytes(), np.uint8).reshape(1, -1, 1).copy()
        store.put(_key(file), Kept(pixels, Reduced(*pixels.shape[:2], 1.0)))


def _key(file: Path) -> bytes:
    return hashlib.blake2b(file.read_bytes(), digest_size=16).digest()


def digest(data: bytes) -> str:
    return hashlib.blake2b(data, digest_size=8).hexdigest()


def seen_in_cache(place: Path) -> Iterable[str]:
    """Every image that the cache gives, which must be the one that its key names."""
    if not (place / "cache").exists():
        return
    store = DiskStore(place / "cache")
    for key in sorted(store._entries):
        kept = store.get(key)
        if kept is not None:
            data = kept.pixels.tobytes()
            assert hashlib.blake2b(data, digest_size=16).digest() == key, "a wrong image"
            yield key.hex()


def to_index(place: Path, photos: Path) -> None:
    DirectorySource(photos, index=place)


def seen_in_index(place: Path) -> Iterable[str]:
    """Whatever the index says is what the folder holds, which the source compares."""
    return [f"{len(list(place.glob('*.index')))}"] if list(place.glob("*.index")) else []


def to_text(place: Path, photos: Path) -> None:
    lines = [f"{file} {'x' * 20_000}" for file in sorted(photos.glob("*/*"))]
    write_text(place / "report.json", "\n".join(lines))


def seen_text(place: Path) -> Iterable[str]:
    path = place / "report.json"
    return path.read_text().splitlines() if path.exists() else []


def no_exchange() -> None:
    """As a system that cannot exchange two names."""
    moving.exchange = lambda *_: False


PARTS = ("pets/train", "pets/validation")
WRITERS = {
    "folder": Writer(to("pets"), seen("pets"), "pets"),
    "folder, where names cannot be exchanged": Writer(
        to("pets"), seen("pets"), "pets", gaps=True, limits=no_exchange
    ),
    "CSV with images": Writer(
        to("pets.csv", copy=True), seen("pets.csv"), r"pets\.csv|pets_csv_images(_\d+)?"
    ),
    "JSON with images": Writer(
        to("pets.json", copy=True), seen("pets.json"), r"pets\.json|pets_json_images(_\d+)?"
    ),
    "HDF5, encoded": Writer(
        to("pets.h5", max_side=160), seen("pets.h5", verify=True), r"pets\.h5"
    ),
    "HDF5, raw": Writer(
        to("pets.h5", image_size=(96, 96)), seen("pets.h5", verify=True), r"pets\.h5"
    ),
    "HDF5 in two shards": Writer(
        to_shards, seen_parts(["pets-00000-of-00002.h5", "pets-00001-of-00002.h5"]),
        r"pets-0000\d-of-00002\.h5",
    ),
    "split into folders": Writer(to_parts("pets"), seen_parts(PARTS), "pets", gaps=True),
    "split into packs": Writer(
        to_parts("pets.h5"), seen_parts(["pets_train.h5", "pets_validation.h5"]),
        r"pets_(train|validation)\.h5", gaps=True,
    ),
    "cache": Writer(to_cache, seen_in_cache, "cache"),
    "index": Writer(to_index, seen_in_index, r"\w+\.index"),
    "report": Writer(to_text, seen_text, r"report\.json"),
}  # fmt: skip
SEVERAL = ("HDF5 in two shards",)  # each part is old or new as a whole


def run(name: str, place: Path, photos: Path, stop_at: int | None, told: Connection) -> None:
    """Write, in a process of its own, which kills itself at one of its operations on files."""
    writer = WRITERS[name]
    if writer.limits:
        writer.limits()
    counted = Counter[str]()

    def count(event: str, arguments: Any) -> None:
        changes = event in ("os.rename", "os.remove", "os.rmdir", "os.mkdir", "ctypes.dlsym")
        if changes or (event == "open" and isinstance(arguments[2], int) and arguments[2] & 3):
            counted["changes"] += 1
            if counted["changes"] == stop_at:
                os.kill(os.getpid(), signal.SIGKILL)

    os.sync = lambda: None  # a kill takes nothing from the system, and other writers are slow
    sys.addaudithook(count)
    told.send("begin")
    writer.write(place, photos)
    told.send(counted["changes"])


class Killing:
    """A folder of collections, and runs over it that are killed."""

    def __init__(self, name: str, work: Path) -> None:
        self.name, self.writer, self.work = name, WRITERS[name], work
        self.context = multiprocessing.get_context("forkserver")
        self.context.set_forkserver_preload(["benchmarks.kills", "joblib"])
        self.place = work / "place"
        self.wanted: dict[str, list[str]] = {NOTHING: []}
        for which in COUNTS:
            self.clean()
            finished = self.finish(which)
            self.wanted[which] = self.seen()
            if which == "new":
                self.changes, self.duration = finished

    def clean(self) -> None:
        """Begin with an empty folder."""
        shutil.rmtree(self.place, ignore_errors=True)
        self.place.mkdir()

    def seen(self) -> list[str]:
        """What a reader sees."""
        return list(self.writer.read(self.place))

    def begin(self, which: str, stop_at: int | None = None) -> tuple[Any, Connection]:
        """Start a run, and wait until it is about to write."""
        told, tell = self.context.Pipe(duplex=False)
        arguments = self.name, self.place, self.work / which, stop_at, tell
        process = self.context.Process(target=run, args=arguments)
        process.start()
        tell.close()
        assert told.recv() == "begin"
        return process, told

    def finish(self, which: str) -> tuple[int, float]:
        """Let a run come to its end; say how many operations and seconds it took."""
        began = time.monotonic()
        process, told = self.begin(which)
        changes = told.recv()
        process.join()
        assert process.exitcode == 0
        return changes, time.monotonic() - began

    def kill(self, number: int) -> str:
        """Kill a run, look, run again, look; say what was seen after the kill."""
        self.clean()
        before = (NOTHING, "old")[number % 3 > 0]
        if before == "old":
            self.finish("old")
        if number % 2:
            process, _ = self.begin("new")
            time.sleep(random.uniform(0, self.duration))
            process.kill()
        else:
            last = random.random() < 0.5
            first = max(self.changes - 30, 1) if last else 1
            process, _ = self.begin("new", random.randint(first, self.changes))
        process.join()
        after = self.state(before)
        again = ("new", "third")[number // 2 % 2]
        self.finish(again)
        self.check_end(again)
        return after

    def state(self, before: str) -> str:
        """What a reader sees after the kill, which must be one of what may be there."""
        found = self.seen()
        if self.name in ("cache", "index"):  # what each image and listing is, `seen` has checked
            return "part" if found else NOTHING
        if self.name in SEVERAL:
            return self.state_of_parts(before, found)
        for which in (before, "new"):
            if found == self.wanted[which]:
                return which
        parts = [set(found) <= set(self.wanted[which]) for which in (before, "new")]
        assert self.writer.gaps, f"neither {before} nor new: {len(found)} images"
        assert not found or any(parts), "a mixture"
        return "not there"

    def state_of_parts(self, before: str, found: list[str]) -> str:
        """Each part is old or new, and a mixture does not open."""
        states = set()
        for part in {line.split()[0] for line in self.wanted["new"]}:
            lines = [[x for x in these if x.startswith(part)]
                     for these in (found, self.wanted[before], self.wanted["new"])]  # fmt: skip
            assert lines[0] in lines[1:], "neither old nor new"
            states.add((before, "new")[lines[0] == lines[2]])
        try:
            open_source(f"{self.place}/*.h5")
        except (ValueError, FileNotFoundError):
            assert states not in ({"new"}, {"old"}), "does not open"
            return f"refused as {' and '.join(sorted(states))}"
        assert len(states) == 1, "a mixture opens"
        return states.pop()

    def check_end(self, which: str) -> None:
        """Exactly what the last run wrote is there."""
        found = self.seen()
        if self.name == "cache":
            assert set(found) >= set(self.wanted[which]), "an image is missing"
            alone = {path.stem for path in (self.place / "cache").glob("*.data")}
            assert {path.stem for path in (self.place / "cache").glob("*.index")} >= alone
        elif self.name != "index":
            assert found == self.wanted[which], f"not {which}"
        strange = [
            path.relative_to(self.place)
            for path in self.place.rglob("*")
            if path.name.startswith(".")
            or (path.parent == self.place and not re.fullmatch(self.writer.names, path.name))
        ]
        assert not strange, f"left over: {strange}"
        folders = list(self.place.glob("*_images*"))
        assert len(folders) <= 1, f"left over: {folders}"


def table(kills: int, only: list[str]) -> list[str]:
    """Kill all writers; return the lines of a table."""
    lines = ["| writer | kills | seen after them |", "|---|---|---|"]
    with tempfile.TemporaryDirectory() as scratch:
        work = Path(scratch)
        for which, count in COUNTS.items():
            photographs(work / "all", count + 7 * len(which))
            files = sorted((work / "all").glob("*/*"))[-count:]
            for file in files:
                target = work / which / file.parent.name / file.name
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(file, target)
        for name in WRITERS:
            if name in only:
                began = time.monotonic()
                killing = Killing(name, work)
                states = Counter(killing.kill(number) for number in range(kills))
                told = ", ".join(f"{state} {count}" for state, count in sorted(states.items()))
                lines.append(f"| {name} | {kills} | {told} |")
                print(lines[-1], f"{time.monotonic() - began:.0f} s", flush=True)
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--only", nargs="+", choices=list(WRITERS), default=list(WRITERS))
    parser.add_argument("--write", action="store_true")
    args = parser.parse_args()
    random.seed(0)
    lines = table(args.kills, args.only)
    print("nothing wrong")
    if args.write:
        text = (__doc__ or "").split("\n\n")[2].replace("\n", " ")
        result = Path(__file__).with_name("results") / "kills.md"
        made = "Made by `python benchmarks/kills.py`; nothing was wrong."
        head = f"# Kills\n\n{text}\n\n{made}\n\n"
        result.write_text(head + "\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
