"""Compare loaders on one folder of photographs: CPU time an image, then images per second.

    python benchmarks/peers.py [--data FOLDER] [--sizes 224 128] [--threads 2] [--repeats 5]
                               [--systems NAME ...] [--enlarge 1600]

Each loader runs in a process of its own; what is not installed here gets an environment of its own
in a temporary folder. All read `<class>/<image>` and yield float32 batches of 32, flipped, rotated
by up to 30 degrees, zoomed by up to 0.2, shifted by up to 0.1 and brightened by up to 0.2. They
take turns, one at a time, so that a busy moment of the machine meets all of them. CPU time is that
of the process and all its children, the least of the turns: it hardly depends on what else runs.
Last, every fifth photograph is enlarged. The tables and all figures go to
benchmarks/results/peers.md and peers.json. Linux only, by /proc.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import site
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import cv2
import peer_systems
from loading import photographs
from reports import RESULTS, arguments, keep

HERE = Path(__file__).parent
FLOOR, OURS = "decode only", "this package, folder"
WITHIN = (
    "FFCV reads its own format and can neither turn nor zoom images. It is built from source, for "
    "which OpenCV must be installed in C++, where pkg-config finds it."
)
TICK = os.sysconf("SC_CLK_TCK")

# What pip installs for systems that need more than this environment has.
NEEDS = {
    "Grain + Albumentations": ("grain", "albumentations"),
    "torch DataLoader + Albumentations": ("torch", "albumentations"),
    "DALI on CPU": ("nvidia-dali-cuda120",),
    "FFCV": ("ffcv==1.0.2", "torch"),
}


@dataclass
class Turns:
    """What the turns of one loader took."""

    system: str
    size: int
    images: int
    versions: dict[str, str]
    seconds: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    @property
    def cpu_ms(self) -> float:
        """Milliseconds of the processor for an image."""
        return min(self.cpu) / self.images * 1e3

    @property
    def rate(self) -> float:
        """Images a second."""
        return self.images / statistics.median(self.seconds)

    @property
    def spread(self) -> float:
        """How far turns are apart, as a share of the median."""
        return (max(self.seconds) - min(self.seconds)) / statistics.median(self.seconds)


class Peer:
    """A loader in a process of its own."""

    def __init__(self, python: str, system: str, folder: Path, size: int, threads: int) -> None:
        call = [python, HERE / "peer_systems.py", "--system", system, "--data", folder,
                "--size", size, "--threads", threads]  # fmt: skip
        quiet = {
            "KERAS_BACKEND": "tensorflow",
            "TF_CPP_MIN_LOG_LEVEL": "3",
            "CUDA_VISIBLE_DEVICES": "",
            "NO_ALBUMENTATIONS_UPDATE": "1",
            "OMP_NUM_THREADS": "1",
        }
        self.errors = tempfile.TemporaryFile("w+")  # noqa: SIM115 # closed with the process
        self.process = subprocess.Popen(
            list(map(str, call)), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=self.errors, text=True, env={**os.environ, **quiet},
        )  # fmt: skip
        self.turns = Turns(system, size, len(peer_systems.files_of(folder)), {})
        self.turns.versions = self._answer()["versions"]

    def turn(self) -> None:
        """Go over the folder once."""
        before = cpu_of_tree(self.process.pid)
        assert self.process.stdin is not None
        self.process.stdin.write("go\n")
        self.process.stdin.flush()
        self.turns.seconds.append(self._answer()["seconds"])
        self.turns.cpu.append(cpu_of_tree(self.process.pid) - before)

    def _answer(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.startswith(peer_systems.MARK):
                answer: dict[str, Any] = json.loads(line.removeprefix(peer_systems.MARK))
                return answer
        self.errors.seek(0)
        raise RuntimeError(self.errors.read().strip().splitlines()[-1])

    def close(self) -> None:
        """End the process."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.errors.close()


def cpu_of_tree(pid: int) -> float:
    """Seconds of the processor of a process and all that it started."""
    parents, used = {}, {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:  # it has ended
                continue
            parents[int(entry.name)] = int(fields[1])
            used[int(entry.name)] = sum(map(int, fields[11:15])) / TICK
    family, grown = {pid}, True
    while grown:
        grown = {child for child, parent in parents.items() if parent in family} - family
        family |= grown
    return sum(used.get(each, 0) for each in family)


def environment(folder: Path, packages: tuple[str, ...]) -> str:
    """Make an environment that sees what is installed here, and has some packages more.

    Returns:
        Its interpreter.
    """
    place = folder / "-".join(packages)
    python, ready = place / "bin" / "python", place / "ready"
    if not ready.exists():
        venv.create(place, with_pip=True)
        (found,) = place.glob("lib/python*/site-packages")
        (found / "here.pth").write_text("\n".join(site.getsitepackages()))
        call = [str(python), "-m", "pip", "install", "--quiet", *packages]
        subprocess.run(call, check=True, capture_output=True, text=True)
        ready.touch()
    return str(python)


def reason(error: Exception) -> str:
    """What a loader cannot run for: what the innermost program said of it."""
    said = (getattr(error, "stderr", None) or str(error)).strip().splitlines()
    told = [line.strip() for line in said if "Error: " in line]
    return (told or said)[-1][-300:]


def enlarged(folder: Path, width: int, target: Path) -> Path:
    """Copies of every fifth photograph at another width, for what large ones cost."""
    for file in sorted(folder.glob("*/*"))[::5]:
        image = cv2.imread(str(file))
        size = (width, round(width * 3 / 4))
        (target / file.parent.name).mkdir(parents=True, exist_ok=True)
        larger = cv2.resize(image, size, interpolation=cv2.INTER_CUBIC)
        cv2.imwrite(str(target / file.parent.name / f"{file.stem}.jpg"), larger)
    return target


def measure(
    folder: Path, size: int, systems: list[str], options: argparse.Namespace, scratch: Path
) -> tuple[list[Turns], dict[str, str]]:
    """Let all loaders take turns; those that cannot run say why."""
    peers, failed = [], {}
    with ExitStack() as stack:
        for system in systems:
            try:
                python = sys.executable
                if system in NEEDS:
                    python = environment(scratch, NEEDS[system])
                peer = Peer(python, system, folder, size, options.threads)
            except (RuntimeError, subprocess.CalledProcessError) as error:
                failed[system] = reason(error)
                continue
            stack.callback(peer.close)
            peers.append(peer)
        for _ in range(options.repeats):
            for peer in peers:
                peer.turn()
                time.sleep(0.3)  # what was fetched ahead is not the next one's
    return [peer.turns for peer in peers], failed


def table(found: list[Turns]) -> list[str]:
    """CPU time first; the floor is what a decoder takes, ours what this package takes."""
    by_name = {turns.system: turns for turns in found}
    ours = by_name.get(OURS)
    lines = [
        "| loader | CPU ms an image | of this package | images/s | spread |",
        "|---|---:|---:|---:|---:|",
    ]
    for turns in found:
        share = "" if ours is None else f"{turns.cpu_ms / ours.cpu_ms:.2f}"
        lines.append(
            f"| {turns.system} | {turns.cpu_ms:.2f} | {share} | {turns.rate:.0f} "
            f"| {turns.spread:.0%} |"
        )
    return lines


def heading(found: list[Turns], what: str, options: argparse.Namespace) -> str:
    """What was measured, where and with which versions."""
    together: dict[str, str] = {}
    for turns in found:
        together.update(turns.versions)
    named = ", ".join(f"{name} {version}" for name, version in sorted(together.items()))
    return (
        f"{found[0].images} {what} to float32 batches of {peer_systems.BATCH} x {found[0].size} x "
        f"{found[0].size} x 3 on {options.threads} threads, {options.repeats} turns each. CPU time "
        f"is the least of the turns, images/s the median, spread how far turns are apart. Python "
        f"{platform.python_version()}, {named}; {os.cpu_count()} cores with a load of "
        f"{os.getloadavg()[1]:.0f}, other programs included."
    )


def report(
    found: tuple[Path, str], options: argparse.Namespace, scratch: Path, kept: list[Any]
) -> Iterator[str]:
    """A section for each size, and one for large photographs; `kept` gets all figures."""
    folder, what = found
    parts = [(folder, what, size, f"{size} x {size}") for size in options.sizes]
    if options.enlarge:
        larger = enlarged(folder, options.enlarge, scratch / "larger")
        name = f"{what}, {options.enlarge} pixels wide,"
        parts.append((larger, name, options.sizes[0], f"{parts[0][3]}, large photographs"))
    yield "# Loaders beside each other"
    for folder, what, size, title in parts:
        place = options.environments or scratch
        turns, failed = measure(folder, size, options.systems, options, place)
        yield from ("", f"## {title}", "", heading(turns, what, options), "", *table(turns))
        for system, why in failed.items():
            yield from ("", f"Not run: {system} ({', '.join(NEEDS.get(system, ()))}): {why}")
        kept += [asdict(each) for each in turns]
    yield from ("", WITHIN, "", "Made by `python benchmarks/peers.py --data FOLDER`.")


def main() -> None:
    parser = arguments(__doc__, data=True)
    parser.add_argument("--sizes", type=int, nargs="+", default=[224, 128])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--systems", nargs="+", default=list(peer_systems.SYSTEMS))
    parser.add_argument("--enlarge", type=int, metavar="WIDTH", default=1600, help="0: leave out")
    parser.add_argument("--environments", type=Path, help="folder to keep them in")
    options = parser.parse_args()
    kept: list[Any] = []
    with tempfile.TemporaryDirectory() as scratch, photographs(options.data) as found:
        keep("peers", report(found, options, Path(scratch), kept))
    (RESULTS / "peers.json").write_text(json.dumps(kept, indent=1) + "\n")


if __name__ == "__main__":
    main()
