"""What to do about findings: images to remove, labels to correct, data to collect, layers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from keras_cvdata.audit.checks.base import Finding
from keras_cvdata.audit.selecting import by_severity

if TYPE_CHECKING:
    from keras_cvdata.audit.report import AuditReport

# In the order in which a person does it: a layer cannot make up for a wrong label.
STEPS = ("remove", "correct", "look", "split", "collect", "layer", "train")

_COLUMNS = ("step", "do", "code", "check", "severity", "label", "count", "finding")


class Advice(NamedTuple):
    """What to do about kinds; `{kinds}` in the code are their names in quotes."""

    step: str
    do: str
    code: str = ""


@dataclass
class AdviceRow:
    """Advice with the findings that it answers."""

    advice: Advice
    findings: list[Finding]

    @property
    def kinds(self) -> list[str]:
        """Kinds of the findings."""
        return list(dict.fromkeys(finding.check for finding in self.findings))

    @property
    def code(self) -> str:
        """Code that does it."""
        return self.advice.code.format(kinds=", ".join(f'"{kind}"' for kind in self.kinds))


_DROP = Advice("remove", "leave these images out", "report.keep(drop=[{kinds}])")
_REVIEW = Advice(
    "correct",
    "let a second person look at the labels, and apply them by source.correct(path)",
    'report.review_list("review.csv", checks=[{kinds}])',
)
_LOOK = Advice(
    "look",
    "look at these images, and remove those that show nothing that counts in use",
    'report.review_list("review.csv", checks=[{kinds}])',
)
_GROUPS = Advice(
    "split", "split anew, with copies on one side", 'cvd.split(data, groups="near-copies")'
)
_STRATIFY = Advice("split", "split anew, each class by itself", "cvd.split(data, stratify=True)")
_BALANCE = Advice(
    "train", "draw every class as often, or weigh it", "balance=True, or class_weights() for `fit`"
)

# The perspective family first, in the order of its use (R63). Shifts stay within 20 % (R70).
_FLIP = Advice("layer", "flip, where both sides mean the same", 'layers.RandomFlip("horizontal")')
_ROTATE = Advice("layer", "rotate", "layers.RandomRotateBound(degrees=30)")
_ZOOM = Advice("layer", "zoom in", "layers.RandomZoomCrop((1.0, 1.3))")
_SHIFT = Advice("layer", "shift", "layers.RandomTranslation(0.1, 0.1)")
_LIGHT = Advice(
    "layer",
    'vary the light; not with standardize="samplewise", which takes it back',
    "layers.RandomLighting((0.6, 1.4), (-0.1, 0.1))",
)
_COLOUR = Advice(
    "layer", "vary the colour of the light", "layers.RandomColorTemperature((3000, 12000))"
)
_GREY = Advice(
    "layer", "show some images grey, where grey ones come in use", "layers.RandomGrayscale(0.1)"
)
_LAYERS = (_FLIP, _ROTATE, _ZOOM, _SHIFT, _LIGHT, _COLOUR, _GREY)


def _collect(what: str) -> Advice:
    return Advice("collect", what)


# Advice by a part of a kind's name, of which the longest counts. Kinds that are not here get the
# action of their finding.
_ADVICE: dict[str, tuple[Advice, ...]] = {
    "unreadable": (_DROP,),
    "damaged": (_DROP,),
    "empty": (_DROP,),
    "exact_copy": (_DROP,),
    "near_copy": (_GROUPS,),
    "leakage": (_GROUPS,),
    "label_": (_REVIEW,),
    "dark": (_LOOK,),
    "light": (_LOOK,),
    "blurred": (_LOOK,),
    "low_": (_LOOK,),
    "odd_size": (_LOOK,),
    "outlier": (_LOOK,),
    "grey": (_LOOK, _GREY),
    "odd_aspect": (Advice("train", "pad instead of stretching", "pad_to_aspect_ratio=True"),),
    "huge": (
        Advice(
            "train",
            "store the images smaller once",
            'cvd.convert(data, "small", image_size=(256, 256))',
        ),
    ),
    "few_images": (_collect("collect more images of these classes"), *_LAYERS[:4]),
    "imbalance": (_collect("collect more images of the small classes"), _BALANCE),
    "class_missing": (_STRATIFY,),
    "rare_": (_collect("collect more images that show what is rare"),),
    "uniform_class": (_collect("collect images of this class that differ more"),),
    "perspective": (
        _collect("collect images from other angles and distances"),
        *(_ROTATE, _ZOOM, _SHIFT),
    ),
    "lighting": (_collect("collect images under other light"), _LIGHT, _COLOUR),
    "background": (_collect("collect images of this class before other backgrounds"),),
    "drift_labels": (_STRATIFY,),
    "drift_brightness": (_LIGHT,),
    "drift_sizes": (_ZOOM,),
}


def advice(report: AuditReport) -> Any:
    """List what to do, see `AuditReport.advice`."""
    return frame_of(rows_of(report))


def rows_of(report: AuditReport) -> list[AdviceRow]:
    """Advice with the findings that it answers, in the order of the steps."""
    of_kind: dict[str, list[Finding]] = {}
    for finding in by_severity([found for found in report.findings if found.looked]):
        of_kind.setdefault(finding.check, []).append(finding)
    return gather(
        (found, findings)
        for kind, findings in of_kind.items()
        for found in _advice_on(kind, findings)
    )


def gather(answers: Iterable[tuple[Advice, Sequence[Finding]]]) -> list[AdviceRow]:
    """Put together what is done alike.

    Args:
        answers: Pieces of advice with findings that they answer.

    Returns:
        One row for each piece, in the order of `STEPS`.
    """
    rows: dict[Advice, AdviceRow] = {}
    for found, findings in answers:
        rows.setdefault(found, AdviceRow(found, [])).findings += findings
    return sorted(rows.values(), key=lambda row: _place(row.advice))


def frame_of(rows: Iterable[AdviceRow]) -> Any:
    """Make the data frame of advice, see `AuditReport.advice`."""
    import pandas as pd

    return pd.DataFrame([_cells(row) for row in rows], columns=list(_COLUMNS))


def _advice_on(kind: str, findings: Sequence[Finding]) -> Iterator[Advice]:
    parts = [part for part in _ADVICE if part in kind]
    if parts:
        yield from _ADVICE[max(parts, key=len)]
    elif findings[0].severity != "note":
        removes = findings[0].severity == "error" and findings[0].position is not None
        yield Advice("remove" if removes else "look", findings[0].action)


def _place(found: Advice) -> tuple[int, int]:
    order = _LAYERS.index(found) if found in _LAYERS else 0
    return STEPS.index(found.step), order


def _cells(row: AdviceRow) -> dict[str, Any]:
    findings = row.findings
    labels = dict.fromkeys(f.label for f in findings if f.label is not None)
    first = findings[0]
    return {
        "step": row.advice.step,
        "do": row.advice.do,
        "code": row.code,
        "check": ", ".join(row.kinds),
        "severity": first.severity,
        "label": ", ".join(labels),
        "count": len(findings),
        "finding": first.message,
    }
