"""A report in a few lines of text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from keras_cvdata.stress import advising

if TYPE_CHECKING:
    from keras_cvdata.stress.report import StressReport

_WORST = 4  # families that a summary lists


def summary(report: StressReport) -> str:
    """Tell a report in at most ten lines, see `StressReport.summary`."""
    clean, unread = report.clean, len(report.unread)
    left_out = f", {unread} more could not be read" if unread else ""
    lines = [f"{clean.images} images{left_out}, suite {report.suite!r}, seed {report.seed}"]
    if np.isnan(clean.accuracy):
        return "\n".join([*lines, *_losses(report)])
    lines += [f"Accuracy {clean.accuracy:.3f} on clean images, {_means(report)}"]
    means = {name: 1 - error.error for name, error in report.corruption_errors().items()}
    worst = sorted(means, key=means.__getitem__)[:_WORST]
    lines += [f"  {name}: {means[name]:.3f}{_told(report, name)}" for name in worst]
    proposals = advising.proposals(report)
    if proposals:
        lines.append("What to try first, one at a time:")
    elif not any(advising.falls(line, clean) for line in report.lines):
        lines.append(f"No fall is beyond what {clean.images} images show by chance.")
    lines += [
        f"{number}. {found.code} ({found.perturbation})"
        for number, found in enumerate(proposals[:3], 1)
    ]
    return "\n".join(lines)


def _means(report: StressReport) -> str:
    told = f"mean error {report.mean_error:.3f} under {len(report.perturbations)} perturbations"
    if report.baseline is None:
        return told
    return f"{told}, mCE {100 * report.mce:.1f} %, relative {100 * report.relative_mce:.1f} %"


def _told(report: StressReport, name: str) -> str:
    by = report.perturbations[name]
    return "" if len(by) < 2 else f" ({by[0].accuracy:.3f} to {by[-1].accuracy:.3f})"


def _losses(report: StressReport) -> list[str]:
    """Lines on a model that gives numbers, whose losses alone can be compared."""
    means = {n: float(np.mean([x.loss for x in by])) for n, by in report.perturbations.items()}
    worst = sorted(means, key=means.__getitem__, reverse=True)[: 2 * _WORST]
    return [
        f"Loss {report.clean.loss:.4g} on clean images; the model gives no classes",
        *(f"  {name}: {means[name]:.4g}" for name in worst),
    ]
