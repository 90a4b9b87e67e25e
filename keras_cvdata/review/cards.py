"""Pictures of mistakes as cards of a page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from keras_cvdata.audit.thumbnails import thumbnail
from keras_cvdata.pages.escaping import text
from keras_cvdata.pages.pictures import figure, shared_folder
from keras_cvdata.review.findings import confused_pairs
from keras_cvdata.review.judged import Judged
from keras_cvdata.review.slices import Slice

if TYPE_CHECKING:
    from keras_cvdata.review.report import ReviewReport

_PAIRS, _OF_PAIR = 12, 6  # pairs of classes with pictures, and pictures of each
_SLICES, _OF_SLICE = 8, 6


class Group(NamedTuple):
    """Pictures under one heading.

    Attributes:
        kind: "suspects", "mistakes", "confusions" or "slices", by which a reader filters.
        heading: Heading, as text.
        judged: The head that they are mistakes of.
        places: Positions of the images, the most telling first.
    """

    kind: str
    heading: str
    judged: Judged
    places: Sequence[int]


Shown = Sequence[Group]


def choose(report: ReviewReport, images: int) -> Shown:
    """Choose pictures, of each group in turn, until they are used up.

    Args:
        report: What was found.
        images: Number of pictures at most.

    Returns:
        The groups with pictures.
    """
    groups = [group for judged in report.judged for group in _groups(report, judged)]
    chosen: list[list[int]] = [[] for _ in groups]
    for turn in zip_longest(*(group.places for group in groups)):
        for number, place in enumerate(turn):
            if place is not None and images > 0:
                chosen[number].append(place)
                images -= 1
    pairs = zip(groups, chosen, strict=True)
    return [group._replace(places=places) for group, places in pairs if places]


def _groups(report: ReviewReport, judged: Judged) -> Iterator[Group]:
    name = f"{judged.head.name}: " if len(report.judged) > 1 else ""
    suspects = judged.worst[judged.suspects[judged.worst]].tolist()
    others = judged.worst[~judged.suspects[judged.worst]].tolist()
    if suspects:
        yield Group("suspects", f"{name}Label suspects: confident mistakes", judged, suspects)
    if others:
        word = "Largest errors" if judged.head.kind == "regression" else "Worst other mistakes"
        yield Group("mistakes", f"{name}{word}", judged, others)
    if judged.head.kind == "classes":
        yield from _confusions(judged, name)
    for each in [each for each in judged.slices if each.sure][:_SLICES]:
        places = _members(judged, each)[:_OF_SLICE].tolist()
        if places:
            heading = f"{name}Slice {each.what}, {_of_kind(each)}"
            yield Group("slices", heading, judged, places)


def _confusions(judged: Judged, name: str) -> Iterator[Group]:
    names, worst = judged.head.class_names, judged.worst
    for pair in confused_pairs(judged.confusions)[:_PAIRS]:
        both = [np.flatnonzero((judged.labels[worst] == a) & (judged.predicted[worst] == b))
                for a, b in (pair, pair[::-1])]  # fmt: skip
        places = worst[np.concatenate([both[0][:_OF_PAIR], both[1][:_OF_PAIR]])]
        a, b = (names[k] for k in pair)
        heading = f"{name}{a} as {b} {len(both[0]):,} times, {b} as {a} {len(both[1]):,} times"
        yield Group("confusions", heading, judged, places.tolist())


def _of_kind(each: Slice) -> str:
    return {
        "accuracy": "mistakes",
        "recall": f"{each.label} taken for others",
        "predicted as": f"others taken for {each.label}",
        "one class": f"all {each.label}",
    }[each.kind]


def _members(judged: Judged, each: Slice) -> np.ndarray:
    """Images that a slice is about, those with the highest loss first."""
    trait = next(trait for trait in judged.traits if trait.name == each.trait)
    inside = judged.known & (trait.codes == trait.values.index(each.value))
    if each.kind != "one class":
        inside &= judged.wrong
    if each.label is not None and each.kind != "one class":
        k = judged.head.class_names.index(each.label)
        side = judged.predicted if each.kind == "predicted as" else judged.labels
        inside &= side[:, k] > 0 if side.ndim == 2 else side == k
    positions = np.flatnonzero(inside)
    return positions[np.argsort(-judged.head.losses[positions], kind="stable")]


class Cards:
    """Makes cards of images.

    Args:
        report: What was found.
        groups: What is shown; names are told without the folder that all share.
    """

    def __init__(self, report: ReviewReport, groups: Shown) -> None:
        self.source = report.predictions.source
        self.groups = groups
        places = {place for group in groups for place in group.places}
        self.folder = shared_folder(self.source.name(place) for place in places)

    def html(self) -> Iterator[str]:
        """Groups of cards as HTML."""
        for number, (kind, heading, judged, places) in enumerate(self.groups):
            yield (
                f'<section class="group" aria-labelledby="g{number}"><h3 id="g{number}">'
                f'{text(heading)}</h3><ul class="cards">'
            )
            yield from (self._card(kind, judged, place) for place in places)
            yield "</ul></section>"

    def _card(self, kind: str, judged: Judged, place: int) -> str:
        label, predicted = judged.label(place), judged.prediction(place)
        attributes = {"class": "finding", "data-check": kind, "data-class": label,
                      "data-other": predicted}  # fmt: skip
        told = " ".join(f'{name}="{text(value)}"' for name, value in attributes.items())
        name = self.source.name(place).removeprefix(self.folder)
        shown = figure(thumbnail(self.source, place), name, label)
        believed = ""
        if judged.head.kind == "classes":
            believed = (
                f" with {judged.confidence[place]:.0%}, the label with {judged.own[place]:.0%}"
            )
        return (
            f'<li {told}><div class="pictures">{shown}</div><p>predicted as '
            f'<span class="label">{text(predicted)}</span>{believed} '
            f"<small>(loss {judged.head.losses[place]:.3g})</small></p></li>"
        )
