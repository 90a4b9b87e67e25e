"""What a review found, and what to do about it, in the words of an audit."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from keras_cvdata.audit.advising import Advice, AdviceRow, gather
from keras_cvdata.audit.checks.base import Finding, Severity
from keras_cvdata.audit.separation import chance_of_share
from keras_cvdata.review.judged import Judged
from keras_cvdata.review.slices import LEAST, SURE, Slice
from keras_cvdata.types import Array

if TYPE_CHECKING:
    from keras_cvdata.review.report import ReviewReport

KINDS = (
    "unreadable", "label_suspect", "mistake", "weak_class", "confused", "weak_slice",
    "biased_slice", "shortcut", "calibration",
)  # fmt: skip
_UNCALIBRATED = 0.05  # expected calibration error above which probabilities mislead

_OFTEN = 0.1  # share of all mistakes that one pair of classes makes, to be told
_MANY = 0.25  # share of a slice that is taken for one class, from which it is an error
_JUDGE = 0.9  # accuracy below which a model is no judge of labels, as in the check of an audit

_DROP = Advice(
    "remove", "leave these images out, or mend them", 'cvd.audit(data, checks=["files"]).keep()'
)
_REVIEW = Advice(
    "correct",
    "let a second person look at the labels, and apply them by source.correct(path)",
    'report.review_list("review.csv")',
)
_OWN = Advice(
    "look",
    "look at the confident mistakes, of which many may be the model's own",
    'report.review_list("review.csv")',
)
_PAIR = Advice("look", "look at what tells these classes apart, and whether labels keep to it")
_FEW = Advice("collect", "collect more images of these classes")
_LIKE = Advice("collect", "collect more images like those of these slices")
_AGAINST = Advice("collect", "collect images of the other classes that look like these slices")
_STRESS = Advice(
    "look",
    "see whether the model knows the class without what these slices share",
    "cvd.stress_test(model, data)",
)
_SMOOTH = Advice(
    "train",
    "make probabilities say how often they are right",
    "keras.losses.CategoricalCrossentropy(label_smoothing=0.1)",
)
_ANSWERS = {
    "unreadable": (_DROP,),
    "label_suspect": (_REVIEW,),
    "weak_class": (_FEW,),
    "confused": (_PAIR,),
    "weak_slice": (_LIKE,),
    "biased_slice": (_AGAINST, _STRESS),
    "shortcut": (_AGAINST, _STRESS),
}
# Layers by the trait that they vary.
_LAYERS = {
    "border": Advice(
        "layer",
        "give images another ground, where it shows no class",
        "layers.RandomBackground(rate=0.5)",
    ),
    "lighting": Advice(
        "layer", "vary the colour of the light", "layers.RandomColorTemperature((3000, 12000))"
    ),
    "brightness": Advice(
        "layer", "vary the light", "layers.RandomLighting((0.6, 1.4), (-0.1, 0.1))"
    ),
    "contrast": Advice("layer", "vary the contrast", "layers.RandomContrast(0.4)"),
    "sharpness": Advice("layer", "blur some images", "layers.RandomGaussianBlur()"),
    "colour": Advice("layer", "show some images grey", "layers.RandomGrayscale(0.1)"),
    "object size": Advice("layer", "zoom in", "layers.RandomZoomCrop((1.0, 1.3))"),
}  # fmt: skip


def findings_of(report: ReviewReport) -> Iterator[Finding]:
    """Say what is wrong.

    Args:
        report: The review.

    Yields:
        Findings, of kinds in `KINDS`; those of a head beside others name it.
    """
    for position, reason in report.predictions.reasons.items():
        yield Finding("unreadable", "error", reason, "leave it out, or mend it", position=position)
    for judged in report.judged:
        before = f"{judged.head.name}: " if len(report.judged) > 1 else ""
        parts = (_slices, _classes, _calibration, _mistakes)
        for finding in chain.from_iterable(part(judged) for part in parts):
            yield replace(finding, message=before + finding.message)


def _mistakes(judged: Judged) -> Iterator[Finding]:
    for position in judged.worst.tolist():
        predicted = judged.prediction(position)
        loss, own = float(judged.head.losses[position]), float(judged.own[position])
        if judged.suspects[position]:
            yield Finding(
                "label_suspect", "note" if judged.accuracy < _JUDGE else "warning",
                f"the model gives {own:.2g} to its label {judged.label(position)!r}, and "
                f"{judged.confidence[position]:.2g} to {predicted!r}",
                f"look whether it shows {predicted!r}, and correct it in the review list",
                position=position, score=own, threshold=judged.suspect,
            )  # fmt: skip
        else:
            yield Finding(
                "mistake", "note",
                f"it is labelled {judged.label(position)!r} and predicted as {predicted!r}",
                "look what misleads the model", position=position, score=loss,
            )  # fmt: skip


def _slices(judged: Judged) -> Iterator[Finding]:
    for each in judged.slices:
        if each.sure:
            yield _of_slice(each, judged.head.kind == "regression")


def _of_slice(each: Slice, numbers: bool) -> Finding:
    kinds: dict[str, tuple[str, Severity, str]] = {
        "accuracy": ("weak_slice", "warning", _LIKE.do),
        "recall": ("weak_slice", "warning", _LIKE.do),
        "predicted as": ("biased_slice", "error", _AGAINST.do),
        "one class": ("shortcut", "warning", _AGAINST.do),
    }
    check, severity, action = kinds[each.kind]
    if check == "biased_slice" and each.share < _MANY:
        severity = "warning"
    return Finding(
        check, severity, told(each, numbers), action,
        label=each.label, score=each.share, threshold=each.rest,
    )  # fmt: skip


def told(each: Slice, numbers: bool = False) -> str:
    """Say what a slice is about.

    Args:
        each: The slice.
        numbers: Whether labels are numbers, of which the worst tenth counts as wrong.

    Returns:
        A sentence with its numbers.
    """
    images = f"{each.number:,} images with {each.what}"
    if each.kind == "one class":
        return (
            f"{each.share:.0%} of {images} are {each.label!r}, and predicted so ({each.rest:.0%} "
            "elsewhere): nothing tells whether the model knows the class, or this alone"
        )
    if each.kind == "predicted as":
        return (
            f"of {images} that are not {each.label!r}, {each.share:.0%} are predicted as "
            f"{each.label!r}; elsewhere {each.rest:.0%}"
        )
    if each.kind == "recall":
        return (
            f"of {images} that are {each.label!r}, {1 - each.share:.0%} are found; elsewhere "
            f"{1 - each.rest:.0%}"
        )
    if numbers:
        return (
            f"of {images}, {each.share:.0%} have an error of the worst tenth; elsewhere "
            f"{each.rest:.0%}"
        )
    return f"of {images}, {1 - each.share:.0%} are right; of others {1 - each.rest:.0%}"


def _classes(judged: Judged) -> Iterator[Finding]:
    """Classes that are found more seldom than others, and the pair that is confused most."""
    if judged.head.kind == "regression":
        return
    names, missed = judged.head.class_names, 1 - judged.accuracy
    counts = judged.confusions
    if counts.ndim == 3:
        images, found = counts[:, 1].sum(axis=1), counts[:, 1, 1]
        missed = 1 - found.sum() / max(images.sum(), 1)
    else:
        images, found = counts.sum(axis=1), np.diag(counts)
    for k in np.argsort(found - images, kind="stable").tolist():
        share = (images[k] - found[k]) / max(images[k], 1)
        chance = chance_of_share(share, int(images[k]), max(missed, 1e-9)) * len(names)
        if images[k] >= LEAST and chance <= SURE:
            yield Finding(
                "weak_class", "warning",
                f"{1 - share:.0%} of its {images[k]:,} images are found, {1 - missed:.0%} of all",
                _FEW.do, label=names[k], score=1 - share, threshold=1 - missed,
            )  # fmt: skip
    if counts.ndim == 2:
        yield from _confused(counts, names)


def _confused(counts: Array, names: Sequence[str]) -> Iterator[Finding]:
    for a, b in confused_pairs(counts)[:1]:
        number = counts[a, b] + counts[b, a]
        share = number / off_diagonal(counts).sum()
        if number >= 3 and share >= _OFTEN:
            yield Finding(
                "confused", "warning",
                f"it is confused with {names[b]!r} {number:,} times, which is "
                f"{share:.0%} of all mistakes",
                _PAIR.do, label=names[a], score=float(number),
            )  # fmt: skip


def off_diagonal(counts: Array) -> Array:
    """A confusion matrix without what is right."""
    return counts - np.diag(np.diag(counts))


def confused_pairs(counts: Array) -> list[tuple[int, int]]:
    """Pairs of classes that are taken for each other, the most frequent first.

    Args:
        counts: (K, K) counts, a row for each label.

    Returns:
        Each pair once; the class that is taken for the other more often comes first.
    """
    both = np.triu(off_diagonal(counts) + off_diagonal(counts).T)
    order = np.argsort(-both, axis=None, kind="stable")[: np.count_nonzero(both)]
    pairs = [(int(a), int(b)) for a, b in zip(*np.unravel_index(order, both.shape), strict=True)]
    return [(a, b) if counts[a, b] >= counts[b, a] else (b, a) for a, b in pairs]


def _calibration(judged: Judged) -> Iterator[Finding]:
    found = judged.calibration
    if found is None or found.error <= _UNCALIBRATED:
        return
    believed = float(np.nan_to_num(found.confidence) @ found.number / found.number.sum())
    right = float(np.nan_to_num(found.accuracy) @ found.number / found.number.sum())
    # Bins of few images differ by chance, so the means must, beyond two standard errors.
    if abs(believed - right) <= 2 * math.sqrt(right * (1 - right) / found.number.sum()):
        return
    over = "more" if believed > right else "less"
    yield Finding(
        "calibration", "warning",
        f"the model believes {believed:.0%} in the mean and is right in {right:.0%}: it is {over} "
        f"confident than it should be (expected calibration error {found.error:.2f})",
        _SMOOTH.do if over == "more" else "train longer, or smooth labels less",
        score=found.error, threshold=_UNCALIBRATED,
    )  # fmt: skip


def advice_of(report: ReviewReport) -> list[AdviceRow]:
    """Say what to do.

    Args:
        report: The review.

    Returns:
        One row for each piece of advice, in the order in which a person does it.
    """
    answers = [(advice, [finding]) for finding in report.findings for advice in _answers(finding)]
    for judged in report.judged:
        for each in judged.slices:
            if each.sure and each.measured and each.trait in _LAYERS:
                finding = _of_slice(each, judged.head.kind == "regression")
                answers.append((_LAYERS[each.trait], [finding]))
    return gather(answers)


def _answers(finding: Finding) -> tuple[Advice, ...]:
    if finding.check == "calibration":
        return (_SMOOTH,) if finding.action == _SMOOTH.do else ()
    if finding.check == "label_suspect" and finding.severity == "note":
        return (_OWN,)
    return _ANSWERS.get(finding.check, ())
