"""Hosts and addresses that failed, which are left alone for a while."""

from __future__ import annotations

import os
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from keras_cvdata.sources.remote_errors import RefusedError, quoted

PATIENCE = 60.0  # seconds
LONGEST_REST = 600.0  # seconds

_REST_OF_ADDRESS = 8  # times what its failure took
_LONGEST_REST_OF_ADDRESS = 3600.0  # seconds
_WORTH_REMEMBERING = 0.5  # seconds
_KEPT = 1 << 16


@dataclass
class _Failing:
    """What is known of a host or an address since it answered last; times in seconds."""

    wasted: float = 0.0  # on it
    until: float = 0.0  # when the latest failure ended
    rest: float = 0.0  # length of the rest that it got last
    wakes: float = 0.0  # when that ends
    reason: str = ""


class Hosts:
    """Keeps a host that is down, or an address that hangs, from taking the time of all others.

    A host on which more than `patience` seconds were spent since it answered last is left alone
    for as long, and what is to be read from it fails at once. Then it is tried once more; the rest
    is doubled, up to ten minutes, while it fails. So an epoch loses `patience` to it, one attempt
    each time that its duration doubles, and one every ten minutes later on; a host that is back is
    read from again within them. An address that failed after all attempts, of a host that answers
    for others, is left alone for eight times as long as that took, then for twice as long, up to an
    hour.

    Seconds in which several threads wait for a host count once. Nothing is remembered in another
    process, or by another source.

    Args:
        patience: Seconds that are spent on a host that does not answer.

    Example:
        >>> hosts = Hosts(patience=5)
        >>> hosts.note_failure("http://a.org/1.jpg", 0.0, 6.0, "It is down.")
        >>> hosts.check("http://a.org/2.jpg", at=7.0)
        Traceback (most recent call last):
        keras_cvdata.sources.remote_errors.RefusedError: The host 'a.org' ...
        >>> hosts.check("http://a.org/2.jpg", at=12.0)
    """

    def __init__(self, patience: float = PATIENCE) -> None:
        self.patience = patience
        self._process = os.getpid()
        self._lock = threading.Lock()
        self._hosts: OrderedDict[str, _Failing] = OrderedDict()
        self._addresses: OrderedDict[str, _Failing] = OrderedDict()

    def __getstate__(self) -> dict[str, Any]:
        return {"patience": self.patience}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(**state)  # type: ignore[misc] # all else is of the process that it comes from

    def check(self, url: str, at: float | None = None) -> None:
        """Refuse an address that is left alone, and one of a host that is.

        Args:
            url: The address.
            at: The time, in seconds; by default now.

        Raises:
            RefusedError: It is.
        """
        if self._process != os.getpid():  # forked meanwhile, perhaps while a thread had the lock
            self.__setstate__(self.__getstate__())
        now, host = time.monotonic() if at is None else at, _host(url)
        with self._lock:
            known, address = self._hosts.get(host), self._addresses.get(url)
            if known is not None and now < known.wakes:
                raise RefusedError(
                    f"The host {quoted(host)!r} has failed for {known.wasted:.0f} seconds without "
                    f"an answer; nothing is read from it for {known.wakes - now:.0f} more. What "
                    f"came last: {known.reason}"
                )
            if address is not None and now < address.wakes:
                raise RefusedError(
                    f"{address.reason} That was {now - address.until:.0f} seconds ago; it is not "
                    f"tried again for {address.wakes - now:.0f}. Open the collection anew to do so "
                    "at once."
                )
            if known is not None and known.rest:
                known.wakes = now + known.rest  # one attempt is enough to see

    def note_failure(
        self, url: str, begun: float, ended: float, reason: str, is_asked: bool = False
    ) -> None:
        """Note that a host did not answer.

        Args:
            url: Address that was to be read.
            begun: When an attempt began, in seconds.
            ended: When it ended, or the pause after it does.
            reason: What came of it.
            is_asked: The host asked for another attempt after the pause, which it gets.
        """
        with self._lock:
            known = _known(self._hosts, _host(url))
            known.wasted += max(0.0, ended - max(begun, known.until))
            known.until, known.reason = max(ended, known.until), reason
            rests = begun < known.wakes - known.rest  # since another thread failed
            if known.wasted > self.patience and not rests and not (is_asked and not known.rest):
                known.rest = min(max(2 * known.rest, self.patience), LONGEST_REST)
                known.wakes = ended + known.rest

    def note_answer(self, url: str) -> None:
        """Note that a host answered, if only that there is no such file."""
        if self._hosts or self._addresses:
            with self._lock:
                self._hosts.pop(_host(url), None)
                self._addresses.pop(url, None)

    def give_up(self, url: str, begun: float, reason: str) -> None:
        """Note that an address failed after all attempts.

        Args:
            url: The address.
            begun: When the first of them began, in seconds.
            reason: What came of the last one.
        """
        now = time.monotonic()
        if now - begun > _WORTH_REMEMBERING:
            with self._lock:
                known = _known(self._addresses, url)
                known.rest = max(_REST_OF_ADDRESS * (now - begun), 2 * known.rest)
                known.rest = min(known.rest, _LONGEST_REST_OF_ADDRESS)
                known.until, known.wakes, known.reason = now, now + known.rest, reason


def _known(failing: OrderedDict[str, _Failing], key: str) -> _Failing:
    known = failing.setdefault(key, _Failing())
    if len(failing) > _KEPT:
        failing.popitem(last=False)
    return known


def _host(url: str) -> str:
    try:
        return urlsplit(url).netloc.rpartition("@")[2]  # without the password
    except ValueError:
        return ""
