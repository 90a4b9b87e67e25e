"""Which layer answers which perturbation, and what to propose first."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from keras_cvdata.stress.comparing import GAP
from keras_cvdata.stress.errors import noise_of
from keras_cvdata.stress.scoring import Line

if TYPE_CHECKING:
    from keras_cvdata.stress.report import StressReport

COLUMNS = ("perturbation", "severity", "lost", "layer", "code", "why")
OWN_RATE = 0.1  # part of the images that a perturbation without a layer of its own acts on (R91)


@dataclass(frozen=True)
class _Layer:
    """A layer of this package with its arguments."""

    name: str
    arguments: tuple[Any, ...] = ()
    options: tuple[tuple[str, Any], ...] = ()

    @property
    def code(self) -> str:
        """Its text."""
        told = [repr(value) for value in self.arguments]
        told += [f"{key}={value!r}" for key, value in self.options]
        return f"layers.{self.name}({', '.join(told)})"

    def make(self) -> Any:
        """Make the layer."""
        from keras_cvdata import layers

        return getattr(layers, self.name)(*self.arguments, **dict(self.options))


@dataclass(frozen=True)
class Proposal:
    """One augmentation to try.

    Args:
        perturbation: What it answers, the worst first.
        severity: The first at which the accuracy falls.
        lost: Accuracy lost over all severities.
        code: Text of the layer.
        make: Makes the layer.
        why: What was found.
    """

    perturbation: str
    severity: int
    lost: float
    code: str
    make: Callable[[], Any]
    why: str

    @property
    def layer(self) -> str:
        """Name of the layer, such as "layers.RandomInvert"; of a perturbation's own its text."""
        own = self.code.startswith("layers.RandomApply")
        return self.code if own else self.code.partition("(")[0]


def _fixed(name: str, *arguments: Any, **options: Any) -> Callable[[float], _Layer]:
    """A layer whose arguments do not depend on the strength that was tested."""
    return lambda _: _Layer(name, arguments, tuple(options.items()))


def _up_to(name: str, low: float = 0.0) -> Callable[[float], _Layer]:
    """A layer that draws up to the strength that was tested."""
    return lambda strength: _Layer(name, ((low, round(strength, 3)),))


def _turned(strength: float, degrees: float = 1.0) -> _Layer:
    return _Layer("RandomRotation", (), (("degrees", round(abs(strength) * degrees)),))


_LIGHT = _fixed("RandomLighting", contrast=(0.3, 1.3), brightness=(-0.3, 0.3))
_ACROSS = _fixed("RandomTranslation", 0, 0.2)  # R89; 20 % of 28 are at most 6 pixels (R92)
_DOWN = _fixed("RandomTranslation", 0.2, 0)
_STROKES = _fixed("RandomMorphology")

# The layer for the strength of the strongest severity, by a part of the name of a perturbation, of
# which the longest counts.
_ANSWERS: Mapping[str, Callable[[float], _Layer]] = {
    "invert": _fixed("RandomInvert", rate=0.1),  # R90, R91
    "shift left": _ACROSS,
    "shift right": _ACROSS,
    "shift up": _DOWN,
    "shift down": _DOWN,
    "translate": _fixed("RandomTranslation", 0.2, 0.2),
    "rotation": _turned,
    "rotate": partial(_turned, degrees=57.3),  # of the digits in radians
    "enlarge": _up_to("RandomZoomCrop", 1.0),
    "crop": lambda share: _Layer("RandomZoomCrop", ((1.0, round(1 / (1 - share), 2)),)),
    "shrink": lambda times: _Layer("RandomZoomCrop", ((round(1 / times, 2), 1.0),)),
    "scale": _fixed("RandomZoomCrop", (0.6, 1.3)),
    "perspective": lambda share: _Layer("RandomPerspective", (), (("scale", round(2 * share, 3)),)),
    "shear": _fixed("RandomShear", 0.4, 0.4),
    "elastic": _fixed("RandomElasticTransform"),
    "gaussian noise": _up_to("RandomGaussianNoise"),
    "speckle": _up_to("RandomSpeckleNoise"),
    "impulse": _up_to("RandomImpulseNoise"),
    "shot noise": _fixed("RandomShotNoise"),
    "gaussian blur": _fixed("RandomGaussianBlur"),
    "defocus": _fixed("RandomDefocusBlur"),
    "motion": _fixed("RandomMotionBlur"),
    "glass": _fixed("RandomGlassBlur"),
    "zoom": _fixed("RandomZoomBlur"),
    "snow": _fixed("RandomSnow"),
    "frost": _fixed("RandomFrost"),
    "fog": _fixed("RandomFog"),
    "spatter": _fixed("RandomSpatter"),
    "brightness": _LIGHT,
    "contrast": _LIGHT,
    "lighting": _LIGHT,
    "grey": _LIGHT,
    "shadow": _fixed("RandomShadow"),
    "saturate": _fixed("RandomSaturation"),
    "pixelate": _fixed("RandomPixelate"),
    "jpeg": _fixed("RandomJPEG"),
    "thick": _STROKES,  # R94
    "thin": _STROKES,
    "stroke": _STROKES,
    "texture": _fixed("RandomTexture"),
    "ground": _fixed("RandomBackground", rate=0.5),  # R95
    "border": _fixed("RandomZoomCrop", (1.0, 1.4)),  # cuts it off
    "edges": _STROKES,
    "stripe": _fixed("RandomErasing"),
    "line": _fixed("RandomErasing"),
    "zigzag": _fixed("RandomErasing"),
}


def advice(report: StressReport) -> Any:
    """List what to try, see `StressReport.advice`."""
    import pandas as pd

    rows = [
        (found.perturbation, found.severity, found.lost, found.make(), found.code, found.why)
        for found in proposals(report)
    ]
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    return frame.astype({"severity": "int64", "lost": "float64"})


def proposals(report: StressReport) -> list[Proposal]:
    """List what to try, what costs most accuracy first.

    Args:
        report: What was found.

    Returns:
        The proposals; none where the model gives numbers, which have no accuracy.
    """
    of_code: dict[str, list[Proposal]] = {}
    for name, lines in report.perturbations.items():
        failing = [line for line in lines if falls(line, report.clean)]
        answer = _answer(report, name, lines, failing)
        if answer is None:
            continue
        code, make = answer
        lost = report.clean.accuracy - sum(line.accuracy for line in lines) / len(lines)
        worst = min(failing, key=lambda line: line.accuracy)
        found = Proposal(name, failing[0].severity, lost, code, make, _why(worst, report.clean))
        of_code.setdefault(code, []).append(found)
    return _ranked([_joined(found) for found in of_code.values()])


def _ranked(found: Sequence[Proposal]) -> list[Proposal]:
    """What costs most first, each layer once; further ranges of the same layers after all these.

    The test after the first one says whether they are still needed. Of the shifts of a suite those
    across come first (R89), whichever costs more.
    """
    of_layer: dict[str, list[Proposal]] = {}
    for one in found:
        of_layer.setdefault(one.layer, []).append(one)
    groups = sorted(of_layer.values(), key=lambda group: -max(one.lost for one in group))
    further = [one for group in groups for one in group[1:]]
    return [group[0] for group in groups] + sorted(further, key=lambda one: -one.lost)


def falls(line: Line, clean: Line) -> bool:
    """Say whether the accuracy of a line is lower than on clean images, beyond chance.

    Args:
        line: A perturbation at a severity.
        clean: The images as they are.

    Returns:
        Whether it lacks 2 points, and more than the number of images may show by chance.
    """
    return clean.accuracy - line.accuracy > max(GAP, noise_of(line, clean))


def _answer(
    report: StressReport, name: str, lines: Sequence[Line], failing: Sequence[Line]
) -> tuple[str, Callable[[], Any]] | None:
    """Text of the layer that answers a perturbation, and how it is made."""
    if not failing:
        return None
    parts = [part for part in _ANSWERS if part in name]
    known = report.suite != "own" or name not in report.families
    if parts and known:
        layer = _ANSWERS[max(parts, key=len)](lines[-1].strength or 0.0)
        return layer.code, layer.make
    if name not in report.families:
        return None
    own = report.families[name](failing[0].severity)
    told = ", ".join(map(repr, own))
    return f"layers.RandomApply([{told}], rate={OWN_RATE})", partial(_sometimes, own)


def _sometimes(own: Sequence[Any]) -> Any:
    from keras_cvdata.layers import RandomApply

    return RandomApply(list(own), rate=OWN_RATE)


def _why(worst: Line, clean: Line) -> str:
    return (
        f"accuracy {worst.accuracy:.3f} under {worst.perturbation} {worst.severity}, "
        f"{clean.accuracy:.3f} on clean images"
    )


def _joined(found: Sequence[Proposal]) -> Proposal:
    """One proposal of those with one answer, by the perturbation that costs most."""
    found = sorted(found, key=lambda one: -one.lost)
    first = found[0]
    names = ", ".join(one.perturbation for one in found)
    return Proposal(names, first.severity, first.lost, first.code, first.make, first.why)
