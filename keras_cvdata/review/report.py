"""What a review found, as tables, text and files."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from keras_cvdata.audit.advising import frame_of
from keras_cvdata.audit.checks.base import Finding
from keras_cvdata.audit.selecting import by_severity
from keras_cvdata.pages.escaping import printable
from keras_cvdata.review import page
from keras_cvdata.review.findings import KINDS, advice_of, findings_of, told
from keras_cvdata.review.judged import THRESHOLD, Judged
from keras_cvdata.review.predictions import Predictions
from keras_cvdata.review.scores import precision_recall
from keras_cvdata.sources.corrections import Doubt, label_text, write_doubts
from keras_cvdata.writing import write_text
from keras_cvdata.writing.frames import frame_to_json


@dataclass(frozen=True, eq=False, repr=False)
class ReviewReport:
    """What a trained model gets wrong, and where.

    Of several outputs with labels each table holds all, with the name of the output in a column
    `head` before the others.

    Args:
        predictions: What the model makes of each image.
        judged: Its outputs with labels, judged.
    """

    predictions: Predictions
    judged: tuple[Judged, ...]

    @property
    def accuracy(self) -> float:
        """Share of the images that are right, of several outputs the mean; NaN for numbers."""
        return float(np.mean([judged.accuracy for judged in self.judged]))

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """Everything that was found, the most severe first."""
        return tuple(by_severity(list(findings_of(self))))

    @cached_property
    def classes(self) -> Any:
        """One row for each class as a pandas data frame.

        Columns: `class`, `images` (with this label), `predicted` (as this class), `precision`
        TP / (TP + FP), `recall` TP / (TP + FN), `mistaken_for` (the class that it is most often
        taken for). Of several labels a class is predicted from a probability of 0.5 on (R62).
        """
        return self._framed(_class_rows, _CLASSES)

    @cached_property
    def confusion(self) -> Any:
        """Counts as a pandas data frame, a row for each label, a column for each prediction.

        Of several labels: columns `right`, `missed`, `invented` and `absent` of each. Several
        outputs stand below each other.
        """
        import pandas as pd

        made = {judged.head.name: _confusion(judged) for judged in self.judged}
        return next(iter(made.values())) if len(made) == 1 else pd.concat(made, names=["head"])

    @cached_property
    def mistakes(self) -> Any:
        """One row for each mistake as a pandas data frame, the highest loss first.

        Columns: `row`, `name`, `label`, `predicted`, `probability` (of what is predicted), `own`
        (of the label), `loss`, `suspect` (the model hardly believes the label). Of numbers it is
        the worst tenth.
        """
        return self._framed(self._mistake_rows, _MISTAKES)

    @cached_property
    def slices(self) -> Any:
        """Slices in which more is wrong than their classes explain, as a pandas data frame.

        Columns: `trait`, `value`, `kind` and `label` (see below), `count` (images compared),
        `wrong` (share of them), `rest` (share of the other images, weighted to the same classes),
        `excess` (number of mistakes beyond what classes explain), `chance` (bound of the
        probability that any comparison finds so much by chance), `sure` (`chance` is at most 0.05),
        and `text`. The sure ones come first, each by `excess`.

        Kinds: "accuracy": all images. "recall": those of the class `label`, taken for another.
        "predicted as": those of other classes, taken for `label`. "one class": the slice is of the
        class `label` and predicted so, and nothing tells which of both the model knows.
        """
        return self._framed(_slice_rows, _SLICES)

    @cached_property
    def calibration(self) -> Any:
        """Images by probability of what is predicted, in 15 bins, as a pandas data frame.

        Columns: `low`, `high`, `count`, `confidence`, `accuracy`, `gap` (confidence - accuracy).
        The mean of its absolute values over images is the expected calibration error, in
        `calibration.attrs["error"]`.
        """
        frame = self._framed(_calibration_rows, _CALIBRATION)
        errors = [judged.calibration.error for judged in self.judged if judged.calibration]
        frame.attrs["error"] = float(np.mean(errors)) if errors else float("nan")
        return frame

    @cached_property
    def unread(self) -> Any:
        """Images that could not be read as a pandas data frame: `row`, `name`, `reason`."""
        import pandas as pd

        rows, source = self.predictions.source.rows, self.predictions.source
        found = [
            (int(rows[position]), source.name(position), reason)
            for position, reason in sorted(self.predictions.reasons.items())
        ]
        return pd.DataFrame(found, columns=["row", "name", "reason"])

    def counts(self) -> dict[str, int]:
        """Number of findings of each kind."""
        return dict(Counter(finding.check for finding in self.findings))

    def summary(self) -> str:
        """How good the model is, where it fails, and what to do first, in about ten lines."""
        lines = [self.about]
        for judged in self.judged:
            before = f"{judged.head.name}: " if len(self.judged) > 1 else ""
            lines += [before + line for line in _score_lines(judged)]
        general = [f for f in self.findings if f.position is None]
        lines += [
            f"{finding.severity:8} {f'{finding.label}: ' if _is_of_class(finding) else ''}"
            f"{finding.message}"
            for finding in general[:4]
        ]
        rows = advice_of(self)
        lines += ["What to do first:"] if rows else ["Nothing needs to be done."]
        for number, row in enumerate(rows[:3], 1):
            code = f": {row.code}" if row.code else ""
            lines.append(f"{number}. {row.advice.do}{code}")
        return printable("\n".join(lines))

    @property
    def about(self) -> str:
        """What was reviewed, in one line."""
        number, unread = len(self.predictions.source), len(self.predictions.reasons)
        more = f", {unread:,} cannot be read" if unread else ""
        return f"{number:,} image{'s' * (number != 1)}{more}"

    def advice(self) -> Any:
        """What to do, in the order in which to do it, as a pandas data frame.

        Labels first, then data, then layers of this package, one at a time.

        Returns:
            As `AuditReport.advice`: `step`, `do`, `code`, `check`, `severity`, `label`, `count`,
            `finding`.

        Source: Handbook 2, parts 5 and 8; R61, R62.
        """
        return frame_of(advice_of(self))

    def to_html(self, path: str | os.PathLike[str], images: int = 300) -> None:
        """Write a page with pictures, charts and filters, which needs no other file and no network.

        Args:
            path: File to write.
            images: Number of pictures to show at most; each takes about 8 kB.
        """
        page.write_page(self, path, images)

    def to_json(self, path: str | os.PathLike[str]) -> None:
        """Write all tables but the mistakes' pictures, advice included.

        Args:
            path: File to write.
        """
        frames = {
            "classes": self.classes,
            "mistakes": self.mistakes,
            "slices": self.slices,
            "calibration": self.calibration,
            "unread": self.unread,
            "advice": self.advice(),
        }
        content = {
            "images": len(self.predictions.source),
            "accuracy": None if np.isnan(self.accuracy) else self.accuracy,
            "counts": self.counts(),
            **{
                name: json.loads(frame_to_json(frame, orient="records"))
                for name, frame in frames.items()
            },
            "confusion": [
                {"head": j.head.name, "classes": list(j.head.class_names),
                 "counts": j.confusions.tolist()}
                for j in self.judged if j.head.kind != "regression"
            ],
        }  # fmt: skip
        write_text(path, json.dumps(content, indent=1, allow_nan=False))

    def review_list(
        self, path: str | os.PathLike[str], checks: str | Sequence[str] | None = None
    ) -> int:
        """Write images with doubtful labels as a table for a second pair of eyes (R13).

        It is the table of `AuditReport.review_list`: the right class goes into `new_label`, an x
        into `remove`, and `Source.correct(path)` applies them.

        Args:
            path: CSV file to write.
            checks: Kinds of findings about images: "label_suspect", "mistake", "unreadable"; by
                default "label_suspect" and "unreadable".

        Returns:
            Number of images in the list.

        Raises:
            ValueError: There is no such kind.
        """
        wanted = [checks] if isinstance(checks, str) else checks
        known = [kind for kind in KINDS if kind in ("label_suspect", "mistake", "unreadable")]
        for kind in wanted or ():
            if kind not in known:
                raise ValueError(
                    f"checks names {kind!r}, which lists no images; there are {', '.join(known)}."
                )
        return write_doubts(path, self.predictions.source, self._doubts(wanted or known[:2]))

    def _doubts(self, kinds: Sequence[str]) -> list[Doubt]:
        of_image: dict[int, list[Finding]] = {}
        for finding in self.findings:
            if finding.check in kinds and finding.position is not None:
                of_image.setdefault(finding.position, []).append(finding)
        source, rows = self.predictions.source, self.predictions.source.rows
        return [
            Doubt(
                int(rows[position]), source.name(position), label_text(source, position),
                "; ".join(finding.check for finding in found),
                "" if found[0].score is None else f"{found[0].score:.4g}",
                self._suggestion(position, found[0]),
            )
            for position, found in of_image.items()
        ]  # fmt: skip

    def _suggestion(self, position: int, finding: Finding) -> str:
        """The class that the model prefers, where images have one label, else what to do."""
        if finding.check != "label_suspect" or len(self.judged) > 1:
            return finding.action
        return self.judged[0].prediction(position)

    def _mistake_rows(self, judged: Judged) -> list[tuple[Any, ...]]:
        source, rows = self.predictions.source, self.predictions.source.rows
        numbers = judged.head.kind != "classes"
        return [
            (
                int(rows[p]), source.name(p), judged.label(p), judged.prediction(p),
                None if numbers else float(judged.confidence[p]),
                None if numbers else float(judged.own[p]),
                float(judged.head.losses[p]), bool(judged.suspects[p]),
            )
            for p in judged.worst.tolist()
        ]  # fmt: skip

    def _framed(
        self, rows_of: Callable[[Judged], Sequence[Sequence[Any]]], columns: Sequence[str]
    ) -> Any:
        import pandas as pd

        several = len(self.judged) > 1
        rows = [
            ([judged.head.name, *row] if several else list(row))
            for judged in self.judged
            for row in rows_of(judged)
        ]
        return pd.DataFrame(rows, columns=["head", *columns] if several else list(columns))

    def __repr__(self) -> str:
        found = ", ".join(f"{kind} {count}" for kind, count in self.counts().items())
        return f"ReviewReport({self.about}: {found or 'nothing found'})"


_CLASSES = ("class", "images", "predicted", "precision", "recall", "mistaken_for")
_MISTAKES = ("row", "name", "label", "predicted", "probability", "own", "loss", "suspect")
_SLICES = (
    "trait", "value", "kind", "label", "count", "wrong", "rest", "excess", "chance", "sure", "text",
)  # fmt: skip
_CALIBRATION = ("low", "high", "count", "confidence", "accuracy", "gap")


def _class_rows(judged: Judged) -> list[tuple[Any, ...]]:
    if judged.head.kind == "regression":
        return []
    counts, names = judged.confusions, judged.head.class_names
    if counts.ndim == 3:
        pairs = [precision_recall(each) for each in counts]
        return [
            (name, int(each[1].sum()), int(each[:, 1].sum()), float(p[1]), float(r[1]), None)
            for name, each, (p, r) in zip(names, counts, pairs, strict=True)
        ]
    precision, recall = precision_recall(counts)
    wrong = counts - np.diag(np.diag(counts))
    other = [names[int(row.argmax())] if row.any() else None for row in wrong]
    columns = (names, counts.sum(axis=1), counts.sum(axis=0), precision, recall, other)
    return [
        (name, int(images), int(predicted), float(p), float(r), most)
        for name, images, predicted, p, r, most in zip(*columns, strict=True)
    ]


def _confusion(judged: Judged) -> Any:
    import pandas as pd

    names = list(judged.head.class_names)
    if judged.head.kind == "regression":
        return pd.DataFrame()
    if judged.confusions.ndim == 2:
        return pd.DataFrame(
            judged.confusions,
            index=pd.Index(names, name="label"),
            columns=pd.Index(names, name="predicted"),
        )
    flat = judged.confusions.reshape(len(names), 4)[:, [3, 2, 1, 0]]
    return pd.DataFrame(flat, index=names, columns=["right", "missed", "invented", "absent"])


def _slice_rows(judged: Judged) -> list[tuple[Any, ...]]:
    numbers = judged.head.kind == "regression"
    return [
        (
            each.trait, each.value, each.kind, each.label, each.number, each.share, each.rest,
            each.excess, each.chance, each.sure, told(each, numbers),
        )
        for each in judged.slices
    ]  # fmt: skip


def _calibration_rows(judged: Judged) -> list[tuple[Any, ...]]:
    found = judged.calibration
    if found is None:
        return []
    high = np.append(found.low[1:], 1.0)
    gaps = found.confidence - found.accuracy
    columns = (found.low, high, found.number, found.confidence, found.accuracy, gaps)
    return [
        (*map(float, (low, high)), int(count), *map(float, rest))
        for low, high, count, *rest in zip(*columns, strict=True)
    ]


def _score_lines(judged: Judged) -> list[str]:
    known, head = int(judged.known.sum()), judged.head
    if head.kind == "regression":
        error = float(np.sqrt(judged.head.losses[judged.known].mean())) if known else float("nan")
        return [f"root of the mean squared error {error:.4g}, of {known:,} images"]
    of = f"any of its labels wrong (at {THRESHOLD})" if head.kind == "multilabel" else "wrong"
    wrong, suspects = int(judged.wrong.sum()), int(judged.suspects.sum())
    lines = [f"accuracy {judged.accuracy:.1%}: {wrong:,} of {known:,} images {of}"]
    if suspects:
        lines[0] += f", {suspects:,} of these with a label that the model hardly believes"
    rows = [row for row in _class_rows(judged) if row[1]]
    if len(rows) > 1:
        lines.append(
            "lowest recall "
            + ", ".join(f"{row[0]} {row[4]:.0%}" for row in sorted(rows, key=lambda r: r[4])[:3])
            + "; lowest precision "
            + ", ".join(f"{row[0]} {row[3]:.0%}" for row in sorted(rows, key=_precision)[:3])
        )
    return lines


def _precision(row: tuple[Any, ...]) -> float:
    return float(np.nan_to_num(row[3], nan=2.0))


def _is_of_class(finding: Finding) -> bool:
    """Whether the message does not name the class by itself."""
    return finding.check in ("weak_class", "confused")
