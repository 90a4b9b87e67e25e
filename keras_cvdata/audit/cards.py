"""Findings as cards of a page, with their pictures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from keras_cvdata.audit.checks.base import Finding
from keras_cvdata.audit.thumbnails import thumbnail
from keras_cvdata.pages.escaping import text
from keras_cvdata.pages.pictures import figure, shared_folder
from keras_cvdata.sources.corrections import label_text

if TYPE_CHECKING:
    from keras_cvdata.audit.report import AuditReport


class Cards:
    """Makes cards of findings.

    Args:
        report: What was found.
        findings: All findings that become cards, whose names are told without the folder that they
            share.
    """

    def __init__(self, report: AuditReport, findings: Sequence[Finding]) -> None:
        self.collection = report.collection
        self.source = report.collection.source
        places = {place for f in findings for place in (f.position, f.other) if place is not None}
        self.folder = shared_folder(self.source.name(place) for place in places)

    def card(self, finding: Finding, action: bool) -> str:
        """One finding as an element of a list.

        Args:
            finding: The finding.
            action: Say what to do about it.

        Returns:
            HTML.
        """
        places = [p for p in (finding.position, finding.other) if p is not None]
        labels = [label_text(self.source, place) for place in places]
        if finding.label is not None:
            labels.insert(0, finding.label)
        attributes = {
            "class": "finding pair" if len(places) > 1 else "finding",
            "data-check": finding.check,
            "data-severity": finding.severity,
            "data-class": labels[0] if labels else "",
            "data-other": labels[-1] if labels else "",
        }
        told = " ".join(f'{name}="{text(value)}"' for name, value in attributes.items())
        figures = "".join(map(self._figure, places))
        pictures = f'<div class="pictures">{figures}</div>' if places else ""
        subject = f'<span class="label">{text(finding.label)}</span>: ' if finding.label else ""
        own = f"<p>What to do: {text(finding.action)}</p>" if action else ""
        return (
            f'<li {told}>{pictures}<p><span class="severity {finding.severity}">'
            f"{finding.severity}</span> {subject}{text(finding.message)}{_score(finding)}</p>"
            f"{own}</li>"
        )

    def _figure(self, place: int) -> str:
        name = self.source.name(place).removeprefix(self.folder)
        splits = self.collection.splits
        split = "" if splits is None else f" ({self.collection.split_names[splits[place]]})"
        return figure(thumbnail(self.source, place), name, label_text(self.source, place), split)


def _score(finding: Finding) -> str:
    if finding.score is None:
        return ""
    limit = "" if finding.threshold is None else f", threshold {finding.threshold:.4g}"
    return f" <small>(score {finding.score:.4g}{limit})</small>"
