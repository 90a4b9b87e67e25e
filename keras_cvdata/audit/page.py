"""The report as one page that needs nothing else: pictures, charts and scripts are inside."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from itertools import zip_longest
from typing import TYPE_CHECKING

from keras_cvdata.audit import advising
from keras_cvdata.audit.answers import about, class_counts, kinds_found, unseen
from keras_cvdata.audit.cards import Cards
from keras_cvdata.audit.checks.base import SEVERITIES, Finding, Severity
from keras_cvdata.audit.selecting import by_severity
from keras_cvdata.pages import charts
from keras_cvdata.pages.escaping import text
from keras_cvdata.pages.frame import filtered, frame, link, section, select, table
from keras_cvdata.writing import write_text

if TYPE_CHECKING:
    from keras_cvdata.audit.report import AuditReport

_MOST_CLASSES = 100  # that are listed
_STATES = {"pass": "pass", "fail": "fail", "not looked at": "unseen"}

# Measures that are drawn where they are there, with the thresholds of their check.
_MEASURES = (
    ("pictures", "high", "dark", "Brightness that 99 % of the pixels stay below", "0 to 1"),
    ("pictures", "low", "light", "Brightness that 99 % of the pixels reach", "0 to 1"),
    ("pictures", "contrast", "low_contrast", "Standard deviation of brightness", "levels of 255"),
)


def write_page(report: AuditReport, path: str | os.PathLike[str], images: int = 300) -> None:
    """Write the page, see `AuditReport.to_html`."""
    write_text(path, page(report, images))


def page(report: AuditReport, images: int = 300) -> str:
    """Make the page.

    Args:
        report: What was found.
        images: Number of pictures to show at most.

    Returns:
        The text of an HTML file.
    """
    chosen = choose(report, images)
    number = sum(map(len, chosen.values()))
    all_findings = sum(finding.looked for finding in report.findings)
    told = (
        f"{number:,} of {all_findings:,} findings are shown, with at most {images:,} pictures; "
        "<code>report.issues</code> and <code>report.to_csv(path)</code> hold all."
    )
    drawn = "\n".join(_charts(report))
    main = [
        section("checklist", "Checklist", '<ul class="checklist">', *_checklist(report), "</ul>"),
        section("summary", "What was found", *_summary(report)),
        section("advice", "What to do", *_advice(report)),
        section(
            *("collection", "The collection"),
            f'<div class="charts">\n{drawn}\n</div>',
            "\n".join(_classes(report)),
        ),
        filtered("Findings", told, _filters(report, chosen), "\n".join(_groups(report, chosen))),
    ]
    title = f"Audit of {len(report.collection):,} images"
    return frame(title, about(report), main, "findings")


def choose(report: AuditReport, images: int) -> dict[str, list[Finding]]:
    """Choose findings to show, of each kind in turn, until the pictures are used up.

    Args:
        report: What was found.
        images: Number of pictures; a finding without a picture counts as one.

    Returns:
        Findings by kind, what weighs most first.
    """
    of_kind: dict[str, list[Finding]] = {kind: [] for _, kind, _ in kinds_found(report)}
    for finding in by_severity(report.findings):
        if finding.looked:
            of_kind[finding.check].append(finding)
    chosen: dict[str, list[Finding]] = {kind: [] for kind in of_kind}
    for turn in zip_longest(*of_kind.values()):
        for finding in filter(None, turn):
            images -= 1 if finding.other is None else 2
            if images < 0:
                return chosen
            chosen[finding.check].append(finding)
    return chosen


def _checklist(report: AuditReport) -> Iterator[str]:
    for answer in report.checklist:
        state = _STATES[answer.state]
        yield (
            f'<li class="{state}"><span class="question">{text(answer.question)}</span> '
            f'<span class="state">{answer.state}</span>'
            f'<div class="why">{text(answer.why)}</div></li>'
        )


def _summary(report: AuditReport) -> Iterator[str]:
    found = kinds_found(report)
    if found:
        rows = [_found(report, *each) for each in found]
        yield table(("Found", "Number", "Such as"), rows, numbers=(1,))
    else:
        yield "<p>Nothing was found.</p>"
    for message in unseen(report):
        yield f'<p class="unseen">Not looked at: {text(message)}</p>'


def _found(report: AuditReport, severity: Severity, kind: str, count: int) -> tuple[str, str, str]:
    worst = next(f for f in report.findings if (f.check, f.severity) == (kind, severity))
    told = f'<span class="severity {severity}">{severity}</span> {link("check", kind)}'
    return told, f"{count:,}", text(worst.message)


def _advice(report: AuditReport) -> Iterator[str]:
    rows = advising.rows_of(report)
    if not rows:
        yield "<p>Nothing needs to be done.</p>"
        return
    yield '<ol class="advice">'
    for row in rows:
        code = f" <code>{text(row.code)}</code>" if row.code else ""
        counts = Counter(finding.check for finding in row.findings)
        answers = ", ".join(f"{link('check', kind)} ({n:,})" for kind, n in counts.items())
        yield (
            f"<li><strong>{row.advice.step}</strong>: {text(row.advice.do)}{code}"
            f'<div class="answers">answers {answers}</div></li>'
        )
    yield "</ol>"
    if any(row.advice.step == "layer" for row in rows):
        yield (
            "<p>Take layers one at a time, and look at the precision of each class as well as the "
            "accuracy: too much augmentation costs what it gives.</p>"
        )


def _charts(report: AuditReport) -> Iterator[str]:
    collection, measures = report.collection, report.measures
    checks = {check.name: check for check in report.checks}
    names = measures.dtype.names or ()
    read = collection.readable
    for check, name, threshold, title, unit in _MEASURES:
        if f"{check}.{name}" in names and read.any():
            mark = getattr(checks.get(check), threshold, None)
            values = measures[f"{check}.{name}"][read]
            chart = charts.histogram(values, title, unit, [] if mark is None else [mark])
            told = "" if mark is None else f"; the line is the threshold of {threshold}, {mark:g}"
            yield f"<figure>{chart}<figcaption>{title}{told}</figcaption></figure>"
    if (collection.height > 0).any():
        known = collection.height > 0
        title = "Width and height of the images, in pixels"
        chart = charts.scatter(
            collection.width[known], collection.height[known], title, ("width", "height")
        )
        yield f"<figure>{chart}<figcaption>{title}</figcaption></figure>"


def _classes(report: AuditReport) -> Iterator[str]:
    counts = class_counts(report)
    if not counts:
        return
    listed = list(counts)
    caption = "Number of images in each class"
    if len(listed) > _MOST_CLASSES:
        smallest = sorted(listed, key=lambda name: counts[name])[:_MOST_CLASSES]
        listed = [name for name in listed if name in set(smallest)]
        caption += f"; the {_MOST_CLASSES} smallest of {len(counts):,}"
    most = max(counts.values())
    rows = [
        (link("class", name), f"{counts[name]:,}", charts.bar(counts[name], most))
        for name in listed
    ]
    yield table(("Class", "Images", ""), rows, numbers=(1,), caption=caption, named=True)


def _filters(report: AuditReport, chosen: dict[str, list[Finding]]) -> Iterator[str]:
    shown = [finding for findings in chosen.values() for finding in findings]
    found = {finding.severity for finding in shown}
    yield select("check", [kind for kind, findings in chosen.items() if findings])
    classes = list(class_counts(report)) if report.collection.codes is not None else []
    others = {finding.label for finding in shown if finding.label is not None} - set(classes)
    if classes or others:
        yield select("class", [*classes, *sorted(others)])
    yield select("severity", [severity for severity in SEVERITIES if severity in found])


def _groups(report: AuditReport, chosen: dict[str, list[Finding]]) -> Iterator[str]:
    cards = Cards(report, [finding for findings in chosen.values() for finding in findings])
    counts = {kind: count for _, kind, count in kinds_found(report)}
    for number, (kind, findings) in enumerate(chosen.items()):
        if findings:
            actions = {finding.action for finding in findings}
            shared = actions.pop() if len(actions) == 1 else None
            told = "" if shared is None else f"<p>What to do: {text(shared)}</p>"
            yield (
                f'<section class="group" aria-labelledby="g{number}"><h3 id="g{number}">'
                f"{text(kind)}: {len(findings):,} of {counts[kind]:,}</h3>"
                f'{told}<ul class="cards">'
            )
            yield from (cards.card(finding, action=shared is None) for finding in findings)
            yield "</ul></section>"
