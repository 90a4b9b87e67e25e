"""A connection that ends when its time is up, when it brings too much, or when it is given up."""

from __future__ import annotations

import functools
import io
import os
import selectors
import socket
import ssl
from contextlib import suppress
from typing import Any

from keras_cvdata.cancellation import Allowance
from keras_cvdata.sources.remote_errors import RefusedError

CHUNK = 1 << 16

_LONGEST_HEAD = 1 << 20  # bytes, also of all answers that only tell to wait for another


@functools.cache
def tls_context() -> ssl.SSLContext:
    """Settings of all TLS connections; reading the certificates takes 10 milliseconds and more."""
    return ssl.create_default_context()


def connect(addresses: list[Any], time: Allowance) -> socket.socket:
    """Connect to the first address that answers; none may use up the time of the others.

    Args:
        addresses: As `remote_addresses.look_up` gives them.
        time: How long it may take.

    Returns:
        A socket, connected.

    Raises:
        OSError: None of them answers.
    """
    for waiting in range(len(addresses) - 1, 0, -1):
        with suppress(OSError):
            return _connect(addresses[-waiting - 1], time.share(waiting))
    return _connect(addresses[-1], time)


def _connect(address: Any, time: Allowance) -> socket.socket:
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        with suppress(BlockingIOError):
            sock.connect(address)
        with selectors.DefaultSelector() as selector:
            selector.register(sock, selectors.EVENT_WRITE)
            while not selector.select(time.glance()):
                pass
        code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code:
            raise OSError(code, os.strerror(code))
    except BaseException:
        sock.close()
        raise
    return sock


def secure(sock: socket.socket, host: str, time: Allowance) -> ssl.SSLSocket:
    """Have a connection speak TLS.

    Args:
        sock: The connection, which belongs to the result.
        host: Name that the server must prove to have.
        time: How long it may take.

    Returns:
        The connection; where the other side ends without a word, that is an error and no end.

    Raises:
        OSError: The other side does not prove it, or speaks no TLS.
    """
    wrapped = tls_context().wrap_socket(
        sock, server_hostname=host, do_handshake_on_connect=False, suppress_ragged_eofs=False
    )
    try:
        while not _shakes_hands(wrapped, time):
            pass
    except BaseException:
        wrapped.close()
        raise
    return wrapped


def _shakes_hands(sock: ssl.SSLSocket, time: Allowance) -> bool:
    sock.settimeout(time.glance())
    try:
        sock.do_handshake()
    except TimeoutError:
        return False
    return True


class Wire(io.RawIOBase):
    """What a connection brings.

    Args:
        sock: The connection.
        time: How long all of it may take.

    Attributes:
        left: Number of bytes after which it brings too much.
        may_end: Whether the other side may close it now.
    """

    def __init__(self, sock: socket.socket, time: Allowance) -> None:
        self._sock, self._time = sock, time
        self.left, self.may_end = _LONGEST_HEAD, False

    def readable(self) -> bool:
        """Yes."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Wait for some bytes, at most until time is up."""
        while True:
            self._sock.settimeout(self._time.glance())
            with suppress(TimeoutError):
                count = self._sock.recv_into(buffer)
                break
        self._time.left()  # too late is too late, whatever came
        if not count and not self.may_end:
            raise ConnectionError("it was closed before the answer was complete")
        self.left -= count
        if self.left < 0:
            raise RefusedError(
                "The server sends far more than a file. Correct the URL, or remove the row."
            )
        return count


class Conversation:
    """A connection in place of the socket of `http.client`.

    Args:
        sock: The connection, which whoever made it closes.
        time: How long all of it may take.

    Attributes:
        wire: What the connection brings.
        reader: The same, for who reads lines.
    """

    def __init__(self, sock: socket.socket, time: Allowance) -> None:
        self._sock, self._time = sock, time
        self.wire = Wire(sock, time)
        self.reader = io.BufferedReader(self.wire, CHUNK)

    def makefile(self, mode: str) -> io.BufferedReader[Wire]:  # noqa: ARG002 # it is always "rb"
        """The reader."""
        return self.reader

    def sendall(self, data: bytes) -> None:
        """Send a request."""
        rest = memoryview(data)
        while rest:
            self._sock.settimeout(self._time.glance())
            with suppress(TimeoutError):
                rest = rest[self._sock.send(rest) :]

    def close(self) -> None:
        """Nothing: the answer is yet to be read when `http.client` wants it closed."""
