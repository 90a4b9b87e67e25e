"""Reports of stress tests with figures by hand."""

from __future__ import annotations

import numpy as np

from keras_cvdata.stress.report import StressReport
from keras_cvdata.stress.scoring import HeadScore, Line


def line(
    name: str,
    severity: int,
    accuracy: float,
    images: int = 10_000,
    strength: float | None = None,
    unit: str = "",
) -> Line:
    """One line of two classes that are confused alike."""
    right = round(accuracy * images)
    half, hits = np.array([images // 2] * 2), np.array([right // 2] * 2)
    head = HeadScore("", "classes", ("cat", "dog"), images, right, images - right, hits, half, half)
    return Line(name, severity, (head,), strength, unit)


def report(clean: float, images: int = 10_000, suite: str = "own", **accuracies) -> StressReport:
    """A report of the accuracies of each perturbation by severity."""
    lines = [line("clean", 0, clean, images)]
    for key, given in accuracies.items():
        by, name = given if isinstance(given, list) else [given], key.replace("_", " ")
        lines += [line(name, number, value, images) for number, value in enumerate(by, 1)]
    return StressReport(suite, 0, tuple(lines))
