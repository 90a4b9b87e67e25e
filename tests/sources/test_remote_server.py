"""Each misbehaviour of a server gives what is right: the whole picture, or an error."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Iterator
from concurrent.futures import CancelledError, ThreadPoolExecutor

import pytest

from keras_cvdata.cancellation import Cancellation
from keras_cvdata.sources.remote import read_url
from keras_cvdata.types import ImageError
from tests.faults.server import BEHAVIOURS, Server, came_of, read, serving


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving() as server:
        yield server


@pytest.mark.slow
def test_what_is_right_comes(server: Server) -> None:
    def came(name: str) -> str:
        return came_of(server.address, name, 0.3 if BEHAVIOURS[name].is_slow else 10.0)

    with ThreadPoolExecutor(16) as pool:
        found = dict(zip(BEHAVIOURS, pool.map(came, BEHAVIOURS), strict=True))
    assert len(found) > 80
    wrong = {n: c for n, c in found.items() if not re.search(BEHAVIOURS[n].right, c)}
    assert not wrong
    assert not {n: c for n, c in found.items() if not c.isprintable() or len(c) > 700}


def test_words_of_a_server_are_in_no_traceback(server: Server) -> None:
    for name in ("status-line-with-escapes", "redirects-to-a-bad-port", "reason-with-escapes"):
        with pytest.raises(ImageError) as caught:
            read(server, name, retries=0)
        assert caught.value.__cause__ is None


def test_reading_ends_when_its_work_is_given_up(server: Server) -> None:
    """Wherever it waits: for a connection, a head, a body, or for the next attempt."""
    work, begun = Cancellation(), time.monotonic()

    def give_up(name: str, url: str) -> str:
        with work.covers(), pytest.raises(CancelledError):
            read_url(url, allow=("http", "https"), private_hosts=True, pause=30)
        return name

    with socket.create_server(("127.0.0.1", 0), backlog=0) as full, ThreadPoolExecutor(8) as pool:
        address = f"127.0.0.1:{full.getsockname()[1]}"
        waiting = [socket.socket() for _ in range(3)]
        for each in waiting:
            each.setblocking(False)
            each.connect_ex(full.getsockname())
        urls = {
            "connect": f"http://{address}/",
            "tls": f"https://{server.address}/nothing-sent",
            "head": f"http://{server.address}/headers-dripping",
            "body": f"http://{server.address}/body-dripping",
            "pause": f"http://{server.address}/answers-500",
        }
        futures = [pool.submit(give_up, *each) for each in urls.items()]
        time.sleep(0.3)
        work.cancel()
        assert [each.result(20) for each in futures] == list(urls)
        for each in waiting:
            each.close()
    assert time.monotonic() - begun < 20  # the deadline of each of them
