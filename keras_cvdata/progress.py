"""A progress bar for what takes longer than a second, and lines that any stream can show."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator, Sized
from typing import TypeVar

T = TypeVar("T")

PATIENCE = 1.0  # seconds of work before a bar is worth showing


def track(
    iterable: Iterable[T], description: str, total: int | None = None, verbose: int = 1
) -> Iterator[T]:
    """Yield the items of an iterable and show how far it is.

    The bar goes to standard error, appears after a second, and only on a terminal.

    Args:
        iterable: What is worked on.
        description: What is done, as "Converting".
        total: Number of items; taken from the iterable where it knows.
        verbose: 0 shows nothing.

    Yields:
        The items.

    Example:
        >>> sum(track(range(4), "Adding"))
        6
    """
    if not verbose or not sys.stderr.isatty():
        yield from iterable
        return
    if total is None and isinstance(iterable, Sized):
        total = len(iterable)
    yield from _shown(iterable, description, total)


def say(text: str) -> None:
    """Print a line; what standard output cannot encode appears as an escape.

    Names of classes and files may hold characters that a pipe on Windows, or any stream where a
    name is no UTF-8, would raise an error for.

    Args:
        text: The line, or several.

    Example:
        >>> say("Found 7 images")
        Found 7 images
    """
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    print(text.encode(encoding, "backslashreplace").decode(encoding))


def _shown(iterable: Iterable[T], description: str, total: int | None) -> Iterator[T]:
    from rich.console import Console
    from rich.progress import Progress

    bar = Progress(console=Console(stderr=True), transient=True)
    task = bar.add_task(description, total=total)
    began = time.monotonic()
    started = False
    try:
        for done, item in enumerate(iterable):
            if not started and time.monotonic() - began > PATIENCE:
                bar.start()
                started = True
            if started:
                bar.update(task, completed=done)
            yield item
    finally:
        if started:
            bar.stop()
