"""Run the fuzzers of tests/faults, each for some time.

    python benchmarks/fuzz.py [--seconds 600] [--only NAME] [--seed N]

A finding ends the run with the seed and the path of the bytes that did it.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def main() -> None:
    sys.path.insert(0, str(ROOT))
    names = sorted(file.stem for file in (ROOT / "tests" / "faults").glob("fuzz_*.py"))
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--only", choices=names)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    for name in names:
        if options.only in (None, name):
            importlib.import_module(f"tests.faults.{name}").fuzz(options.seconds, options.seed)
            print(f"{name}: {options.seconds:g} s, nothing found", flush=True)


if __name__ == "__main__":
    main()
