"""Reading remote files that may be anything, from servers that may do anything."""

from __future__ import annotations

import functools
import http.client
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Collection, Iterator
from contextlib import closing, contextmanager, suppress
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

from keras_cvdata.codec.limits import MAX_BYTES
from keras_cvdata.types import ImageError

MAX_REDIRECTS = 5
LONGEST_PAUSE = 30.0  # seconds, also where a server asks for more

_TOO_MANY_REQUESTS = 429
_CHUNK = 1 << 16
_HEADERS = {"User-Agent": "keras-cvdata", "Accept": "image/*", "Accept-Encoding": "identity"}
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_PATH_CHARACTERS = "/%:@!$&'()*+,;=~-._?"


class _RefusedError(Exception):
    """A request that another attempt cannot mend."""


class _FailedError(Exception):
    """A request that another attempt may mend, perhaps after a pause asked for by the server."""

    def __init__(self, reason: str, pause: float = 0.0) -> None:
        super().__init__(reason)
        self.pause = pause


def read_url(
    url: str,
    *,
    allow: Collection[str] = ("https",),
    timeout: float = 20.0,
    max_bytes: int = MAX_BYTES,
    retries: int = 3,
    pause: float = 0.5,
    private_hosts: bool = False,
) -> bytes:
    """Read a remote file with bounded time, memory and reach (R22, R31).

    `https` and `http` are read directly, without proxies and cookies. All other schemes that are
    allowed are left to fsspec and the package it names for them (s3fs for `s3`, gcsfs for `gs`).

    Answers 429 and 5xx and failing connections are tried again, with a doubling pause.

    Args:
        url: Address with its scheme.
        allow: Schemes that may be read, also after a redirect.
        timeout: Seconds that one attempt may take in all.
        max_bytes: Length from which on a file is refused.
        retries: Attempts after the first.
        pause: Seconds before the first of them.
        private_hosts: Also read from this machine and from private networks. A table from elsewhere
            could otherwise reach what only this machine can.

    Returns:
        The content.

    Raises:
        ImageError: The address is not allowed, or cannot be read.

    Example:
        >>> read_url("http://example.com/a.jpg")
        Traceback (most recent call last):
        keras_cvdata.types.ImageError: http://example.com/a.jpg: URLs of scheme 'http' are not ...
    """
    scheme = url.partition("://")[0].lower()
    for attempt in range(retries + 1):
        try:
            _check_scheme(scheme, allow)
            if scheme in ("http", "https"):
                return _Request(url, allow, timeout, max_bytes, private_hosts).read()
            return _read_with_fsspec(url, timeout, max_bytes)
        except _RefusedError as error:
            raise ImageError(url, str(error)) from error.__cause__
        except _FailedError as error:
            if attempt == retries:
                tried = f" Tried {attempt + 1} times." if attempt else ""
                raise ImageError(url, f"{error}{tried}") from error.__cause__
            time.sleep(min(max(pause * 2**attempt, error.pause), LONGEST_PAUSE))
    raise ValueError(f"retries must be 0 or more; got {retries}.")


def _check_scheme(scheme: str, allow: Collection[str]) -> None:
    if scheme not in allow:
        raise _RefusedError(
            f"URLs of scheme {scheme!r} are not read, only {sorted(allow)}. Allow it with "
            f"allow={(*sorted(allow), scheme)!r} if you trust the addresses."
        )


class _Request:
    """One attempt to read an HTTP address, with all its redirects."""

    def __init__(
        self, url: str, allow: Collection[str], timeout: float, max_bytes: int, private_hosts: bool
    ) -> None:
        self.url = url
        self.allow = allow
        self.timeout = timeout
        self.deadline = time.monotonic() + timeout
        self.max_bytes = max_bytes
        self.private_hosts = private_hosts

    def read(self) -> bytes:
        url = self.url
        try:
            for _ in range(MAX_REDIRECTS + 1):
                content, location = self._visit(url)
                if location is None:
                    return content
                url = urljoin(url, location)
                _check_scheme(urlsplit(url).scheme, self.allow)
        except ssl.SSLCertVerificationError as error:
            raise _RefusedError(
                f"The server's certificate is not valid: {error.reason}."
            ) from error
        except (http.client.InvalidURL, ValueError) as error:
            raise _RefusedError(f"The URL is not valid: {error}. Correct it.") from error
        except (OSError, http.client.HTTPException) as error:
            if time.monotonic() >= self.deadline:
                reason = (
                    f"No complete answer within {self.timeout:g} seconds. Try again, or download "
                    "the images first."
                )
                raise _FailedError(reason) from error
            raise _FailedError(
                f"The connection failed: {error or type(error).__name__}."
            ) from error
        raise _RefusedError(f"The server redirects more than {MAX_REDIRECTS} times.")

    def _visit(self, url: str) -> tuple[bytes, str | None]:
        """Content of one address, or where it redirects to."""
        parts = urlsplit(url)
        host = parts.hostname or ""
        secure = parts.scheme == "https"
        connection = (
            http.client.HTTPSConnection(host, parts.port, context=_tls_context())
            if secure
            else http.client.HTTPConnection(host, parts.port)
        )
        # Connecting to the address that was checked, not to the name: a second look-up may differ.
        connection.sock = sock = self._connect(self._addresses(host, connection.port))
        sock.settimeout(self._left())
        with closing(connection), _cut_off(sock, self._left()):
            if secure:
                connection.sock = _tls_context().wrap_socket(sock, server_hostname=host)
            path = quote(parts.path or "/", _PATH_CHARACTERS)
            query = f"?{quote(parts.query, _PATH_CHARACTERS)}" if parts.query else ""
            connection.request("GET", path + query, headers=_HEADERS)
            with connection.getresponse() as response:
                return self._answer(response)

    def _left(self) -> float:
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left

    def _addresses(self, host: str, port: int) -> list[Any]:
        """Look up a host and refuse addresses that only this machine or its network can reach."""
        if not host:
            raise ValueError("it names no host")
        found = [entry[4][:2] for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
        for address, _ in found:
            if not self.private_hosts and not _is_public(str(address)):
                raise _RefusedError(
                    f"The host {host!r} is at the private address {address}. If the addresses in "
                    "the table are yours, pass private_hosts=True."
                )
        return found

    def _connect(self, addresses: list[Any]) -> socket.socket:
        """Connect to the first address that answers; none may use up the time of the others."""
        for waiting in range(len(addresses), 1, -1):
            with suppress(OSError):
                return socket.create_connection(addresses[-waiting], self._left() / waiting)
        return socket.create_connection(addresses[-1], self._left())

    def _answer(self, response: http.client.HTTPResponse) -> tuple[bytes, str | None]:
        status = response.status
        if status in (301, 302, 303, 307, 308):
            return b"", response.headers.get("Location", "")
        said = f"The server answered {status} {response.reason}"
        if status == _TOO_MANY_REQUESTS or status >= 500:
            asked = response.headers.get("Retry-After", "")
            raise _FailedError(f"{said}.", float(asked) if asked.isdecimal() else 0.0)
        if status != 200:
            raise _RefusedError(f"{said}. Correct the URL, or remove the row.")
        return self._content(response), None

    def _content(self, response: http.client.HTTPResponse) -> bytes:
        promised = response.length
        self._check_length(promised or 0)
        content = bytearray()
        while part := response.read1(_CHUNK):
            content += part
            self._check_length(len(content))
        if promised is not None and len(content) < promised:
            raise ConnectionError(f"it ended after {len(content):,} of {promised:,} bytes")
        return bytes(content)

    def _check_length(self, length: int) -> None:
        if length > self.max_bytes:
            raise _too_long(length, self.max_bytes)


@functools.cache
def _tls_context() -> ssl.SSLContext:
    """Settings of all TLS connections; reading the certificates takes 10 milliseconds and more."""
    return ssl.create_default_context()


@contextmanager
def _cut_off(sock: socket.socket, seconds: float) -> Iterator[None]:
    """End a connection after some seconds; timeouts of sockets start anew with every byte."""
    guard = sock.dup()
    watch = threading.Timer(seconds, _shut_down, (guard,))
    watch.daemon = True
    watch.start()
    try:
        yield
    finally:
        watch.cancel()
        guard.close()


def _shut_down(sock: socket.socket) -> None:
    with suppress(OSError):  # the other side was faster
        sock.shutdown(socket.SHUT_RDWR)


def _is_public(address: str) -> bool:
    ip: Any = ipaddress.ip_address(address.partition("%")[0])
    if ip.version == 6:  # IPv4 addresses can be wrapped in it
        translated = ipaddress.ip_address(int(ip) & 0xFFFFFFFF) if ip in _NAT64 else None
        ip = ip.ipv4_mapped or ip.sixtofour or translated or ip
    return bool(ip.is_global and not ip.is_multicast)


def _too_long(length: int, max_bytes: int) -> _RefusedError:
    return _RefusedError(
        f"The file has {length:,} bytes or more; at most {max_bytes:,} are read. Save it smaller, "
        "or raise max_pixels of the sequence."
    )


def _read_with_fsspec(url: str, timeout: float, max_bytes: int) -> bytes:
    import fsspec

    if "::" in url:
        raise _RefusedError("Chains of addresses (::) are not read. Name the file alone.")
    try:
        system, path = fsspec.core.url_to_fs(url)
        limit = {"timeout": timeout} if system.async_impl else {}
        content: bytes = system.cat_file(path, end=max_bytes + 1, **limit)
    except ImportError as error:
        raise _RefusedError(f"fsspec lacks a package for this scheme: {error}") from error
    except (FileNotFoundError, PermissionError, IsADirectoryError, ValueError) as error:
        raise _RefusedError(f"It cannot be read: {error or type(error).__name__}.") from error
    except Exception as error:  # each backend has its own kinds of failure
        raise _FailedError(f"Reading failed: {error or type(error).__name__}.") from error
    if len(content) > max_bytes:
        raise _too_long(len(content), max_bytes)
    return content
