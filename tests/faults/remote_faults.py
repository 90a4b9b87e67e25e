"""Servers that misbehave, hosts that are down, and addresses that only this machine can reach."""

from __future__ import annotations

import socket
import time
from functools import partial
from pathlib import Path

from tests.faults.fault import Fault
from tests.faults.server import BEHAVIOURS, came_of, serving

# Not public, each in another way.
_PRIVATE = """
0.0.0.0 10.0.0.1 100.64.0.1 127.0.0.1 168.63.129.16 169.254.169.254 172.16.0.1 192.0.0.8 192.0.2.1
192.88.99.1 192.168.0.1 198.18.0.1 198.51.100.1 203.0.113.1 224.0.0.1 240.0.0.1 255.255.255.255
:: ::1 ::10.0.0.1 ::ffff:10.0.0.1 ::ffff:0:10.0.0.1 64:ff9b::10.0.0.1 64:ff9b:1::1 100::1 2001::1
2001:2::1 2001:10::1 2001:db8::1 2002:a00:1:: 2a00::5efe:10.0.0.1 3fff::1 5f00::1 fc00::1
fd00:ec2::254 fe80::1 fec0::1 ff02::1
"""


def _nothing(folder: Path) -> Path:
    return folder


def _read(name: str, folder: Path) -> str:
    with serving() as server:
        return came_of(server.address, name)


def _reads_private(folder: Path) -> str:
    """Literal addresses need no look-up, and connecting to them would fail by another word."""
    from keras_cvdata.sources.remote import read_url
    from keras_cvdata.types import ImageError

    reached = []
    for address in _PRIVATE.split():
        host = f"[{address}]" if ":" in address else address
        try:
            read_url(f"http://{host}:9/", allow=("http",), timeout=0.05, retries=0)
        except ImageError as error:
            if "private address" not in str(error):
                reached.append(address)
    return f"reached: {' '.join(reached) or 'none'}"


def _tls_to_plain(folder: Path) -> str:
    from keras_cvdata.sources.remote import read_url

    with serving() as server:
        url = f"https://{server.address}/whole"
        return str(read_url(url, private_hosts=True, timeout=1.0, retries=0))


def _two_readings(folder: Path) -> str:
    with serving() as server:
        came = [came_of(server.address, "cut-then-another-picture") for _ in range(2)]
    return " and ".join(came)


def _with_password(folder: Path) -> str:
    with serving() as server:
        return came_of(f"joe:secret@{server.address}", "answers-401")


def _half_is_dead(folder: Path) -> str:
    import pandas as pd

    import keras_cvdata as cvd

    with socket.create_server(("127.0.0.1", 0)) as taken:
        dead = f"127.0.0.1:{taken.getsockname()[1]}"
    with serving() as server:
        rows = [f"http://{dead if row % 2 else server.address}/whole?{row}" for row in range(256)]
        table = pd.DataFrame({"location": rows, "label": [0, 0, 1, 1] * 64})
        sequence = cvd.DataFrameSequence(
            table,
            image_size=(8, 9),
            on_error="skip",
            threads=2,
            verbose=0,
            allow=("http",),
            private_hosts=True,
        )
        begun = time.monotonic()
        counts = [sum(len(batch[0]) for batch in sequence) for _ in range(2)]
        return f"{counts} images in {'less' if time.monotonic() - begun < 100 else 'more'}"


FAULTS = (
    *(
        Fault(
            f"server-{name}",
            "remote",
            _nothing,
            partial(_read, name),
            behaviour.right,
            seconds=10.0,
            quick=name in ("closed-in-the-headers", "reason-with-escapes"),
        )
        for name, behaviour in BEHAVIOURS.items()
    ),
    # It waits for the end of a line, which the greeting holds by chance or not.
    Fault(
        "server-speaks-no-tls",
        "remote",
        _nothing,
        _tls_to_plain,
        "The connection failed|No complete answer within 1 seconds",
    ),
    Fault("another-picture-later", "remote", _nothing, _two_readings, "(read 8 x 9, light.*){2}"),
    Fault(
        "password-in-a-url",
        "remote",
        _nothing,
        _with_password,
        r"^(?!.*secret)ImageError: http://\*\*\*@.*answered 401",
    ),
    Fault("addresses-not-public", "remote", _nothing, _reads_private, "reached: none"),
    Fault(
        "host-of-half-the-images-is-down",
        "remote",
        _nothing,
        _half_is_dead,
        r"\[256, 256\] images in less",
        cpu=10.0,
        seconds=150.0,
    ),
)
