"""Measure layers, transfers, loading and `fit` on a machine with a GPU and many cores.

    python benchmarks/accelerator.py [--seconds 330] [--workers loading torch jax] [--quick]

Each worker is a process of its own with a limit of time: `loading` uses the CPU only, `torch` and
`jax` are the backends of Keras on the GPU. Every row is kept as soon as it is measured, and a part
that fails or runs out of time leaves a line that says so. `--quick` tries everything with tiny
sizes, also without a GPU. The tables go to benchmarks/results/accelerator.md, the numbers as they
were measured to a .jsonl file beside it.
"""

from __future__ import annotations

import argparse
import datetime
import importlib.util
import json
import math
import os
import platform
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from device.agreement import agreement, agreement_of_all_layers
from device.common import QUICK, Job, OutOfTime, Row, Sizes, draw_folder, reason
from device.fitting import waiting_in_fit
from device.graph import layers_compiled_by_torch, layers_in_graph, layers_one_by_one, transfer
from device.loading import in_processes, on_threads

RESULTS = Path(__file__).parent / "results" / "accelerator.md"
TESTS = Path(__file__).parents[1] / "tests"
LIMITS = {"loading": 85, "torch": 125, "jax": 330}  # seconds; what one leaves, the next ones have
RESERVED = {"loading": 0.0, "torch": 100.0, "jax": 0.0}  # seconds kept for those that follow

Part = tuple[str, Callable[[Job], Iterator[Row]], float]  # its table, and its seconds at most
ON_DEVICE: list[Part] = [
    ("agreement", agreement, 40),
    ("layers", layers_in_graph, 60),
    ("transfer", transfer, 20),
    ("fit", waiting_in_fit, 80),
    ("agreement", agreement_of_all_layers, 60),
    ("layers", layers_one_by_one, 60),
]
PARTS: dict[str, list[Part]] = {
    "loading": [("threads", on_threads, 120), ("processes", in_processes, 120)],
    "torch": [*ON_DEVICE, ("layers", layers_compiled_by_torch, 100)],
    "jax": ON_DEVICE,
}
ENVIRONMENTS = {
    "loading": {"KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu"},
    "torch": {"KERAS_BACKEND": "torch"},
    "jax": {"KERAS_BACKEND": "jax"},
}

TABLES = {
    "agreement": (
        "Does the device make the pixels of OpenCV?",
        "Largest difference to the OpenCV executor for equal parameters, in levels of 0 to 255, "
        "with TensorFloat-32 allowed; the limits are those of the tests.",
    ),
    "layers": (
        "Layers in the graph",
        "Six layers: flip, rotation, zoom, translation, contrast, saturation, ours in a "
        "`Pipeline`; or one. Median ms of a batch that lies on the device, device synchronised, "
        "both sides by turns. Ours returns the dtype of the batch, Keras's layers return float32, "
        "and Keras's saturation goes by way of HSV.",
    ),
    "transfer": (
        "Transfer",
        "Median ms from a batch in NumPy to float32 of 0 to 1 on the device; the last ratio is "
        "float32 made first by NumPy, over uint8.",
    ),
    "threads": (
        "Loading on threads",
        "`DirectorySequence` with flip, rotation, zoom, shift and light, batches of 32; decode "
        "only is `cv2.imdecode` on as many threads. Medians of 3 turns; a ratio is the median of "
        "those of each turn; CPU ms is the processor time of the whole process for one image.",
    ),
    "processes": (
        "What processes would give",
        "Independent processes, each with its share of the files, planned beforehand; they make "
        "float32 batches and throw them away. Bringing batches to one process comes on top, and "
        "planning, whose processor time for one image is given.",
    ),
    "fit": (
        "Waiting in `fit`",
        "Four strided convolutions, batches of 32, as `compile` and `fit` do by default, threads: "
        "all cores; images/s of an epoch after those that compile, and the share of another one, "
        "with the device synchronised, in which the next batch was waited for. On JAX, Keras "
        "compiles no model that holds these layers of its own.",
    ),
}


def run_worker(name: str, job: Job, seconds: float, output: Path) -> None:
    """Run the parts of a worker; each row is written at once."""
    end = time.monotonic() + seconds
    sys.path.append(str(TESTS))  # for the table of all layers, and both executors

    def keep(row: Row) -> None:
        print(name, f"{end - time.monotonic():.0f} s left", row, flush=True)
        with output.with_suffix(".jsonl").open("a") as file:
            file.write(json.dumps({"worker": name, **row}) + "\n")
        write_report(output)

    def stop(*_: Any) -> None:
        raise OutOfTime("its time was over")

    signal.signal(signal.SIGALRM, stop)
    keep({"table": "machine", **machine(name)})
    for table, part, most in PARTS[name]:
        left = min(most, end - time.monotonic())
        began = {"table": table, "part": part.__name__}
        if left < 3:
            keep({**began, "failure": "not begun: no time was left"})
            continue
        signal.setitimer(signal.ITIMER_REAL, left)
        try:
            for row in part(job):
                keep(row)
        except BaseException as error:
            signal.setitimer(signal.ITIMER_REAL, 0)
            traceback.print_exc(limit=-6)
            keep({**began, "failure": reason(error)})
            if isinstance(error, KeyboardInterrupt):
                raise
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)


def machine(worker: str) -> Row:
    names = ["keras", "jax", "torch", "numpy", "opencv-python", "opencv-python-headless"]
    found = []
    for name in names:
        with suppress(Exception):
            found.append(f"{name} {version(name)}")
    card = "none"
    if worker == "torch" and importlib.util.find_spec("torch"):
        import torch

        card = torch.cuda.get_device_name() if torch.cuda.is_available() else "none"
    if worker == "jax":
        import jax

        card = jax.devices()[0].device_kind
    return {
        "card": card,
        "cores": len(os.sched_getaffinity(0)),
        "versions": f"Python {platform.python_version()}, {', '.join(found)}",
    }


def shown(value: Any) -> str:
    """A cell of a table."""
    if not isinstance(value, float):
        return str(value)
    if math.isnan(value):
        return "none"
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def write_report(output: Path) -> None:
    """Word all rows so far as Markdown."""
    rows = [json.loads(line) for line in output.with_suffix(".jsonl").read_text().splitlines()]
    lines = ["# On an accelerator", ""]
    for row in rows:
        if row["table"] == "begin":
            lines.append(row["text"])
        if row["table"] == "machine":
            lines.append(
                f"Worker {row['worker']}: card {row['card']}, {row['cores']} cores; "
                f"{row['versions']}."
            )
    for table, (title, how) in TABLES.items():
        own = [row for row in rows if row["table"] == table]
        measured = [row for row in own if "failure" not in row]
        columns = list(dict.fromkeys(key for row in measured for key in row))
        columns = [column for column in columns if column not in ("table", "worker")]
        lines += ["", f"## {title}", "", how, ""]
        if measured:
            numbers = [any(isinstance(r.get(c), float | int) for r in measured) for c in columns]
            lines.append(f"| {' | '.join(columns)} |")
            lines.append(f"|{'|'.join('---:' if each else '---' for each in numbers)}|")
            lines += [
                f"| {' | '.join(shown(row.get(column, '')) for column in columns)} |"
                for row in measured
            ]
        lines += [
            f"\n{row['worker']}, {row['part']}: {row['failure']}" for row in own if "failure" in row
        ]
    lines += ["", "Made by `python benchmarks/accelerator.py`."]
    output.write_text("\n".join(lines) + "\n")


def start_worker(name: str, options: argparse.Namespace, folder: Path, seconds: float) -> None:
    """Run a worker as a process of its own, which ends when its time is over."""
    call = [sys.executable, __file__, "--worker", name, "--folder", str(folder)]
    call += ["--seconds", str(seconds - 5), "--output", str(options.output)]
    environment = {**os.environ, **ENVIRONMENTS[name], "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(
        [*call, *(["--quick"] if options.quick else [])], env=environment, start_new_session=True
    )
    failure = ""
    try:
        status = process.wait(seconds)
        failure = f"ended with status {status}" if status else ""
    except subprocess.TimeoutExpired:
        failure = "was ended, out of time"
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    if failure:
        row = {"table": PARTS[name][-1][0], "worker": name, "part": "worker", "failure": failure}
        with options.output.with_suffix(".jsonl").open("a") as file:
            file.write(json.dumps(row) + "\n")
        write_report(options.output)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=330, help="of all workers together")
    parser.add_argument("--workers", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--output", type=Path, default=RESULTS)
    parser.add_argument("--quick", action="store_true", help="try everything with tiny sizes")
    parser.add_argument("--worker", choices=PARTS, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    sizes = QUICK if options.quick else Sizes()
    if options.worker:
        run_worker(options.worker, Job(sizes, options.folder), options.seconds, options.output)
        return
    end = time.monotonic() + options.seconds
    options.output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        draw_folder(folder, sizes.files)
        each = [file.stat().st_size for file in folder.glob("*/*")]
        driver = "no nvidia-smi"
        with suppress(OSError, subprocess.SubprocessError):
            query = ["nvidia-smi", "--query-gpu=name,driver_version", "--format=csv,noheader"]
            driver = subprocess.run(query, capture_output=True, check=True, text=True).stdout
        text = (
            f"{datetime.date.today()}; {driver.strip()}; images of {sizes.side} x {sizes.side}; "
            f"{len(each)} drawn JPEGs of about 400 x 468, {np.mean(each) / 1000:.0f} kB on "
            "average. Everything was measured in one run on one machine.\n"
        )
        begin = json.dumps({"table": "begin", "text": text})
        options.output.with_suffix(".jsonl").write_text(begin + "\n")
        for name in options.workers:
            left = end - time.monotonic() - RESERVED[name] * ("jax" in options.workers)
            alone = len(options.workers) == 1
            start_worker(name, options, folder, left if alone else min(LIMITS[name], left))
    print(options.output.read_text(), flush=True)


if __name__ == "__main__":
    main()
