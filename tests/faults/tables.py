"""How faults of tables are made and used."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from tests.faults.fault import Fault

MB = 1_000_000


def fault(
    name: str,
    make: Callable[[Path], Path],
    use: Callable[[Path], str],
    expected: str,
    **limits: Any,
) -> Fault:
    """A fault of a table; what takes long is given a minute."""
    return Fault(name, "tables", make, use, expected, **{"seconds": 60.0, **limits})


def write_csv(folder: Path, parts: Iterable[str] | str, encoding: str = "utf-8") -> Path:
    path = folder / "t.csv"
    with path.open("w", encoding=encoding, newline="") as file:
        file.writelines(parts)
    return path


def write_json(folder: Path, parts: Iterable[str] | str) -> Path:
    path = folder / "t.json"
    with path.open("w", encoding="utf-8", newline="") as file:
        file.writelines(parts)
    return path


def use_table(path: Path) -> str:
    """Open a table without looking for its files."""
    from keras_cvdata.sources import open_source

    source = open_source(path, missing="later")
    return f"{len(source)} images, {len(source.columns)} more columns, {source!r}"


def use_warned(path: Path) -> str:
    """Open a table, and say what it warns of."""
    import warnings

    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        use_table(path)
    return "; ".join(str(warning.message) for warning in said)


def use_strictly(path: Path) -> str:
    """Open a table inside a folder, with all its files."""
    from keras_cvdata.sources import open_source

    return f"{len(open_source(path, root=path.parent))} images"


def use_reading(path: Path) -> str:
    """Read the first image of a table."""
    from keras_cvdata.sources import open_source

    return f"image of {open_source(path, missing='later').image(0, 'grayscale').shape}"


def use_pixel_columns(path: Path) -> str:
    """Read images that have a column for each pixel, by a pattern and by their names."""
    from keras_cvdata.sources import open_source

    shape = {"pixel_shape": (100, 1000), "label_column": None}
    by_pattern = open_source(path, image_column="p*", **shape)
    names = [f"p{number}" for number in range(100_000)]
    by_names = open_source(path, image_column=names, **shape)
    return f"images of {by_pattern.image_shape} and {by_names.image_shape}"


def use_multilabel(path: Path) -> str:
    """Open a table of several labels a row."""
    from keras_cvdata.sources import open_source

    return f"{open_source(path, missing='later', label_kind='multilabel')!r}"


def use_levels(path: Path) -> str:
    """Open a table of hierarchical labels."""
    from keras_cvdata.sources import open_source

    return f"{open_source(path, missing='later', label_kind='hierarchical')!r}"


def use_boxes(path: Path) -> str:
    """Open a table with a column of boxes."""
    from keras_cvdata.sources import open_source

    boxes = open_source(path, missing="later", label_column=None).boxes("boxes")
    return f"{len(boxes.boxes)} boxes"


def use_pickled(path: Path) -> str:
    """Open a table and hand it to another process."""
    import pickle

    from keras_cvdata.sources import open_source

    return f"{len(pickle.dumps(open_source(path, missing='later'))) > 0}"
