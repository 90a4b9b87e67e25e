"""What checks measure of each image: a pure function of source and positions, and who runs it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import cv2
import numpy as np

from keras_cvdata.audit.checks.base import NEEDS, Check
from keras_cvdata.audit.sample import Sample
from keras_cvdata.loading.threads import SingleThreadedOpenCV, available_cores
from keras_cvdata.progress import track
from keras_cvdata.sources import Source
from keras_cvdata.types import Array, ImageError, Ints

CHUNK = 32  # images that one task measures

UNKNOWN, READ, UNREADABLE = 0, 1, 2  # values of "state"


class Measured(NamedTuple):
    """What was measured of some images.

    Attributes:
        values: (M,) structured: "state", "height", "width", and `check.measure` of each check.
        reasons: Why an image could not be read, by its place in `values`.
    """

    values: Array
    reasons: dict[int, str]


def layout(checks: Sequence[Check]) -> np.dtype[np.void]:
    """Fields of what is measured of one image.

    Args:
        checks: The checks.

    Returns:
        The structured dtype.
    """
    fields: list[Any] = [("state", "u1"), ("height", "u4"), ("width", "u4")]
    for check in checks:
        fields += [
            (f"{check.name}.{name}", *_shaped(kind)) for name, kind in check.measures.items()
        ]
    return np.dtype(fields)


def _shaped(kind: str) -> tuple[str, tuple[int, ...]]:
    """Part a dtype such as "(8, 2)u8" from its shape.

    NumPy does that with the compiler of Python, in which two threads of Python 3.11 may collide.
    """
    shape, _, base = kind.rpartition(")")
    return base, tuple(map(int, filter(None, shape.strip("( ").replace(" ", "").split(","))))


def measure(source: Source, positions: Ints, checks: Sequence[Check]) -> Measured:
    """Look at some images, each fetched and decoded once.

    Args:
        source: The collection.
        positions: (M,) positions.
        checks: What to measure.

    Returns:
        What was measured; of images that cannot be read as far as it went, and the reason.
    """
    values = np.zeros(len(positions), layout(checks))
    ordered = sorted(
        (check for check in checks if check.measures), key=lambda check: NEEDS.index(check.needs)
    )
    reasons = {}
    with SingleThreadedOpenCV():
        for place, position in enumerate(np.asarray(positions).tolist()):
            reason = _look(Sample(source, position), ordered, values[place : place + 1])
            if reason is not None:
                reasons[place] = reason
    return Measured(values, reasons)


def _look(sample: Sample, checks: Sequence[Check], row: Array) -> str | None:
    """Fill the row of one image; return why it cannot be read."""
    row["state"] = UNREADABLE
    try:
        for check in checks:
            if check.needs == "pixels" and not row["height"][0]:
                row["height"], row["width"] = sample.size
                sample.pixels  # noqa: B018 # damage is found here, not in the middle of a check
            found = check.look(sample)
            if len(found) != len(check.measures):
                raise TypeError(
                    f"check {check.name!r} measured {len(found)} values of an image; its measures "
                    f"are {', '.join(check.measures)}."
                )
            for name, value in zip(check.measures, found, strict=True):
                row[f"{check.name}.{name}"] = value
        row["height"], row["width"] = sample.size
        if any(check.needs in ("file", "pixels") for check in checks):
            sample.pixels  # noqa: B018 # a check of files takes note of damage, and goes on
    except ImageError as error:
        return error.reason
    except (MemoryError, cv2.error) as error:
        return f"It cannot be measured: {error}"
    row["state"] = READ
    return None


def measure_all(
    source: Source,
    positions: Ints,
    checks: Sequence[Check],
    n_jobs: int | None = None,
    verbose: int = 1,
) -> Iterator[tuple[Ints, Measured]]:
    """Measure many images in parallel, by joblib.

    Args:
        source: The collection.
        positions: (M,) positions.
        checks: What to measure.
        n_jobs: Number of threads, or of what `joblib.parallel_config` chose; None takes the cores.
        verbose: 0 shows no progress.

    Yields:
        Positions and what was measured, in order, as soon as it is.
    """
    import joblib
    from joblib.parallel import get_active_backend

    if n_jobs is None and get_active_backend()[1] is None:
        n_jobs = available_cores()
    chunks = [positions[start : start + CHUNK] for start in range(0, len(positions), CHUNK)]
    tasks = (joblib.delayed(measure)(source, chunk, checks) for chunk in chunks)
    parallel = joblib.Parallel(n_jobs, prefer="threads", return_as="generator")
    done = track(parallel(tasks), "Auditing", total=len(chunks), verbose=verbose)
    yield from zip(chunks, done, strict=True)
