"""Compare the cost of an audit with cleanvision: CPU time an image, and memory.

    python benchmarks/audit.py FOLDER [--repeats 3] [--images N]

Both look at the same photographs, each in processes of its own that take turns. The time is the
CPU time of the process and of its children, without imports; the least of the repeats counts.
cleanvision is installed into an environment of its own, which is made anew. The table goes to
benchmarks/results/audit.md.
"""

from __future__ import annotations

import argparse
import json
import platform
import shutil
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

RESULTS = Path(__file__).parent / "results" / "audit.md"

MEASURE = """
import contextlib, io, json, os, resource, sys, time

def cpu():
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system

folder = sys.argv[1]
{imports}
before = cpu()
with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
    {work}
peak = max(resource.getrusage(who).ru_maxrss for who in
           (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
print(json.dumps({{"seconds": cpu() - before, "images": images, "megabytes": peak / 1024}}))
"""
OURS = {
    "keras_cvdata, all checks": "report = cvd.audit(folder, verbose=0, n_jobs={jobs})",
    "keras_cvdata, what cleanvision looks for": (
        "report = cvd.audit(folder, verbose=0, n_jobs={jobs}, checks=['dark', 'light', 'blurred',"
        " 'low_information', 'grey', 'odd_size', 'odd_aspect', 'exact_copy', 'near_copy'])"
    ),
}
THEIRS = "lab = Imagelab(data_path=folder); lab.find_issues(n_jobs={jobs}, verbose=False)"


def measured(python: str, imports: str, work: str, folder: Path) -> dict[str, float]:
    code = MEASURE.format(imports=imports, work=work)
    command = [python, "-W", "ignore", "-c", code, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    result: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="photographs in class folders")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--peer", type=Path, help="Python with cleanvision, instead of a new one")
    arguments = parser.parse_args()

    with tempfile.TemporaryDirectory() as temporary:
        flat = Path(temporary) / "photographs" / "all"
        flat.mkdir(parents=True)
        for number, path in enumerate(sorted(arguments.folder.rglob("*.jpg"))):
            shutil.copy(path, flat / f"{number:06}.jpg")
        peer = arguments.peer
        if peer is None:
            venv.create(Path(temporary) / "venv", with_pip=True)
            peer = Path(temporary) / "venv" / "bin" / "python"
            subprocess.run([peer, "-m", "pip", "install", "--quiet", "cleanvision"], check=True)
        runs = {
            name: (
                sys.executable,
                "import keras_cvdata as cvd\ncvd.audit",
                work.format(jobs=1) + "; images = len(report.collection)",
            )
            for name, work in OURS.items()
        }
        runs["cleanvision"] = (
            str(peer),
            "from cleanvision import Imagelab",
            THEIRS.format(jobs=1) + "; images = len(lab.issues)",
        )
        results: dict[str, list[dict[str, float]]] = {name: [] for name in runs}
        for _ in range(arguments.repeats):
            for name, (python, imports, work) in runs.items():
                results[name].append(measured(python, imports, work, flat.parent))

    cost = {
        name: min(run["seconds"] / run["images"] * 1e3 for run in each)
        for name, each in results.items()
    }
    lines = [
        "# Audit",
        "",
        f"`python benchmarks/audit.py FOLDER`: {int(results['cleanvision'][0]['images'])} "
        f"photographs, one job, {arguments.repeats} turns; {platform.machine()}, Python "
        f"{platform.python_version()}.",
        "",
        "| | CPU ms an image | as a part of cleanvision | MB at most |",
        "|---|---|---|---|",
    ]
    for name, milliseconds in cost.items():
        megabytes = min(run["megabytes"] for run in results[name])
        ratio = milliseconds / cost["cleanvision"]
        lines.append(f"| {name} | {milliseconds:.2f} | {ratio:.2f} | {megabytes:.0f} |")
    RESULTS.write_text("\n".join(lines) + "\n")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
