"""The quick faults hold what is promised; `make test-faults` tries all of them, with their CPU."""

from __future__ import annotations

import os
import re
import signal
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from tests.faults.fault import Fault, all_faults
from tests.faults.running import attempt, broken

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="limits are measured by /proc"),
]


def test_quick_faults_hold() -> None:
    """In one test, since one process with all imports is forked for each."""
    faults = [fault for fault in all_faults() if fault.quick]
    said = {fault.name: broken(fault, attempt(fault), timed=False) for fault in faults}
    assert not {name: lines for name, lines in said.items() if lines}


def test_names_are_unique() -> None:
    names = [fault.name for fault in all_faults()]
    assert len(names) == len(set(names))


def _nothing(folder: Path) -> Path:
    return folder


def _large(folder: Path) -> str:
    return f"all {np.ones(200 * 2**20, np.uint8)[::4096].sum()} pages of {folder.is_dir()}"


def _dies(folder: Path) -> str:
    os.kill(os.getpid(), signal.SIGSEGV)
    return ""


def _hangs(folder: Path) -> str:
    time.sleep(60)
    return ""


def _fails(folder: Path) -> str:
    raise ValueError("no such thing")


@pytest.mark.parametrize(
    ("use", "expected", "said"),
    [
        (_large, "all 51200 pages of True", "grew by 2.. MiB, at most 50"),
        (_dies, "killed by SIGSEGV", None),
        (_hangs, "still running after 1 s", None),
        (_fails, "ValueError: no such", None),
        (_fails, "KeyError", "expected 'KeyError', came 'ValueError: no such thing'"),
    ],
)
def test_what_came_is_told(use: object, expected: str, said: str | None) -> None:
    limits = {"memory": 50, "seconds": 1 if use is _hangs else 60}
    fault = Fault("x", "images", _nothing, use, expected, **limits)  # type: ignore[arg-type]
    lines = broken(fault, attempt(fault, preload=()))
    assert re.fullmatch(said or "", "; ".join(lines))
