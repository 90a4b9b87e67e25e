"""What several tests of sources share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.sources.web_server import serve


@pytest.fixture
def server() -> Iterator[tuple[str, dict[str, int]]]:
    """Address of a web server, and how often each path was asked for."""
    yield from serve()
