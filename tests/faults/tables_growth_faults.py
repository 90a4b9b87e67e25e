"""Honest tables that grow: time by their size, not by its square."""

from __future__ import annotations

import gc
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.faults.tables import fault, write_csv, write_json

_ROUNDS = 3


def _growth(open_with: Callable[[int], Callable[[], Any]], size: int) -> str:
    """Say whether four times the size takes about four times the CPU, with room for noise."""
    gc.freeze()  # what is imported is not walked over in each collection
    seconds = []
    for count in (size, 4 * size):
        call = open_with(count)
        times = []
        for _ in range(_ROUNDS):
            began = time.process_time()
            call()
            times.append(time.process_time() - began)
        seconds.append(min(times))
    ratio = seconds[1] / seconds[0]
    return f"{'linear' if ratio < 8 else 'beyond linear'}: {seconds[0]:.3f} s, times {ratio:.1f}"


def _opened(path: Path, **options: Any) -> Callable[[], Any]:
    from keras_cvdata.sources import open_source

    return lambda: open_source(path, missing="later", **options)


def use_csv_rows(folder: Path) -> str:
    """Open CSV files of more and more rows."""

    def make(count: int) -> Callable[[], Any]:
        rows = (f"c{n % 7}/{n}.jpg,c{n % 7},{n},by {n % 9}\n" for n in range(count))
        return _opened(write_csv(folder, ["location,label,size,by\n", *rows]))

    return _growth(make, 20_000)


def use_csv_columns(folder: Path) -> str:
    """Open CSV files of more and more columns, labels among them."""

    def make(count: int) -> Callable[[], Any]:
        names = [f"c{n}" for n in range(count)]
        path = write_csv(folder, [",".join(["location", *names]), "\na.jpg", ",1" * count, "\n"])
        return _opened(path, label_column=[name.upper() for name in names], label_kind="multilabel")

    return _growth(make, 2000)


def use_csv_pixels(folder: Path) -> str:
    """Open CSV files of larger and larger images without quotes."""

    def make(count: int) -> Callable[[], Any]:
        image = "[" + ",".join(["[" + ",".join(["200"] * 1000) + "]"] * count) + "]"
        return _opened(write_csv(folder, f"location,label\n{image},cat\n"))

    return _growth(make, 500)


def use_json_rows(folder: Path) -> str:
    """Open JSON files of more and more objects in the handbook's spelling."""

    def make(count: int) -> Callable[[], Any]:
        rows = (
            f"{{'location': '{n}.jpg', 'label': 'c{n % 7}', 'size': {n}}}\n" for n in range(count)
        )
        return _opened(write_json(folder, ["[", *rows, "]"]))

    return _growth(make, 5000)


def use_json_keys(folder: Path) -> str:
    """Open JSON files of objects with more and more keys."""

    def make(count: int) -> Callable[[], Any]:
        row = json.dumps({"location": "a.jpg", "label": 0} | {f"k{n}": n for n in range(count)})
        return _opened(write_json(folder, [row, "\n"] * 3))

    return _growth(make, 5000)


def use_lists_of_labels(folder: Path) -> str:
    """Open JSON files of more and more lists of labels."""

    def make(count: int) -> Callable[[], Any]:
        rows = ({"location": f"{n}", "label": [f"a{n % 9}", f"b{n % 70}"]} for n in range(count))
        return _opened(write_json(folder, [json.dumps(row) + "\n" for row in rows]))

    return _growth(make, 10_000)


def use_boxes(folder: Path) -> str:
    """Read more and more boxes."""

    def make(count: int) -> Callable[[], Any]:
        row = json.dumps({"location": "a", "boxes": [[0, 0, n + 1, 9, "c"] for n in range(count)]})
        opened = _opened(write_json(folder, row), label_column=None)
        return lambda: opened().boxes("boxes")

    return _growth(make, 20_000)


def use_frame_columns(folder: Path) -> str:
    """Open data frames of more and more columns."""
    import pandas as pd

    from keras_cvdata.sources import DataFrameSource

    def make(count: int) -> Callable[[], Any]:
        names = ["location", "label", *(f"c{n}" for n in range(count))]
        frame = pd.DataFrame([["a", "b", *range(count)]] * 2, columns=names, dtype=object)
        return lambda: DataFrameSource(frame, missing="later")

    return _growth(make, 1000)


def use_labels_of_arrays(folder: Path) -> str:
    """Take more and more labels beside an array, one of them long."""
    import numpy as np

    from keras_cvdata.sources import ArraySource

    def make(count: int) -> Callable[[], Any]:
        labels = [f"c{n % 7}" for n in range(count)] + ["c" * count]
        pixels = np.zeros((count + 1, 1, 1), np.uint8)
        return lambda: ArraySource(pixels, labels)

    return _growth(make, 20_000)


def use_files(folder: Path) -> str:
    """List folders of more and more images and classes."""
    from keras_cvdata.sources import DirectorySource

    def make(count: int) -> Callable[[], Any]:
        root = folder / f"{count}"
        for n in range(count):
            (root / f"class {n}").mkdir(parents=True)
            for file in range(5):
                (root / f"class {n}" / f"{file}.jpg").touch()
        return lambda: DirectorySource(root, verbose=0)

    return _growth(make, 500)


def make_nothing(folder: Path) -> Path:
    return folder


FAULTS = tuple(
    fault(f"growth-of-{use.__name__[4:].replace('_', '-')}", make_nothing, use, "^linear", cpu=20)
    for use in (
        use_csv_rows,
        use_csv_columns,
        use_csv_pixels,
        use_json_rows,
        use_json_keys,
        use_lists_of_labels,
        use_boxes,
        use_frame_columns,
        use_labels_of_arrays,
        use_files,
    )
)
