"""Collections of drawn things, of which tests know colour, shape, place and light."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np

from keras_cvdata.audit import AuditReport, audit
from keras_cvdata.audit.checks.base import Check, Collection, Finding
from keras_cvdata.audit.measuring import layout
from keras_cvdata.audit.parts import open_parts
from keras_cvdata.sources import Source
from keras_cvdata.sources.arrays import ArraySource

RED, GREEN, YELLOW, ORANGE = (200, 30, 25), (50, 160, 40), (230, 210, 30), (205, 72, 25)
DAY, DUSK, LAMP, DIM = (1.0, 1.0, 1.0), (0.3, 0.3, 0.33), (1.0, 0.86, 0.68), (0.35, 0.3, 0.24)
SIDE = 64


def thing(  # what a picture is made of
    color: Sequence[int] = RED,
    long: float = 0.4,
    wide: float = 0.2,
    angle: float = 0.0,
    place: tuple[float, float] = (0.5, 0.5),
    light: Sequence[float] = DAY,
) -> np.ndarray:
    """An ellipse on light grey, (64, 64, 3) uint8; its axes and its place are parts of the side."""
    image = np.full((SIDE, SIDE, 3), 215, np.uint8)
    middle = (round(place[0] * SIDE), round(place[1] * SIDE))
    axes = (round(long * SIDE / 2), round(wide * SIDE / 2))
    cv2.ellipse(image, middle, axes, angle, 0, 360, tuple(color), -1)
    return np.clip(image * np.array(light), 0, 255).astype(np.uint8)


def varied(number: int, seed: int = 0, colors: Sequence[Sequence[int]] = (RED,)) -> np.ndarray:
    """Things that differ in size, shape, angle, place and light."""
    random = np.random.default_rng(seed)
    lights = (DAY, DUSK, LAMP, DIM)
    return np.stack(
        [
            thing(
                colors[row % len(colors)],
                random.uniform(0.3, 0.6),
                random.uniform(0.12, 0.25),
                random.uniform(0, 180),
                tuple(random.uniform(0.35, 0.65, 2)),
                np.array(lights[row % 4]) * random.uniform(0.85, 1.0),
            )
            for row in range(number)
        ]
    )


def plain(*sizes: int, side: int = 4) -> tuple[np.ndarray, list[str]]:
    """Black pictures of classes "a", "b", ... with as many images."""
    names = [chr(ord("a") + place) for place, size in enumerate(sizes) for _ in range(size)]
    return np.zeros((len(names), side, side, 3), np.uint8), names


def count(data: Any, check: Check, split: Sequence[str] | None = None) -> list[Finding]:
    """Findings of a check that has measured nothing, for what only counts."""
    parts = open_parts(data, split)
    size = np.full(len(parts.source), 4, np.uint32)
    measures = np.zeros(len(size), layout([check]))
    own = {name: measures[f"{check.name}.{name}"] for name in check.measures}
    read = np.ones(len(size), bool)
    splits = (parts.split_names, parts.splits)
    return list(check.findings(Collection(parts.source, size, size, read, {}, own, *splits)))


def look(check: str, data: Any, **options: Any) -> AuditReport:
    """Audit by one check."""
    return audit(data, checks=[check], verbose=0, **options)


def found(report: AuditReport | Sequence[Finding], kind: str) -> list[Finding]:
    """Findings of a kind, without notes that say why nobody looked."""
    findings = report.findings if isinstance(report, AuditReport) else report
    return [
        f
        for f in findings
        if f.check == kind and not (f.severity == "note" and f.label is None and f.score is None)
    ]


def reasons(report: AuditReport, kind: str) -> list[str]:
    """Why nobody looked for a kind."""
    seen = found(report, kind)
    return [f.message for f in report.findings if f.check == kind and f not in seen]


def with_columns(images: np.ndarray, labels: Sequence[str], **columns: Sequence[Any]) -> Source:
    """A source with columns that say something of its images."""
    source = ArraySource(images, list(labels))
    source.columns = {name: np.array(values, object) for name, values in columns.items()}
    return source
