"""Any image collection as a source."""

from __future__ import annotations

import inspect
import os
from pathlib import Path
from typing import Any

import numpy as np

from keras_cvdata.sources.arrays import ArraySource
from keras_cvdata.sources.base import Source
from keras_cvdata.sources.csv import CSVSource
from keras_cvdata.sources.dataframe import DataFrameSource
from keras_cvdata.sources.directory import DirectorySource
from keras_cvdata.sources.hdf5 import HDF5Source
from keras_cvdata.sources.json import JSONSource
from keras_cvdata.sources.shards import is_several, open_packs

_READERS: dict[str, type[Source]] = {
    ".csv": CSVSource,
    ".json": JSONSource,
    ".jsonl": JSONSource,
    ".ndjson": JSONSource,
    ".h5": HDF5Source,
    ".hdf5": HDF5Source,
}


def open_source(data: Any, *, max_pixels: int | None = None, **options: Any) -> Source:
    """Open an image collection, whatever holds it.

    Args:
        data: Path of a folder, CSV, JSON or HDF5 file; a pattern such as "pets-*.h5" or a list of
            paths for several HDF5 files; arrays `x` or `(x, y)`; a pandas data frame; a source, or
            something with a `source`, such as a sequence.
        max_pixels: Pixels beyond which an image is refused, see `Source.limited`; by default 64
            million, or the limit of a source that is open already.
        **options: Passed to the source that is made.

    Returns:
        The source.

    Raises:
        FileNotFoundError: The path does not exist.
        ValueError: The file has no known extension.
        TypeError: `data` is nothing of the kind, or is open already and options are given.

    Example:
        >>> import numpy as np
        >>> len(open_source((np.zeros((4, 8, 8, 3), np.uint8), ["cat", "dog", "cat", "dog"])))
        4
    """
    return _open(data, options).limited(max_pixels)


def _open(data: Any, options: dict[str, Any]) -> Source:
    opened = data if isinstance(data, Source) else getattr(data, "source", None)
    if isinstance(opened, Source):
        if options:
            raise TypeError(f"{opened!r} is open already; the options {options} come too late.")
        return opened
    if is_several(data):
        return open_packs(data, **options)
    if isinstance(data, str | os.PathLike):
        return _open_path(Path(data), options)
    if isinstance(data, np.ndarray):
        return ArraySource(data, **options)
    if isinstance(data, tuple) and len(data) == 2:
        return ArraySource(*data, **options)
    if hasattr(data, "iloc"):
        return _opened(DataFrameSource, data, options)
    raise TypeError(
        "Expected a path, arrays x or (x, y), a pandas data frame, a source or a sequence; got "
        f"{type(data).__name__}."
    )


def open_images(data: Any) -> Source:
    """Open an image collection as `open_source` does, and a folder without folders in it, too.

    Args:
        data: What `open_source` opens.

    Returns:
        The source, which has no labels where the folder has no folders.

    Raises:
        FileNotFoundError: The path does not exist.
    """
    if isinstance(data, str | os.PathLike) and Path(data).is_dir():
        entries = (entry for entry in Path(data).iterdir() if not entry.name.startswith("."))
        if not any(entry.is_dir() for entry in entries):
            return DirectorySource(data, unlabelled=True)
    return open_source(data)


def _open_path(path: Path, options: dict[str, Any]) -> Source:
    if path.is_dir():
        return _opened(DirectorySource, path, options)
    if not path.exists():
        raise FileNotFoundError(f"{path}: there is no such file or folder. Check the path.")
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise ValueError(
            f"{path}: expected a folder or a file that ends in {', '.join(_READERS)}; got "
            f"{path.suffix!r}. Rename the file, or open it with its source, such as CSVSource."
        )
    return _opened(reader, path, options)


def _opened(reader: type[Source], data: Any, options: dict[str, Any]) -> Source:
    known = list(inspect.signature(reader).parameters)[1:]
    unknown = next((name for name in options if name not in known), None)
    if unknown == "untrusted":
        raise TypeError(
            f"{data if isinstance(data, Path) else reader.__name__}: untrusted=True is for HDF5 "
            "files, whose library a file can crash. Folders and tables are read with the same "
            "limits whoever sent them; leave it out."
        )
    if unknown is not None:
        raise TypeError(
            f"{data if isinstance(data, Path) else reader.__name__}: {reader.__name__} has no "
            f"argument {unknown!r}. It takes {', '.join(known)}."
        )
    return reader(data, **options)  # type: ignore[call-arg] # every reader takes its data first
