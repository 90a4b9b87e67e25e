"""The list of doubtful images that a second pair of eyes goes through (R13)."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from keras_cvdata.audit.checks.base import Finding
from keras_cvdata.audit.selecting import by_severity, check_kinds, culprit, part_of
from keras_cvdata.sources import Source
from keras_cvdata.sources.corrections import Doubt, label_text, write_doubts

if TYPE_CHECKING:
    from keras_cvdata.audit.report import AuditReport


def write_review_list(
    report: AuditReport,
    path: str | os.PathLike[str],
    checks: Sequence[str] | None = None,
    split: str | None = None,
) -> int:
    """Write the list, see `AuditReport.review_list`.

    Args:
        report: What was found.
        path: File to write.
        checks: Kinds of findings; None takes all that are more than a note, and all on labels.
        split: Name of a split, whose rows are those of its own folder; None takes everything.

    Returns:
        Number of images in the list.
    """
    named = [checks] if isinstance(checks, str) else checks
    if named is not None:
        check_kinds("checks", named, report)
    source, places, positions = part_of(report, split)
    place_of = dict(zip(positions.tolist(), places.tolist(), strict=True))
    of_image: dict[int, list[Finding]] = {}
    for finding in by_severity(report.findings):
        if _is_for_review(finding) if named is None else finding.check in named:
            for position in _doubtful(report.collection.source, finding):
                of_image.setdefault(position, []).append(finding)
    listed = [position for position in of_image if position in place_of]
    rows = source.rows
    doubts = (
        Doubt(int(rows[place_of[position]]), *_told(report, position, of_image[position]))
        for position in listed
    )
    return write_doubts(path, source, doubts)


def _is_for_review(finding: Finding) -> bool:
    """Whether a finding is listed by default; a model that is no judge still ranks labels."""
    return finding.severity != "note" or finding.check.startswith("label_")


def _doubtful(source: Source, finding: Finding) -> Iterator[int]:
    """Images of a finding that a person must look at; both of a pair with different labels."""
    if finding.position is None:
        return
    if finding.other is not None:
        pair = sorted((finding.position, finding.other))
        if label_text(source, pair[0]) != label_text(source, pair[1]):
            yield pair[0]
    yield culprit(finding)


def _told(report: AuditReport, position: int, findings: Sequence[Finding]) -> list[str]:
    """Path, label, checks, score and suggestion of one image."""
    source = report.collection.source
    checks = []
    for finding in findings:
        other = finding.position if finding.other == position else finding.other
        like = "" if other is None else f" (like {source.name(other)})"
        checks.append(f"{finding.check}{like}")
    score = findings[0].score
    return [
        source.name(position),
        label_text(source, position),
        "; ".join(checks),
        "" if score is None else f"{score:.4g}",
        _likely_label(report, position, findings) or findings[0].action,
    ]


def _likely_label(report: AuditReport, position: int, findings: Sequence[Finding]) -> str | None:
    """The class that predictions prefer, for an image whose label is in doubt."""
    probs, codes = report.collection.pred_probs, report.collection.codes
    in_doubt = any(finding.check.startswith("label_") for finding in findings)
    if probs is None or codes is None or not in_doubt:
        return None
    best = int(probs[position].argmax())
    return None if best == codes[position] else report.collection.class_names[best]
