"""A server on this machine that misbehaves, in each way that has a name, and what is right then."""

from __future__ import annotations

import gzip
import itertools
import socket
import struct
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import NamedTuple

import cv2
import numpy as np

Part = bytes | float
"""Bytes that are sent, or seconds in which nothing is; RESET cuts the connection hard."""

RESET = -1.0
_SILENCE = 60.0


def picture(light: int = 0) -> bytes:
    """A PNG of 8 x 9 pixels."""
    pixels = np.arange(8 * 9 * 3, dtype=np.uint8).reshape(8, 9, 3)
    return cv2.imencode(".png", pixels // 2 + np.uint8(light))[1].tobytes()


PICTURE = picture()
_HALF = len(PICTURE) // 2


def head(status: str = "200 OK", *headers: str) -> bytes:
    """Status line and headers, with all that follows them."""
    return "\r\n".join([f"HTTP/1.1 {status}", *headers, "", ""]).encode("latin-1")


def whole(body: bytes = PICTURE, *headers: str, status: str = "200 OK") -> bytes:
    """An answer that is right."""
    return head(status, f"Content-Length: {len(body)}", *headers) + body


def chunks(body: bytes = PICTURE, end: bytes = b"0\r\n\r\n", extension: bytes = b"") -> bytes:
    """An answer in chunks."""
    parts = (body[start : start + 50] for start in range(0, len(body), 50))
    sent = b"".join(b"%x%b\r\n%b\r\n" % (len(part), extension, part) for part in parts)
    return head("200 OK", "Transfer-Encoding: chunked") + sent + end


def _drip(data: bytes) -> Iterator[Part]:
    for byte in itertools.chain(data, itertools.repeat(ord("x"))):
        yield bytes([byte])
        yield 0.05


class Behaviour(NamedTuple):
    """What a server sends.

    Attributes:
        answer: What is sent, given how often it was asked before.
        right: Regular expression of which a match must be found in what reading it gives: "read"
            and the size of the picture, or the error.
        is_slow: Whether it is the deadline that ends it.
    """

    answer: Callable[[int], Iterable[Part]]
    right: str
    is_slow: bool = False


def _says(*parts: Part, right: str, is_slow: bool = False) -> Behaviour:
    return Behaviour(lambda _: parts, right, is_slow)


def _status(status: str, *headers: str, right: str = "") -> Behaviour:
    return _says(
        whole(b"", *headers, status=status), right=right or f"answered {status}.*Correct the URL"
    )


def _first(*failing: Part) -> Behaviour:
    """Fail once, then answer with another picture."""
    good = whole(picture(90), 'ETag: "2"')
    return Behaviour(lambda visit: (good,) if visit else failing, "read 8 x 9, light")


READ = "read 8 x 9$"
_LATE = "No complete answer within"
_CLOSED = "ImageError.*The connection failed: .*closed"
_CHUNKED = "Transfer-Encoding: chunked"
_GZIP = "Content-Encoding: gzip"


def _forever(*parts: bytes) -> Callable[[int], Iterable[Part]]:
    return lambda _: itertools.chain(parts[:-1], itertools.repeat(parts[-1]))


_FINAL = (
    "204 No Content",
    "206 Partial Content",
    "304 Not Modified",
    "401 Unauthorized",
    "403 Forbidden",
    "404 Not Found",
    "410 Gone",
)

BEHAVIOURS = {
    "whole": _says(whole(), right=READ),
    "keep-alive-then-closed": _says(whole(PICTURE, "Connection: keep-alive"), right=READ),
    # slow
    "nothing-sent": _says(_SILENCE, right=_LATE, is_slow=True),
    "status-dripping": Behaviour(lambda _: _drip(b""), _LATE, True),
    "headers-dripping": Behaviour(lambda _: _drip(b"HTTP/1.1 200 OK\r\nX: "), _LATE, True),
    "headers-then-nothing": _says(head(), _SILENCE, right=_LATE, is_slow=True),
    "body-dripping": Behaviour(lambda _: _drip(head("200 OK", "Content-Length: 999")), _LATE, True),
    "body-dripping-without-length": Behaviour(lambda _: _drip(head()), _LATE, True),
    "body-stops-without-length": _says(
        head(), PICTURE[:_HALF], _SILENCE, right=_LATE, is_slow=True
    ),
    "chunks-stop": _says(chunks(end=b""), _SILENCE, right=_LATE, is_slow=True),
    "longer-promised-and-open": _says(
        head("200 OK", "Content-Length: 999"), PICTURE, _SILENCE, right=_LATE, is_slow=True
    ),
    # cut
    "closed-at-once": _says(right=_CLOSED),
    "reset-at-once": _says(RESET, right="The connection failed: .*(reset|closed)"),
    "closed-in-the-status": _says(b"HTTP/1.1 20", right=_CLOSED),
    "closed-in-the-headers": _says(b"HTTP/1.1 200 OK\r\nX: 1\r\n", right=_CLOSED),
    "closed-after-the-headers": _says(head(), right=_CLOSED),
    "closed-in-the-body": _says(whole()[:-9], right=r"it ended after \d+ of \d+ bytes"),
    "reset-in-the-body": _says(whole()[:-9], 0.1, RESET, right="The connection failed"),
    "closed-in-the-body-without-length": _says(head(), PICTURE[:_HALF], right="truncated"),
    "closed-in-a-chunk": _says(chunks()[:-40], right="it ended after|is damaged|closed"),
    "closed-before-the-last-chunk": _says(chunks(end=b""), right=_CLOSED),
    # lengths
    "no-length": _says(head(), PICTURE, right=READ),
    "length-twice": _says(whole(PICTURE, f"Content-Length: {len(PICTURE)}"), right=READ),
    "two-lengths": _says(whole(PICTURE, "Content-Length: 9"), right="is the length of the file"),
    "length-too-short": _says(
        head("200 OK", f"Content-Length: {_HALF}"), PICTURE, right="truncated"
    ),
    "length-negative": _says(head("200 OK", "Content-Length: -5"), right="'-5' is the length"),
    "length-in-words": _says(head("200 OK", "Content-Length: 1_0"), right="'1_0' is the length"),
    "length-immense": _says(
        head("200 OK", "Content-Length: " + "9" * 5000), right="bytes or more; at most"
    ),
    "length-zero": _says(whole(b""), right="ImageError.*empty"),
    "infinite-body": Behaviour(_forever(head(), bytes(1 << 16)), "bytes or more; at most"),
    # chunks
    "chunked": _says(chunks(), right=READ),
    "chunked-with-trailer": _says(
        chunks(end=b"0;x\r\nX: 1\r\n\r\n", extension=b"; a=b"), right=READ
    ),
    "chunk-without-number": _says(head("200 OK", _CHUNKED), b"zz\r\n", right="chunk is damaged"),
    "chunk-negative": _says(head("200 OK", _CHUNKED), b"-5\r\nabc", right="chunk is damaged"),
    "chunk-with-prefix": _says(head("200 OK", _CHUNKED), b"0x4\r\nabcd", right="chunk is damaged"),
    "chunk-longer": _says(
        head("200 OK", _CHUNKED), b"2\r\nabcd\r\n0\r\n\r\n", right="longer than it says"
    ),
    "chunk-immense": _says(head("200 OK", _CHUNKED), b"f" * 400 + b"\r\n", right="at most"),
    "chunk-extension-endless": Behaviour(
        _forever(head("200 OK", _CHUNKED), b"1;", b"x" * 9999), "a chunk is damaged"
    ),
    "chunks-of-a-byte-forever": Behaviour(
        _forever(head("200 OK", _CHUNKED), b"1;" + b"x" * 999 + b"\r\nx\r\n"),
        "at most|sends far more",
    ),
    "trailer-endless": Behaviour(_forever(chunks(end=b"0\r\n"), b"X: 1\r\n" * 999), READ),
    "closed-after-the-last-chunk": _says(chunks(end=b"0\r\n"), right=READ),
    "transfer-encoding-identity": _says(whole(PICTURE, "Transfer-Encoding: identity"), right=READ),
    "encoding-that-is-none": _says(whole(PICTURE, "Content-Encoding: utf-8"), right=READ),
    # encodings
    "transfer-encoding-unknown": _says(
        head("200 OK", "Transfer-Encoding: gzip, chunked"), right="'gzip, chunked', which is not"
    ),
    "gzip-although-not-asked-for": _says(whole(gzip.compress(PICTURE), _GZIP), right=READ),
    "gzip-said-only": _says(whole(PICTURE, _GZIP), right=READ),
    "gzip-bomb": Behaviour(
        lambda _: (whole(gzip.compress(bytes(1 << 26)), _GZIP),), "bytes or more; at most"
    ),
    "gzip-damaged": _says(whole(gzip.compress(PICTURE)[:20] + bytes(99), _GZIP), right="gzip is"),
    "gzip-cut": _says(whole(gzip.compress(PICTURE)[:-9], _GZIP), right="gzip is not whole"),
    "brotli": _says(whole(PICTURE, "Content-Encoding: br"), right="encoding 'br', which is not"),
    # heads
    "headers-endless": Behaviour(_forever(head()[:-2], b"X: 1\r\n"), "more than 100 headers"),
    "header-immense": Behaviour(_forever(head()[:-2], b"X" * 9999), "more than 65536 bytes"),
    "continue-endless": Behaviour(_forever(head("100 Continue") * 99), "sends far more than"),
    "status-line-bad": _says(b"FTP 220 hello\r\n", right="does not speak HTTP.*FTP 220"),
    "http-0.9": _says(b"<html>hello</html>\n", right="does not speak HTTP.*<html>"),
    "status-no-number": _says(head("OK"), right="does not speak HTTP"),
    "speaks-tls": _says(b"\x15\x03\x01\0\x02\x02\x46", right="does not speak HTTP|closed"),
    "header-folded": _says(head("302 Found", "Location: /whole\r\n "), right=READ),
    "zero-bytes-in-headers": _says(whole(PICTURE, "X: a\0b"), right=READ),
    # what is said
    "reason-with-escapes": _status(
        "404 \x1b]0;x\x07\x1b[31m", right=r"404 \\x1b\]0;x\\x07\\x1b\[31"
    ),
    "reason-not-ascii": _says(
        head("404 Nicht da: ä".encode().decode("latin-1")), right="404 Nicht da: ä. Correct"
    ),
    "reason-immense": _status("404 " + "x" * 60_000, right=r"^.{,200}x\.\.\.\. Correct the URL"),
    "status-line-with-escapes": _says(b"\x1b[2J\x1b[31m\r\n", right=r"with '\\x1b\[2J"),
    "encoding-with-escapes": _says(
        whole(PICTURE, "Content-Encoding: br, \x1b[31m" + "y" * 999), right=r"\\x1b\[31my+\.\.\.'"
    ),
    # statuses
    **{f"answers-{status[:3]}": _status(status) for status in _FINAL},
    "answers-500": _status("500 Oops", right="answered 500 Oops. Tried 2 times"),
    "asks-to-wait-a-second": _status("429 Slow", "Retry-After: 1", right="429 Slow. Tried 2 times"),
    "asks-to-wait-an-hour": _status("429 Slow", "Retry-After: 3600", right="answered 429 Slow.$"),
    "html": _says(whole(b"<!DOCTYPE html><p>Log in"), right="an HTML page"),
    # redirects
    "redirects-for-ever": _status(
        "302 Found", "Location: /redirects-for-ever", right="more than 5"
    ),
    "redirects-nowhere": _status("302 Found", right="answered 302 Found, but not where"),
    "redirects-to-a-file": _status("302 Found", "Location: file:///etc/passwd", right="'file' are"),
    "redirects-with-escapes": _status(
        "302 Found", "Location: http://[\x1b[31m", right=r"URL is not valid.*\\x1b|not valid"
    ),
    "redirects-to-a-bad-port": _status(
        "302 Found", "Location: http://127.0.0.1:\x1b31m/", right=r"not valid: .*\\x1b31m"
    ),
    "redirects-in-utf-8": _status(
        "302 Found", "Location: /whole?ä".encode().decode("latin-1"), right=READ
    ),
    # the second attempt
    "500-then-good": _first(whole(b"", status="500 Oops")),
    "503-with-a-date-then-good": _first(
        whole(b"", "Retry-After: Thu, 01 Jan 1970 00:00:00 GMT", status="503 Busy")
    ),
    "cut-then-another-picture": _first(whole(PICTURE, 'ETag: "1"')[:-9]),
    "reset-then-another-picture": _first(RESET),
    "damaged-chunk-then-another-picture": _first(head("200 OK", _CHUNKED), b"x"),
}


_NO_ANSWER = BEHAVIOURS["nothing-sent"]  # also to what speaks TLS


class Server:
    """Answers `/name` by the behaviour of that name.

    Attributes:
        address: Where it is.
        visits: How often each path was asked for.
    """

    def __init__(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.address = f"127.0.0.1:{self._listening.getsockname()[1]}"
        self.visits: Counter[str] = Counter()
        self._is_over = threading.Event()
        self._lock = threading.Lock()

    def serve(self) -> None:
        """Answer until `stop`, each on a thread of its own."""
        while True:
            connection, _ = self._listening.accept()
            if self._is_over.is_set():
                connection.close()
                return
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def stop(self) -> None:
        """End all that goes on."""
        self._is_over.set()
        host, port = self._listening.getsockname()
        socket.create_connection((host, port)).close()
        self._listening.close()

    def _answer(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            request = b""
            while b"\n" not in request and (some := connection.recv(1 << 16)):
                request += some
            name = [*request.split(), b"", b""][1].decode("latin-1")[1:].partition("?")[0]
            with self._lock:
                visit = self.visits[name]
                self.visits[name] += 1
            for part in BEHAVIOURS.get(name, _NO_ANSWER).answer(visit):
                if self._is_over.is_set():
                    return
                self._send(connection, part)
            connection.shutdown(socket.SHUT_WR)

    def _send(self, connection: socket.socket, part: Part) -> None:
        if isinstance(part, bytes):
            connection.sendall(part)
        elif part == RESET:
            linger = struct.pack("ii", 1, 0)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            connection.close()
        else:
            self._is_over.wait(part)


@contextmanager
def serving() -> Iterator[Server]:
    """A server as long as the block."""
    server = Server()
    thread = threading.Thread(target=server.serve, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.stop()
        thread.join()


def read(server: Server, name: str, **options: object) -> bytes:
    """Read from a server by a behaviour, with options of `read_url`."""
    from keras_cvdata.sources.remote import read_url

    chosen = {"allow": ("http",), "private_hosts": True, "pause": 0.01, **options}
    return read_url(f"http://{server.address}/{name}", **chosen)  # type: ignore[arg-type]


def came_of(address: str, name: str, timeout: float = 1.0) -> str:
    """Read a picture from the server, as a source does, and say what came.

    Args:
        address: Of the server.
        name: Of the behaviour.
        timeout: Seconds for one attempt, of two.

    Returns:
        "read" and its size, or the error.
    """
    from keras_cvdata import codec
    from keras_cvdata.sources.remote import read_url

    try:
        data = read_url(
            f"http://{address}/{name}",
            allow=("http",),
            private_hosts=True,
            timeout=timeout,
            max_bytes=1 << 22,
            retries=1,
            pause=0.01,
        )
        pixels = codec.read(data)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    light = ", light" if pixels.min() > 80 else ""
    return f"read {pixels.shape[0]} x {pixels.shape[1]}{light}"
