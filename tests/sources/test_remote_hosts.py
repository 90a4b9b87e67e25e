"""Hosts and addresses that failed are left alone for a while, and not for long."""

from __future__ import annotations

import os
import pickle
import re
import signal
import socket
import time
from collections.abc import Iterator

import pandas as pd
import pytest

from keras_cvdata.sources import DataFrameSource, remote_hosts
from keras_cvdata.sources.remote_errors import RefusedError
from keras_cvdata.sources.remote_hosts import Hosts
from keras_cvdata.types import ImageError
from tests.faults.server import PICTURE, Server, read, serving


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving() as server:
        yield server


def test_an_address_that_failed_is_left_alone(server: Server) -> None:
    hosts, name = Hosts(), "headers-then-nothing?again"
    for expected in ("Tried 2 times.$", "Tried 2 times. That was 0 seconds ago; it is not tried"):
        with pytest.raises(ImageError, match=expected):
            read(server, name, retries=1, timeout=0.3, hosts=hosts)
    assert read(server, "whole", hosts=hosts) == PICTURE


def test_a_host_that_failed_is_left_alone_by_the_whole_collection(server: Server) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        dead = f"http://127.0.0.1:{taken.getsockname()[1]}"
    rows = {
        "image": [f"{dead}/1", f"{dead}/2", f"http://{server.address}/whole"],
        "mask": [dead] * 3,
    }
    source = DataFrameSource(
        pd.DataFrame(rows),
        image_column="image",
        label_column=None,
        allow=("http",),
        private_hosts=True,
    )
    source.hosts.patience = 0.2
    for position, reading in enumerate((source, source, source.at_column("mask"))):
        begun = time.monotonic()
        with pytest.raises(ImageError, match=r"has failed for \d seconds .* refused") as caught:
            reading.fetch(position)
        assert caught.value.row == position
        assert position == 0 or time.monotonic() - begun < 0.4  # half a second is a single pause
    assert source.fetch(2) == PICTURE
    assert pickle.loads(pickle.dumps(source)).hosts.patience == 0.2


def test_one_attempt_shows_whether_a_host_is_back() -> None:
    hosts, down, other = Hosts(patience=5.0), "http://a.org/1.jpg", "http://b.org/1.jpg"
    hosts.note_failure(down, 0.0, 4.0, "Down.")
    hosts.note_failure(down, 1.0, 3.0, "Down.")  # meanwhile, on another thread
    hosts.check(down, at=4.0)
    hosts.note_failure(down, 4.0, 6.0, "Down.")
    hosts.note_failure(down, 5.0, 7.0, "Down.")  # had begun before
    hosts.check(other, at=8.0)
    with pytest.raises(RefusedError, match=r"'a.org' has failed for 7 seconds .* for 3 more"):
        hosts.check("http://a.org/2.jpg", at=8.0)
    hosts.check(down, at=11.0)
    with pytest.raises(RefusedError):  # one is enough
        hosts.check(down, at=11.0)
    hosts.note_failure(down, 11.0, 12.0, "Down.")
    with pytest.raises(RefusedError, match="for 2 more"):
        hosts.check(down, at=20.0)
    hosts.check(down, at=22.0)
    hosts.note_answer(down)
    hosts.check(down, at=22.0)


def test_a_host_is_tried_again_every_ten_minutes() -> None:
    hosts, url, at, rests = Hosts(), "http://a.org/1.jpg", 61.0, []
    hosts.note_failure(url, 0.0, at, "Down.")
    for _ in range(7):
        with pytest.raises(RefusedError) as caught:
            hosts.check(url, at=at)
        rests.append(int(re.findall(r"for (\d+) more", str(caught.value))[0]))
        at += rests[-1]
        hosts.check(url, at=at)
        hosts.note_failure(url, at, at, "Down.")
    assert rests == [60, 120, 240, 480, 600, 600, 600]


def test_a_host_that_asks_to_wait_gets_its_attempts() -> None:
    """Also where that takes longer than our patience, as with `Retry-After: 60`; but once."""
    hosts, busy = Hosts(patience=5.0), "http://a.org/1.jpg"
    hosts.note_failure(busy, 0.0, 9.0, "Busy.", is_asked=True)
    hosts.check(busy, at=9.0)
    hosts.note_failure(busy, 9.0, 10.0, "Busy.")
    with pytest.raises(RefusedError, match="failed for 10 seconds"):
        hosts.check(busy, at=14.0)
    hosts.check(busy, at=15.0)
    hosts.note_failure(busy, 15.0, 16.0, "Busy.", is_asked=True)
    with pytest.raises(RefusedError):
        hosts.check(busy, at=25.0)


def test_a_host_that_lacks_a_file_is_up(server: Server) -> None:
    hosts, url = Hosts(), f"http://{server.address}/whole"
    hosts.note_failure(url, 0.0, 59.0, "Down.")
    with pytest.raises(ImageError, match="answered 404"):
        read(server, "answers-404", hosts=hosts)
    hosts.note_failure(url, 59.0, 61.0, "Down.")
    hosts.check(url, at=61.0)


@pytest.mark.slow
def test_reading_tells_the_memory_that_it_was_asked_to_wait(server: Server) -> None:
    hosts = Hosts(patience=0.5)
    with pytest.raises(ImageError, match=r"answered 429 .*Tried 2 times"):
        read(server, "asks-to-wait-a-second", hosts=hosts, retries=1)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_the_memory_of_hosts_is_of_one_process() -> None:
    hosts = Hosts(patience=5.0)
    hosts.note_failure("http://a.org/1.jpg", 0.0, 9.0, "Down.")
    with hosts._lock:  # as where another thread has it
        child = os.fork()
        if not child:
            signal.alarm(5)
            try:
                hosts.check("http://a.org/1.jpg", at=9.0)
                os._exit(7)
            finally:
                os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7


def test_few_failures_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote_hosts, "_KEPT", 4)
    hosts = Hosts()
    for number in range(9):
        hosts.give_up(f"http://a.org/{number}", time.monotonic() - 60, "Down.")
    assert len(hosts._addresses) == 4
    with pytest.raises(RefusedError, match=r"Down. That was 0 seconds ago"):
        hosts.check("http://a.org/8")
    hosts.check("http://a.org/0")
