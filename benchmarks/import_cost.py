"""Measure what the imports of this package cost: on top of Keras, and for the command line.

    python benchmarks/import_cost.py [--repeats 9]

Every measurement is a fresh interpreter; the table goes to benchmarks/results/import_cost.md.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import subprocess
import sys
import time
from pathlib import Path

RESULTS = Path(__file__).parent / "results" / "import_cost.md"
CASES = {
    "`import keras`": "import keras",
    "`import keras`, then `import keras_cvdata`": "import keras, keras_cvdata",
    "`import keras`, then all public names": "import keras; from keras_cvdata import *",
    "`import keras_cvdata` alone": "import keras_cvdata",
    "`keras-cvdata --help`": "from keras_cvdata.cli import main; main(['--help'])",
    "an empty interpreter": "",
}


def seconds(code: str) -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=9)
    repeats = parser.parse_args().repeats
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    times: dict[str, list[float]] = {name: [] for name in CASES}
    for turn in range(repeats + 1):
        for name, code in CASES.items():
            taken = seconds(code)
            if turn:  # the first turn fills the caches of the disk
                times[name].append(taken)
    lines = [
        "# What importing costs",
        "",
        f"Medians of {repeats} fresh interpreters, whole process, Python "
        f"{platform.python_version()}, {os.cpu_count()} cores.",
        "",
        "| | seconds |",
        "|---|---:|",
        *(f"| {name} | {statistics.median(taken):.2f} |" for name, taken in times.items()),
        "",
        "Made by `python benchmarks/import_cost.py`.",
    ]
    print("\n".join(lines))
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
