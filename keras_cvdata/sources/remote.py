"""Reading remote files that may be anything, from servers that may do anything."""

from __future__ import annotations

import time
from collections.abc import Collection
from concurrent.futures import CancelledError
from contextlib import suppress

from keras_cvdata.cancellation import Allowance, Cancellation
from keras_cvdata.codec.limits import MAX_BYTES
from keras_cvdata.sources.remote_body import check_length
from keras_cvdata.sources.remote_credentials import Credentials
from keras_cvdata.sources.remote_errors import (
    AnsweredError,
    FailedError,
    RefusedError,
    reason_of,
)
from keras_cvdata.sources.remote_hosts import Hosts
from keras_cvdata.sources.remote_request import Request, check_scheme
from keras_cvdata.types import ImageError

LONGEST_PAUSE = 30.0  # seconds, also where a server asks for more


def read_url(
    url: str,
    *,
    allow: Collection[str] = ("https",),
    timeout: float = 20.0,
    max_bytes: int = MAX_BYTES,
    retries: int = 3,
    pause: float = 0.5,
    private_hosts: bool = False,
    hosts: Hosts | None = None,
) -> bytes:
    """Read a remote file with bounded time, memory and reach (R22, R31).

    `https` and `http` are read directly, without proxies and cookies. All other schemes that are
    allowed are left to fsspec and the package it names for them (s3fs for `s3`, gcsfs for `gs`).

    User and password in front of the host, as in `https://user:password@host/a.jpg`, are sent by
    the Basic scheme of RFC 7617, to this scheme, host and port alone. They are in no message.

    Answers 429 and 5xx and failing connections are tried again, with a doubling pause. What comes
    is whole, or not taken at all. Where the work that wants it is given up, reading ends within a
    moment.

    Args:
        url: Address with its scheme.
        allow: Schemes that may be read, also after a redirect.
        timeout: Seconds that one attempt may take in all.
        max_bytes: Length from which on a file is refused.
        retries: Attempts after the first.
        pause: Seconds before the first of them.
        private_hosts: Also read from this machine and from private networks. A table from elsewhere
            could otherwise reach what only this machine can.
        hosts: Remembers hosts and addresses that fail, which are left alone for a while.

    Returns:
        The content.

    Raises:
        ImageError: The address is not allowed, or cannot be read.
        CancelledError: The work that wants it was given up.

    Example:
        >>> read_url("http://example.com/a.jpg")
        Traceback (most recent call last):
        keras_cvdata.types.ImageError: http://example.com/a.jpg: URLs of scheme 'http' are not ...
    """
    if retries < 0:
        raise ValueError(f"retries must be 0 or more; got {retries}.")
    hosts, attempt, begun = hosts or Hosts(), 0, time.monotonic()
    while True:
        try:
            hosts.check(url)
            began = time.monotonic()
            content = _attempt(url, allow, timeout, max_bytes, private_hosts)
        except RefusedError as error:
            if isinstance(error, AnsweredError):
                hosts.note_answer(url)
            raise ImageError(url, str(error)) from error.__cause__
        except FailedError as error:
            wait = _wait(error.pause, pause, attempt, retries)
            until, is_asked = time.monotonic() + (wait or 0.0), bool(wait and error.pause)
            hosts.note_failure(url, began, until, str(error), is_asked)
            if wait is None:
                reason = f"{error} Tried {attempt + 1} times." if attempt else str(error)
                hosts.give_up(url, begun, reason)
                raise ImageError(url, reason) from error.__cause__
        else:
            hosts.note_answer(url)
            return content
        Cancellation.current().sleep(wait)
        attempt += 1


def _wait(asked: float, pause: float, attempt: int, retries: int) -> float | None:
    """Seconds before the next attempt; None where none would be late enough for the server."""
    left = retries - attempt
    if not left or asked > LONGEST_PAUSE * left:
        return None
    return min(max(pause * 2.0**attempt, asked), LONGEST_PAUSE)


def _attempt(
    url: str, allow: Collection[str], timeout: float, max_bytes: int, private_hosts: bool
) -> bytes:
    scheme = url.partition("://")[0].lower()
    check_scheme(scheme, allow)
    if scheme in ("http", "https"):
        return Request(url, allow, timeout, max_bytes, private_hosts).read()
    if "::" in url:
        raise RefusedError("Chains of addresses (::) are not read. Name the file alone.")
    time_left = Allowance(timeout)
    try:
        content = time_left.call(lambda: _read_with_fsspec(url, timeout, max_bytes))
    except CancelledError:
        raise
    except Exception as error:  # each backend has its own kinds of failure
        credentials = None
        with suppress(RefusedError):  # what is not valid here may be so there
            credentials = Credentials.of(url)
        hide = str if credentials is None else credentials.hide_in
        raise _failure(error, reason_of(error, hide)) from (None if credentials else error)
    check_length(len(content), max_bytes)
    return content


def _failure(error: Exception, reason: str) -> Exception:
    """What an error of fsspec or a package of it means."""
    if isinstance(error, ImportError):
        return RefusedError(f"fsspec lacks a package for this scheme: {reason}")
    if isinstance(error, FileNotFoundError | PermissionError | IsADirectoryError | ValueError):
        return RefusedError(f"It cannot be read: {reason}.")
    return FailedError(f"Reading failed: {reason}.")


def _read_with_fsspec(url: str, timeout: float, max_bytes: int) -> bytes:
    import fsspec

    system, path = fsspec.core.url_to_fs(url)
    limit = {"timeout": timeout} if system.async_impl else {}
    content: bytes = system.cat_file(path, end=max_bytes + 1, **limit)
    return content
