"""The review as one page that needs nothing else."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from importlib.resources import files
from typing import TYPE_CHECKING

import numpy as np

from keras_cvdata.audit.checks.base import Finding
from keras_cvdata.pages import charts
from keras_cvdata.pages.escaping import text
from keras_cvdata.pages.frame import filtered, frame, link, section, select, table
from keras_cvdata.review.cards import Cards, Shown, choose
from keras_cvdata.review.findings import advice_of, told
from keras_cvdata.review.judged import THRESHOLD, Judged
from keras_cvdata.review.scores import precision_recall
from keras_cvdata.writing import write_text

if TYPE_CHECKING:
    from keras_cvdata.review.report import ReviewReport

_MOST_CLASSES = 25  # of which a matrix is drawn
_MOST_LISTED = 100  # classes in a table
_MOST_SLICES = 15
_MOST_UNREAD = 50


def write_page(report: ReviewReport, path: str | os.PathLike[str], images: int = 300) -> None:
    """Write the page, see `ReviewReport.to_html`."""
    write_text(path, page(report, images))


def page(report: ReviewReport, images: int = 300) -> str:
    """Make the page.

    Args:
        report: What was found.
        images: Number of pictures to show at most.

    Returns:
        The text of an HTML file.
    """
    shown = choose(report, images)
    main = [
        section("summary", "What was found", *_summary(report)),
        section("advice", "What to do", *_advice(report)),
    ]
    for number, judged in enumerate(report.judged):
        main += _of_head(report, judged, number)
    if report.predictions.reasons:
        main.append(section("unread", "Images that cannot be read", *_unread(report)))
    main.append(_cards(report, shown))
    style = (files("keras_cvdata.review") / "page.css").read_text(encoding="utf-8")
    title = f"Review of {len(report.predictions.source):,} images"
    return frame(title, _about(report), main, "findings", style)


def _about(report: ReviewReport) -> str:
    scores = [
        f"{f'{judged.head.name}: ' if judged.head.name else ''}{_score(judged)}"
        for judged in report.judged
    ]
    return "; ".join([*scores, report.about])


def _score(judged: Judged) -> str:
    if judged.head.kind == "regression":
        losses = judged.head.losses[judged.known]
        return (
            f"root of the mean squared error {math.sqrt(losses.mean()) if len(losses) else 0:.4g}"
        )
    of = f" (all labels, at {THRESHOLD})" if judged.head.kind == "multilabel" else ""
    return f"accuracy {judged.accuracy:.1%}{of}"


def _summary(report: ReviewReport) -> Iterator[str]:
    general = [finding for finding in report.findings if finding.position is None]
    counts = report.counts()
    rows = [
        (_severity(finding), _subject(finding) + text(finding.message))
        for finding in general[:_MOST_SLICES]
    ]
    for kind in ("unreadable", "label_suspect", "mistake"):
        first = next((finding for finding in report.findings if finding.check == kind), None)
        if first is not None:
            told_of = f"{counts[kind]:,} images, such as: {text(first.message)}"
            rows.append((_severity(first), told_of))
    if rows:
        yield table(("Found", "What"), rows)
    else:
        yield "<p>Nothing was found.</p>"


def _severity(finding: Finding) -> str:
    weight = f'<span class="severity {finding.severity}">{finding.severity}</span>'
    return f"{weight} {text(finding.check)}"


def _subject(finding: Finding) -> str:
    if finding.label is None or finding.check not in ("weak_class", "confused"):
        return ""
    return f"{link('class', finding.label)}: "


def _advice(report: ReviewReport) -> Iterator[str]:
    rows = advice_of(report)
    if not rows:
        yield "<p>Nothing needs to be done.</p>"
        return
    yield '<ol class="advice">'
    for row in rows:
        code = f" <code>{text(row.code)}</code>" if row.code else ""
        first = row.findings[0].message
        more = f" and {len(row.findings) - 1:,} more" if len(row.findings) > 1 else ""
        yield (
            f"<li><strong>{row.advice.step}</strong>: {text(row.advice.do)}{code}"
            f'<div class="answers">answers {", ".join(row.kinds)}: {text(first)}{more}</div></li>'
        )
    yield "</ol>"
    if any(row.advice.step == "layer" for row in rows):
        yield (
            "<p>Take layers one at a time, and look at the precision of each class as well as the "
            "accuracy: too much augmentation costs what it gives.</p>"
        )


def _of_head(report: ReviewReport, judged: Judged, number: int) -> Iterator[str]:
    name = f" of {judged.head.name}" if len(report.judged) > 1 else ""
    if judged.head.kind != "regression":
        yield section(f"classes{number}", f"Classes{name}", *_classes(judged))
    if judged.head.kind == "classes":
        yield section(f"confusion{number}", f"Confusion{name}", *_confusion(judged))
    yield section(f"slices{number}", f"Slices that are worse{name}", *_slices(judged))
    yield section(f"charts{number}", f"Probabilities{name}", *_charts(judged))


def _classes(judged: Judged) -> Iterator[str]:
    counts, names = judged.confusions, judged.head.class_names
    if counts.ndim == 2:
        precision, recall = precision_recall(counts)
        images, predicted = counts.sum(axis=1), counts.sum(axis=0)
    else:
        both = [precision_recall(each) for each in counts]
        precision, recall = (np.array([pair[part][1] for pair in both]) for part in (0, 1))
        images, predicted = counts[:, 1].sum(axis=1), counts[:, :, 1].sum(axis=1)
    order = sorted(range(len(names)), key=lambda k: recall[k] if images[k] else 2.0)
    rows = [
        (
            link("class", names[k]), _percent(recall[k]), _percent(precision[k]),
            f"{images[k]:,}", f"{predicted[k]:,}",
            charts.bar(round(100 * recall[k]) if images[k] else 0, 100),
        )
        for k in order[:_MOST_LISTED]
    ]  # fmt: skip
    said = (
        "Recall: how many of a class are found. Precision: how many of those predicted as it are."
    )
    if len(names) > _MOST_LISTED:
        said += f" The {_MOST_LISTED} of lowest recall of {len(names):,}."
    yield f"<p>{said}</p>"
    columns = ("Class", "Recall", "Precision", "Images", "Predicted", "")
    yield table(columns, rows, numbers=(1, 2, 3, 4), named=True)


def _percent(share: float) -> str:
    return "none" if math.isnan(share) else f"{share:.0%}"


def _confusion(judged: Judged) -> Iterator[str]:
    counts, names = judged.confusions, judged.head.class_names
    if len(names) > _MOST_CLASSES:
        yield (
            f"<p>{len(names):,} classes are too many for a matrix: <code>report.confusion</code> "
            "holds it. The pairs that are taken for each other most are shown below.</p>"
        )
        return
    heads = "".join(f'<th scope="col">{text(name)}</th>' for name in names)
    yield (
        '<div class="wide"><table class="confusion"><caption>A row for each label, a column for '
        f"each prediction</caption><thead><tr><td></td>{heads}</tr></thead><tbody>"
    )
    for k, name in enumerate(names):
        total = max(int(counts[k].sum()), 1)
        cells = "".join(
            f'<td class="{_shade(int(n), total, k == place)}">{int(n):,}</td>'
            for place, n in enumerate(counts[k])
        )
        yield f'<tr><th scope="row">{text(name)}</th>{cells}</tr>'
    yield "</tbody></table></div>"


def _shade(count: int, total: int, right: bool) -> str:
    if not count:
        return "zero"
    if right:
        return "right"
    share = count / total
    return "w3" if share >= 0.2 else "w2" if share >= 0.05 else "w1"


def _slices(judged: Judged) -> Iterator[str]:
    sure = [each for each in judged.slices if each.sure]
    numbers = judged.head.kind == "regression"
    names = ", ".join(trait.name for trait in judged.traits) or "nothing"
    if sure:
        rows = [
            (text(told(each, numbers)), f"{each.excess:.0f}" if each.excess else "")
            for each in sure[:_MOST_SLICES]
        ]
        yield table(("Slice", "Too many"), rows, (1,))
    else:
        yield "<p>No slice is worse than chance and its classes explain.</p>"
    more = f"{len(sure):,} slices are worse, " if len(sure) > _MOST_SLICES else ""
    yield (
        f"<p>{more}{len(judged.slices) - len(sure):,} others are worse by what may be chance; "
        f"<code>report.slices</code> holds all. Images were parted by {text(names)}.</p>"
    )


def _charts(judged: Judged) -> Iterator[str]:
    yield '<div class="charts">'
    found = judged.calibration
    if found is not None:
        title = "How often predictions are right, by their probability"
        chart = charts.reliability(found.confidence, found.accuracy, found.number, title)
        yield (
            f"<figure>{chart}<figcaption>{title}. The line is where both are equal; expected "
            f"calibration error {found.error:.3f}</figcaption></figure>"
        )
    title = "Loss of the images"
    chart = charts.histogram(judged.head.losses[judged.known], title, "loss")
    yield f"<figure>{chart}<figcaption>{title}</figcaption></figure></div>"


def _unread(report: ReviewReport) -> Iterator[str]:
    frame = report.unread
    rows = [
        (str(row), text(name), text(reason))
        for row, name, reason in frame.head(_MOST_UNREAD).itertuples(index=False)
    ]
    yield table(("Row", "Name", "Reason"), rows, numbers=(0,))
    if len(frame) > _MOST_UNREAD:
        yield f"<p>{len(frame) - _MOST_UNREAD:,} more stand in <code>report.unread</code>.</p>"


def _cards(report: ReviewReport, shown: Shown) -> str:
    cards = Cards(report, shown)
    kinds = dict.fromkeys(group.kind for group in shown)
    named = [judged.head for judged in report.judged if judged.head.kind != "regression"]
    classes = sorted({name for head in named for name in head.class_names})
    selects = [select("check", list(kinds))]
    if classes:
        selects.append(select("class", classes))
    number = sum(len(group.places) for group in shown)
    told_of = (
        f"{number:,} pictures are shown; <code>report.mistakes</code> holds all "
        f"{sum(len(judged.worst) for judged in report.judged):,} mistakes, and "
        "<code>report.review_list(path)</code> writes the label suspects as a table that comes "
        "back by <code>source.correct(path)</code>."
    )
    return filtered("Pictures", told_of, selects, "\n".join(cards.html()))
