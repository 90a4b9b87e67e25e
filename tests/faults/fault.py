"""What may go wrong, one situation at a time, and what is promised then."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Fault:
    """A hostile file, or a fault of the machine.

    Attributes:
        name: It in words, joined by hyphens.
        promise: The part of the table that it belongs to: "images", "remote", "writing", "hdf5",
            "tables" or "process".
        make: Makes it in an empty folder, by code alone, and gives its path. A function of a
            module, as `use` is, so that a process finds it.
        use: Uses the package as a person would, by public names that it imports itself, and gives
            what came in a line of text. What it raises is "NameOfError: message".
        expected: Regular expression of which a match must be found in what came.
        cpu: Seconds of CPU at most, of the process and its children.
        memory: MiB at most by which the resident size grows.
        seconds: Of time, then the process is killed: it hangs.
        quick: Whether it is part of `make test`, where only what came and memory are looked at.
    """

    name: str
    promise: str
    make: Callable[[Path], Path]
    use: Callable[[Path], str]
    expected: str
    cpu: float = 2.0
    memory: int = 600
    seconds: float = 10.0
    quick: bool = False


def all_faults() -> tuple[Fault, ...]:
    """Give the faults of all modules `*_faults.py` beside this one, in the order of their names."""
    modules = sorted(file.stem for file in HERE.glob("*_faults.py") if file.stem != "test_faults")
    found = [importlib.import_module(f"tests.faults.{name}").FAULTS for name in modules]
    return tuple(fault for faults in found for fault in faults)
