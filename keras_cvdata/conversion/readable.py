"""The images of a collection that can be read."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from keras_cvdata.progress import say, track
from keras_cvdata.sources.base import Source
from keras_cvdata.types import ImageError

TABLES = (".csv", ".json", ".jsonl", ".ndjson")

_SHOWN = 10  # images that are named


def missing_later(data: Any) -> dict[str, Any]:
    """Keywords of `open_source` with which missing files are found on reading, as other bad ones.

    Args:
        data: What `open_source` opens.

    Returns:
        The keywords; none where `data` is no table.
    """
    path = Path(data).suffix.lower() if isinstance(data, str | os.PathLike) else ""
    return {"missing": "later"} if path in TABLES or hasattr(data, "iloc") else {}


def without_bad_images(source: Source, verbose: int) -> Source:
    """Read and decode every image once, and leave out those where that fails.

    Args:
        source: The collection.
        verbose: 0 names nothing and shows no progress.

    Returns:
        The readable images, in their order and with their row numbers.

    Raises:
        ImageError: No image can be read; the message is that of the first.
    """
    bad: list[tuple[int, ImageError]] = []
    for position in track(range(len(source)), "Checking", verbose=verbose):
        try:
            source.image(position, "unchanged")
        except ImageError as error:
            bad.append((position, error))
    if len(bad) == len(source):
        raise bad[0][1]
    if verbose:
        tell_left_out([error for _, error in bad], len(source))
    return source.select(np.delete(np.arange(len(source)), [position for position, _ in bad]))


def tell_left_out(bad: Sequence[ImageError], count: int) -> None:
    """Name images that cannot be read, but not too many.

    Args:
        bad: Why each cannot be read.
        count: Number of all images.
    """
    if bad:
        more = ["..."] if len(bad) > _SHOWN else []
        lines = [f"  {error}" for error in bad[:_SHOWN]] + more
        first = f"Left out {len(bad)} of {count} images, which cannot be read:"
        say("\n".join([first, *lines]))
