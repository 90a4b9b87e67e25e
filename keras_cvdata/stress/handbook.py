"""The perturbations of the handbook: the negative, shifts by 4 pixels in 28, low contrast."""

from __future__ import annotations

from typing import Any

from keras_cvdata.layers import RandomInvert, RandomLighting, RandomTranslation
from keras_cvdata.stress.family import Family, each

_SOURCE = "Handbook 2, part 8"
SHIFT = 4 / 28  # of a side: four pixels of a digit of MNIST
_GAINS = each(0.8, 0.6, 0.5, 0.4, 0.3)


def inverted() -> RandomInvert:
    """Give the layer that exchanges light and dark in every image."""
    return RandomInvert(rate=1.0, seed=0)


def shifted(down: float, right: float) -> RandomTranslation:
    """Give the layer that shifts every image alike, with its border repeated.

    Args:
        down: Share of the height, negative for up.
        right: Share of the width, negative for to the left.

    Returns:
        The layer.

    Example:
        >>> shifted(0, 4 / 28).fill_mode
        'nearest'
    """
    return RandomTranslation((down, down), (right, right), fill_mode="nearest", seed=0)


def families() -> dict[str, Family]:
    """Give the families of the suite "handbook", by name.

    Returns:
        The negative and four shifts (R82), of one strength each, and light and dark that
        draw near to grey (R94).

    Example:
        >>> list(families())
        ['invert', 'shift left', 'shift right', 'shift up', 'shift down', 'low contrast']
    """
    ways = {"left": (0, -1), "right": (0, 1), "up": (-1, 0), "down": (1, 0)}
    shifts = [
        Family(
            f"shift {name}",
            "of the side",
            ((SHIFT,),),
            lambda share, down=down, right=right: [shifted(share * down, share * right)],
            _SOURCE,
        )
        for name, (down, right) in ways.items()
    ]
    invert = Family("invert", "", ((1.0,),), lambda _: [inverted()], _SOURCE)
    dull = Family("low contrast", "of the contrast", _GAINS, _dulled, _SOURCE)
    return {family.name: family for family in (invert, *shifts, dull)}


def _dulled(gain: float) -> list[Any]:
    middle = (1 - gain) / 2  # so that grey stays grey
    return [RandomLighting((gain, gain), (middle, middle), seed=0)]
