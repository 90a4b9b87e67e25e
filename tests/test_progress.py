"""The progress bar, on a real (pseudo) terminal."""

import os
import pty
import threading
import time
from contextlib import contextmanager

from keras_cvdata import progress
from keras_cvdata.progress import track


@contextmanager
def terminal(monkeypatch):
    """Make standard error a terminal; afterwards the list holds what it showed."""
    ours, theirs = pty.openpty()
    pieces, shown = [], []

    def collect():
        try:
            while piece := os.read(ours, 4096):
                pieces.append(piece)
        except OSError:  # so Linux says that the other side is closed
            pass
        os.close(ours)

    reader = threading.Thread(target=collect)
    reader.start()
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(progress, "PATIENCE", 0.1)
    with os.fdopen(theirs, "w") as stream, monkeypatch.context() as patch:
        patch.setattr("sys.stderr", stream)
        yield shown
    reader.join(10)
    shown.append(b"".join(pieces).decode())


def slowly(items, pause=0.06):
    for item in items:
        time.sleep(pause)
        yield item


def test_items_pass_through_silently_off_a_terminal(capfd):
    assert list(track([1, 2], "Counting")) == [1, 2]
    assert capfd.readouterr() == ("", "")


def test_slow_work_shows_a_bar_on_a_terminal(monkeypatch):
    with terminal(monkeypatch) as shown:
        assert list(track(slowly([1, 2, 3]), "Counting", total=3)) == [1, 2, 3]
    assert "Counting" in shown[0]
    assert "67%" in shown[0]
    assert "\x1b[?25h" in shown[0]  # the cursor is back


def test_the_total_is_taken_from_a_list(monkeypatch):
    with terminal(monkeypatch) as shown:
        for _ in track([1, 2, 3, 4], "Counting"):
            time.sleep(0.06)
    assert "75%" in shown[0]


def test_quick_work_shows_nothing(monkeypatch):
    with terminal(monkeypatch) as shown:
        assert list(track([1, 2, 3], "Counting")) == [1, 2, 3]
    assert shown == [""]


def test_verbose_zero_shows_nothing(monkeypatch):
    with terminal(monkeypatch) as shown:
        assert list(track(slowly([1, 2, 3]), "Counting", verbose=0)) == [1, 2, 3]
    assert shown == [""]


def test_leaving_early_takes_the_bar_away(monkeypatch):
    with terminal(monkeypatch) as shown:
        bar = track(slowly([1, 2, 3]), "Counting", total=3)
        assert [next(bar), next(bar)] == [1, 2]
        bar.close()
    assert "\x1b[?25h" in shown[0]
