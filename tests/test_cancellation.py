"""Work that is given up hears of it, wherever it waits."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from concurrent.futures import CancelledError, ThreadPoolExecutor

import pytest

from keras_cvdata.cancellation import Allowance, Cancellation


def test_work_is_given_up_with_what_it_is_a_part_of() -> None:
    outer, other = Cancellation(), Cancellation()
    with outer.covers():
        inner = Cancellation()
        assert Cancellation.current() is outer
    assert Cancellation.current() not in (outer, inner)
    outer.check()
    outer.cancel()
    assert outer.cancelled
    assert inner.cancelled
    assert not other.cancelled
    with pytest.raises(CancelledError, match="given up"):
        inner.check()


def test_who_sleeps_wakes_up() -> None:
    work, sleeps = Cancellation(), threading.Event()

    def sleep() -> None:
        with work.covers():
            sleeps.set()
            Cancellation.current().sleep(60)

    with ThreadPoolExecutor(1) as pool:
        begun = time.monotonic()
        future = pool.submit(sleep)
        sleeps.wait(10)
        work.cancel()
        with pytest.raises(CancelledError):
            future.result(30)
    assert time.monotonic() - begun < 30
    Cancellation().sleep(0.001)


def test_a_call_that_takes_too_long_is_left_behind() -> None:
    go_on = threading.Event()
    assert Allowance(30).call(lambda: 7) == 7
    with pytest.raises(ZeroDivisionError):
        Allowance(30).call(lambda: 1 // 0)
    with pytest.raises(TimeoutError):
        Allowance(0.01).call(lambda: go_on.wait(30))
    work = Cancellation()
    work.cancel()
    with pytest.raises(CancelledError):
        Allowance(30, work).call(lambda: go_on.wait(30))
    go_on.set()


def test_a_share_leaves_as_much_to_others() -> None:
    assert 9.9 < Allowance(30).share(2).left() <= 10


PROGRAM = """
from concurrent.futures import ThreadPoolExecutor
from keras_cvdata.cancellation import Cancellation
def sleep():
    try:
        Cancellation.current().sleep(60)
    except Exception as error:
        print(type(error).__name__)
ThreadPoolExecutor(1).submit(sleep)
"""


def test_all_work_is_given_up_at_exit() -> None:
    run = [sys.executable, "-c", PROGRAM]
    ended = subprocess.run(run, capture_output=True, text=True, check=True, timeout=40)
    assert (ended.stdout, ended.stderr) == ("CancelledError\n", "")
