"""Two stress tests side by side: what closed, what opened."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from keras_cvdata.stress.errors import noise_of
from keras_cvdata.stress.scoring import Line

if TYPE_CHECKING:
    from keras_cvdata.stress.report import StressReport

GAP = 0.02  # accuracy below that on clean images that counts as a gap

_VERDICTS = {
    "closed": "Closed",
    "narrowed": "Narrowed",
    "opened": "Opened",
}


@dataclass(frozen=True)
class Change:
    """One line of two reports.

    Args:
        perturbation: Its name; "clean" for the images as they are.
        severity: Its severity.
        before: Accuracy in the report before.
        after: Accuracy in the report after.
        noise: What the two may differ by for the number of images alone.
        gap: What the accuracy after lacks to that on clean images.
    """

    perturbation: str
    severity: int
    before: float
    after: float
    noise: float
    gap: float

    @property
    def verdict(self) -> str:
        """What became of it, "" where the two differ by noise alone."""
        if self.after < self.before - self.noise:
            return "opened"
        if self.after <= self.before + self.noise:
            return ""
        return "closed" if self.gap <= GAP else "narrowed"


@dataclass(frozen=True)
class Comparison:
    """Two stress tests side by side, see `StressReport.compare`.

    Args:
        changes: Each line that both have.
    """

    changes: tuple[Change, ...]

    @property
    def table(self) -> Any:
        """One row for each line as a pandas data frame.

        Columns: `perturbation`, `severity`, `before`, `after`, `change`, `noise`, `verdict`.
        """
        import pandas as pd

        rows = [
            (c.perturbation, c.severity, c.before, c.after, c.after - c.before, c.noise, c.verdict)
            for c in self.changes
        ]
        names = ["perturbation", "severity", "before", "after", "change", "noise", "verdict"]
        return pd.DataFrame(rows, columns=names)

    def of(self, verdict: str) -> dict[str, Change]:
        """The largest change of each perturbation with a verdict.

        Args:
            verdict: "closed", "narrowed" or "opened".

        Returns:
            Changes by name, the largest first; a perturbation may have several verdicts, at
            different severities.
        """
        found: dict[str, Change] = {}
        for change in sorted(self.changes, key=lambda c: -abs(c.after - c.before)):
            if change.verdict == verdict and change.severity:
                found.setdefault(change.perturbation, change)
        return found

    @property
    def left(self) -> dict[str, Change]:
        """The gaps that are left: the largest of each perturbation, the largest first."""
        found: dict[str, Change] = {}
        for change in sorted(self.changes, key=lambda c: -c.gap):
            if change.gap > max(GAP, change.noise):
                found.setdefault(change.perturbation, change)
        return found

    def summary(self) -> str:
        """What closed, narrowed and opened, what is left, and the accuracy on clean images."""
        clean = self.changes[0]
        noise = "" if clean.verdict else f", within noise of {100 * clean.noise:.1f} points"
        lines = [f"Clean images: {_both(clean)}{noise}"]
        for verdict, word in _VERDICTS.items():
            found = self.of(verdict)
            lines += [f"{word}: {_listed(found.values())}"] if found else []
        if len(lines) == 1:
            lines.append("Nothing else changed beyond the noise of the number of images")
        if self.left:
            gaps = ", ".join(
                f"{c.perturbation} {c.severity} ({c.after:.3f})" for c in self.left.values()
            )
            lines.append(f"Left: {gaps}")
        return "\n".join(lines)


def compare(after: StressReport, before: StressReport) -> Comparison:
    """Compare two reports, see `StressReport.compare`."""
    known = {(line.perturbation, line.severity): line for line in before.lines}
    both = [
        (known[line.perturbation, line.severity], line)
        for line in after.lines
        if (line.perturbation, line.severity) in known
    ]
    if len(both) < 2:
        raise ValueError(
            f"The two reports share no perturbation: this one has {_names(after)}, the other "
            f"{_names(before)}. Test both models with one suite and the same severities."
        )
    if math.isnan(after.clean.accuracy):
        raise ValueError(
            "The two reports have no accuracies to compare: the model gives numbers, not classes. "
            "Compare the column 'loss' of the tables."
        )
    return Comparison(tuple(_change(old, new, after.clean) for old, new in both))


def _change(old: Line, new: Line, clean: Line) -> Change:
    return Change(
        new.perturbation,
        new.severity,
        old.accuracy,
        new.accuracy,
        noise_of(old, new),
        clean.accuracy - new.accuracy,
    )


def _both(change: Change) -> str:
    return f"{change.before:.3f} to {change.after:.3f}"


def _listed(changes: Iterable[Change]) -> str:
    return ", ".join(f"{c.perturbation} {c.severity} ({_both(c)})" for c in changes)


def _names(report: StressReport) -> str:
    return ", ".join(report.perturbations)
