"""What the benchmarks share: their arguments, and where their reports are kept."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from pathlib import Path

RESULTS = Path(__file__).parent / "results"


def arguments(doc: str | None, *, data: bool = False, rounds: int = 0) -> argparse.ArgumentParser:
    """Make the parser of a benchmark.

    Args:
        doc: Documentation of its module, which begins with what it does.
        data: It takes a folder of photographs.
        rounds: It measures so many times; 0 where there are no rounds.
    """
    parser = argparse.ArgumentParser(description=(doc or "").splitlines()[0])
    if data:
        parser.add_argument(
            "--data", type=Path, help="folder of class folders; generated if absent"
        )
    if rounds:
        parser.add_argument("--rounds", type=int, default=rounds)
    return parser


def keep(name: str, lines: Iterable[str]) -> None:
    """Print the lines of a report as they come, and keep them all in `results`, or none."""
    kept = []
    for line in lines:
        print(line, flush=True)
        kept.append(line)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.md").write_text("\n".join(kept) + "\n", encoding="utf-8")
