"""Reports as JSON: all counts, from which the tables are made again."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from keras_cvdata.stress.scoring import HeadScore, Line
from keras_cvdata.writing import write_text

if TYPE_CHECKING:
    from keras_cvdata.stress.report import StressReport

_FORMAT = "keras_cvdata stress test"
_COUNTS = ("hits", "predicted", "labelled")
_PLAIN = ("name", "kind", "class_names", "images", "right", "loss")


def write(report: StressReport, path: str | os.PathLike[str]) -> None:
    """Write a report, see `StressReport.to_json`."""
    content = {
        "format": _FORMAT,
        "suite": report.suite,
        "seed": report.seed,
        "unread": dict(report.unread),
        "lines": [_line(line) for line in report.lines],
    }
    write_text(path, json.dumps(content, indent=1))


def read(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Read what a report is made of, see `StressReport.from_json`."""
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
        if content["format"] != _FORMAT:
            raise KeyError(content["format"])
        lines = tuple(map(_as_line, content["lines"]))
        return {key: content[key] for key in ("suite", "seed", "unread")} | {"lines": lines}
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(
            f"{os.fspath(path)} holds no stress test ({type(error).__name__}: {error}). Give a "
            "file that StressReport.to_json or `keras-cvdata stress --json` wrote."
        ) from error


def _line(line: Line) -> dict[str, Any]:
    heads = [
        {key: getattr(head, key) for key in _PLAIN}
        | {key: np.asarray(getattr(head, key)).tolist() for key in _COUNTS}
        | {"accuracy": head.accuracy}
        for head in line.heads
    ]
    told = {key: getattr(line, key) for key in ("perturbation", "severity", "strength", "unit")}
    return {**told, "heads": heads}


def _as_line(stored: Mapping[str, Any]) -> Line:
    heads = tuple(HeadScore(**_fields(head)) for head in stored["heads"])
    return Line(
        stored["perturbation"], stored["severity"], heads, stored["strength"], stored["unit"]
    )


def _fields(stored: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments of a score."""
    plain = {key: stored[key] for key in _PLAIN} | {"class_names": tuple(stored["class_names"])}
    return plain | {key: np.array(stored[key], np.int64) for key in _COUNTS}
