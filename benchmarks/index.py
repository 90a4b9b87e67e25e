"""Measure what it costs to know millions of images: bytes a row, and seconds until the first batch.

    python benchmarks/index.py [--rows 10000000] [--table-rows 1000000] [--files 100000]

Every measurement is a fresh process: resident size before, at its highest, and after, as Linux
counts it. Ten million names are made up, in the kept index of a thousand empty folders; files for
the times are made in a temporary folder. The table goes to benchmarks/results/index.md.
"""

from __future__ import annotations

import argparse
import csv
import ctypes
import gc
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

RESULTS = Path(__file__).parent / "results" / "index.md"
CLASSES = 1000
PATH = "class_{:04d}/image_{:09d}.jpg"
EPOCHS = 3


def resident(kind: str) -> int:
    """Resident size of this process in bytes, now ("VmRSS") or at its highest ("VmHWM")."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(kind):
            return int(line.split()[1]) * 1024
    raise ValueError(f"this system does not say {kind}")


def names(rows: int) -> Iterator[tuple[int, str]]:
    """Class and path of each row, sorted."""
    each = -(-rows // CLASSES)
    return ((row // each, PATH.format(row // each, row)) for row in range(rows))


def prepare(folder: Path, rows: int, table_rows: int) -> None:
    """Write the index and the tables that the cases read."""
    from keras_cvdata.sources.folders import list_folder
    from keras_cvdata.sources.index import Index

    root = folder / "images"
    each = -(-rows // CLASSES)
    for number in range(CLASSES):
        (root / f"class_{number:04d}").mkdir(parents=True)
    listed = {"": list_folder(str(root), follow_links=True)}
    for name in listed[""].folders:
        first = int(name[6:10]) * each
        files = range(first, min(first + each, rows))
        text = "".join(f"{PATH.format(0, row).partition('/')[2]}\0" for row in files)
        listed[name] = list_folder(str(root / name))._replace(names=text.encode())
    for name, listing in listed.items():
        status = (root / name).stat()
        listed[name] = listing._replace(stamp=(status.st_mtime_ns, status.st_ctime_ns))
    Index(
        folder / "kept", directory=str(root), follow_links=False, by_folder=True, class_names=None
    ).keep(listed)
    with (folder / "t.csv").open("w", newline="") as file, (folder / "t.json").open("w") as lines:
        writer = csv.writer(file)
        writer.writerow(["location", "label", "size", "photographer"])
        for row, (code, path) in enumerate(names(table_rows)):
            entry = [path, f"class_{code:04d}", row % 977, f"name {row % 50}"]
            writer.writerow(entry)
            keys = ("location", "label", "size", "photographer")
            lines.write(json.dumps(dict(zip(keys, entry, strict=True))) + "\n")


def folder_case(folder: Path, _rows: int) -> Any:
    from keras_cvdata.sources import DirectorySource

    return DirectorySource(folder / "images", index=folder / "kept", verbose=0)


def order_case(_folder: Path, rows: int, balance: bool = False) -> Any:
    from keras_cvdata.loading.sampler import Sampler

    codes = (np.arange(rows, dtype=np.uint32) % CLASSES).astype(np.uint16) if balance else None
    sampler = Sampler(rows, 32, seed=7, codes=codes)
    for epoch in range(EPOCHS):
        sampler.batch(epoch, 0)
    return sampler


def sequence_case(folder: Path, rows: int) -> Any:
    from keras_cvdata.loading.rendering import Reading

    source = folder_case(folder, rows)
    return source, order_case(folder, rows), Reading("rgb", source.rows)


def split_case(folder: Path, rows: int) -> Any:
    from keras_cvdata.sources.splitting import split

    return split(folder_case(folder, rows), 0.1)


def csv_case(folder: Path, _rows: int) -> Any:
    from keras_cvdata.sources import CSVSource

    return CSVSource(folder / "t.csv", missing="later")


def json_case(folder: Path, _rows: int) -> Any:
    from keras_cvdata.sources import JSONSource

    return JSONSource(folder / "t.json", missing="later")


def frame_case(folder: Path, _rows: int) -> Any:
    import pandas as pd

    from keras_cvdata.sources import DataFrameSource

    return DataFrameSource(pd.read_csv(folder / "t.csv"), missing="later", root=folder)


CASES: dict[str, tuple[Callable[..., Any], str]] = {
    "folder, from the kept index: names and labels": (folder_case, "rows"),
    "order of three epochs, shuffled": (order_case, "rows"),
    "the same, classes balanced": (lambda *a: order_case(*a, balance=True), "rows"),
    "folder, order and row numbers: what a sequence holds": (sequence_case, "rows"),
    "folder split in two": (split_case, "rows"),
    "CSV: name, label, a number, one of 50 texts": (csv_case, "table_rows"),
    "JSON lines, the same": (json_case, "table_rows"),
    "data frame, the same (with the frame while it is read)": (frame_case, "table_rows"),
}


def measure(name: str, folder: Path, rows: int) -> None:
    """Run one case in this process and print what it took."""
    import keras_cvdata.sources  # noqa: F401 # not part of what is measured
    from keras_cvdata.loading import loader  # noqa: F401 # likewise

    if name.startswith("data frame"):
        import pandas as pd  # noqa: F401 # likewise
    gc.collect()
    before = resident("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # the highest size begins anew
    began = time.process_time()
    held = CASES[name][0](folder, rows)
    seconds = time.process_time() - began
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    figures = (resident("VmRSS") - before, resident("VmHWM") - before, seconds)
    print(json.dumps(figures))
    del held


def in_a_process(*arguments: object) -> Any:
    command = [sys.executable, __file__, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def memory_lines(rows: int, table_rows: int) -> list[str]:
    """Bytes a row of every case."""
    lines = ["| | rows | bytes a row, held | at most | CPU s |", "|---|---:|---:|---:|---:|"]
    path = len(PATH.format(0, 0))
    with tempfile.TemporaryDirectory() as name:
        prepare(Path(name), rows, table_rows)
        for case, (work, which) in CASES.items():
            count = rows if which == "rows" else table_rows
            held, most, seconds = in_a_process("--case", case, "--folder", name, "--rows", count)
            paths = 0 if work in (order_case,) or case.startswith("the same") else path
            beside = f"{paths} + " if paths else ""
            lines.append(
                f"| {case} | {count:,} | {beside}{held / count - paths:.0f} | "
                f"{beside}{most / count - paths:.0f} | {seconds:.1f} |"
            )
    return lines


def construct(root: str, kept: str) -> None:
    """Construct a source in this process and print how long that takes."""
    from keras_cvdata.sources import DirectorySource

    began, cpu = time.perf_counter(), time.process_time()
    DirectorySource(root, index=kept or False, verbose=0)
    print(json.dumps((time.perf_counter() - began, time.process_time() - cpu)))


def time_lines(files: int, repeats: int) -> list[str]:
    """Seconds to construct a source of many small files."""
    lines = [
        "| files | folders | cold, s | CPU s | from the kept index, s | CPU s |",
        "|---:|---:|---:|---:|---:|---:|",
    ]
    for folders in (10, 2000):
        with tempfile.TemporaryDirectory() as name:
            root = Path(name) / "images"
            for number in range(folders):
                (root / f"class_{number:04d}").mkdir(parents=True)
                for row in range(files // folders):
                    (root / PATH.format(number, row)).touch()
            time.sleep(11)  # what changed just now is not trusted
            in_a_process("--construct", root, "--kept", f"{name}/kept")
            taken = [
                [in_a_process("--construct", root, "--kept", kept) for _ in range(repeats)]
                for kept in ("", f"{name}/kept")
            ]
            cells = []
            for wall, cpu in (zip(*case, strict=True) for case in taken):
                cells += [f"{statistics.median(wall):.2f} ({min(wall):.2f})", f"{min(cpu):.2f}"]
            lines.append(f"| {files:,} | {folders:,} | {' | '.join(cells)} |")
    return lines


def first_batch(images: str, count: int) -> None:
    """Construct a sequence in this process and print how long its first batch takes."""
    from keras_cvdata import DirectorySequence, layers

    augment = [layers.RandomFlip("horizontal"), layers.RandomRotateBound(20)]
    began = time.perf_counter()
    seq = DirectorySequence(images, image_size=(224, 224), augment=augment, seed=7, verbose=0)
    constructed = time.perf_counter()
    assert len(seq.source) == count
    next(iter(seq))
    print(json.dumps((constructed - began, time.perf_counter() - constructed)))


def first_batch_line(images: Path, repeats: int, count: int = 3670) -> str:
    """Time to the first batch of a folder of so many photographs, copied from a smaller one."""
    files = sorted(images.rglob("*.jpg"))
    with tempfile.TemporaryDirectory() as name:
        for number in range(count):
            file = files[number % len(files)]
            target = Path(name) / file.parent.name / f"{number}.jpg"
            target.parent.mkdir(exist_ok=True)
            shutil.copyfile(file, target)
        taken = [in_a_process("--first-batch", name, "--rows", count) for _ in range(repeats)]
    made, first = (statistics.median(times) for times in zip(*taken, strict=True))
    return (
        f"{count:,} JPEG photographs, 32 of 224 x 224 with flip and rotation: constructed in "
        f"{made:.2f} s, first batch {first:.2f} s later (medians of {repeats})."
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--table-rows", type=int, default=1_000_000)
    parser.add_argument("--files", type=int, default=100_000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--images", type=Path, help="a folder of JPEG photographs")
    for inner in ("case", "folder", "construct", "kept", "first-batch"):
        parser.add_argument(f"--{inner}", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.case:
        return measure(asked.case, Path(asked.folder), asked.rows)
    if asked.construct:
        return construct(asked.construct, asked.kept)
    if asked.first_batch:
        return first_batch(asked.first_batch, asked.rows)
    lines = [
        "# What it costs to know millions of images",
        "",
        f"Python {platform.python_version()}, NumPy {np.__version__}, {os.cpu_count()} cores. "
        f"Resident size of a fresh process; `{len(PATH.format(0, 0))} + n` is a path of that "
        "length and n bytes beside it; `at most` while it is made.",
        "",
        *memory_lines(asked.rows, asked.table_rows),
        "",
        "Empty files on a local disk whose folders are in the memory of the system; medians and "
        f"(in brackets, and of CPU time) the least of {asked.repeats} fresh processes, beside "
        f"others: the load of the machine was {os.getloadavg()[0]:.0f}.",
        "",
        *time_lines(asked.files, asked.repeats),
        "",
        *([first_batch_line(asked.images, asked.repeats), ""] if asked.images else []),
        "Made by `python benchmarks/index.py`"
        f"{', with a folder of photographs as --images' if asked.images else ''}.",
    ]
    print("\n".join(lines))
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text("\n".join(lines) + "\n")
    return None


if __name__ == "__main__":
    main()
