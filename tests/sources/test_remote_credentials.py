"""User and password of a URL: what its server gets, what others get, and what is said of them."""

from __future__ import annotations

import base64
import http.server
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

import fsspec
import pandas as pd
import pytest
from fsspec.spec import AbstractFileSystem

from keras_cvdata.sources import CSVSource, DataFrameSource, JSONSource
from keras_cvdata.sources.remote import read_url
from keras_cvdata.sources.remote_credentials import Credentials
from keras_cvdata.sources.remote_hosts import Hosts
from keras_cvdata.types import ImageError, brief, without_credentials

USER, PASSWORD = "joe%40example.com", "s3cr%2Ft%3A%C3%BC"  # joe@example.com, s3cr/t:ü
RIGHT = "Basic " + base64.b64encode("joe@example.com:s3cr/t:ü".encode()).decode()
OPTIONS = {"allow": ("http",), "private_hosts": True, "retries": 0, "timeout": 5.0}


class Handler(http.server.BaseHTTPRequestHandler):
    """Has images for who says the right words, and sends others elsewhere by `/to/ADDRESS`."""

    seen: list[str | None]

    def do_GET(self) -> None:
        self.seen.append(self.headers["Authorization"])
        target = self.path.partition("/to/")[2]
        if target:
            self.send_response(302)
            self.send_header("Location", target)
        else:
            self.send_response(200 if self.headers["Authorization"] == RIGHT else 401)
        self.send_header("Content-Length", "0" if target else "5")
        self.end_headers()
        self.wfile.write(b"" if target else b"image")

    def log_message(self, *arguments: object) -> None:
        pass


@contextmanager
def serving() -> Iterator[tuple[str, list[str | None]]]:
    """Host and port of a server, and what it was told to authorize each request."""
    seen: list[str | None] = []
    handler = type("SeeingHandler", (Handler,), {"seen": seen})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"127.0.0.1:{server.server_port}", seen
        finally:
            server.shutdown()
            thread.join()


def said_by(url: str, **options: object) -> str:
    """All that an error and its causes say."""
    with pytest.raises(ImageError) as caught:
        read_url(url, **{**OPTIONS, **options})
    return f"{''.join(traceback.format_exception(caught.value))} {caught.value.args}"


def test_user_and_password_are_sent() -> None:
    with serving() as (here, seen):
        assert read_url(f"http://{USER}:{PASSWORD}@{here}/a.jpg", **OPTIONS) == b"image"
        said = said_by(f"http://{here}/a.jpg")
        assert "answered 401 Unauthorized. Correct the URL, which may hold user and" in said
        assert "http://***@127" in said_by(f"http://token@{here}/a.jpg")
    assert seen == [RIGHT, None, "Basic " + base64.b64encode(b"token:").decode()]


def test_they_are_sent_nowhere_else() -> None:
    with serving() as (here, seen), serving() as (there, seen_there):
        url = f"http://{USER}:{PASSWORD}@{here}/to/"
        assert read_url(f"{url}/a.jpg", **OPTIONS) == b"image"
        assert read_url(f"{url}http://{here}/a.jpg", **OPTIONS) == b"image"
        assert read_url(f"{url}http://x:y@{here}/a.jpg", **OPTIONS) == b"image"
        said = said_by(f"{url}http://{there}/to/http://{here}/a.jpg")
        said_by(f"{url}http://x:y@{there}/a.jpg")
    assert "answered 401" in said
    joe = Credentials.of("https://joe:x@example.com/a.jpg")
    for other in ("http://example.com:443", "https://example.com:80", "https://a.example.com"):
        assert not joe.are_for(f"{other}/a.jpg")
    assert seen == [RIGHT] * 7 + [None, RIGHT]
    assert seen_there == [None] * 2


def test_they_are_in_no_message(tmp_path) -> None:
    with serving() as (here, _):
        url = f"http://joe:s3cret@{here}/a.jpg"
        table = pd.DataFrame({"image": [url, f" {url}"], "n": [1, 2]})
        options = {"image_column": "image", "label_column": None, "missing": "later"}
        source = DataFrameSource(table, allow=("http",), private_hosts=True, **options)
        with pytest.raises(ImageError, match=rf"http://\*\*\*@{here}/a.jpg \(row 0\)") as refused:
            source.fetch(0)
        said = [str(refused.value), refused.value.name, source.name(0), brief([url + "x" * 999])]
    hosts = Hosts()
    hosts.note_failure(url, 0.0, time.monotonic() + 60.0, "Down.")
    said += [said_by(url), said_by(url, hosts=hosts)]
    assert f"The host '{here}' has failed" in said[-1]
    for wrong in ("s3cret/@", "[s3cret@", "s3cret\u2100@", "s3cret#x@y@"):
        said.append(said_by(f"http://joe:{wrong}{here}/a.jpg"))
        assert "not valid. Escape user and password, each with urllib.parse.quote" in said[-1]
    said.append(said_by(f"http://joe:s3cret@{here}x/a.jpg"))
    with pytest.raises(FileNotFoundError) as missing:
        DataFrameSource(table, **{**options, "missing": "raise"})
    (tmp_path / "table.csv").write_text(f"location,label\n{url},a,b\n")
    with pytest.raises(ValueError, match="expected 2 values") as uneven:
        CSVSource(tmp_path / "table.csv")
    (tmp_path / "table.json").write_text(f'[{{"u": "{url}", "label": 1, "label": 2}}]')
    with pytest.raises(ValueError, match="holds the key 'label' 2 times") as twice:
        JSONSource(tmp_path / "table.json")
    for text in (*said, str(missing.value), str(uneven.value), str(twice.value)):
        assert "***" in text or "has failed" in text
        assert "s3cr" not in text
    assert source.location(0) == url  # where a table is written, images must be found again


class Closed(AbstractFileSystem):
    """A store that repeats what it was told."""

    protocol = "closed"
    cachable = False

    @staticmethod
    def _get_kwargs_from_urls(path: str) -> dict[str, str]:
        return {"url": path}

    def cat_file(self, path: str, start: int = 0, end: int = 0, **options: object) -> bytes:
        raise OSError(f"{self.storage_options['url']}: s3cr/t is wrong")


def test_stores_get_them_and_say_nothing_of_them() -> None:
    fsspec.register_implementation("closed", Closed, clobber=True)
    said = said_by("closed://joe:s3cr%2Ft@box/a.jpg", allow=("closed",))
    assert "Reading failed: closed://joe:***@box/a.jpg: *** is wrong." in said
    assert "s3cr" not in said


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://h/a@b.jpg?x=y:z@q", None),
        ("http://h:80/a@b", None),
        ("http://[::1]:80/a@b", None),
        ("abfs://container@account/x@2x.jpg", None),
        ("file:///C:/a@b.jpg", None),
        ("C:\\a:b@c", None),
        ("joe:x@y", None),
        ("HTTPS://token@h", "HTTPS://***@h"),
        ("ftp://joe:x@h/a@b", "ftp://***@h/a@b"),
        ("https://j@e.org:x@y@[::1]:80/a@b", "https://***@[::1]:80/a@b"),
        ("http://joe:a/b?c#d@h/a", "http://***@h/a"),
    ],
)
def test_what_is_left_out(url: str, shown: str | None) -> None:
    assert without_credentials(url) == (shown or url)
