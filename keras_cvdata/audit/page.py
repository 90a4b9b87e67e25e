"""The report as one page that needs nothing else: pictures, charts and scripts are inside."""

from __future__ import annotations

import base64
import hashlib
import html
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from importlib.resources import files
from itertools import zip_longest
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from keras_cvdata import __version__
from keras_cvdata.audit import advising, charts
from keras_cvdata.audit.answers import (
    about,
    class_counts,
    kinds_found,
    printable,
    unseen,
)
from keras_cvdata.audit.cards import Cards, text
from keras_cvdata.audit.checks.base import SEVERITIES, Finding
from keras_cvdata.audit.selecting import by_severity

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
    Path(path).write_text(page(report, images), encoding="utf-8")


def page(report: AuditReport, images: int = 300) -> str:
    """Make the page.

    Args:
        report: What was found.
        images: Number of pictures to show at most.

    Returns:
        The text of an HTML file.
    """
    folder = files("keras_cvdata.audit")
    template, style, script = (
        (folder / f"page.{ending}").read_text(encoding="utf-8") for ending in ("html", "css", "js")
    )
    chosen = choose(report, images)
    number = sum(map(len, chosen.values()))
    all_findings = sum(finding.looked for finding in report.findings)
    return Template(template).substitute(
        policy=_policy(style, script),
        title=f"Audit of {len(report.collection):,} images",
        about=text(about(report)),
        style=style,
        script=script,
        checklist="\n".join(_checklist(report)),
        summary="\n".join(_summary(report)),
        advice="\n".join(_advice(report)),
        charts="\n".join(_charts(report)),
        classes="\n".join(_classes(report)),
        shown=f"{number:,} of {all_findings:,} findings are shown, with at most {images:,} "
        "pictures; <code>report.issues</code> and <code>report.to_csv(path)</code> hold all.",
        filters="\n".join(_filters(report, chosen)),
        groups="\n".join(_groups(report, chosen)),
        footer=f"Written by keras_cvdata {__version__}. This page loads nothing from elsewhere.",
    )


def _policy(style: str, script: str) -> str:
    """What a browser may do: show this page, and nothing else, whatever a name may hold."""
    hashes = (
        base64.b64encode(hashlib.sha256(part.encode()).digest()).decode()
        for part in (style, script)
    )
    style_hash, script_hash = hashes
    return (
        f"default-src 'none'; img-src data:; style-src 'sha256-{style_hash}'; "
        f"script-src 'sha256-{script_hash}'; base-uri 'none'; form-action 'none'"
    )


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
    if not found:
        yield "<p>Nothing was found.</p>"
    else:
        yield (
            '<div class="wide"><table><thead><tr><th scope="col">Found</th>'
            '<th scope="col" class="number">Number</th>'
            '<th scope="col">Such as</th></tr></thead><tbody>'
        )
        for severity, kind, count in found:
            worst = next(f for f in report.findings if (f.check, f.severity) == (kind, severity))
            yield (
                f'<tr><td><span class="severity {severity}">{severity}</span> '
                f"{_link('check', kind)}</td>"
                f'<td class="number">{count:,}</td><td>{text(worst.message)}</td></tr>'
            )
        yield "</tbody></table></div>"
    for message in unseen(report):
        yield f'<p class="unseen">Not looked at: {text(message)}</p>'


def _link(name: str, value: str) -> str:
    return f'<a href="#{html.escape(urlencode({name: printable(value)}))}">{text(value)}</a>'


def _advice(report: AuditReport) -> Iterator[str]:
    rows = advising.rows_of(report)
    if not rows:
        yield "<p>Nothing needs to be done.</p>"
        return
    yield '<ol class="advice">'
    for row in rows:
        code = f" <code>{text(row.code)}</code>" if row.code else ""
        counts = Counter(finding.check for finding in row.findings)
        answers = ", ".join(f"{_link('check', kind)} ({n:,})" for kind, n in counts.items())
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
    yield (
        f'<div class="wide"><table><caption>{caption}</caption><thead><tr>'
        '<th scope="col">Class</th><th scope="col" class="number">Images</th>'
        "<td></td></tr></thead><tbody>"
    )
    for name in listed:
        yield (
            f'<tr><th scope="row">{_link("class", name)}</th>'
            f'<td class="number">{counts[name]:,}</td>'
            f"<td>{charts.bar(counts[name], most)}</td></tr>"
        )
    yield "</tbody></table></div>"


def _filters(report: AuditReport, chosen: dict[str, list[Finding]]) -> Iterator[str]:
    shown = [finding for findings in chosen.values() for finding in findings]
    found = {finding.severity for finding in shown}
    yield _select("check", [kind for kind, findings in chosen.items() if findings])
    classes = list(class_counts(report)) if report.collection.codes is not None else []
    others = {finding.label for finding in shown if finding.label is not None} - set(classes)
    if classes or others:
        yield _select("class", [*classes, *sorted(others)])
    yield _select("severity", [severity for severity in SEVERITIES if severity in found])


def _select(name: str, values: Sequence[str]) -> str:
    options = "".join(f'<option value="{text(v)}">{text(v)}</option>' for v in values)
    return (
        f'<label>{name.capitalize()} <select name="{name}"><option value="">all</option>'
        f"{options}</select></label>"
    )


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
