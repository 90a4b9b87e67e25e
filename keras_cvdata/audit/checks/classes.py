"""Whether each class has enough images, in every split, of every colour, feature and state."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

import cv2
import numpy as np

from keras_cvdata.audit.checks.base import Check, Collection, Finding, Severity
from keras_cvdata.audit.checks.groups import (
    MAX_VALUES,
    Categories,
    Group,
    attribute_columns,
    extra_class,
    features,
    groupings,
    name_some,
    without_extra,
)
from keras_cvdata.audit.checks.shares import FEW, fold, rare_feature, rare_values, too_many
from keras_cvdata.audit.foreground import COLORS, main_color, outline
from keras_cvdata.audit.sample import Sample
from keras_cvdata.types import Array, Ints

_BRIGHT = 0.8  # where the brightest twentieth begins in a picture that is well lit
_MOST_GAIN = 4.0  # by which the colours of a dim picture are brightened
_OWN_COLOR = 0.5  # share of the object that has its main colour, else the colour is unclear
_CLEAR_SHARE = 0.7  # share of the images of a class whose colour must be clear
_COLOR_STEP = 30.0  # distance in L*a*b* from which a rare colour is no shade of a frequent one


class Classes(Check):
    """Finds classes with too few images, and images of a class that are all alike.

    Counting is certain, and so is what columns of the collection say: `attributes` of `audit` names
    those of "color" and "state" with one value an image, and those of "feature" with yes or no, or
    the name of the feature that an image has. Where a column says nothing, the image does not
    count. Groups are classes, paths of a hierarchy, or the images of each class of several.

    What is told from pixels is an estimate: the object is what stands out from the border of a
    picture, see `foreground.py`. A colour told from pixels is therefore reported only where at
    least 70 % of the images of the class show an object of a clear colour, at least two images have
    the rare one, and it is no shade of a frequent one; on photographs with busy backgrounds that
    is seldom so, and a column that names the colour is the way.

    Args:
        min_images: Images that a class should have (R2).
        few_images: Images that are enough to begin with; fewer are an error.
        below_mean: Part of the mean class size below which a class is too small (R9).
        below_largest: Part of the largest class below which a class is too small (R10).
        rare_color: Share of the class that each of its colours should have (R3).
        rare_feature: Share of the class that should have a secondary feature, and share that should
            not (R4).
        rare_state: Share of the class that each state of a progression should have (R5). More
            states, or colours, than have room for such shares should have half an even share each.
        uniform: Spread of both shape and colour of the objects of a class, as a part of the median
            of the other classes, below which it shows few samples' worth of variation (R7).
        clear: By how many levels of 255 an object differs from the border of the picture, more
            than the rest does, to be told from it.

    Example:
        >>> from keras_cvdata.audit import audit
        >>> x = np.zeros((120, 8, 8, 3), np.uint8)
        >>> report = audit((x, ["cat"] * 110 + ["dog"] * 10), checks=["classes"], verbose=0)
        >>> report.counts()
        {'few_images': 2, 'imbalance': 1}

    Source: Handbook 2, part 5; R2 to R7, R9, R10; part 6, R54.
    """

    name = "classes"
    kinds = (
        *("few_images", "imbalance", "class_missing", "rare_color", "rare_feature"),
        *("rare_state", "uniform_class", "not_any"),
    )
    needs = "pixels"
    measures: ClassVar = {"color": "u1", "lab": "(3,)u1", "outline": "u8", "object": "f2"}
    origin = "Handbook 2, parts 5 and 6"

    def __init__(  # noqa: PLR0913 # one threshold for each rule
        self,
        *,
        min_images: int = 1000,
        few_images: int = 100,
        below_mean: float = 0.2,
        below_largest: float = 0.1,
        rare_color: float = 0.1,
        rare_feature: float = 0.05,
        rare_state: float = 0.2,
        uniform: float = 0.5,
        clear: float = 25.0,
    ) -> None:
        self.min_images = min_images
        self.few_images = few_images
        self.below_mean = below_mean
        self.below_largest = below_largest
        self.rare_color = rare_color
        self.rare_feature = rare_feature
        self.rare_state = rare_state
        self.uniform = uniform
        self.clear = clear

    def look(self, sample: Sample) -> Sequence[Any]:
        """Measure colour and shape of the object of one picture."""
        mask, contrast = sample.foreground
        # Dim pictures are brightened, or green at dusk is called black.
        gain = min(max(_BRIGHT / max(sample.quantile(0.95), 1e-6), 1.0), _MOST_GAIN)
        pixels = cv2.convertScaleAbs(sample.small, alpha=gain)[mask]
        color, share = main_color(pixels)
        mean = pixels.mean(axis=0).round().astype(np.uint8)
        lab = cv2.cvtColor(mean[None, None], cv2.COLOR_RGB2LAB)[0, 0]
        return color if share >= _OWN_COLOR else 0, lab, outline(mask), contrast

    def findings(self, collection: Collection) -> Iterable[Finding]:
        """Count the images of each class, and compare their colours, features and states."""
        columns = groupings(collection)
        if not columns:
            what = "are numbers" if collection.source.labels else "are missing"
            yield Finding(
                "few_images", "note",
                f"the labels {what}, so that nothing can be said of classes, nor of colours, "
                "features and states in each",
                "give labels with classes to have their numbers of images checked",
            )  # fmt: skip
        for groups in columns:
            yield from self._few(groups)
            yield from fold(self._imbalance(groups, collection), groups)
            yield from _extra(groups, collection)
            yield from fold(_missing(groups, collection), groups)
            yield from self._alike(without_extra(groups, collection), collection)

    def _alike(self, groups: list[Group], collection: Collection) -> Iterator[Finding]:
        yield from self._colors(groups, collection)
        yield from self._by_column(groups, collection, "state", self.rare_state)
        for column, found in attribute_columns(collection, "feature").items():
            yield from too_many(column, found, "feature", "rare_feature")
            if len(found.names) <= MAX_VALUES:
                for name, feature in features(column, found).items():
                    rare = rare_feature(groups, name, feature, self.rare_feature)
                    yield from fold(rare, groups)
        yield from fold(self._uniform(groups, collection.measures), groups)

    def classes(self, collection: Collection) -> Mapping[str, Array]:
        """Share of the images, main colours, and spread of colour and shape of each class."""
        if collection.codes is None:
            return {}
        groups, measures = groupings(collection)[0], collection.measures
        total = max(int(collection.readable.sum()), 1)
        clear = [self._clear(group, measures) for group in groups]
        colors = [_shares(measures["color"][members]) for members in clear]
        return {
            "share": np.array([len(group.members) / total for group in groups]),
            "colors": np.array(colors, object),
            "color_spread": np.array([_color_spread(measures["lab"][m]) for m in clear]),
            "shape_spread": np.array([_shape_spread(measures["outline"][m]) for m in clear]),
        }

    def _few(self, groups: Sequence[Group]) -> Iterator[Finding]:
        sizes = [len(group.members) for group in groups]
        order = sorted(range(len(sizes)), key=lambda place: sizes[place])
        tiers: tuple[tuple[Severity, int, int, str], ...] = (
            ("error", 0, self.few_images, "collect at least that many before you trust a result"),
            (
                "warning", self.few_images, self.min_images,
                f"{self.few_images:,} are enough to begin with; collect more of these classes",
            ),
        )  # fmt: skip
        for severity, low, high, action in tiers:
            found = [p for p in order if low <= sizes[p] < high]
            if found:
                names = name_some([f"{groups[p].name} {sizes[p]:,}" for p in found])
                yield Finding(
                    "few_images", severity,
                    f"{len(found)} of {len(groups)} classes have fewer than {high:,} images: "
                    f"{names}",
                    action,
                    label=groups[found[0]].name if len(found) == 1 else None,
                    score=float(sizes[found[0]]), threshold=float(high),
                )  # fmt: skip

    def _imbalance(self, groups: Sequence[Group], collection: Collection) -> Iterator[Finding]:
        compared = without_extra(groups, collection)
        sizes = np.array([len(group.members) for group in compared])
        if not sizes.sum():
            return
        mean, largest = sizes.mean(), sizes.max()
        least = max(self.below_mean * mean, self.below_largest * largest)
        for group in compared:
            size = len(group.members)
            if size < least:
                yield Finding(
                    "imbalance", "warning",
                    f"it has {size:,} images, {size / mean:.0%} of the mean class and "
                    f"{size / largest:.0%} of the largest",
                    f"collect at least {int(np.ceil(least)) - size:,} more; till then give "
                    "class_weights or balance to the training",
                    label=group.name, score=float(size), threshold=float(least),
                )  # fmt: skip

    def _colors(self, groups: Sequence[Group], collection: Collection) -> Iterator[Finding]:
        if "color" in collection.attributes:
            yield from self._by_column(groups, collection, "color", self.rare_color)
            return
        measures = collection.measures
        untold: list[str] = []
        rare: list[Finding] = []
        for group in groups:
            if len(group.members) < FEW:
                continue
            clear = self._clear(group, measures)
            clear = clear[measures["color"][clear] > 0]
            if len(clear) < _CLEAR_SHARE * len(group.members):
                untold.append(str(group.name))
                continue
            codes = measures["color"][clear].astype(np.int64) - 1
            pixels = Categories(codes, COLORS[1:])
            seen = _but_shades(pixels, measures["lab"][clear], self.rare_color)
            source = "pixels, an estimate"
            part = [Group(group.name, np.arange(len(clear)))]
            rare += rare_values(part, source, seen, "color", self.rare_color)
        yield from fold(rare, groups)
        if untold:
            yield Finding(
                "rare_color", "note",
                f"colours were not compared, since fewer than {_CLEAR_SHARE:.0%} of the images "
                f"show an object of one clear colour: {name_some(untold)}",
                "a column given as attributes={'color': ...} makes it sure",
            )  # fmt: skip

    def _by_column(
        self, groups: Sequence[Group], collection: Collection, what: str, share: float
    ) -> Iterator[Finding]:
        for name, column in attribute_columns(collection, what).items():
            yield from too_many(name, column, what, f"rare_{what}")
            if len(column.names) <= MAX_VALUES:
                yield from fold(rare_values(groups, name, column, what, share), groups)

    def _clear(self, group: Group, measures: Mapping[str, Array]) -> Ints:
        """Members whose object is told from the border."""
        found: Ints = group.members[measures["object"][group.members] >= self.clear]
        return found

    def _uniform(self, groups: Sequence[Group], measures: Mapping[str, Array]) -> Iterator[Finding]:
        clear = [(group, self._clear(group, measures)) for group in groups]
        clear = [(group, members) for group, members in clear if len(members) >= FEW]
        spreads = np.array(
            [
                (
                    _color_spread(measures["lab"][members]),
                    _shape_spread(measures["outline"][members]),
                )
                for _, members in clear
            ]
        )
        for place, (group, _) in enumerate(clear):
            others = np.delete(spreads, place, axis=0)
            if not len(others):
                return
            typical = np.median(others, axis=0)
            parts = spreads[place] / np.maximum(typical, 1e-6)
            if (typical > 0).all() and parts.max() < self.uniform:
                yield Finding(
                    "uniform_class", "warning",
                    f"its objects differ {parts[0]:.0%} as much in colour and {parts[1]:.0%} as "
                    "much in shape as those of the other classes (an estimate from pixels)",
                    "collect other specimens of it; many images of few things teach little",
                    label=group.name, score=float(parts.max()), threshold=self.uniform,
                )  # fmt: skip


def _extra(groups: Sequence[Group], collection: Collection) -> Iterator[Finding]:
    """Tell the class of none of the classes apart (R6)."""
    extra = extra_class(collection)
    others = [len(group.members) for group in without_extra(groups, collection)]
    mean = max(float(np.mean(others)), 1.0) if others else 1.0
    for group in groups:
        if group.name == extra and extra is not None:
            yield Finding(
                "not_any", "note",
                f"it shows none of the classes and has {len(group.members):,} images, "
                f"{len(group.members) / mean:.0%} of the mean class; it is left out of the rules "
                "on balance",
                "keep it about as large as a class", label=extra,
            )  # fmt: skip


def _missing(groups: Sequence[Group], collection: Collection) -> Iterator[Finding]:
    """Name the classes that a split lacks (R54)."""
    if collection.splits is None:
        return
    used = np.bincount(collection.splits, minlength=len(collection.split_names)) > 0
    for group in groups:
        there = np.bincount(collection.splits[group.members], minlength=len(used)) > 0
        lacking = [collection.split_names[place] for place in np.flatnonzero(used & ~there)]
        if lacking:
            yield Finding(
                "class_missing", "error",
                f"it has no image in {name_some([repr(name) for name in lacking])}",
                "shuffle before you split, or split with stratify=True",
                label=group.name, score=0.0, threshold=1.0,
            )  # fmt: skip


def _but_shades(column: Categories, lab: Array, share: float) -> Categories:
    """Leave out rare colours that one image has, or that are near to a frequent one."""
    codes = column.codes.copy()
    counts = np.bincount(codes[codes >= 0], minlength=len(column.names))
    scaled = lab.astype(np.float64) * (0.5, 1, 1)  # brightness changes with the light
    middles = {code: np.median(scaled[codes == code], axis=0) for code in np.flatnonzero(counts)}
    frequent = [code for code in middles if counts[code] >= share * counts.sum()]
    for code, middle in middles.items():
        if code not in frequent:
            steps = [float(np.linalg.norm(middle - middles[other])) for other in frequent]
            if counts[code] < 2 or min(steps, default=0.0) < _COLOR_STEP:
                codes[codes == code] = -1
    return Categories(codes, column.names)


def _shares(colors: Array) -> str:
    """The main colours as text, such as "red 62 %, green 30 %"."""
    counts = np.bincount(colors, minlength=len(COLORS))
    order = np.argsort(-counts[1:], kind="stable")[:3] + 1
    total = max(int(counts.sum()), 1)
    return ", ".join(f"{COLORS[c]} {counts[c] / total:.0%}" for c in order if counts[c])


def _color_spread(lab: Array) -> float:
    """Root mean square distance of the colours from their mean, in levels of L*a*b*."""
    return float(np.sqrt(lab.astype(np.float64).var(axis=0).sum())) if len(lab) else 0.0


def _shape_spread(outlines: Array) -> float:
    """Mean part of the cells in which two outlines differ."""
    if len(outlines) < 2:
        return 0.0
    bits = np.unpackbits(np.ascontiguousarray(outlines).view(np.uint8).reshape(-1, 8), axis=1)
    share = bits.mean(axis=0)
    return float((2 * share * (1 - share)).mean() * len(bits) / (len(bits) - 1))
