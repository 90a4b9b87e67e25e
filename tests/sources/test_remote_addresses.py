"""Addresses that tables from elsewhere may reach."""

from __future__ import annotations

import socket
import time

import pytest

from keras_cvdata.sources.remote_addresses import is_public
from keras_cvdata.types import ImageError
from tests.sources.web_server import read


def test_private_addresses_are_refused(server):
    address, visits = server
    with pytest.raises(ImageError, match=r"'127.0.0.1' is at the private address 127.0.0.1"):
        read(f"{address}/image", private_hosts=False)
    with pytest.raises(ImageError, match="'localhost' is at the private address"):
        read(address.replace("127.0.0.1", "localhost"), private_hosts=False)
    assert visits == {}


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("8.8.8.8", True),
        ("2001:4860:4860::8888", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("192.168.0.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("239.1.2.3", False),
        ("::1", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:8.8.8.8", True),
        ("fe80::1%eth0", False),
        ("64:ff9b::7f00:1", False),
        ("2002:7f00:1::", False),
        ("2002:808:808::", True),
        ("64:ff9b::808:808", True),
        ("64:ff9b:1::808:808", False),
        ("::10.0.0.1", False),
        ("::8.8.8.8", False),
        ("::ffff:0:10.0.0.1", False),
        ("::ffff:0:8.8.8.8", False),
        ("2a00:1450::5efe:a00:1", False),
        ("2a00:1450::200:5efe:a00:1", False),
        ("2a00:1450::1", True),
        ("::", False),
        ("100::1", False),
        ("2001::1", False),
        ("2001:20::1", False),
        ("2001:db8::1", False),
        ("3fff::1", False),
        ("5f00::1", False),
        ("fc00::1", False),
        ("fd00:ec2::254", False),
        ("fec0::1", False),
        ("ff02::1", False),
        ("172.31.0.1", False),
        ("168.63.129.16", False),
        ("192.0.0.8", False),
        ("192.0.0.170", False),
        ("192.0.2.1", False),
        ("192.88.99.1", False),
        ("198.19.0.1", False),
        ("198.51.100.1", False),
        ("203.0.113.1", False),
        ("240.0.0.1", False),
        ("255.255.255.255", False),
    ],
)
def test_whatis_public(address, public):
    """Also private addresses that are wrapped in IPv6."""
    assert is_public(address) is public


def test_looking_a_name_up_has_a_deadline(monkeypatch):
    """No resolver of a system can be interrupted."""
    resolve, asked = socket.getaddrinfo, []

    def slow(host, port, *, flags=0, **options):
        asked.append(host)
        if flags or len(asked) < 3:
            raise socket.gaierror(-2, "Name or service not known")
        time.sleep(0.5)
        return resolve("127.0.0.1", port, **options)

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    with pytest.raises(ImageError, match=r"The connection failed: .*Name or service not known"):
        read("http://nobody.invalid/a.jpg", retries=0)
    with pytest.raises(ImageError, match=r"No complete answer within 0.1 seconds"):
        read("http://nobody.invalid/a.jpg", retries=0, timeout=0.1)
