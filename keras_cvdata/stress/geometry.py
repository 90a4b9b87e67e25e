"""Moves of five strengths each, and of any strength between."""

from __future__ import annotations

from typing import Any

from keras_cvdata.layers import (
    OneOf,
    RandomPerspective,
    RandomRotation,
    RandomTranslation,
    RandomZoomCrop,
)
from keras_cvdata.stress.family import Family, each


def families() -> dict[str, Family]:
    """Give the families of the suite "geometry", by name.

    Returns:
        "rotation" either way about the centre; "enlarge" and "shrink" about it, with more of the
        same mirrored around; "perspective", where each corner moves by up to that share of the
        sides either way; "crop", where that share of both sides is cut off around a random window,
        which is enlarged to the size of the image.

    Example:
        >>> rotation = families()["rotation"]
        >>> [rotation.strength(severity) for severity in rotation.severities], rotation.unit
        ([10.0, 20.0, 30.0, 45.0, 60.0], 'degrees')
    """
    listed = (
        Family("rotation", "degrees", each(10, 20, 30, 45, 60), _rotated),
        Family("enlarge", "times as large", each(1.15, 1.3, 1.5, 1.75, 2), _magnified),
        Family("shrink", "times as small", each(1.15, 1.3, 1.5, 2, 3), lambda s: _magnified(1 / s)),
        Family(
            "perspective",
            "of the side",
            each(0.035, 0.07, 0.105, 0.14, 0.175),
            lambda share: [RandomPerspective(scale=2 * share)],
        ),
        Family("crop", "of the side", each(0.1, 0.2, 0.3, 0.4, 0.5), _cropped),
    )
    return {family.name: family for family in listed}


def _rotated(degrees: float) -> list[Any]:
    return [OneOf([RandomRotation(degrees=(way, way)) for way in (degrees, -degrees)])]


def _magnified(times: float) -> list[Any]:
    return [RandomZoomCrop((times, times))]


def _cropped(share: float) -> list[Any]:
    """Shift by no more than the window leaves on each side, then enlarge: one warp, all inside."""
    times = 1 / (1 - share)
    return [RandomTranslation(share / 2, share / 2), RandomZoomCrop((times, times))]
