"""Try all faults of tests/faults, and write the table of promises.

    python benchmarks/faults.py [--before CHECKOUT] [--only PART] [--workers N]

Each fault is made and used in a process of its own, with all imports done before; CPU and growth
of memory are those of the use alone. With the checkout of an older version, the same faults are
used with that, for the column "before". The table goes to benchmarks/results/faults.md; the exit
status is 1 where a promise is broken.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path

ROOT = Path(__file__).parents[1]
RESULTS = Path(__file__).parent / "results" / "faults.md"
PARTS = {
    "images": "Image files",
    "hdf5": "HDF5 files",
    "tables": "Tables and folders",
    "remote": "Servers",
    "writing": "Writing",
    "process": "The process",
}


def outcomes(checkout: Path, only: str | None, workers: int) -> dict[str, dict[str, object]]:
    """What comes of the faults with the package of a checkout, by name."""
    path = os.pathsep.join([str(checkout), str(ROOT)])
    command = [sys.executable, "-P", __file__, "--outcomes", "--workers", str(workers)]
    if only:
        command += ["--only", only]
    # One thread each for what NumPy and OpenCV would do on all cores.
    environment = os.environ | {"PYTHONPATH": path, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    answer: dict[str, dict[str, object]] = json.loads(done.stdout.splitlines()[-1])
    return answer


def try_all(only: str | None, workers: int) -> dict[str, dict[str, object]]:
    """In this process, with the package that it finds."""
    from tests.faults.fault import Fault, all_faults
    from tests.faults.running import attempt, broken

    def tried(fault: Fault) -> tuple[str, dict[str, object]]:
        outcome = attempt(fault)
        said = broken(fault, outcome)
        print(fault.name, *said, sep=": ", file=sys.stderr, flush=True)
        return fault.name, asdict(outcome) | {"promise": fault.promise, "broken": said}

    chosen = [fault for fault in all_faults() if only in (None, fault.promise)]
    with ThreadPoolExecutor(workers) as executor:
        return dict(executor.map(tried, chosen))


def cell(outcome: dict[str, object]) -> str:
    came = re.sub(r"\s+", " ", str(outcome["came"])[:2000]).replace("|", "\\|")
    came = re.sub(r"/\S*fault-\w+/?", "", came)  # the folder that it was made in
    came = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in came)
    short = came if len(came) <= 160 else f"{came[:157]}..."
    return f"{short} ({outcome['cpu']:.1f} s, {outcome['memory']:.0f} MiB)"


def table(
    after: dict[str, dict[str, object]], before: dict[str, dict[str, object]] | None
) -> Iterator[str]:
    held = sum(not outcome["broken"] for outcome in after.values())
    yield "# Promises under faults"
    yield ""
    yield (
        f"{held} of {len(after)} promises held. What came, then seconds of CPU and growth of the "
        "resident size while it was used, of the process and its children."
    )
    for part, title in PARTS.items():
        rows = {name: row for name, row in after.items() if row["promise"] == part}
        if not rows:
            continue
        yield from ("", f"## {title}", "")
        yield "| fault | held |" + (" before |" if before else "") + " now |"
        yield "|---|---|" + ("---|" if before else "") + "---|"
        for name, row in rows.items():
            old = f" {cell(before[name])} |" if before else ""
            yield f"| {name} | {'**no**' if row['broken'] else 'yes'} |{old} {cell(row)} |"
    yield ""
    yield "Made by `python benchmarks/faults.py" + (" --before CHECKOUT`." if before else "`.")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--before", type=Path, help="checkout of an older version")
    parser.add_argument("--only", choices=PARTS, help="one part, printed and not kept")
    parser.add_argument("--workers", type=int, default=2, help="faults that are tried at once")
    parser.add_argument("--outcomes", action="store_true", help="print JSON, with this package")
    options = parser.parse_args()
    if options.outcomes:
        print(json.dumps(try_all(options.only, options.workers)))
        return
    old = (
        outcomes(options.before.resolve(), options.only, options.workers)
        if options.before
        else None
    )
    after = outcomes(ROOT, options.only, options.workers)
    text = "\n".join(table(after, old)) + "\n"
    print(text)
    if options.only is None:
        RESULTS.write_text(text)
    sys.exit(any(outcome["broken"] for outcome in after.values()))


if __name__ == "__main__":
    main()
