"""The checklist of the handbook, answered by what an audit found, and a summary in a few lines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from keras_cvdata.audit.checks import CHECKS
from keras_cvdata.audit.checks.base import SEVERITIES, Finding, Severity
from keras_cvdata.pages.escaping import printable

if TYPE_CHECKING:
    from keras_cvdata.audit.report import AuditReport

State = Literal["pass", "fail", "not looked at"]

_EACH = "look at each, in the page or in the review list"

MOST_WRONG_LABELS = 0.04  # share of wrong labels that R13 allows

# What a kind needs beside images, by the start of its name.
_NEEDED = {
    "few_images": "classes",
    "imbalance": "classes",
    "background": "classes",
    "uniform_class": "classes",
    "label_error": "predictions",
    "label_suspect": "predictions",
    "leakage": "splits",
    "class_missing": "splits",
    "drift": "splits",
    "outlier": "embeddings",
}
_LACKING = {
    "classes": "the images have no classes",
    "predictions": "it needs out-of-fold predictions, audit(..., pred_probs=...)",
    "splits": "there are no splits; name them with splits=",
    "embeddings": "it needs audit(..., embeddings=...)",
}


@dataclass(frozen=True)
class Answer:
    """What an audit says to one question of the checklist (R8).

    Args:
        question: The question.
        state: "pass", "fail" or "not looked at".
        why: What the answer rests on.
    """

    question: str
    state: State
    why: str


def checklist(report: AuditReport) -> tuple[Answer, Answer, Answer]:
    """Answer the three questions of the handbook.

    Args:
        report: What was found.

    Returns:
        The answers: enough images, few wrong labels, backgrounds.

    Source: Handbook 2, part 5; R8.
    """
    return (
        Answer("Enough images per class?", *_enough_images(report)),
        Answer("Label error rate low enough?", *_few_wrong_labels(report)),
        Answer("Background uniform or diversified in all classes?", *_backgrounds(report)),
    )


def _enough_images(report: AuditReport) -> tuple[State, str]:
    found, unseen = _more_than_notes(report, "few_images"), not_looked_at(report, "few_images")
    if found:
        return "fail", _first_of(found)
    if unseen:
        return "not looked at", unseen
    columns = report.collection.source.labels.values()
    count, smallest = min((n, name) for column in columns for name, n in column.counts().items())
    return "pass", f"the smallest class, {smallest!r}, has {count:,} image{'s' * (count != 1)}"


def _few_wrong_labels(report: AuditReport) -> tuple[State, str]:
    found = _more_than_notes(report, "label_error_rate")
    conflicts = sum(finding.check == "label_conflict" for finding in report.findings)
    pairs = "1 pair of copies has" if conflicts == 1 else f"{conflicts:,} pairs of copies have"
    told = f"{pairs} different labels" if conflicts else ""
    if found:
        return "fail", _first_of(found)
    if conflicts > MOST_WRONG_LABELS * len(report.collection):
        return "fail", f"{told}, which is more than {MOST_WRONG_LABELS:.0%} of the images"
    unseen = not_looked_at(report, "label_error_rate")
    if unseen:
        return "not looked at", f"{unseen}; {told}" if told else unseen
    why = f"it is below {MOST_WRONG_LABELS:.0%}"
    return "pass", f"{why}; {told}" if told else why


def _backgrounds(report: AuditReport) -> tuple[State, str]:
    found = _more_than_notes(report, "background_bias")
    unseen = not_looked_at(report, "background_bias")
    if found:
        return "fail", _first_of(found)
    if unseen:
        return "not looked at", unseen
    return "pass", "the border of a picture betrays no class"


def _more_than_notes(report: AuditReport, kind: str) -> list[Finding]:
    found = [f for f in report.findings if f.check == kind and f.severity != "note"]
    return sorted(found, key=lambda finding: SEVERITIES.index(finding.severity))


def _first_of(found: Sequence[Finding]) -> str:
    first = found[0]
    subject = f"{first.label!r}: " if first.label is not None else ""
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    return f"{subject}{first.message}{more}"


def not_looked_at(report: AuditReport, kind: str) -> str | None:
    """Say why it means nothing that a kind was not found.

    Args:
        report: What was found.
        kind: Kind of finding.

    Returns:
        The reason; None where it was looked for.
    """
    lacking = what_lacks(report, kind)
    messages = (finding.message for finding in reasons(report) if finding.check == kind)
    return lacking or next(messages, None)


def what_lacks(report: AuditReport, kind: str) -> str | None:
    """Say what an audit was not given that a kind cannot be found without.

    Args:
        report: What was found.
        kind: Kind of finding.

    Returns:
        What lacks; None where nothing does.
    """
    if kind not in report.kinds:
        return "it was left out of the checks"
    collection = report.collection
    given = {
        "classes": any(column.counts() for column in collection.source.labels.values()),
        "predictions": collection.pred_probs is not None,
        "splits": collection.splits is not None,
        "embeddings": collection.embeddings is not None,
    }
    for start, need in _NEEDED.items():
        if kind.startswith(start) and not given[need]:
            return _LACKING[need]
    return None


def unseen(report: AuditReport) -> list[str]:
    """Why something was not looked at: what checks say, and what lacks that was asked for."""
    told = [finding.message for finding in reasons(report)]
    if len(report.checks) < len(CHECKS):  # chosen by name
        kinds = [kind for check in report.checks for kind in check.kinds if kind in report.kinds]
        lacking: dict[str, list[str]] = {}
        for kind in kinds:
            lacking.setdefault(what_lacks(report, kind) or "", []).append(kind)
        told += [
            f"{', '.join(kinds)}: {lack}"
            for lack, kinds in lacking.items()
            if lack not in ("", _LACKING["classes"])  # of classes the checks say it themselves
        ]
    return list(dict.fromkeys(told))


def reasons(report: AuditReport) -> list[Finding]:
    """Findings that only say why a check could not look."""
    return [finding for finding in report.findings if not finding.looked]


def is_found(report: AuditReport, kind: str) -> bool:
    """Say whether a kind, or anything of a severity, was found.

    Args:
        report: What was found.
        kind: Kind of finding, or a severity.

    Returns:
        False also where the check only says that it could not look.
    """
    named = (f for f in report.findings if kind in (f.check, f.severity))
    return any(finding.looked for finding in named)


def class_counts(report: AuditReport) -> dict[str, int]:
    """Number of images of each class by name; empty without exactly one column of classes."""
    columns = list(report.collection.source.labels.values())
    return columns[0].counts() if len(columns) == 1 else {}


def kinds_found(report: AuditReport) -> list[tuple[Severity, str, int]]:
    """Kinds that were found, each with its worst severity and number; what weighs most first.

    Among kinds of one severity those about classes or the whole collection come first.
    """
    findings = [finding for finding in report.findings if finding.looked]
    counts = Counter(finding.check for finding in findings)
    worst: dict[str, tuple[int, bool]] = {}
    for finding in findings:
        weight = SEVERITIES.index(finding.severity), finding.position is not None
        worst[finding.check] = min(weight, worst.get(finding.check, weight))
    order = sorted(counts, key=lambda kind: (worst[kind], -counts[kind]))
    return [(SEVERITIES[worst[kind][0]], kind, counts[kind]) for kind in order]


def summary(report: AuditReport) -> str:
    """Say in about ten lines what a person needs to know.

    Args:
        report: What was found.

    Returns:
        Lines of text: the checklist, counts by kind, and what to do first.
    """
    answers = checklist(report)
    width = max(len(answer.question) for answer in answers)
    lines = [about(report)]
    lines += [f"{a.question:{width}}  {a.state:13}  {a.why}" for a in answers]
    return printable("\n".join([*lines, *_counts(report), *_first_steps(report)]))


def about(report: AuditReport) -> str:
    """Say in one line what was audited."""
    collection, counts = report.collection, class_counts(report)
    classes = f" in {len(counts)} class{'es' * (len(counts) != 1)}" if counts else ""
    images = f"{len(collection):,} image{'s' * (len(collection) != 1)}{classes}"
    if collection.splits is None:
        return images
    sizes = ", ".join(
        f"{name} {int((collection.splits == number).sum()):,}"
        for number, name in enumerate(collection.split_names)
    )
    return f"{images} ({sizes})"


def _counts(report: AuditReport) -> Iterator[str]:
    found = kinds_found(report)
    if not found:
        yield "Nothing was found."
    for severity in SEVERITIES:
        kinds = [f"{kind} {count:,}" for worst, kind, count in found if worst == severity]
        if kinds:
            yield f"{severity:8} {', '.join(kinds)}"
    for message in unseen(report):
        yield f"not looked at: {message}"


def _first_steps(report: AuditReport) -> Iterator[str]:
    kinds_by_action: dict[str, list[str]] = {}
    for severity, kind, _ in kinds_found(report):
        if severity != "note":
            found = (f for f in report.findings if (f.check, f.severity) == (kind, severity))
            actions = {finding.action for finding in found}
            action = actions.pop() if len(actions) == 1 else _EACH
            kinds_by_action.setdefault(action, []).append(kind)
    if kinds_by_action:
        yield "What to do first:"
    for number, (action, kinds) in enumerate(list(kinds_by_action.items())[:3], 1):
        yield f"{number}. {', '.join(kinds)}: {action}"
