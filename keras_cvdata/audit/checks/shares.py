"""What share of a class the values of a column should have, as findings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Literal

import numpy as np

from keras_cvdata.audit.checks.base import Finding
from keras_cvdata.audit.checks.groups import MAX_VALUES, Categories, Group, name_some
from keras_cvdata.types import Ints

MANY = 10  # classes of which something is said one by one
FEW = 10  # images below which shares and spreads of a class say nothing


def rare_values(
    groups: Sequence[Group], source: str, column: Categories, what: str, share: float
) -> Iterator[Finding]:
    """Find values that few images of a class have (R3, R5).

    Args:
        groups: The classes.
        source: Where the values come from, for the message.
        column: The values.
        what: What they are: "color" or "state"; the kind of the findings is "rare_" with that.
        share: Share of the class that each of its values should have; where there are more values
            than have room for that, half an even share.

    Yields:
        One finding for a class.
    """
    word = "colour" if what == "color" else what
    for group in groups:
        counts = count_values(column, group.members)
        known, values = int(counts.sum()), int((counts > 0).sum())
        least = share if share * values <= 1 else 0.5 / values
        rare = np.flatnonzero((counts > 0) & (counts < least * known))
        if len(rare):
            rare = rare[np.argsort(counts[rare], kind="stable")]
            names = [f"{column.names[place]} {counts[place] / known:.1%}" for place in rare]
            yield Finding(
                f"rare_{what}", "warning",
                f"of its {known:,} images few are of a {word} (by {source}): {name_some(names)}",
                f"collect more of each {word}, at least {int(np.ceil(least * known)):,} images",
                label=group.name, score=float(counts[rare[0]] / known), threshold=least,
            )  # fmt: skip


def rare_feature(
    groups: Sequence[Group], name: str, feature: Categories, share: float
) -> Iterator[Finding]:
    """Find classes in which few images are with a feature, or few without it (R4).

    Args:
        groups: The classes.
        name: Name of the feature.
        feature: "without" and "with".
        share: Share of the class that each of the two should have.

    Yields:
        One finding for a class; a note where all or none of its images have the feature, which
        then may be no secondary one.
    """
    for group in groups:
        counts = count_values(feature, group.members)
        known, (without, present) = int(counts.sum()), counts.tolist()
        if known < FEW or min(without, present) >= share * known:
            continue
        side, number = ("with", present) if present < without else ("without", without)
        yield Finding(
            "rare_feature", "warning" if number else "note",
            f"{number:,} of its {known:,} images are {side} {name!r} ({number / known:.1%})",
            f"collect images {side} it" + ("" if number else ", if there are any"),
            label=group.name, score=number / known, threshold=share,
        )  # fmt: skip


def missing_values(
    groups: Sequence[Group],
    source: str,
    column: Categories,
    what: Literal["perspective", "lighting"],
    share: float,
) -> Iterator[Finding]:
    """Find classes that lack values that the collection has (R11, R12).

    Args:
        groups: The classes.
        source: Name of the column.
        column: The values.
        what: What they are; the kinds of the findings are that with "_alike" and "_missing".
        share: Share of a class that each of the values should have.

    Yields:
        One finding for a class, or one for all where all have but one value.
    """
    told = [_missing_value(group, source, column, what, share) for group in groups]
    found = [finding for finding in told if finding]
    alike = [finding for finding in found if finding.check == f"{what}_alike"]
    yield from fold_all(alike, groups)
    yield from fold([finding for finding in found if finding not in alike], groups)


def _missing_value(
    group: Group, source: str, column: Categories, what: str, share: float
) -> Finding | None:
    counts = count_values(column, group.members)
    known = int(counts.sum())
    if known < FEW:
        return None
    shares = counts / known
    most, largest = column.names[int(shares.argmax())], float(shares.max())
    lacking = [f"{column.names[p]} {shares[p]:.1%}" for p in np.flatnonzero(shares < share)]
    action = f"collect at least {int(np.ceil(share * known)):,} images of each {what}"
    if largest > 1 - share:
        return Finding(
            f"{what}_alike", "warning",
            f"{largest:.0%} of its {known:,} images are {most!r} (by {source})", action,
            label=group.name, score=largest, threshold=1 - share,
        )  # fmt: skip
    if lacking:
        return Finding(
            f"{what}_missing", "warning",
            f"few of its {known:,} images are {name_some(lacking)} (by {source})", action,
            label=group.name, score=float(shares.min()), threshold=share,
        )  # fmt: skip
    return None


def too_many(source: str, column: Categories, what: str, kind: str) -> Iterator[Finding]:
    """Say that a column is no column of categories.

    Args:
        source: Name of the column.
        column: Its values.
        what: What they were said to be.
        kind: Kind of the finding.

    Yields:
        A note, or nothing.
    """
    if len(column.names) > MAX_VALUES:
        yield Finding(
            kind, "note",
            f"the column {source!r} has {len(column.names):,} values, too many for a {what}, and "
            "was not looked at",
            f"give a column of at most {MAX_VALUES} categories",
        )  # fmt: skip


def count_values(column: Categories, members: Ints) -> Ints:
    """Count the values of some images.

    Args:
        column: The values.
        members: (M,) positions.

    Returns:
        How many images have each of the names.
    """
    codes = column.codes[members]
    counts: Ints = np.bincount(codes[codes >= 0], minlength=len(column.names))
    return counts


def fold(findings: Iterable[Finding], groups: Sequence[Group], most: int = MANY) -> list[Finding]:
    """Say once what holds of many classes.

    Args:
        findings: Findings of one kind, one for a class.
        groups: The classes.
        most: How many classes of one severity are said one by one.

    Returns:
        The findings; of a severity with more than `most` one for the collection, which names
        classes and gives the numbers of one.
    """
    kept: list[Finding] = []
    by_severity: dict[str, list[Finding]] = {}
    for finding in findings:
        by_severity.setdefault(finding.severity, []).append(finding)
    for alike in by_severity.values():
        if len(alike) <= max(most, 1):
            kept += alike
            continue
        example = min(alike, key=_margin)
        names = name_some([str(finding.label) for finding in alike])
        message = f"{len(alike)} of {len(groups)} classes ({names}), such as {example.label}: "
        kept.append(replace(example, message=message + example.message, label=None))
    return kept


def fold_all(findings: Sequence[Finding], groups: Sequence[Group]) -> list[Finding]:
    """Say once what holds of all of several classes, or of many.

    Args:
        findings: Findings of one kind, one for a class.
        groups: The classes.

    Returns:
        See `fold`.
    """
    return fold(findings, groups, min(MANY, len(groups) - 1))


def _margin(finding: Finding) -> float:
    """How little is too little: the smaller, the worse."""
    return (finding.score or 0.0) / (finding.threshold or 1.0)
