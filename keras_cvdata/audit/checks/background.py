"""A class that its border betrays: the husky that is known by the snow."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar, NamedTuple

import cv2
import numpy as np

from keras_cvdata.audit.checks.base import Check, Collection, Finding, Severity
from keras_cvdata.audit.sample import Sample
from keras_cvdata.audit.separation import chance_of_share, class_curves, standard_error
from keras_cvdata.types import Array, Ints

MIN_IMAGES = 10  # of a class, to say anything of it
MAX_IMAGES = 20_000  # that are compared, taken evenly from all classes

_UNIFORM = 8  # levels of deviation along the outermost pixels, up to which they are one colour
_SAME_COLOR = 4  # levels in each channel
_CANDIDATES = 32  # colours of a class of which the one is chosen that most borders are near to
_USUAL, _WEIGHT = 0.01, 100  # share of uniform borders that nobody planted, as of so many images
_CHANCE = 0.1  # of one class of the collection having so many by chance
_VARIED = 8  # levels of spread, below which all borders are one
_ACTION = (
    "take images of this class before the backgrounds of the others, or crop, mask or replace the "
    "border"
)


class Background(Check):
    """Finds classes that can be told by what is at the border of the images.

    A network then learns the background instead of the subject. Four signs are looked for: a frame
    of one colour that only one class has; a border by which a simple classifier (a regression on 16
    mean colours) knows the class almost without error; one by which it knows the class better than
    by the middle of the image; and borders that are far more alike within the class than within the
    others. Where all classes have the same borders, nothing is wrong.

    Args:
        shared_color: Share of a class, 0 to 1, with a border of one and the same colour.
        border_area: Area under the ROC curve of the border, 0.5 to 1, less twice its standard
            error.
        beats_center: By how much that area exceeds the one of the middle, 0 to 0.5, less twice the
            standard error of the difference.
        border_spread: Spread of the border within the class as a part of the mean of the others,
            0 to 1.

    Example:
        >>> Background(border_area=0.95).kinds
        ('background_bias',)
    """

    name = "background"
    kinds = ("background_bias",)
    needs = "pixels"
    measures: ClassVar = {
        "border": "(16, 3)u1",
        "center": "(9, 3)u1",
        "frame": "(3,)u1",
        "deviation": "u1",
    }
    origin = "Handbook 2, part 5"

    def __init__(
        self,
        *,
        shared_color: float = 0.05,
        border_area: float = 0.88,
        beats_center: float = 0.1,
        border_spread: float = 0.6,
    ) -> None:
        self.shared_color = shared_color
        self.border_area = border_area
        self.beats_center = beats_center
        self.border_spread = border_spread

    def look(self, sample: Sample) -> Sequence[Any]:
        """Measure mean colours along the border and in the middle, and the outermost pixels."""
        pixels = sample.pixels
        wide = max(1, round(min(pixels.shape[:2]) / 16))
        rows = [_means(strip, 1, 4) for strip in (pixels[:wide], pixels[-wide:])]
        columns = [_means(strip, 4, 1) for strip in (pixels[:, :wide], pixels[:, -wide:])]
        center = _means(sample.small[7:25, 7:25], 3, 3)
        outermost = [pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]]
        mean, deviation = cv2.meanStdDev(np.concatenate(outermost)[:, None])
        frame = np.rint(mean[:, 0])
        return np.concatenate(rows + columns), center, frame, math.ceil(deviation.max())

    def findings(self, collection: Collection) -> Iterable[Finding]:
        """Say which classes are betrayed by their border, and how."""
        codes, names = collection.codes, collection.class_names
        if codes is None:
            message = (
                "whether borders betray a class was not looked at: the labels are not one class "
                "an image"
            )
            action = "give labels to have it looked at"
            yield Finding("background_bias", "note", message, action, looked=False)
            return
        rows = _of_large_classes(np.flatnonzero(collection.readable), codes)
        large = len(np.unique(codes[rows]))
        if large < max(len(names), 2):
            message = (
                f"whether borders betray a class was looked at for {large if large > 1 else 0} of "
                f"{len(names)} classes: it takes {MIN_IMAGES} images of each of two or more"
            )
            action = "collect more images of each class"
            yield Finding("background_bias", "note", message, action, looked=False)
        if large > 1:
            yield from self._biased(collection.measures, rows, codes, names)

    def classes(self, collection: Collection) -> Mapping[str, Array]:
        """Give what is compared with the thresholds; NaN for a class of too few images."""
        if collection.codes is None:
            return {}
        table = np.full((4, len(collection.class_names)), np.nan)
        rows = _of_large_classes(np.flatnonzero(collection.readable), collection.codes)
        codes = collection.codes[rows]
        if len(np.unique(codes)) > 1:
            compared = _compare(collection.measures, rows, codes)
            shares = [frame.share for frame in _frames(collection.measures, rows, codes)]
            table[:, compared.present] = [compared.border, compared.center, compared.spread, shares]
        names = ("border_area", "center_area", "border_spread", "border_color_share")
        return dict(zip(names, table, strict=True))

    def _biased(
        self, measures: Mapping[str, Array], rows: Ints, codes: Ints, names: Sequence[str]
    ) -> Iterable[Finding]:
        framed = np.zeros(len(codes), np.bool_)
        frames = _frames(measures, rows, codes[rows])
        for frame in frames:
            if self._is_of_one_class(frame, len(frames)):
                framed[frame.rows] = True
                yield self._of_color(frame, names[frame.code])
        # What is told already would hide other signs, and make the other classes easy to tell.
        left = _of_large_classes(rows[~framed[rows]], codes)
        while len(np.unique(codes[left])) > 1:
            compared = _compare(measures, left, codes[left])
            signs = self._signs(compared, names)
            if not signs:
                return
            known = list(signs)[: max(1, len(signs) // 2)]
            yield from (signs[code] for code in known)
            left = left[~np.isin(codes[left], known)]

    def _is_of_one_class(self, frame: _Frame, classes: int) -> bool:
        if frame.share <= self.shared_color or len(frame.rows) < 2:
            return False
        usual = (frame.elsewhere * frame.others + _USUAL * _WEIGHT) / (frame.others + _WEIGHT)
        chance = chance_of_share(frame.share, frame.images, usual) * classes
        return frame.share >= 3 * frame.elsewhere and chance < _CHANCE

    def _of_color(self, frame: _Frame, label: str) -> Finding:
        return Finding(
            "background_bias",
            "error" if frame.share >= 0.25 else "warning",
            f"{frame.share:.0%} of its images have a border of the colour rgb{frame.color}, and "
            f"{frame.elsewhere:.1%} of the others",
            _ACTION,
            label=label,
            score=frame.share,
            threshold=self.shared_color,
        )

    def _signs(self, compared: _Compared, names: Sequence[str]) -> dict[int, Finding]:
        """What betrays each class, the plainest first."""
        # Of two classes each is told from the other as well; the one with a border is more alike.
        plain = compared.spread if len(compared.present) == 2 else -compared.border
        signs = {}
        for place in np.argsort(plain, kind="stable").tolist():
            sign = self._sign(compared, place)
            if sign is not None:
                code = int(compared.present[place])
                signs[code] = replace(sign, label=names[code])
        return signs

    def _sign(self, compared: _Compared, place: int) -> Finding | None:
        border, center = float(compared.border[place]), float(compared.center[place])
        spread = float(compared.spread[place])
        errors = [standard_error(area, *compared.sides(place)) for area in (border, center)]
        sure, more = border - 2 * errors[0], border - max(center, 0.5) - 2 * math.hypot(*errors)
        severity: Severity = "warning"
        score, threshold = spread, self.border_spread
        if sure >= self.border_area:
            severity, score, threshold = "error", sure, self.border_area
            message = (
                f"the border alone tells it from the others (area under the curve {border:.2f})"
            )
        elif more > self.beats_center:
            score, threshold = more, self.beats_center
            message = (
                f"the border tells it from the others better than the middle does (areas under the "
                f"curve {border:.2f} and {center:.2f})"
            )
        elif spread < self.border_spread:
            message = f"its borders vary {spread:.2f} times as much as those of the others"
        else:
            return None
        return Finding(
            "background_bias", severity, message, _ACTION, score=score, threshold=threshold
        )


class _Frame(NamedTuple):
    """The colour that most of the borders of one colour in a class have."""

    code: int  # of the class
    rows: Ints  # of the images that have it
    images: int  # of the class
    others: int  # images of other classes
    share: float  # of the class
    elsewhere: float  # of the others
    color: tuple[int, ...]


class _Compared(NamedTuple):
    """How well each class is told from the others, (K,) each."""

    present: Ints  # codes of the classes
    sizes: Ints
    border: Array  # area under the curve
    center: Array
    spread: Array  # as a part of that of the others

    def sides(self, place: int) -> tuple[int, int]:
        """Number of images of a class, and of the others."""
        return int(self.sizes[place]), int(self.sizes.sum() - self.sizes[place])


def _of_large_classes(rows: Ints, codes: Ints) -> Ints:
    sizes = np.bincount(codes[rows], minlength=1)
    return rows[sizes[codes[rows]] >= MIN_IMAGES]


def _frames(measures: Mapping[str, Array], rows: Ints, codes: Ints) -> list[_Frame]:
    """Find the colour of border that is most frequent in each class.

    Args:
        measures: What was measured of all images.
        rows: (M,) positions of the images that are looked at.
        codes: (M,) their classes.

    Returns:
        For each class that is there, the colour, and how many have it in the class and elsewhere.
    """
    present, sizes = np.unique(codes, return_counts=True)
    uniform = measures["deviation"][rows] <= _UNIFORM
    rows, codes = rows[uniform], codes[uniform]
    colors = measures["frame"][rows].astype(np.int16)
    frames = []
    for code, images in zip(present.tolist(), sizes.tolist(), strict=True):
        others, members = int(sizes.sum()) - images, codes == code
        found, counts = np.unique(colors[members], axis=0, return_counts=True)
        if not len(found):
            frames.append(_Frame(code, rows[:0], images, others, 0.0, 0.0, ()))
            continue
        often = found[np.argsort(-counts, kind="stable")[:_CANDIDATES]]
        near = [_near(colors[members], color).sum() for color in often]
        color = often[int(np.argmax(near))]
        alike = _near(colors, color)
        share = float((alike & members).sum() / images)
        elsewhere = float((alike & ~members).sum() / max(others, 1))
        shown = tuple(color.tolist())
        frames.append(_Frame(code, rows[alike & members], images, others, share, elsewhere, shown))
    return frames


def _near(colors: Array, color: Array) -> Array:
    alike: Array = (np.abs(colors - color) <= _SAME_COLOR).all(axis=1)
    return alike


def _compare(measures: Mapping[str, Array], rows: Ints, codes: Ints) -> _Compared:
    present, codes = np.unique(codes, return_inverse=True)
    chosen = _evenly(codes, max(50, MAX_IMAGES // len(present)))
    rows, codes = rows[chosen], codes[chosen]
    border = measures["border"][rows].reshape(len(rows), -1).astype(np.float64)
    center = measures["center"][rows].reshape(len(rows), -1).astype(np.float64)
    spread = np.array([border[codes == code].std(axis=0).mean() for code in range(len(present))])
    others = (spread.sum() - spread) / (len(present) - 1)
    return _Compared(
        present=present,
        sizes=np.bincount(codes),
        border=class_curves(border, codes, len(present)),
        center=class_curves(center, codes, len(present)),
        spread=np.where(others >= _VARIED, spread / np.maximum(others, 1), 1.0),
    )


def _evenly(codes: Ints, most: int) -> Ints:
    """Choose rows, at most so many of each class, evenly from its first to its last."""
    order = np.argsort(codes, kind="stable")
    groups = np.split(order, np.bincount(codes).cumsum()[:-1])
    chosen = [
        rows[np.arange(min(len(rows), most)) * len(rows) // min(len(rows), most)] for rows in groups
    ]
    return np.sort(np.concatenate(chosen))


def _means(pixels: Array, rows: int, columns: int) -> Array:
    """Mean colours of a grid of areas, (rows * columns, 3) uint8."""
    return cv2.resize(pixels, (columns, rows), interpolation=cv2.INTER_AREA).reshape(-1, 3)
