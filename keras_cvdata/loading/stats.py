"""What loading costs: time of each step of an image, and how long somebody waited for batches."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple


class Times(NamedTuple):
    """Nanoseconds of one image, or of all images of a batch.

    Attributes:
        read: To get the bytes of the file, or the pixels of an array.
        decode: To turn bytes into pixels.
        augment: To bring them to the size of the batch, and to augment them.
    """

    read: int = 0
    decode: int = 0
    augment: int = 0


def total(times: Iterable[Times]) -> Times:
    """Add up times.

    Args:
        times: The times.

    Returns:
        Their sum.

    Example:
        >>> total([Times(1, 20, 3), Times(2, 30, 4)])
        Times(read=3, decode=50, augment=7)
    """
    return Times(*map(sum, zip(*times, strict=True)))


class Delivery(NamedTuple):
    """A batch that was handed out.

    Attributes:
        epoch: Number of its epoch.
        number: Number of the batch in the epoch.
        asked: When it was asked for, in nanoseconds of `time.perf_counter_ns`.
        given: When it was handed out.
        images: Number of its images.
        bad: Images that could not be read.
        times: What its images took, on all threads together.
    """

    epoch: int
    number: int
    asked: int
    given: int
    images: int
    bad: int
    times: Times


@dataclass(frozen=True)
class Stats:
    """What loading cost in an epoch; `Sequence.stats` returns it.

    Rate and waiting are those after the first batch, which nobody could prepare ahead.

    Attributes:
        epoch: Number of the epoch.
        complete: Whether the epoch came to its end.
        batches: Batches that were taken.
        images: Images in them.
        images_per_second: Images that were taken in a second, whatever held them up.
        waiting: Share of the time that was spent waiting for batches, 0 to 1. Where `is_bound`, it
            is this at most.
        is_bound: Whether batches are taken before they are needed, as Keras does on TensorFlow and
            on accelerators. `LoadingStats` in `fit` finds the share itself.
        first_batch: Seconds until the first batch was there.
        read_ms: Milliseconds to read an image, on one thread.
        decode_ms: Milliseconds to decode it.
        augment_ms: Milliseconds to bring it to its size and to augment it.
        bad_items: Images that could not be read.
        threads: Number of threads.
        busy: Share of the time of these threads that was work, 0 to 1.

    Example:
        >>> import numpy as np
        >>> from keras_cvdata import ArraySequence
        >>> seq = ArraySequence(np.zeros((6, 8, 8, 3), "uint8"), batch_size=2, verbose=0)
        >>> shapes = [batch.shape for batch in seq]
        >>> stats = seq.stats()
        >>> stats.images, stats.batches, stats.bad_items, 0 <= stats.waiting <= 1
        (6, 3, 0, True)
    """

    epoch: int = 0
    complete: bool = False
    batches: int = 0
    images: int = 0
    images_per_second: float = math.nan
    waiting: float = math.nan
    is_bound: bool = False
    first_batch: float = math.nan
    read_ms: float = math.nan
    decode_ms: float = math.nan
    augment_ms: float = math.nan
    bad_items: int = 0
    threads: int = 1
    busy: float = math.nan

    def as_dict(self) -> dict[str, Any]:
        """All figures by name."""
        return asdict(self)

    def __str__(self) -> str:
        """The figures as a person reads them."""
        if not self.batches:
            return "No batch has been taken yet."
        until = "" if self.complete else f", {self.batches} batches so far"
        bound = "at most " if self.is_bound else ""
        return "\n".join(
            (
                f"epoch {self.epoch}{until}: {self.images} images, "
                f"{self.images_per_second:.0f} images/s",
                f"waiting for data: {bound}{self.waiting:.0%} of the time, and "
                f"{self.first_batch:.2f} s for the first batch",
                f"an image takes {self.read_ms:.3f} ms to read, {self.decode_ms:.3f} ms to decode, "
                f"{self.augment_ms:.3f} ms to augment, on each of {self.threads} threads, "
                f"which were busy for {self.busy:.0%} of the time",
                f"images that could not be read: {self.bad_items}",
            )
        )


@dataclass
class Meter:
    """Adds up what the batches of one epoch cost.

    Args:
        epoch: Number of the epoch.
        threads: Threads that make the batches.
        is_bound: Whether batches may be taken before they are needed.
    """

    epoch: int
    threads: int
    is_bound: bool = False
    complete: bool = False
    batches: int = 0
    images: int = 0
    bad: int = 0
    times: Times = field(default_factory=Times)
    _first_wait: int = 0
    _first: int = 0  # when the first batch was there
    _first_images: int = 0
    _waited: int = 0
    _last: int = 0

    def add(self, delivery: Delivery, waited: int | None = None, at: int | None = None) -> None:
        """Count one batch.

        Args:
            delivery: The batch.
            waited: Nanoseconds that somebody waited for it; by default from `asked` to `given`.
            at: When it counts as done; by default when it was given.
        """
        waited = delivery.given - delivery.asked if waited is None else waited
        at = delivery.given if at is None else at
        if self.batches:
            self._waited += waited
        else:
            self._first_wait, self._first, self._first_images = waited, at, delivery.images
        self._last = max(self._last, at)
        self.batches += 1
        self.images += delivery.images
        self.bad += delivery.bad
        self.times = total((self.times, delivery.times))

    def stats(self) -> Stats:
        """What was counted so far."""
        if not self.batches:
            return Stats(self.epoch, threads=self.threads)
        seconds, waited, images = self._last - self._first, self._waited, self.images
        since_asked = seconds + self._first_wait
        if self.batches == 1:  # there is nothing after it
            seconds = waited = since_asked
        else:
            images -= self._first_images
        read, decode, augment = (ns / 1e6 / max(1, self.images) for ns in self.times)
        return Stats(
            self.epoch,
            self.complete,
            self.batches,
            self.images,
            images_per_second=images / max(1, seconds) * 1e9,
            waiting=min(1.0, waited / max(1, seconds)),
            is_bound=self.is_bound,
            first_batch=self._first_wait / 1e9,
            read_ms=read,
            decode_ms=decode,
            augment_ms=augment,
            bad_items=self.bad,
            threads=self.threads,
            busy=min(1.0, sum(self.times) / max(1, since_asked * self.threads)),
        )
