"""What several tests of sources share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import h5py
import pytest

from tests.sources.web_server import serve


@pytest.fixture
def server() -> Iterator[tuple[str, dict[str, int]]]:
    """Address of a web server, and how often each path was asked for."""
    yield from serve()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where an HDF5 file goes."""
    return tmp_path / "pets.h5"


@pytest.fixture
def write(path: Path) -> Callable[..., Path]:
    """Write an HDF5 file with a function that takes it."""

    def make(fill: Callable[[Any], object], **options: Any) -> Path:
        with h5py.File(path, "w", **options) as file:
            fill(file)
        return path

    return make
