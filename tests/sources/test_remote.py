"""Remote files: what is read, what is tried again, and what is left to fsspec."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Iterator

import fsspec
import pytest
from fsspec.asyn import AsyncFileSystem

from keras_cvdata.sources.remote import read_url
from keras_cvdata.types import ImageError
from tests.sources.web_server import CONTENT, read


def test_reads_a_file(server):
    """R22, R31."""
    address, visits = server
    assert read(f"{address}/image") == CONTENT
    assert read(f"{address}/chunked") == CONTENT
    assert visits == {"/image": 1, "/chunked": 1}


@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_busy_servers_are_asked_again(server, status):
    address, visits = server
    assert read(f"{address}/busy/{status}") == CONTENT
    assert list(visits.values()) == [3]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 204])
def test_other_answers_are_final(server, status):
    address, visits = server
    with pytest.raises(
        ImageError, match=f"The server answered {status} .*Correct the URL"
    ) as caught:
        read(f"{address}/status/{status}")
    assert caught.value.name == f"{address}/status/{status}"
    assert list(visits.values()) == [1]


def test_attempts_are_counted(server):
    address, visits = server
    with pytest.raises(ImageError, match=r"The server answered 500 .* Tried 3 times"):
        read(f"{address}/status/500", retries=2)
    assert list(visits.values()) == [3]
    with pytest.raises(ImageError, match=r"answered 500 Internal Server Error\.$"):
        read(f"{address}/status/500", retries=0)
    with pytest.raises(ValueError, match="retries must be 0 or more; got -1"):
        read(f"{address}/image", retries=-1)


@pytest.mark.slow
def test_the_pause_that_a_server_asks_for_is_kept(server):
    address, _ = server
    began = time.monotonic()
    with pytest.raises(ImageError, match="503"):
        read(f"{address}/later/1", retries=1)
    assert time.monotonic() - began > 0.99
    began = time.monotonic()
    with pytest.raises(ImageError, match="503"):
        read(f"{address}/later/tomorrow", retries=1)
    assert time.monotonic() - began < 0.9


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        (
            "http://example.com/a.jpg",
            r"scheme 'http' are not read, only \['https'\]. Allow it with",
        ),
        ("file:///etc/passwd", "scheme 'file' are not read"),
        ("simplecache::https://example.com/a.jpg", "scheme 'simplecache::https' are not read"),
        ("https://example.com:port/a.jpg", "The URL is not valid"),
        ("https:///a.jpg", "The URL is not valid: it names no host"),
        ("https://user\r\n:x@/a", "The URL is not valid"),
    ],
)
def test_what_is_not_allowed_by_default(url, reason):
    with pytest.raises(ImageError, match=reason):
        read_url(url, retries=0)


class SlowFiles(AsyncFileSystem):
    """Files that take long, or fail, as their names say."""

    protocol = "slowfiles"
    cachable = False
    failures = itertools.count()

    async def _cat_file(self, path: str, start: int = 0, end: int = 0, **options: object) -> bytes:
        if path.endswith("fails"):
            next(self.failures)
            raise OSError("the store is down")
        await asyncio.sleep(0.01 if path.endswith("quick") else 5)
        return CONTENT[start:end]


@pytest.fixture
def memory() -> Iterator[str]:
    files = fsspec.filesystem("memory")
    files.pipe_file("/cvdata/a.jpg", CONTENT)
    yield "memory://cvdata/a.jpg"
    files.rm("/cvdata", recursive=True)


def test_other_schemes_are_read_with_fsspec(memory):
    assert read_url(memory, allow=("memory",)) == CONTENT
    with pytest.raises(ImageError, match="10,240 bytes or more; at most 10,239"):
        read_url(memory, allow=("memory",), max_bytes=10_239)
    with pytest.raises(ImageError, match="It cannot be read: "):
        read_url("memory://cvdata/none.jpg", allow=("memory",))
    with pytest.raises(ImageError, match="Chains of addresses"):
        read_url("memory://a.zip::memory://cvdata/a.jpg", allow=("memory",))


def test_unknown_schemes_and_missing_packages_are_named():
    with pytest.raises(ImageError, match="It cannot be read: Protocol not known"):
        read_url("nosuch://a/b.jpg", allow=("nosuch",))
    with pytest.raises(ImageError, match=r"fsspec lacks a package for this scheme: .*dropbox"):
        read_url("dropbox://a/b.jpg", allow=("dropbox",))


def test_stores_have_a_deadline_and_further_attempts():
    fsspec.register_implementation("slowfiles", SlowFiles, clobber=True)
    options = {"allow": ("slowfiles",), "pause": 0.001, "retries": 1}
    assert read_url("slowfiles://quick", **options) == CONTENT
    began = time.monotonic()
    with pytest.raises(ImageError, match=r"Reading failed: .*Tried 2 times"):
        read_url("slowfiles://slow", timeout=0.2, **options)
    assert time.monotonic() - began < 2
    with pytest.raises(ImageError, match="the store is down"):
        read_url("slowfiles://fails", **options)
    assert next(SlowFiles.failures) == 2
