"""What is asked of a server, and where redirects lead."""

from __future__ import annotations

import pytest

from keras_cvdata.sources import remote_request
from keras_cvdata.types import ImageError
from tests.sources.web_server import CONTENT, read


def test_paths_and_queries_arrive_as_they_are_meant(server):
    address, _ = server
    assert read(f"{address}/echo/a%20b?size=1&x=%2F#part") == b"/echo/a%20b?size=1&x=%2F"
    assert read(f"{address}/echo/ä b?k=ü") == b"/echo/%C3%A4%20b?k=%C3%BC"


def test_redirects_are_followed(server):
    address, visits = server
    assert read(f"{address}/redirect/redirect/image") == CONTENT
    assert visits == {"/redirect/redirect/image": 1, "/redirect/image": 1, "/image": 1}
    with pytest.raises(ImageError, match="redirects more than 5 times"):
        read(f"{address}/loop")
    assert visits["/loop"] == 6


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("file:||||etc|passwd", "URLs of scheme 'file' are not read"),
        ("https:||127.0.0.1|x", "URLs of scheme 'https' are not read"),
        ("http:||[::1", "The URL is not valid"),
    ],
)
def test_redirects_lead_nowhere_else(server, target, reason):
    address, _ = server
    with pytest.raises(ImageError, match=reason):
        read(f"{address}/to/{target}")


def test_lines_cannot_be_smuggled_into_a_request(server):
    address, _ = server
    assert read(f"{address}/echo/a\r\nX-Evil: 1") == b"/echo/aX-Evil:%201"
    assert read(f"{address}/echo/\0") == b"/echo/%00"


@pytest.mark.parametrize("host", ["2001:db8::beef", "2001:db8::81"])
def test_no_port_is_found_within_an_address(host, monkeypatch):
    asked = []

    def connect_not(addresses, time):
        asked.extend(addresses)
        raise ConnectionRefusedError

    monkeypatch.setattr(remote_request, "connect", connect_not)
    for scheme in ("http", "https"):
        with pytest.raises(ImageError, match="The connection failed"):
            read(f"{scheme}://[{host}]/a.jpg", retries=0, allow=(scheme,))
    assert asked == [(host, 80), (host, 443)]
