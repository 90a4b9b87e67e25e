"""What a kill, a full disk, names that are no Unicode and other runs do to what is written."""

from __future__ import annotations

import os
import resource
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from tests.faults.fault import Fault

_CLASSES = ("ant", "bee", "cow")
_TARGETS = ("out", "out.csv", "out.json", "out.jsonl", "out.h5")
_CHANGES = ("os.rename", "os.remove", "os.rmdir", "os.mkdir", "ctypes.dlsym")


def _image(path: Path, value: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(value).integers(0, 255, (24, 24, 3), np.uint8)
    noise[:8] = value
    path.write_bytes(cv2.imencode(".png", noise)[1].tobytes())


def two_collections(folder: Path) -> Path:
    """Twelve images in `first`, and twelve others under the same names in `second`."""
    for offset, name in enumerate(("first", "second")):
        for number in range(12):
            label = _CLASSES[(number + offset) % 3]
            _image(folder / name / label / f"{number}.png", number + 100 * offset)
    return folder


def strange_names(folder: Path) -> Path:
    """A class whose folder has a name that is no UTF-8."""
    for number in range(4):
        _image(folder / "first" / ("caf\udce9", "dog")[number % 2] / f"{number}.png", number)
    return folder


def _seen(path: Path) -> list[tuple[str, int]]:
    """Class and first pixel of each image."""
    from keras_cvdata.sources import open_source

    source = open_source(path)
    (column,) = source.labels.values()
    return sorted(
        (column.class_names[code], int(source.image(position)[0, 0, 0]))
        for position, code in enumerate(column.values.tolist())
    )


def _killed(write: Callable[[], Any], step: int) -> bool:
    """Write in a process that is killed at a change of names or a new file; whether it was."""
    child = os.fork()
    if child:
        return os.WIFSIGNALED(os.waitpid(child, 0)[1])
    left = step

    def count(event: str, arguments: Any) -> None:
        nonlocal left
        opened = event == "open" and isinstance(arguments[2], int) and bool(arguments[2] & 3)
        if event in _CHANGES or opened:
            left -= 1
            if not left:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(count)
    write()
    os._exit(0)


def _write(name: str, place: Path, which: str) -> None:
    from keras_cvdata.conversion import convert
    from keras_cvdata.conversion.split import write_split

    source, target = place / which, place / "results" / name
    target.parent.mkdir(exist_ok=True)
    if name.startswith("split"):
        write_split(source, target, 0.25, seed=len(which), overwrite=True, verbose=0)
        return
    options: dict[str, Any] = {"copy": True} if name.endswith(("csv", "json", "jsonl")) else {}
    convert(source, target, overwrite=True, verbose=0, n_jobs=1, **options)


def _read(name: str, place: Path) -> list[tuple[str, int]]:
    target = place / "results" / name
    if not name.startswith("split"):
        return _seen(target)
    parts = [_part(target, part) for part in ("train", "validation")]
    return sorted(line for part in parts if part.exists() for line in _seen(part))


def _part(target: Path, part: str) -> Path:
    return target.with_stem(f"{target.stem}_{part}") if target.suffix else target / part


def _states(name: str, place: Path) -> dict[str, list[tuple[str, int]]]:
    states = {}
    for which in ("second", "first"):  # the old one is there in the end
        _write(name, place, which)
        states[which] = _read(name, place)
    return states


def kill_at_each_step(name: str, place: Path) -> str:
    """Kill a run that replaces `first` by `second` at every change; look; let the next run end."""
    states, step = _states(name, place), 1
    while _killed(partial(_write, name, place, "second"), step):
        found = _read(name, place)
        allowed = [*states.values(), *([[]] if name.startswith("split") else [])]
        if found not in allowed and not (name.startswith("split") and _one_sided(found, states)):
            return f"a mixture or nothing after step {step}: {found}"
        _write(name, place, "second")
        if _read(name, place) != states["second"]:
            return f"the next run made something else after step {step}"
        _write(name, place, "first")
        step += 1
    left = [path.name for path in (place / "results").rglob("*") if path.name.startswith(".")]
    folders = [path.name for path in (place / "results").glob("*_images*")]
    if left or len(folders) > 1:
        return f"left over: {left or folders}"
    return f"whole at each of {step - 1} steps, nothing left"


def _one_sided(found: list[tuple[str, int]], states: dict[str, list[tuple[str, int]]]) -> bool:
    return any(set(found) <= set(state) for state in states.values())


@contextmanager
def _full_disk(size: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def full_disk(name: str, place: Path) -> str:
    """Write on a disk that takes no file of more than a kilobyte."""
    _write(name, place, "first")
    before = _read(name, place)
    try:
        with _full_disk(1_000):
            _write(name, place, "second")
    except OSError as error:
        named = name in str(error) and "No such" not in str(error)
        kept = "old target kept" if _read(name, place) == before else "old target lost"
        return f"{type(error).__name__}: {kept}, {'named' if named else f'not named: {error}'}"
    return "written"


def report_on_a_full_disk(method: str, place: Path) -> str:
    """Write a report over an older one, on a disk that takes a few bytes."""
    from keras_cvdata import audit

    target, report = place / "report", audit(place / "first", verbose=0)
    target.write_text("old")
    try:
        with _full_disk(50):
            getattr(report, method)(target)
    except OSError as error:
        kept = "old report kept" if target.read_text() == "old" else "old report lost"
        return f"{kept}, {'named' if 'report' in str(error) else f'not named: {error}'}"
    return "written"


def predict_on_a_full_disk(place: Path) -> str:
    """Predict into a table, on a machine whose disks take a few bytes."""
    import keras

    from keras_cvdata import predict

    model = keras.Sequential([keras.Input((24, 24, 3)), keras.layers.Flatten()])
    model.add(keras.layers.Dense(3, "softmax"))
    target = place / "out.csv"
    target.write_text("old")
    try:
        with _full_disk(50):
            predict(model, place / "first", path=target, verbose=0)
    except OSError as error:
        kept = "old table kept" if target.read_text() == "old" else "old table lost"
        return f"{error}: {kept}, {len(error.result)} rows"  # type: ignore[attr-defined]
    return "written"


def convert_strange(name: str, place: Path) -> str:
    """Convert a collection with a class that is no UTF-8."""
    from keras_cvdata.conversion import convert

    target = convert(place / "first", place / name, copy=True, verbose=0)
    return f"classes { {label for label, _ in _seen(target)}!a}"


def report_of_strange(method: str, place: Path) -> str:
    """Write a report of a collection with a class that is no UTF-8."""
    from keras_cvdata import audit

    getattr(audit(place / "first", verbose=0), method)(place / "report")
    return f"written: {(place / 'report').stat().st_size > 0}"


def two_at_once(name: str, place: Path) -> str:
    """Begin to write what another process is writing, which goes on."""
    from keras_cvdata.conversion import convert
    from keras_cvdata.sources import open_source

    source = open_source(place / "second")
    said: list[str] = []
    inner = type(source).fetch

    def fetch(self: Any, position: int) -> Any:
        if not said:
            said.append("")
            try:
                _write(name, place, "first")
                said[0] = "both wrote"
            except BlockingIOError as error:
                said[0] = f"BlockingIOError: {error}"
        return inner(self, position)

    type(source).fetch = fetch  # type: ignore[method-assign]
    (place / "results").mkdir()
    convert(source, place / "results" / name, verbose=0, copy=True, n_jobs=1)
    type(source).fetch = inner  # type: ignore[method-assign]
    whole = len(_read(name, place)) == 12
    return f"{said[0]} {'whole' if whole else 'not whole'}"


def into_the_source(place: Path) -> str:
    """Write a folder into the one that is read."""
    from keras_cvdata.conversion import convert

    return str(convert(place / "first", place / "first" / "out", verbose=0))


def over_a_link(place: Path) -> str:
    """Write a report where a link leads elsewhere."""
    from keras_cvdata import audit

    (place / "disk").mkdir()
    (place / "disk/real.json").write_text("old")
    (place / "link.json").symlink_to(place / "disk/real.json")
    audit(place / "first", verbose=0).to_json(place / "link.json")
    written = (place / "disk/real.json").read_text() != "old"
    return f"link {(place / 'link.json').is_symlink()}, written {written}"


def index_killed(place: Path) -> str:
    """Kill the writing of an index at each change, and list again."""
    from keras_cvdata.sources import open_source

    write, step = partial(open_source, place / "first", index=place / "index"), 1
    while _killed(write, step):
        if len(write()) != 12:
            return f"another listing after step {step}"
        names = [path.name for path in (place / "index").iterdir()]
        if len(names) != 1:
            return f"left over after step {step}: {names}"
        (place / "index" / names[0]).unlink()
        step += 1
    return f"right at each of {step - 1} steps, nothing left"


def _of_each(
    promise: str, use: Callable[[str, Path], str], names: tuple[str, ...], expected: str, **how: Any
) -> Iterator[Fault]:
    make = strange_names if "strange" in use.__name__ else two_collections
    for name in names:
        yield Fault(f"{promise}-{name}", "writing", make, partial(use, name), expected, **how)


_KILLS = (*_TARGETS, "split", "split.csv", "split.h5")
_REPORTS = ("to_json", "to_csv", "to_html", "review_list")
FAULTS: tuple[Fault, ...] = (
    *_of_each(
        "kill-at-each-step", kill_at_each_step, _KILLS,
        r"^whole at each of [1-9]\d* steps, nothing left", cpu=60, seconds=180,
    ),
    *_of_each("full-disk", full_disk, _TARGETS, "^OSError: old target kept, named$", quick=True),
    *_of_each("full-disk-audit", report_on_a_full_disk, _REPORTS, "^old report kept, named$"),
    Fault("predict-on-a-full-disk", "writing", two_collections, predict_on_a_full_disk,
          "is `result` of this error.*out.csv'?: old table kept, 12 rows$"),
    *_of_each("no-utf-8", convert_strange, ("out", "out.h5"), r"^classes \{.*caf\\udce9"),
    *_of_each(
        "no-utf-8", convert_strange, _TARGETS[1:4],
        r"^ValueError: The class of 'label' 'caf\\udce9' is no Unicode",
    ),
    *_of_each("no-utf-8-audit", report_of_strange, _REPORTS, "^written: True"),
    *_of_each("two-at-once", two_at_once, _TARGETS, "^BlockingIOError: .*another process.* whole$"),
    Fault("into-the-source", "writing", two_collections, into_the_source, "one more class there"),
    Fault("over-a-link", "writing", two_collections, over_a_link, "link True, written True"),
    Fault("kill-of-an-index", "writing", two_collections, index_killed, "^right.*nothing left",
          cpu=30, seconds=60),
)  # fmt: skip
