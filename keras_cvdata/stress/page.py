"""The report as one page that needs nothing else: matrix, curves, pictures and advice."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from keras_cvdata.pages import charts
from keras_cvdata.pages.escaping import text
from keras_cvdata.pages.frame import frame, section, table
from keras_cvdata.pages.pictures import encode_thumbnail
from keras_cvdata.stress import advising
from keras_cvdata.stress.scoring import Line
from keras_cvdata.stress.telling import summary
from keras_cvdata.types import Array
from keras_cvdata.writing import write_text

if TYPE_CHECKING:
    from keras_cvdata.stress.report import StressReport

_SIDE = 96  # pixels of a picture
_SHADES = 10
_MOST_CLASSES = 50  # that are listed

# A page's policy forbids styles on elements, so that each shade is a class.
_STYLE = (
    ".curve { fill: none; stroke: var(--accent); stroke-width: 2; }\n"
    ".other { stroke: var(--soft); stroke-dasharray: 4 3; }\n"
    ".looks img { display: block; width: 6rem; height: auto; image-rendering: pixelated; }\n"
    ".looks th, .looks td, .matrix th, .matrix td { padding: 0.25rem 0.5rem; }\n"
    ".matrix .shade { display: block; margin: -0.25rem -0.5rem; padding: 0.25rem 0.5rem; }\n"
    ".looks tbody th, .matrix tbody th { min-width: 7rem; }\n"
) + "".join(
    f".lost{shade} {{ background: color-mix(in srgb, var(--error) {5 * shade}%, var(--paper)); }}\n"
    for shade in range(1, _SHADES + 1)
)


def write_page(report: StressReport, path: str | os.PathLike[str]) -> None:
    """Write the page, see `StressReport.to_html`."""
    write_text(path, page(report))


def page(report: StressReport) -> str:
    """Make the page.

    Args:
        report: What was found.

    Returns:
        The text of an HTML file.
    """
    sections = [
        section("summary", "Summary", *_summary(report)),
        section("matrix", "Accuracy by perturbation and severity", *_matrix(report)),
        section("advice", "What to try", *_advice(report)),
        section("curves", "How it falls", *_curves(report)),
        section("classes", "Precision and recall of each class", *_classes(report)),
        section("looks", "What the images look like", *_looks(report)),
    ]
    about = f"Suite {report.suite!r}, seed {report.seed}, {len(report.perturbations)} perturbations"
    title = f"Stress test on {report.clean.images:,} images"
    return frame(title, about, sections, "accuracies", _STYLE)


def _summary(report: StressReport) -> Iterator[str]:
    yield from (f"<p>{text(line)}</p>" for line in summary(report).splitlines())
    if report.unread:
        rows = [(text(name), text(reason)) for name, reason in list(report.unread.items())[:20]]
        yield table(["Left out", "Because"], rows, named=True)


def _matrix(report: StressReport) -> Iterator[str]:
    severities = _severities(report)
    gives_classes = not np.isnan(report.clean.accuracy)
    rows = [
        [text(name), *_cells(by, severities, report.clean), *_means(report, name)]
        for name, by in report.perturbations.items()
    ]
    last = ["Mean"] if report.baseline is None else ["Mean", "CE"]
    limits = report.limits()["text"] if gives_classes else {}
    if len(limits):
        last.append("A tenth is lost at")
        told = (text(limits.get(name, "")) for name in report.perturbations)
        rows = [[*row, limit] for row, limit in zip(rows, told, strict=True)]
    columns = ["Perturbation", *map(str, severities), *last]
    caption = (
        f"On clean images it is {report.clean.accuracy:.3f}. The darker, the more is lost."
        if gives_classes
        else f"Loss; on clean images it is {report.clean.loss:.4g}."
    )
    made = table(columns, rows, range(1, len(columns)), named=True)
    yield f"<p>{caption}</p>"
    yield f'<div class="matrix" id="accuracies" tabindex="-1">{made}</div>'


def _cells(by: Sequence[Line], severities: Sequence[int], clean: Line) -> Iterator[str]:
    known = {line.severity: line for line in by}
    for severity in severities:
        line = known.get(severity)
        if line is None:
            yield ""
        elif np.isnan(line.accuracy):
            yield f"{line.loss:.4g}"
        else:
            yield _shaded(line.accuracy, clean.accuracy)


def _means(report: StressReport, name: str) -> Iterator[str]:
    by, error = report.perturbations[name], report.corruption_errors()[name]
    if np.isnan(report.clean.accuracy):
        yield f"{np.mean([line.loss for line in by]):.4g}"
    else:
        yield _shaded(1 - error.error, report.clean.accuracy)
    if report.baseline is not None:
        yield f"{100 * error.ratio:.0f} %"


def _shaded(accuracy: float, clean: float) -> str:
    lost = max(clean - accuracy, 0) / clean if clean else 0.0
    return f'<span class="shade lost{round(_SHADES * min(lost, 1))}">{accuracy:.3f}</span>'


def _advice(report: StressReport) -> Iterator[str]:
    proposals = advising.proposals(report)
    if not proposals:
        yield "<p>Nothing is lost beyond what the number of images explains.</p>"
        return
    yield '<ol class="advice">'
    for found in proposals:
        yield (
            f"<li><code>{text(found.code)}</code> "
            f"({100 * found.lost:.1f} points)"
            f'<div class="answers">answers {text(found.perturbation)}: {text(found.why)}</div></li>'
        )
    yield "</ol>"
    yield (
        "<p>Take layers one at a time, and look at the precision of each class as well as the "
        "accuracy: too much augmentation costs what it gives. <code>cvd.prove</code> trains with "
        "and without one of them, and says what it closed, cost and opened.</p>"
    )


def _curves(report: StressReport) -> Iterator[str]:
    yield '<div class="charts">'
    other = report.baseline
    gives_classes = not np.isnan(report.clean.accuracy)
    top = 1.0 if gives_classes else max(line.loss for line in report.lines)
    for name, by in report.perturbations.items():
        if len(by) > 1:
            drawn = [_points([report.clean, *by], gives_classes)]
            if other is not None:
                drawn.append(_points([other.clean, *other.perturbations[name]], gives_classes))
            word = "accuracy" if gives_classes else "loss"
            chart = charts.curves(drawn, f"{name}: {word} by severity", ("severity", word), top)
            strengths = f"{_strength(by[0])} to {_strength(by[-1])}" if by[0].unit else ""
            told = f": {strengths} {by[0].unit}" if strengths else ""
            yield f"<figure>{chart}<figcaption>{text(name + told)}</figcaption></figure>"
    yield "</div>"
    if other is not None:
        yield "<p>Dashed: the baseline.</p>"


def _points(lines: Sequence[Line], gives_classes: bool) -> list[tuple[float, float]]:
    return [(x.severity, x.accuracy if gives_classes else x.loss) for x in lines]


def _strength(line: Line) -> str:
    return "" if line.strength is None else f"{line.strength:g}"


def _classes(report: StressReport) -> Iterator[str]:
    """Each class on clean images, and where its precision and its recall are lowest."""
    for place, head in enumerate(report.clean.heads):
        lines = [(line, line.heads[place]) for line in report.lines[1:]]
        rows = []
        for code, name in list(enumerate(head.class_names))[:_MOST_CLASSES]:
            cells = [text(name), _share(head.precision[code]), _share(head.recall[code])]
            for word in ("precision", "recall"):
                cells += [_lowest([(line, getattr(own, word)[code]) for line, own in lines])]
            rows.append(cells)
        if rows:
            columns = ["Class", "Precision", "Recall", "Lowest precision", "Lowest recall"]
            yield table(columns, rows, (1, 2), head.name, named=True)


def _lowest(found: Sequence[tuple[Line, float]]) -> str:
    known = [(value, line) for line, value in found if np.isfinite(value)]
    if not known:
        return ""
    value, line = min(known, key=lambda one: one[0])
    return f"{_share(value)} ({text(line.perturbation)} {line.severity})"


def _share(value: float) -> str:
    return f"{value:.3f}" if np.isfinite(value) else ""


def _looks(report: StressReport) -> Iterator[str]:
    if not report.pictures:
        yield "<p>The report was read from a file, which holds no pictures.</p>"
        return
    yield f"<p>The first image as it is:</p>{_picture(report.pictures['clean', 0], 'clean')}"
    severities = _severities(report)
    rows = []
    for name in report.perturbations:
        shown = [report.pictures.get((name, severity)) for severity in severities]
        pictures = ["" if p is None else _picture(p, name) for p in shown]
        rows.append([text(name), *pictures])
    made = table(["Perturbation", *map(str, severities)], rows, named=True)
    yield f'<div class="looks">{made}</div>'


def _picture(pixels: Array, name: str) -> str:
    made = encode_thumbnail(pixels, _SIDE)
    return (
        f'<img src="{made.address}" width="{made.width}" height="{made.height}" '
        f'decoding="async" alt="{text(name)}">'
    )


def _severities(report: StressReport) -> list[int]:
    return sorted({line.severity for line in report.lines[1:]})
