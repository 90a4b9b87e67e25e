"""Which images findings point at, and the collection without them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from keras_cvdata.audit.checks.base import SEVERITIES, Finding
from keras_cvdata.sources import Source
from keras_cvdata.sources.joined import Joined
from keras_cvdata.types import Ints

if TYPE_CHECKING:
    from keras_cvdata.audit.report import AuditReport


def keep(
    report: AuditReport, drop: str | Sequence[str] | None = None, split: str | None = None
) -> Source:
    """Select what was not flagged, see `AuditReport.keep`."""
    kept = np.ones(len(report.collection), bool)
    kept[list(flagged(report, drop))] = False
    source, places, positions = part_of(report, split)
    return source.select(places[kept[positions]])


def flagged(report: AuditReport, drop: str | Sequence[str] | None) -> dict[int, Finding]:
    """Find the images that are to go.

    Of a pair the image that comes later in the collection goes, so that one of every pair, and of
    every group of copies the first, stays.

    Args:
        report: What was found.
        drop: Kinds of findings; None takes those of severity "error".

    Returns:
        The most severe finding of each image by its position, in the order of positions.

    Raises:
        ValueError: A kind was not looked for.
    """
    named = [drop] if isinstance(drop, str) else drop
    if named is not None:
        check_kinds("drop", named, report)
    found: dict[int, Finding] = {}
    for finding in by_severity(report.findings):
        wanted = finding.severity == "error" if named is None else finding.check in named
        if wanted and finding.position is not None:
            found.setdefault(culprit(finding), finding)
    return dict(sorted(found.items()))


def culprit(finding: Finding) -> int:
    """Position of the image that goes: the only one, or the later one of a pair."""
    assert finding.position is not None
    return finding.position if finding.other is None else max(finding.position, finding.other)


def by_severity(findings: Sequence[Finding]) -> list[Finding]:
    """Findings, the most severe first, otherwise in their order."""
    return sorted(findings, key=lambda finding: SEVERITIES.index(finding.severity))


def check_kinds(argument: str, named: Sequence[str], report: AuditReport) -> None:
    """Refuse kinds that were not looked for.

    Args:
        argument: What the kinds were given as.
        named: The kinds.
        report: What was found.

    Raises:
        ValueError: A kind was not looked for.
    """
    unknown = [kind for kind in named if kind not in report.kinds]
    if unknown:
        raise ValueError(
            f"{argument} names {unknown[0]!r}, which this audit did not look for. It looked for "
            f"{', '.join(sorted(report.kinds))}."
        )


def part_of(report: AuditReport, split: str | None) -> tuple[Source, Ints, Ints]:
    """The source that holds a split.

    Args:
        report: What was found.
        split: Name of the split; None takes everything.

    Returns:
        The source; (M,) positions of the images in it; and (M,) their positions in the collection.

    Raises:
        ValueError: There is no such split.
    """
    collection = report.collection
    source: Source = collection.source
    if split is None:
        return source, np.arange(len(source)), np.arange(len(source))
    if split not in collection.split_names:
        there = ", ".join(collection.split_names) or "none"
        raise ValueError(f"split={split!r} is no split of this audit; there are {there}.")
    number = collection.split_names.index(split)
    positions: Ints = np.flatnonzero(collection.splits == number)
    if isinstance(source, Joined):
        return source.sources[number], np.arange(len(positions)), positions
    return source, positions, positions
