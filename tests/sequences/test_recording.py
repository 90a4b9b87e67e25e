"""What passes cost is measured where batches are taken, with a clock that the tests turn."""

from __future__ import annotations

import pickle
import sys
from typing import Any

import numpy as np
import pytest

from keras_cvdata.loading.stats import Delivery, Times
from keras_cvdata.sequences import Sequence
from keras_cvdata.sequences.recording import Recorder, Steps
from keras_cvdata.sources import ArraySource
from keras_cvdata.types import ImageError

pytestmark = pytest.mark.backends

MS = 10**6


class Clock:
    now = 0

    def __call__(self) -> int:
        return self.now


class SlowSource(ArraySource):
    """Takes 5 ms an image by a clock of the test; the image of row 4 is damaged."""

    clock: Clock

    def fetch(self, position: int) -> Any:
        self.clock.now += 5 * MS
        if position == 4:
            raise ImageError("4.jpg", "damaged")
        return super().fetch(position)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    for module in ("loading.rendering", "loading.loader", "sequences.epochs"):
        monkeypatch.setattr(f"keras_cvdata.{module}.perf_counter_ns", clock)
    monkeypatch.setattr(SlowSource, "clock", clock, raising=False)
    return clock


@pytest.fixture
def seq(clock: Clock) -> Sequence:
    """3 batches of 4 images, one after the other, so that 20 ms are waited for each."""
    return make()


def make(**options: Any) -> Sequence:
    source = SlowSource(np.zeros((12, 4, 4, 3), np.uint8))
    given = {"batch_size": 4, "threads": 1, "prefetch": 0, "shuffle": False, "verbose": 0}
    given["label_mode"] = None
    return Sequence(source, on_error="substitute", seed=0, **{**given, **options})


def test_a_loop_tells_waiting_from_work(seq: Sequence, clock: Clock) -> None:
    """The substitute of the damaged image takes another 5 ms."""
    for _ in seq:
        clock.now += 60 * MS
    stats = seq.stats()
    assert (stats.epoch, stats.complete, stats.batches, stats.images) == (0, True, 3, 12)
    assert stats.waiting == pytest.approx((25 + 20) / (60 + 25 + 60 + 20))
    assert stats.images_per_second == pytest.approx(8 / 0.165)
    assert stats.first_batch == pytest.approx(0.020)
    assert (stats.read_ms, stats.decode_ms, stats.augment_ms) == (5, 0, 0)
    assert (stats.bad_items, stats.is_bound) == (1, False)


def test_batches_by_index_are_a_pass(seq: Sequence, clock: Clock) -> None:
    for index in (2, 0, 1):
        assert not seq.stats().complete
        assert seq[index] is not None
        clock.now += 60 * MS
    stats = seq.stats()
    assert (stats.complete, stats.images, stats.waiting) == (True, 12, pytest.approx(45 / 165))
    assert seq[0] is not None
    assert seq.stats(running=True).batches == 1
    assert seq.stats() == stats


def test_a_pass_that_is_left_early_is_running(seq: Sequence) -> None:
    list(seq)
    next(iter(seq))
    assert (seq.stats().epoch, seq.stats().batches) == (0, 3)
    running = seq.stats(running=True)
    assert (running.epoch, running.batches, running.complete) == (1, 1, False)


def test_what_is_no_epoch_does_not_count(seq: Sequence) -> None:
    seq.peek(2)
    seq.sample(1)
    list(seq.unit_batches())
    assert seq.stats().batches == 0


def test_copies_begin_anew(seq: Sequence) -> None:
    list(seq)
    assert pickle.loads(pickle.dumps(seq)).stats().batches == 0
    assert seq.with_source(seq.source).stats().batches == 0


def test_passes_of_an_unknown_keras_are_counted() -> None:
    """Whose generators do not tell what they belong to."""
    recorder = Recorder(threads=2)
    for number in (0, 1, 0):
        recorder.count_pass(sys._getframe(), deliver(number, 10 * number), length=2)
    assert (recorder.ended.batches, recorder.running.batches) == (2, 1)


def deliver(number: int, given: int) -> Delivery:
    return Delivery(5, number, 0, given, 2, 0, Times(1, 2, 3))


def stats_of(steps: Steps) -> Any:
    return steps.finish().stats()


def test_a_model_waits_until_its_batch_is_there() -> None:
    """Steps of 9; batches every 10, so one tenth is waited for, though all were taken ahead."""
    steps = Steps(threads=2)
    steps.begin(0)
    for number in range(6):
        steps.give(deliver(number, 10 * (number + 1)))
        steps.end(number, 10 * (number + 1) + 9)
    stats = stats_of(steps)
    assert stats.waiting == pytest.approx(0.1)
    assert (stats.epoch, stats.images, stats.complete, stats.is_bound) == (5, 12, True, False)
    assert stats.first_batch == pytest.approx(10 / 1e9)


def test_a_model_that_is_slower_than_its_batches_does_not_wait() -> None:
    steps = Steps(threads=2)
    steps.begin(0)
    for number in range(6):
        steps.give(deliver(number, number))
    for number in range(6):
        steps.end(number, 30 * (number + 1))
    assert stats_of(steps).waiting == 0


def test_several_steps_with_one_end() -> None:
    """`steps_per_execution=3`: each step takes 9 where batches come every 10."""
    steps = Steps(threads=2)
    steps.begin(0)
    for number in range(9):
        steps.give(deliver(number, 10 * (number + 1)))
        if number % 3 == 2:
            steps.end(number, 10 * (number + 1) + 9)
    assert stats_of(steps).waiting == pytest.approx(3 * 2 / 60)


def test_ends_that_threads_tell_in_another_order() -> None:
    steps = Steps(threads=2)
    steps.begin(0)
    for number in range(3):
        steps.give(deliver(number, number))
    for number in (1, 0, 2):
        steps.end(number, 30 * (number + 1))
    assert stats_of(steps).batches == 3
