"""Tries faults, each in a process of its own that nothing is lost with."""

from __future__ import annotations

import multiprocessing
import os
import re
import resource
import shutil
import signal
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from tests.faults.fault import Fault

MIB = 2**20
_SEAT_BELT = 6 * 2**30  # bytes beyond what is mapped: for the machine, far above every promise
_MAKING = 120.0  # seconds


@dataclass(frozen=True)
class Outcome:
    """What came of a fault: a line of text, CPU in seconds, growth in MiB, time in seconds."""

    came: str
    cpu: float = 0.0
    memory: float = 0.0
    seconds: float = 0.0


def attempt(fault: Fault, preload: tuple[str, ...] = ("tests.faults.preloaded",)) -> Outcome:
    """Make a fault and use it, in two processes that are forked from one with all imports."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(preload))
    folder = Path(tempfile.mkdtemp(prefix="fault-"))
    try:
        made = _in_a_process(context, fault.make, folder, _MAKING)
        if not isinstance(made, Path):
            return Outcome(f"could not be made: {made.came}")
        outcome = _in_a_process(context, fault.use, made, fault.seconds)
        assert isinstance(outcome, Outcome)
        return outcome
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def broken(fault: Fault, outcome: Outcome, *, timed: bool = True) -> list[str]:
    """Say which promises an outcome breaks; without `timed` CPU is not looked at."""
    said = []
    if not re.search(fault.expected, outcome.came, re.DOTALL):
        said.append(f"expected {fault.expected!r}, came {outcome.came!r}")
    if outcome.memory > fault.memory:
        said.append(f"grew by {outcome.memory:.0f} MiB, at most {fault.memory}")
    if timed and outcome.cpu > fault.cpu:
        said.append(f"took {outcome.cpu:.1f} s of CPU, at most {fault.cpu}")
    return said


def _in_a_process(
    context: multiprocessing.context.ForkServerContext,
    function: Callable[[Path], Path | str],
    path: Path,
    seconds: float,
) -> Outcome | Path:
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_child, args=(function, path, sender))
    process.start()
    sender.close()
    try:
        if not receiver.poll(seconds):
            return Outcome(f"still running after {seconds:g} s", seconds=seconds)
        answer: Outcome | Path = receiver.recv()
    except EOFError:
        process.join()
        code = process.exitcode or 0
        return Outcome(f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit {code}")
    else:
        return answer
    finally:
        _end(process)


def _end(process: multiprocessing.context.ForkServerProcess) -> None:
    """Kill the process with all that it started: it leads a group of its own."""
    process.join(0.5)
    with suppress(ProcessLookupError, PermissionError):
        if process.pid is not None:
            os.killpg(process.pid, signal.SIGKILL)
    process.join()


def _child(function: Callable[[Path], Path | str], path: Path, sender: Connection) -> None:
    os.setsid()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # also where a shell left it deaf
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (_status("VmSize") + _SEAT_BELT,) * 2)
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    before, started, cpu = _status("VmRSS"), time.perf_counter(), _cpu()
    try:
        came = function(path)
    except BaseException as error:  # whatever it is, it is what came
        came = f"{type(error).__name__}: {error}"
    if isinstance(came, Path):
        sender.send(came)
        return
    children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    grown = max(_status("VmHWM") - before, children) / MIB
    sender.send(Outcome(came, _cpu() - cpu, grown, time.perf_counter() - started))


def _status(name: str) -> int:
    """Bytes that /proc says of this process."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024
    raise LookupError(name)


def _cpu() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime
