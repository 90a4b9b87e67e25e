"""Programs that are interrupted, killed, forked, or that end, in the midst of loading."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.faults.server import Server, serving

# What each program begins with. `waiting` are rows of pictures that come, then of ones that drip.
_START = """
import atexit, os, signal, sys, threading, time
import keras
import numpy as np
import pandas as pd
import keras_cvdata as cvd

atexit.register(lambda: print("ended", time.monotonic(), flush=True))
address, folder, how = sys.argv[1:4]

def waiting(**options):
    rows = [f"http://{address}/whole?{row}" for row in range(32)]
    rows += [f"http://{address}/body-dripping?{row}" for row in range(64)]
    table = pd.DataFrame({"location": rows, "label": [0, 1] * 48})
    table.to_csv(f"{folder}/waiting.csv", index=False)
    return cvd.CSVSequence(f"{folder}/waiting.csv", image_size=(8, 9), batch_size=8, shuffle=False,
        allow=("http",), private_hosts=True, verbose=0, label_mode="int", **{how: 2}, **options)

def arrays(count=64, **options):
    x = np.random.default_rng(0).integers(0, 256, (count, 96, 96, 3), np.uint8)
    return cvd.ArraySequence(x, np.arange(count) % 2, batch_size=4, seed=1, verbose=0,
        augment=[cvd.layers.RandomRotation(0.1)], **{how: 2}, **options)

def compiled():
    model = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(2)])
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return model

def ready():
    print("ready", *worker_pids(), flush=True)

def worker_pids():
    children = f"/proc/{os.getpid()}/task"
    return [pid for task in os.listdir(children)
            for pid in open(f"{children}/{task}/children").read().split()]
"""

# Lines that frameworks write when they are imported or end.
_FOREIGN = re.compile(
    r"^(WARNING: All log messages before|[IWEF]\d{4} |\d{4}-\d\d-\d\d .* [IWE] |To enable the foll|"
    r".*(os\.fork\(\)|pid, fd = os\.forkpty))"
)


class Program:
    """A program that runs.

    Args:
        code: What it does after the start that all have.
        folder: An empty folder.
        how: "threads" or "processes".
        server: Where its pictures come from.
    """

    def __init__(self, code: str, folder: Path, how: str, server: Server) -> None:
        import keras_cvdata

        root = str(Path(keras_cvdata.__file__).parents[1])
        self._process = subprocess.Popen(
            [sys.executable, "-c", _START + code, server.address, str(folder), how],
            env={**os.environ, "PYTHONPATH": root, "TF_CPP_MIN_LOG_LEVEL": "3"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,  # else what follows the first line may be read with it
        )
        self._server, self._signalled = server, 0.0
        assert self._process.stdout is not None
        first = self._process.stdout.readline().decode()
        self.children = [int(each) for each in re.findall(r"\b\d+\b", first)]

    def kill(self, number: signal.Signals, drips: bool) -> None:
        """Send it a signal, where it waits for what drips."""
        while drips and not self._server.visits["body-dripping"]:
            time.sleep(0.05)
        time.sleep(2.0 if drips else 0.0)
        self._signalled = time.monotonic()
        self._process.send_signal(number)

    def end(self) -> str:
        """Wait for its end; say how it ended, when, and what it wrote."""
        began = time.monotonic()
        out, err = (each.decode() for each in self._process.communicate())
        at = re.search(r"^ended ([\d.]+)$", out, re.MULTILINE)
        took = (float(at[1]) if at else time.monotonic()) - (self._signalled or began)
        said = " ".join(line for line in out.splitlines() if not line.startswith("ended "))
        lines = [line for line in err.splitlines() if line and not _FOREIGN.match(line)]
        within = "within 3 s" if took < 3 else f"after {took:.1f} s"
        last = lines[-1][:300] if lines else "nothing"
        left = [child for child in self.children if _is_there(child)]
        return (
            f"ended {within} with {self._process.returncode}; said: {said}; last line of stderr: "
            f"{last}; interrupted: {'KeyboardInterrupt' in err}; left: {len(left)}"
        )


def _is_there(pid: int) -> bool:
    until = time.monotonic() + 3
    while time.monotonic() < until:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return False
        if state == "Z":
            return False
        time.sleep(0.05)
    return True


@contextmanager
def running(code: str, folder: Path, how: str) -> Iterator[Program]:
    """A program, and the server that it reads from."""
    with serving() as server:
        yield Program(code, folder, how, server)
