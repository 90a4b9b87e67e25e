"""Figures over many lines: corruption errors, noise of accuracies, strengths at which they fall."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from keras_cvdata.stress.scoring import Line

NOISE = 3.0  # standard errors beyond which two accuracies differ


@dataclass(frozen=True)
class CorruptionError:
    """Error of a model under one perturbation, over all severities.

    Args:
        error: Mean share of wrong images.
        baseline: That of the baseline.
        ratio: Sum of the errors over that of the baseline, the corruption error; NaN without one.
        relative: The same of what the errors exceed those on clean images by; NaN where the
            baseline loses nothing.
    """

    error: float
    baseline: float = float("nan")
    ratio: float = float("nan")
    relative: float = float("nan")


def corruption_error(
    lines: Sequence[Line],
    clean: Line,
    baseline: Sequence[Line] = (),
    baseline_clean: Line | None = None,
) -> CorruptionError:
    """Error of a model under one perturbation, in parts of that of a baseline.

    Args:
        lines: One perturbation at several severities.
        clean: The images as they are.
        baseline: Lines of the baseline at the same severities.
        baseline_clean: Its images as they are.

    Returns:
        The error.

    Source: D. Hendrycks and T. Dietterich, Benchmarking Neural Network Robustness to Common
        Corruptions and Perturbations, 2019.
    """
    own = sum(1 - line.accuracy for line in lines)
    if baseline_clean is None:
        return CorruptionError(own / len(lines))
    other = sum(1 - line.accuracy for line in baseline)
    more = own - len(lines) * (1 - clean.accuracy)
    others_more = other - len(lines) * (1 - baseline_clean.accuracy)
    return CorruptionError(
        own / len(lines),
        other / len(lines),
        own / other if other else 1.0 if own == 0 else float("inf"),
        more / others_more if others_more > 0 else float("nan"),
    )


def noise_of(one: Line, other: Line) -> float:
    """What two accuracies may differ by for the number of images alone.

    Args:
        one: A line.
        other: Another one.

    Returns:
        Three standard errors of the difference of two shares of as many images; for the same images
        that is more than enough.

    Example:
        >>> from types import SimpleNamespace as Line
        >>> f"{noise_of(Line(accuracy=0.9, images=900), Line(accuracy=0.9, images=900)):.3f}"
        '0.044'
    """
    parts = (line.accuracy * (1 - line.accuracy) / line.images for line in (one, other))
    # One image more or less is never beyond noise, where all are right or none is.
    return NOISE * float(np.sqrt(sum(parts))) + 1 / min(one.images, other.images)


def strength_of_fall(
    lines: Iterable[Line], clean: Line, fall: float, at_rest: float
) -> float | None:
    """Strength at which the accuracy has fallen, between the severities along straight lines.

    Args:
        lines: One perturbation by severity, with strengths.
        clean: The images as they are.
        fall: Share of the accuracy on them that is lost.
        at_rest: Strength that changes nothing.

    Returns:
        The strength; None where the accuracy does not fall so far.
    """
    limit = (1 - fall) * clean.accuracy
    strength, accuracy = at_rest, clean.accuracy
    for line in lines:
        if line.strength is None:
            return None
        if line.accuracy <= limit:
            way = (accuracy - limit) / (accuracy - line.accuracy)
            return strength + way * (line.strength - strength)
        strength, accuracy = line.strength, line.accuracy
    return None
