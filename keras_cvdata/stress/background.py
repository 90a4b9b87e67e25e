"""Other grounds and borders, for models that learnt the ground in place of the thing (R95)."""

from __future__ import annotations

import numpy as np

from keras_cvdata.layers import RandomBackground
from keras_cvdata.stateless_random import hash_words
from keras_cvdata.stress.drawn import Drawn
from keras_cvdata.stress.family import Family, each
from keras_cvdata.types import Array

_SOURCE = "Handbook 2, part 8"


def families() -> dict[str, Family]:
    """Give the families of the suite "background", by name.

    Returns:
        "other ground", where what looks like the border of the image gets another colour;
        "black border", "white border" and "coloured border", where a border of that share of the
        shorter side is painted on.

    Example:
        >>> border = families()["white border"]
        >>> border.strength(3), border.unit
        (0.08, 'of the side')
    """
    shares = each(0.02, 0.04, 0.08, 0.12, 0.16)
    ground = Family(
        "other ground",
        "whites of tolerance",
        each(0.05, 0.1, 0.15, 0.2, 0.3),
        lambda tolerance: [RandomBackground(tolerance)],
        _SOURCE,
    )
    borders = [
        Family(
            f"{name} border",
            "of the side",
            shares,
            lambda share, level=level: [Drawn(paint_border, share, level)],
            _SOURCE,
        )
        for name, level in (("black", 0), ("white", 255), ("coloured", None))
    ]
    return {family.name: family for family in (ground, *borders)}


def paint_border(image: Array, seed: int, share: float, level: int | None) -> Array:
    """Paint a border of one colour over an image.

    Args:
        image: (height, width, channels) uint8 pixels.
        seed: Selects the colour, where no level is given.
        share: Width of the border in shorter sides; at least one pixel.
        level: Of all channels, or `None` for a random colour; a fourth channel becomes opaque.

    Returns:
        A new image.

    Example:
        >>> paint_border(np.zeros((3, 3, 1), np.uint8), 0, 0.1, 9)[..., 0].tolist()
        [[9, 9, 9], [9, 0, 9], [9, 9, 9]]
    """
    height, width, channels = image.shape
    colors = hash_words(seed, np.arange(channels)) % np.uint64(256)
    paint = colors.astype(np.uint8) if level is None else np.full(channels, level, np.uint8)
    if channels == 4:
        paint[3] = 255
    wide = max(round(min(height, width) * share), 1)
    result = np.empty_like(image)
    result[...] = paint
    result[wide : height - wide, wide : width - wide] = image[
        wide : height - wide, wide : width - wide
    ]
    return result
