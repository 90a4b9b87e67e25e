"""A data-set card: what a collection holds, known problems, and what only people know (R79)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from keras_cvdata import __version__
from keras_cvdata.audit.answers import about, class_counts, kinds_found, not_looked_at
from keras_cvdata.types import Array

if TYPE_CHECKING:
    from keras_cvdata.audit.report import AuditReport

FILL_IN = "**TO FILL IN:**"
_LICENCE = re.compile(r"licen[cs]e|copyright|rights", re.IGNORECASE)
_MARKUP = re.compile(r"([\\`*_{}\[\]<>#|&~])")
_MOST = 30  # values that are listed one by one


def card(report: AuditReport) -> str:
    """Write the card, see `AuditReport.card`."""
    parts = (
        ["# Data-set card", f"{FILL_IN} name, version, and whom to ask."],
        _population(report),
        _sampling(report),
        _sub_populations(report),
        _splits(report),
        _problems(report),
    )
    return "\n\n".join(block for part in parts for block in part) + "\n"


def _population(report: AuditReport) -> Iterator[str]:
    yield "## Population"
    yield f"{FILL_IN} the images that the model will meet in use, and those that it will not."
    if report.collection.lighting:
        yield f"Lighting in use is declared {report.collection.lighting}."


def _sampling(report: AuditReport) -> Iterator[str]:
    collection = report.collection
    yield "## Sampling"
    yield f"{about(report)}."
    yield f"{FILL_IN} where, when, by whom and with what the images were taken, and how chosen."
    read = collection.height > 0
    if read.any():
        yield _table(
            ("pixels", "smallest", "median", "largest"),
            [
                (word, values[read].min(), int(np.median(values[read])), values[read].max())
                for word, values in (("height", collection.height), ("width", collection.width))
            ],
        )
    yield "### Licences"
    licences = [name for name in collection.source.columns if _LICENCE.search(name)]
    for name in licences:
        yield _values(name, collection.source.columns[name])
    if not licences:
        yield f"{FILL_IN} licence and owner of the images; no column tells them."


def _sub_populations(report: AuditReport) -> Iterator[str]:
    yield "## Sub-populations"
    if class_counts(report):
        yield "### Classes"
        yield _classes(report)
        yield f"{FILL_IN} how each class is defined, who labelled the images, and who checked them."
    for meaning, columns in report.collection.attributes.items():
        for name in [columns] if isinstance(columns, str) else columns:
            yield f"### {_escape(meaning)}"
            yield _values(name, report.collection.source.columns[name])
    yield f"{FILL_IN} groups of people, places or devices that are rare or missing."


def _classes(report: AuditReport) -> str:
    """Sizes of the classes, in all and by split, and what checks say of them."""
    counts, n = class_counts(report), max(len(report.collection), 1)
    extra = {name: list(values) for name, values in report.class_columns.items()
             if name != "share"}  # fmt: skip
    if any(len(values) != len(counts) for values in extra.values()):
        extra = {}
    heading = ["class", "images", "share", *extra]
    rows = []
    for place, (name, count) in enumerate(counts.items()):
        measured = [values[place] for values in extra.values()]
        rows.append([name, count, f"{count / n:.1%}", *measured])
    return _table(heading, rows)


def _splits(report: AuditReport) -> Iterator[str]:
    collection = report.collection
    yield "## Splits"
    if collection.splits is None:
        yield f"{FILL_IN} how training, validation and test images are kept apart."
        return
    sizes = np.bincount(collection.splits, minlength=len(collection.split_names))
    parts = [collection.source.select(np.flatnonzero(collection.splits == number))
             for number in range(len(sizes))]  # fmt: skip
    rows: list[list[Any]] = [["all", *sizes.tolist()]]
    if class_counts(report):
        counts = [next(iter(part.labels.values())).counts() for part in parts]
        rows += [[name, *(count.get(name, 0) for count in counts)] for name in counts[0]]
    yield _table(["images", *collection.split_names], rows)
    yield f"{FILL_IN} what was kept on one side (patient, place, day), and why."


def _problems(report: AuditReport) -> Iterator[str]:
    yield "## Known problems"
    yield _table(
        ("question", "answer", "why"),
        [(answer.question, answer.state, answer.why) for answer in report.checklist],
    )
    rows = []
    for severity, kind, count in kinds_found(report):
        worst = next(f for f in report.findings if (f.check, f.severity) == (kind, severity))
        about_class = f"{worst.label}: " if worst.label is not None else ""
        rows.append((kind, severity, count, f"{about_class}{worst.message}"))
    yield _table(("found", "severity", "number", "such as"), rows) if rows else "Nothing was found."
    unseen = [kind for kind in sorted(report.kinds) if not_looked_at(report, kind)]
    if unseen:
        yield f"Not looked at: {', '.join(map(_escape, unseen))}."
    yield f"{FILL_IN} what the images must not be used for."
    yield f"Numbers by keras_cvdata {__version__}, `audit`."


def _values(name: str, column: Array) -> str:
    """Number of images with each value of a column."""
    values, counts = np.unique(column.astype(str), return_counts=True)
    order = np.argsort(-counts, kind="stable")
    rows = [(values[i] or "(empty)", counts[i]) for i in order[:_MOST].tolist()]
    if len(order) > _MOST:
        rows.append((f"{len(order) - _MOST} others", counts[order[_MOST:]].sum()))
    return _table((name, "images"), rows)


def _table(heading: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    lines = [heading, ["---"] * len(heading), *rows]
    return "\n".join(f"| {' | '.join(map(_cell, line))} |" for line in lines)


def _cell(value: Any) -> str:
    if isinstance(value, float | np.floating):
        return f"{value:.3g}"
    return value if value == "---" else _escape(str(value))


def _escape(text: str) -> str:
    """Text that Markdown takes as it is, on one line."""
    line = " ".join(text.encode("utf-8", "backslashreplace").decode().split())
    return _MARKUP.sub(r"\\\1", line)
