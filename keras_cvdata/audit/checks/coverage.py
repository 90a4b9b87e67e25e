"""Whether the images of each class differ in perspective and in lighting."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, Literal

import numpy as np

from keras_cvdata.audit.checks.base import Check, Collection, Finding
from keras_cvdata.audit.checks.groups import (
    MAX_VALUES,
    Categories,
    Group,
    attribute_columns,
    groupings,
    name_some,
    without_extra,
)
from keras_cvdata.audit.checks.shares import FEW, fold_all, missing_values, too_many
from keras_cvdata.audit.foreground import placing
from keras_cvdata.audit.light import LIGHTINGS, lighting_of, warmth
from keras_cvdata.audit.sample import Sample
from keras_cvdata.types import Array, Ints

_TOLD = 0.5  # share of the images of a class in which something must be told to speak of it
_ELONGATED = 1.2  # longer axis of an object by the shorter, from which it has a direction


class Coverage(Check):
    """Finds classes that are all seen from one side and distance, or all in one light.

    Columns of the collection that say so are believed: `attributes` of `audit` names those of
    "perspective" and "lighting" with one value an image, and each class should have each value that
    occurs. Else both are estimated from pixels, and findings are warnings at most. Without classes
    all images count as one. `lighting="constant"` of `audit` leaves the light out.

    Perspective (R11): the object is what stands out from the border, see `foreground.py`. A class
    is alike where nine of ten objects have nearly the same size in the picture and, unless they
    are round, the same direction. This sees distance and turns in the plane of the picture, not
    whether an object is taken from the front or the side, and objects that reach the border are
    not told. What it calls alike is alike; what it does not may be, all the same.

    Lighting (R12): a picture counts as dim where its brightest tenth begins below `dim`, half of
    white in the values of the file. Its light counts as warm where red exceeds blue by `warm` in
    the pixels of little saturation: 1.25 is white under a light of about 5000 K, between daylight
    (5500 to 6500 K) and lamps (2700 to 4000 K). Bright and not warm is natural day, dim and not
    warm natural dusk, warm is indoor, well-lit or dimmed. This is rough: of 250 photographs of
    flowers, nearly all taken by day, 3 % came out dim and 13 % of those that could be told warm;
    darkened to a quarter of the light 95 % came out dim, and coloured as by a lamp of 3000 K that
    the camera half balanced 67 % warm. A low sun is as warm as a lamp, and a dark background looks
    dim. Hence missing conditions are a note with the shares. Surer is that a class whose
    brightness, contrast and colour of light hardly differ was taken in one light.

    Args:
        one_distance: Ratio of the sizes of the objects of a class (95 % to 5 % quantile of the
            side) below which they are seen from one distance.
        one_angle: Degrees within which nine of ten objects are turned, below which they are seen
            from one angle.
        one_brightness: Range of brightness and of contrast (95 % less 5 % quantile; of 0 to 1)
            below which the light of a class is one.
        one_warmth: Ratio of red to blue (95 % to 5 % quantile) below which the light of a class
            has one colour.
        dim: Brightness, 0 to 1, below which the brightest tenth of a dim picture begins.
        warm: Red as a multiple of blue from which light is warm.
        least: Share of a class that each perspective and each lighting should have.
        clear: By how many levels of 255 an object differs from the border of the picture, more
            than the rest does, to be told from it.

    Example:
        >>> Coverage(dim=0.4).classes.__name__, len(LIGHTINGS)
        ('classes', 4)

    Source: Handbook 2, part 5; R11, R12.
    """

    name = "coverage"
    kinds = ("perspective_alike", "perspective_missing", "lighting_alike", "lighting_missing")
    needs = "pixels"
    measures: ClassVar = {
        "object": "f2",
        "scale": "f2",
        "x": "f2",
        "y": "f2",
        "angle": "f2",
        "elongation": "f2",
        "brightness": "f2",
        "contrast": "f2",
        "warmth": "f2",
    }
    origin = "Handbook 2, part 5"

    def __init__(
        self,
        *,
        one_distance: float = 1.25,
        one_angle: float = 10.0,
        one_brightness: float = 0.12,
        one_warmth: float = 1.12,
        dim: float = 0.5,
        warm: float = 1.25,
        least: float = 0.05,
        clear: float = 15.0,
    ) -> None:
        self.one_distance = one_distance
        self.one_angle = one_angle
        self.one_brightness = one_brightness
        self.one_warmth = one_warmth
        self.dim = dim
        self.warm = warm
        self.least = least
        self.clear = clear

    def look(self, sample: Sample) -> Sequence[Any]:
        """Measure how the object lies in one picture, and the light."""
        mask, contrast = sample.foreground
        height, width = sample.size
        place = placing(mask, width / height)
        levels = np.arange(256) / 255
        mean = sample.histogram @ levels
        deviation = np.sqrt(sample.histogram @ (levels - mean) ** 2)
        elongation = min(place.elongation, 1000.0)  # half floats end at 65504
        return (
            *(contrast, place.scale, place.x, place.y, place.angle, elongation),
            *(sample.quantile(0.9), deviation, warmth(sample.small)),
        )

    def findings(self, collection: Collection) -> Iterator[Finding]:
        """Compare how the images of each class differ."""
        if not len(collection):
            return
        columns = groupings(collection) or [[Group(None, np.flatnonzero(collection.readable))]]
        if collection.lighting is not None:
            yield Finding(
                "lighting_alike", "note",
                f"lighting={collection.lighting!r} is declared, so it was not looked whether the "
                "light varies",
                "leave lighting out if the model is used in other light, too",
                looked=False,
            )  # fmt: skip
        for groups in columns:
            compared = without_extra(groups, collection)
            yield from self._perspective(compared, collection)
            if collection.lighting is None:
                yield from self._lighting(compared, collection)

    def classes(self, collection: Collection) -> Mapping[str, Array]:
        """Sizes of the objects, directions, and shares of the lightings of each class."""
        if collection.codes is None:
            return {}
        measures = collection.measures
        groups = groupings(collection)[0]
        clear = [self._clear(group, measures) for group in groups]
        sizes = np.array([_range(measures["scale"][members]) for members in clear])
        lights = self._lights(measures)
        shares = np.array([_shares(lights.codes[group.members]) for group in groups])
        return {
            "object_size_low": sizes[:, 0],
            "object_size_high": sizes[:, 1],
            "object_turns": np.array([_turns(measures, members) for members in clear]),
            **{name: shares[:, place] for place, name in enumerate(LIGHTINGS)},
        }

    def _clear(self, group: Group, measures: Mapping[str, Array]) -> Ints:
        """Members whose object is told from the border."""
        found: Ints = group.members[measures["object"][group.members] >= self.clear]
        return found

    def _lights(self, measures: Mapping[str, Array]) -> Categories:
        """Put the images in the four bins; -1 where the colour of the light cannot be told."""
        places = lighting_of(measures["brightness"], measures["warmth"], self.dim, self.warm)
        return Categories(places, LIGHTINGS)

    def _perspective(self, groups: Sequence[Group], collection: Collection) -> Iterator[Finding]:
        if "perspective" in collection.attributes:
            yield from self._by_column(groups, collection, "perspective")
            return
        told = [self._one_perspective(group, collection.measures) for group in groups]
        yield from fold_all([finding for finding in told if finding], groups)
        yield from self._untold(groups, collection.measures)

    def _by_column(
        self,
        groups: Sequence[Group],
        collection: Collection,
        what: Literal["perspective", "lighting"],
    ) -> Iterator[Finding]:
        for name, column in attribute_columns(collection, what).items():
            yield from too_many(name, column, what, f"{what}_alike")
            if len(column.names) <= MAX_VALUES:
                yield from missing_values(groups, name, column, what, self.least)
            if what == "lighting" and len(column.names) < len(LIGHTINGS):
                yield Finding(
                    "lighting_missing", "note",
                    f"the column {name!r} knows {len(column.names)} lightings: "
                    f"{name_some(column.names)}",
                    f"look whether the model will see others, too: {', '.join(LIGHTINGS)}",
                    score=float(len(column.names)), threshold=float(len(LIGHTINGS)),
                )  # fmt: skip

    def _one_perspective(self, group: Group, measures: Mapping[str, Array]) -> Finding | None:
        clear = self._clear(group, measures)
        if len(clear) < max(FEW, _TOLD * len(group.members)):
            return None
        low, high = _range(measures["scale"][clear])
        turns = _turns(measures, clear)
        if high >= self.one_distance * low or turns >= self.one_angle:
            return None
        angle = "round" if np.isnan(turns) else f"turned within {turns:.0f} degrees"
        rows, columns = (np.subtract(*_range(measures[axis][clear])[::-1]) for axis in ("y", "x"))
        return Finding(
            "perspective_alike", "warning",
            f"nine of ten objects fill {low:.0%} to {high:.0%} of the side of the picture, are "
            f"{angle}, and lie within {rows:.0%} of its height and {columns:.0%} of its width "
            "(an estimate from pixels)",
            "take some from nearer, from further and from other sides, as seen in use; "
            "layers.RandomZoomCrop and layers.RandomRotateBound imitate a part of that",
            label=group.name, score=high / low, threshold=self.one_distance,
        )  # fmt: skip

    def _untold(self, groups: Sequence[Group], measures: Mapping[str, Array]) -> Iterator[Finding]:
        names = [
            group.name or "all images"
            for group in groups
            if len(group.members) >= FEW
            and len(self._clear(group, measures)) < _TOLD * len(group.members)
        ]
        if names:
            yield Finding(
                "perspective_alike", "note",
                "the perspective was not compared, since fewer than half of the images show an "
                f"object that stands out from the border: {name_some(names)}",
                "a column given as attributes={'perspective': ...} makes it sure",
                looked=False,
            )  # fmt: skip

    def _lighting(self, groups: Sequence[Group], collection: Collection) -> Iterator[Finding]:
        if "lighting" in collection.attributes:
            yield from self._by_column(groups, collection, "lighting")
            return
        measures = collection.measures
        told = [self._one_lighting(group, measures) for group in groups]
        found = [finding for finding in told if finding]
        yield from fold_all(found, groups)
        if len(found) < len(groups):
            yield from self._missing(groups, self._lights(measures))

    def _one_lighting(self, group: Group, measures: Mapping[str, Array]) -> Finding | None:
        if len(group.members) < FEW:
            return None
        ranges = [_range(measures[key][group.members]) for key in ("brightness", "contrast")]
        brightness, contrast = (high - low for low, high in ranges)
        colors = measures["warmth"][group.members]
        cold, warm = _range(colors[colors > 0]) if (colors > 0).any() else (1.0, 1.0)
        if max(brightness, contrast) >= self.one_brightness or warm >= self.one_warmth * cold:
            return None
        return Finding(
            "lighting_alike", "warning",
            f"in nine of ten images the brightest tenth begins between {ranges[0][0]:.2f} and "
            f"{ranges[0][1]:.2f} of white, contrast differs by {contrast:.2f}, and red is "
            f"{cold:.2f} to {warm:.2f} times blue (an estimate from pixels)",
            "take some by day, at dusk, in well-lit and in dim rooms, or declare "
            "lighting='constant' if the model is used in this light only; layers.RandomLighting "
            "and layers.RandomColorTemperature imitate a part of that",
            label=group.name, score=max(brightness, contrast), threshold=self.one_brightness,
        )  # fmt: skip

    def _missing(self, groups: Sequence[Group], lights: Categories) -> Iterator[Finding]:
        """Name, in one note, the lightings that classes lack by the look of their pixels."""
        lacking: dict[str, list[str]] = {name: [] for name in LIGHTINGS}
        untold, least = [], 1.0
        for group in groups:
            codes, name = lights.codes[group.members], group.name or "all images"
            if (codes >= 0).sum() >= max(FEW, _TOLD * len(codes)):
                for light, share in zip(LIGHTINGS, _shares(codes), strict=True):
                    if share < self.least:
                        lacking[light].append(f"{name} {share:.1%}")
                        least = min(least, float(share))
            elif len(codes) >= FEW:
                untold.append(name)
        parts = [f"{light}: {name_some(names)}" for light, names in lacking.items() if names]
        if parts:
            yield Finding(
                "lighting_missing", "note",
                "by their brightness and the colour of their light, few images are of "
                + "; ".join(parts) + " (a rough estimate from pixels)",
                "look whether that is so, and collect some if the model will see such light; "
                "a column given as attributes={'lighting': ...} makes it sure",
                score=least, threshold=self.least,
            )  # fmt: skip
        if untold:
            yield Finding(
                "lighting_missing", "note",
                "the four lightings were not told apart, since in half of the images or more too "
                f"little is nearly grey, or all is: {name_some(untold)}",
                "a column given as attributes={'lighting': ...} makes it sure",
                looked=False,
            )  # fmt: skip


def _range(values: Array) -> tuple[float, float]:
    """Between what nine of ten values lie; NaN without values."""
    if not len(values):
        return np.nan, np.nan
    low, high = np.quantile(values.astype(np.float64), (0.05, 0.95)).tolist()
    return low, high


def _turns(measures: Mapping[str, Array], members: Ints) -> float:
    """Degrees from their mean within which nine of ten long objects lie; NaN where most are round.

    An axis has no ends: it is the same after half a turn, so angles count twice.
    """
    long = members[measures["elongation"][members] >= _ELONGATED]
    if not len(long) or len(long) < _TOLD * len(members):
        return np.nan
    axes = np.exp(2j * np.radians(measures["angle"][long].astype(np.float64)))
    away = np.degrees(np.abs(np.angle(axes * np.conj(axes.mean())))) / 2
    return float(np.quantile(away, 0.9))


def _shares(codes: Ints) -> Array:
    """Part of the images in each lighting, (4,); NaN where none could be told."""
    counts = np.bincount(codes[codes >= 0], minlength=len(LIGHTINGS))
    shares: Array = counts / (counts.sum() or np.nan)
    return shares
