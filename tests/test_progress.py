"""The progress bar, on real (pseudo) terminals."""

import os
import pty
import subprocess
import sys

import pytest

from keras_cvdata.progress import track

SCRIPT = """
import time
from keras_cvdata.progress import track
for item in track(iter([1, 2, 3]) if {counted} else [1, 2, 3], "Counting", {total}, {verbose}):
    time.sleep({pause})
    if {fail}:
        break
"""


def run_on_terminal(counted=False, total=None, verbose=1, pause=0.6, fail=False) -> str:
    ours, theirs = pty.openpty()
    script = SCRIPT.format(counted=counted, total=total, verbose=verbose, pause=pause, fail=fail)
    environment = os.environ | {"TERM": "xterm", "COLUMNS": "80"}
    with subprocess.Popen([sys.executable, "-c", script], stderr=theirs, env=environment) as child:
        os.close(theirs)
        shown = b""
        while True:
            try:
                piece = os.read(ours, 4096)
            except OSError:  # Linux says so where the other side is closed
                break
            if not piece:
                break
            shown += piece
    os.close(ours)
    assert child.returncode == 0, shown
    return shown.decode()


def test_items_pass_through_silently_off_a_terminal(capfd):
    assert list(track([1, 2], "Counting")) == [1, 2]
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("counted", [False, True])
def test_slow_work_shows_a_bar_on_a_terminal(counted):
    shown = run_on_terminal(counted=counted, total=3 if counted else None)
    assert "Counting" in shown
    assert "67%" in shown
    assert shown.endswith("\x1b[?25h\r\x1b[1A\x1b[2K") or "\x1b[?25h" in shown  # cursor is back


def test_quick_work_shows_nothing():
    assert run_on_terminal(pause=0) == ""


def test_verbose_zero_shows_nothing():
    assert run_on_terminal(verbose=0) == ""


def test_leaving_early_is_clean():
    assert run_on_terminal(fail=True) == ""
