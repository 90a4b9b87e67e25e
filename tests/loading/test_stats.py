"""What is added up for an epoch, in round numbers."""

from __future__ import annotations

import math

import pytest

from keras_cvdata.loading.stats import Delivery, Meter, Stats, Times

SECOND = 10**9


def deliver(index: int, asked: float, given: float, images: int = 10, bad: int = 0) -> Delivery:
    times = Times(10_000_000 * images, 20_000_000 * images, 30_000_000 * images)
    return Delivery(3, index, int(asked * SECOND), int(given * SECOND), images, bad, times)


def test_rate_and_waiting_are_those_after_the_first_batch() -> None:
    """3 s for the first; then 2 s of waiting and 6 s of work for 15 images."""
    meter = Meter(3, threads=2)
    for delivery in (deliver(0, 1, 4), deliver(1, 7, 8), deliver(2, 11, 12, images=5, bad=1)):
        meter.add(delivery)
    stats = meter.stats()
    assert (stats.epoch, stats.batches, stats.images, stats.bad_items) == (3, 3, 25, 1)
    assert stats.images_per_second == pytest.approx(15 / 8)
    assert stats.waiting == pytest.approx(2 / 8)
    assert stats.first_batch == pytest.approx(3)
    assert (stats.read_ms, stats.decode_ms, stats.augment_ms) == pytest.approx((10, 20, 30))
    assert stats.busy == pytest.approx(25 * 0.060 / (2 * 11))
    assert not stats.complete


def test_one_batch_is_all_that_is_known() -> None:
    meter = Meter(0, threads=1)
    meter.add(deliver(0, 1, 3))
    stats = meter.stats()
    assert (stats.images_per_second, stats.waiting, stats.first_batch) == (5, 1, 2)


def test_before_the_first_batch_nothing_is_known() -> None:
    stats = Meter(0, threads=3).stats()
    assert (stats.images, stats.threads) == (0, 3)
    assert math.isnan(stats.waiting)
    assert str(stats) == "No batch has been taken yet."


def test_figures_read_as_text_and_as_a_dict() -> None:
    stats = Stats(2, False, 4, 128, 512.4, 0.25, True, 0.5, 0.01, 1.5, 0.75, 3, 8, 0.9)
    text = str(stats)
    assert "epoch 2, 4 batches so far: 128 images, 512 images/s" in text
    assert "at most 25% of the time, and 0.50 s for the first batch" in text
    assert "0.010 ms to read, 1.500 ms to decode, 0.750 ms to augment, on each of 8 threads" in text
    assert "could not be read: 3" in text
    assert Stats(**stats.as_dict()) == stats
