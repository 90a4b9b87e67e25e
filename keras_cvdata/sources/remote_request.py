"""One attempt to read an HTTP address, with all its redirects."""

from __future__ import annotations

import email.utils
import http.client
import ssl
import time
from collections.abc import Collection
from contextlib import closing
from typing import Any, cast
from urllib.parse import quote, urljoin, urlsplit

from keras_cvdata.cancellation import Allowance
from keras_cvdata.sources.remote_addresses import look_up
from keras_cvdata.sources.remote_body import read_body
from keras_cvdata.sources.remote_credentials import Credentials
from keras_cvdata.sources.remote_errors import (
    AnsweredError,
    FailedError,
    RefusedError,
    as_meant,
    quoted,
    reason_of,
)
from keras_cvdata.sources.remote_wire import Conversation, connect, secure, tls_context

MAX_REDIRECTS = 5

_REDIRECTS = (301, 302, 303, 307, 308)
_UNAUTHORIZED = 401
_TOO_MANY_REQUESTS = 429
_HEADERS = {"User-Agent": "keras-cvdata", "Accept": "image/*", "Accept-Encoding": "identity"}
_WITH_CREDENTIALS = (
    "Correct the URL, which may hold user and password as https://USER:PASSWORD@..., or remove the "
    "row."
)
_PATH_CHARACTERS = "/%:@!$&'()*+,;=~-._?"


def check_scheme(scheme: str, allow: Collection[str]) -> None:
    """Refuse a scheme that is not allowed.

    Args:
        scheme: Scheme of an address.
        allow: Those that are allowed.

    Raises:
        RefusedError: It is none of them.
    """
    if scheme not in allow:
        shown = quoted(scheme)
        raise RefusedError(
            f"URLs of scheme {shown!r} are not read, only {sorted(allow)}. Allow it with "
            f"allow={(*sorted(allow), shown)!r} if you trust the addresses."
        )


class Request:
    """One attempt to read an address.

    Args:
        url: The address, of `http` or `https`.
        allow: Schemes that redirects may lead to.
        timeout: Seconds that it may take in all.
        max_bytes: Length from which on a file is refused.
        private_hosts: Also read from this machine and from private networks.
    """

    def __init__(
        self, url: str, allow: Collection[str], timeout: float, max_bytes: int, private_hosts: bool
    ) -> None:
        self.url = url
        self.allow = allow
        self.timeout = timeout
        self.max_bytes = max_bytes
        self.private_hosts = private_hosts
        self._time = Allowance(timeout)

    def read(self) -> bytes:
        """Read the file.

        Returns:
            Its content.

        Raises:
            RefusedError: It cannot be read.
            FailedError: It could not be read this time.
            CancelledError: The work that wants it was given up.
        """
        try:
            return self._follow()
        except ssl.SSLCertVerificationError as error:
            raise RefusedError(
                f"The server's certificate is not valid: {reason_of(error)}."
            ) from error
        except TimeoutError as error:
            raise FailedError(
                f"No complete answer within {self.timeout:g} seconds. Try again, or download the "
                "images first."
            ) from error
        except (http.client.InvalidURL, ValueError) as error:
            raise RefusedError(
                f"The URL is not valid: {reason_of(error)}. Correct it."
            ) from None  # it repeats what the server said
        except http.client.HTTPException as error:
            raise FailedError(_not_http(error)) from None
        except OSError as error:
            raise FailedError(f"The connection failed: {reason_of(error)}.") from error

    def _follow(self) -> bytes:
        url, credentials = self.url, Credentials.of(self.url)
        for _ in range(MAX_REDIRECTS + 1):
            content, location = self._visit(url, credentials)
            if location is None:
                return content
            url = urljoin(url, location)
            check_scheme(urlsplit(url).scheme, self.allow)
            if credentials and not credentials.are_for(url):
                credentials = None  # for good: whoever it is may lead back
        raise RefusedError(f"The server redirects more than {MAX_REDIRECTS} times.")

    def _visit(self, url: str, credentials: Credentials | None) -> tuple[bytes, str | None]:
        """Content of one address, or where it redirects to."""
        parts = urlsplit(url)
        host = parts.hostname or ""
        is_secure = parts.scheme == "https"
        port = parts.port or (443 if is_secure else 80)  # `http.client` looks for it in an IPv6
        connection = (
            http.client.HTTPSConnection(host, port, context=tls_context())
            if is_secure
            else http.client.HTTPConnection(host, port)
        )
        # Connecting to the address that was checked, not to the name: a second look-up may differ.
        addresses = look_up(host, port, self.private_hosts, self._time)
        sock = connect(addresses, self._time)
        if is_secure:
            sock = secure(sock, host, self._time)
        conversation = Conversation(sock, self._time)
        with closing(sock), closing(connection):
            connection.sock = cast(Any, conversation)
            path = quote(parts.path or "/", _PATH_CHARACTERS)
            query = f"?{quote(parts.query, _PATH_CHARACTERS)}" if parts.query else ""
            headers = _HEADERS | ({"Authorization": credentials.basic} if credentials else {})
            connection.request("GET", path + query, headers=headers)
            with connection.getresponse() as response:
                return self._answer(response, conversation)

    def _answer(
        self, response: http.client.HTTPResponse, conversation: Conversation
    ) -> tuple[bytes, str | None]:
        status = response.status
        said = f"The server answered {status} {quoted(response.reason)}".rstrip()
        if status in _REDIRECTS:
            location = response.headers.get("Location", "").strip()
            if not location:
                raise RefusedError(f"{said}, but not where the file is. Correct the URL.")
            return b"", as_meant(location)
        if status == _TOO_MANY_REQUESTS or status >= 500:
            raise FailedError(f"{said}.", _pause(response.headers.get("Retry-After", "")))
        if status == _UNAUTHORIZED:
            raise AnsweredError(f"{said}. {_WITH_CREDENTIALS}")
        if status != 200:
            raise AnsweredError(f"{said}. Correct the URL, or remove the row.")
        return read_body(response, conversation, self.max_bytes), None


def _pause(asked: str) -> float:
    """Seconds that a server asks to wait: a number of them, or a time of day."""
    if asked.isascii() and asked.isdigit():
        return float(asked[:9])
    try:
        return max(0.0, email.utils.parsedate_to_datetime(asked).timestamp() - time.time())
    except (ValueError, OverflowError, OSError):
        return 0.0


def _not_http(error: http.client.HTTPException) -> str:
    if isinstance(error, http.client.RemoteDisconnected):
        return f"The connection failed: {reason_of(error)}."
    if isinstance(error, http.client.BadStatusLine):
        begins = quoted(str(error).strip(), 40)
        return f"The server does not speak HTTP: its answer begins with '{begins}'."
    return f"The answer of the server is damaged: {reason_of(error)}."
