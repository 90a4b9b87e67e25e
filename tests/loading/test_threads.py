"""The pool fills slots in parallel, looks ahead, keeps order and reports the first error."""

import os
import pickle
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import CancelledError, ThreadPoolExecutor

import cv2
import pytest

from keras_cvdata.cancellation import Cancellation
from keras_cvdata.loading import threads
from keras_cvdata.loading.interrupts import Interrupts
from keras_cvdata.loading.threads import Pool, SingleThreadedOpenCV, prefetch


def jobs(pool, log, count=6, slots=5):
    for number in range(count):
        log.append(number)
        yield pool.start(slots, lambda slot, number=number: (number, slot), list)


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("ahead", [0, 2])
def test_results_come_in_order_and_complete(threads, ahead):
    results = list(prefetch(jobs(Pool(threads), []), ahead))
    assert results == [[(n, s) for s in range(5)] for n in range(6)]


def test_look_ahead_starts_no_more_than_asked():
    log = []
    stream = prefetch(jobs(Pool(1), log), 2)
    next(stream)
    assert log == [0, 1, 2, 3]
    stream.close()


def test_threads_that_were_told_end_after_their_work_and_start_again():
    pool, go_on, done = Pool(2), threading.Event(), []
    job = pool.start(4, lambda slot: go_on.wait(10) and done.append(slot), list)
    workers = pool._executor._threads
    pool.end_threads()
    pool.end_threads()
    go_on.set()
    job.wait()
    assert sorted(done) == [0, 1, 2, 3]
    for worker in workers:
        worker.join(10)
    assert not any(worker.is_alive() for worker in workers)
    assert pool.start(3, lambda slot: slot, list).wait() == [0, 1, 2]


def test_threads_stay_where_they_are_given_work_right_now():
    """Where the garbage collector ends them, perhaps on the thread that holds the lock."""
    pool = Pool(1)
    pool.start(1, print, list).wait()
    with pool._lock:
        pool.end_threads()
    assert pool._executor is not None


def test_the_error_of_the_first_bad_slot_is_raised():
    """Which error is reported does not depend on which thread was faster."""
    barrier = threading.Barrier(2, timeout=10)

    def work(slot):
        barrier.wait()
        raise ValueError(f"slot {slot}")

    with pytest.raises(ValueError, match="slot 0"):
        Pool(2).start(2, work, list).wait()


def test_a_job_without_slots_is_done_at_once():
    assert Pool(2).start(0, print, list).wait() == []


def test_a_job_that_was_given_up_has_no_result():
    """Else somebody would train on slots that nobody has filled."""
    begun, go_on = threading.Event(), threading.Event()

    def work(slot):
        begun.set()
        go_on.wait(10)

    job = Pool(1).start(2, work, list)
    begun.wait(10)
    job.cancel()
    go_on.set()
    with pytest.raises(CancelledError, match="given up"):
        job.wait()


def test_work_under_way_hears_that_it_is_given_up():
    begun = threading.Event()

    def work(slot):
        begun.set()
        Cancellation.current().sleep(60)

    job = Pool(1).start(2, work, list)
    begun.wait(10)
    job.cancel()
    with pytest.raises(CancelledError, match="given up"):
        job.wait()


def test_an_error_leaves_what_others_have_begun_to_them():
    """Else the error that is raised would depend on which thread was faster."""
    failed = threading.Event()

    def work(slot):
        if slot == 1:
            failed.set()
            raise ValueError("slot 1")
        failed.wait(10)
        Cancellation.current().check()
        raise ValueError("slot 0")

    with pytest.raises(ValueError, match="slot 0"):
        Pool(2).start(2, work, list).wait()


@pytest.fixture
def main_thread_is_lent(monkeypatch):
    """Ctrl-C reaches no Python code of the main thread, as while TensorFlow waits."""
    monkeypatch.setattr(threads, "_PATIENCE", 0.0)
    Interrupts.listen()
    yield
    signal.set_wakeup_fd(-1)
    Interrupts.listens = False


def test_who_waits_on_another_thread_hears_of_ctrl_c(main_thread_is_lent):
    begun = threading.Event()

    def work(slot):
        begun.set()
        Cancellation.current().sleep(60)

    with ThreadPoolExecutor(1) as other:
        waiting = other.submit(Pool(1).start(1, work, list).wait)
        begun.wait(10)
        time.sleep(0.2)  # until it is waited for
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        with pytest.raises(CancelledError, match="Ctrl-C"):
            waiting.result(20)
        assert other.submit(Pool(1).start(2, lambda slot: slot, list).wait).result(20) == [0, 1]


def test_ctrl_c_is_left_to_programs_that_handle_it(main_thread_is_lent):
    before, heard = Interrupts.count(), []
    default = signal.signal(signal.SIGINT, lambda *_: heard.append(1))
    try:
        signal.raise_signal(signal.SIGINT)
        assert Interrupts.count() == before
    finally:
        signal.signal(signal.SIGINT, default)
    assert heard == [1]
    assert Interrupts.count() == before


def test_a_program_that_listens_itself_goes_on_to():
    theirs, other = socket.socketpair()
    with theirs, other:
        theirs.setblocking(False)
        signal.set_wakeup_fd(theirs.fileno())
        try:
            Interrupts.listen()
            assert not Interrupts.listens
        finally:
            assert signal.set_wakeup_fd(-1) == theirs.fileno()
    with ThreadPoolExecutor(1) as other:
        other.submit(Interrupts.listen).result(10)
    assert not Interrupts.listens


def test_a_waiting_that_is_interrupted_gives_the_job_up(monkeypatch):
    begun, given_up = threading.Event(), threading.Event()

    def work(slot):
        begun.set()
        with pytest.raises(CancelledError):
            Cancellation.current().sleep(60)
        given_up.set()

    job = Pool(1).start(1, work, list)
    begun.wait(10)
    timer = threading.Timer(0.1, os.kill, [os.getpid(), signal.SIGINT])
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        job.wait()
    timer.join()
    assert given_up.wait(20)


def test_system_exit_in_a_worker_reaches_the_caller():
    def work(slot):
        raise SystemExit(3)

    with pytest.raises(SystemExit):
        Pool(1).start(1, work, list).wait()


def test_an_error_stops_the_slots_not_begun():
    done = []

    def work(slot):
        done.append(slot)
        if slot == 1:
            raise ValueError("stop")

    with pytest.raises(ValueError, match="stop"):
        Pool(1).start(100, work, list).wait()
    assert done == [0, 1]


@pytest.fixture
def opencv_threads():
    """Two threads, as OpenCV would take on a machine with two cores."""
    before = cv2.getNumThreads()
    cv2.setNumThreads(2)
    yield 2
    cv2.setNumThreads(before)


def test_opencv_has_one_thread_in_a_job_and_its_own_between_jobs(opencv_threads):
    """A loop that is never finished, as after an early stop, leaves no setting behind."""
    pool, seen = Pool(1), []
    started = [pool.start(2, lambda _: seen.append(cv2.getNumThreads()), list) for _ in range(4)]
    stream = prefetch(iter(started), 2)
    next(stream)
    for job in started:
        job.wait()
    assert set(seen) == {1}
    assert cv2.getNumThreads() == opencv_threads


def test_the_last_user_of_one_thread_restores_the_setting(opencv_threads):
    with SingleThreadedOpenCV():
        with SingleThreadedOpenCV():
            assert cv2.getNumThreads() == 1
        assert cv2.getNumThreads() == 1
    assert cv2.getNumThreads() == opencv_threads


def test_pool_pickles_and_its_threads_end_with_it():
    others = set(threading.enumerate())
    pool = Pool(2)
    pool.start(4, lambda _: None, list).wait()
    copy = pickle.loads(pickle.dumps(pool))
    assert copy.threads == 2
    assert copy.start(1, lambda _: 5, list).wait() == [5]
    threads = set(threading.enumerate()) - others
    assert len(threads) >= 2
    del pool, copy
    for thread in threads:
        thread.join(timeout=10)
        assert not thread.is_alive()


FORKED = """
import os, signal, time
import cv2
import numpy as np
from keras_cvdata.loading.interrupts import Interrupts
from keras_cvdata.loading.threads import Pool, prefetch

def work(slot):
    return slot

cv2.setNumThreads(4)
image = np.zeros((2000, 2000, 3), np.uint8)
pool = Pool(2)
stream = prefetch((pool.start(8, work, list) for _ in range(4)), 1)
next(stream)
while cv2.getNumThreads() != 4:  # until the job under way is done
    time.sleep(0.01)
cv2.warpAffine(image, np.eye(2, 3), (2000, 2000))  # in four threads
Interrupts.listen()
renewed = []
job = pool.start(8, work, sum, lambda: renewed.append(1))
if child := os.fork():
    assert Interrupts.listens
    assert os.waitpid(child, 0)[1] == 0
    assert cv2.getNumThreads() == 4
else:
    signal.alarm(20)  # ends a child that hangs
    assert signal.set_wakeup_fd(-1) == -1
    assert not Interrupts.listens
    assert pool.start(8, work, sum).wait() == 28
    assert (job.wait(), renewed) == (28, [1])
    assert [*stream] == [[*range(8)]] * 3  # one job was under way and one was done
    assert cv2.getNumThreads() == 4
    cv2.warpAffine(image, np.eye(2, 3), (2000, 2000))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows cannot fork")
def test_a_forked_process_makes_its_own_threads():
    """As a DataLoader of PyTorch with workers does on Linux."""
    run = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", FORKED]
    result = subprocess.run(run, capture_output=True, text=True, check=False, timeout=60)
    assert result.returncode == 0, result.stderr


def test_waiting_does_not_make_a_thread_known(monkeypatch):
    """Python keeps an entry for each thread of TensorFlow that asks which one it is."""
    job = Pool(1).start(2, lambda slot: slot, list)
    monkeypatch.setattr(threading, "current_thread", None)
    Interrupts.listen()
    assert job.wait() == [0, 1]
