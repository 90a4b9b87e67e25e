"""What the fuzzers of tables share: mutations, and what must hold of each file."""

from __future__ import annotations

import pickle
import resource
import signal
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import Any

_CPU = 2.0  # seconds a file
_MEMORY = 600 * 1024  # KiB
_HANG = 30
_MESSAGE = 10_000  # characters
KINDS = (None, "class", "multilabel", "hierarchical", "number")


def fuzz_tables(
    seconds: float, seed: int, suffix: str, make: Callable[[Random], str], pieces: Sequence[str]
) -> None:
    """Make tables, change them at random, and read them.

    Args:
        seconds: How long.
        seed: Seed of all choices.
        suffix: Ending of the file.
        make: Makes the text of a table.
        pieces: Texts that are put into others.

    Raises:
        AssertionError: A foreign exception came, or a limit was broken; it names the seed of the
            file and its path.
    """
    folder = Path(tempfile.mkdtemp(prefix="fuzz-"))
    signal.signal(signal.SIGALRM, _hang)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    end, number = time.monotonic() + seconds, seed * 10**9
    while time.monotonic() < end:
        number += 1
        random = Random(number)
        path = folder / f"t{suffix}"
        path.write_bytes(_mutated(make(random), random, pieces))
        signal.alarm(_HANG)
        began, problem = time.process_time(), ""
        try:
            _use(path, random)
        except BaseException as error:  # whatever it is, it is foreign
            problem = f"{type(error).__name__}: {str(error)[:500]}"
        signal.alarm(0)
        if (cpu := time.process_time() - began) > _CPU:
            problem = problem or f"{cpu:.1f} s of CPU"
        if resource.getrusage(resource.RUSAGE_SELF).ru_maxrss > before + _MEMORY:
            problem = problem or f"more than {_MEMORY // 1024} MiB"
        if problem:
            kept = path.rename(folder / f"{number}{suffix}")
            raise AssertionError(f"seed {number}: {problem}: {kept}")


def _hang(*_: object) -> None:
    raise TimeoutError(f"still running after {_HANG} s")


def _mutated(text: str, random: Random, pieces: Sequence[str]) -> bytes:
    encoding = random.choice(["utf-8"] * 8 + ["utf-8-sig", "utf-16", "latin-1"])
    data = bytearray(text.encode(encoding, "replace"))
    for _ in range(random.choice([0, 0, 1, 1, 2, 5, 20])):
        at = random.randrange(len(data) + 1)
        match random.randrange(6):
            case 0:
                data[at : at + 1] = bytes([random.randrange(256)])
            case 1:
                del data[at : at + random.choice([1, 1, 5, 100, 10**6])]
            case 2:
                data[at:at] = random.choice(pieces).encode("utf-8", "surrogatepass")
            case 3:
                part = data[at : at + random.choice([1, 10, 100])]
                data[at:at] = part * random.choice([1, 2, 30, 1000])
            case 4:
                data[at:at] = random.choice(pieces).encode("utf-8", "surrogatepass") * 3000
            case 5:
                other = random.randrange(len(data) + 1)
                data[at:at] = data[other : other + 200]
    return bytes(data)


def _use(path: Path, random: Random) -> None:
    """Read a table in one of many ways; what may come is swallowed."""
    from keras_cvdata.sources import open_source

    options: dict[str, Any] = {"missing": random.choice(["later", "later", "drop", "raise"])}
    options["label_column"] = random.choice(["label", "label", "label", None, ["label", "more"]])
    options["label_kind"] = random.choice(KINDS)
    options["root"] = random.choice([None, path.parent])
    if random.random() < 0.1:
        options |= {"pixel_shape": (2, 2), "image_column": random.choice(["location", "p*"])}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", UserWarning)
        source = _expected(lambda: open_source(path, **options))
        if source is None:
            return
        pickle.loads(pickle.dumps(source)).summary().encode("utf-8", "surrogateescape")
        for position in range(min(len(source), 3)):
            if "://" not in source.name(position):  # nothing is asked of other machines
                _expected(lambda position=position: source.image(position))
        for name in list(source.columns)[:3]:
            _expected(lambda name=name: source.boxes(name))
            _expected(lambda name=name: source.at_column(name))
        for column in source.labels.values():
            assert len(column) == len(source)


def _expected(call: Callable[[], Any]) -> Any:
    """What a call gives; None where it raises an error that says what is wrong."""
    try:
        return call()
    except (ValueError, FileNotFoundError) as error:
        foreign = isinstance(error, UnicodeError) or type(error).__module__.startswith("numpy")
        if foreign or len(str(error)) > _MESSAGE or len(str(error)) < 20:
            raise AssertionError(f"{type(error).__name__}: {str(error)[:500]}") from error
        return None
