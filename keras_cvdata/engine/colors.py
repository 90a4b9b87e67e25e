"""Colour matrices, for `numpy` and `keras.ops` alike: (B, 3, 4) from red, green, blue and 1."""

from __future__ import annotations

from typing import Any

from keras_cvdata.engine.array_api import Tensor

LUMA = (0.299, 0.587, 0.114)
"""Share of red, green and blue in the brightness of a colour (ITU-R BT.601)."""


def towards_gray(saturation: Tensor, xp: Any) -> Tensor:
    """Build matrices that multiply the distance of every colour from the grey of its brightness.

    Args:
        saturation: (B,) gain; 0 gives grey, 1 changes nothing.
        xp: `numpy` or `keras.ops`.

    Returns:
        (B, 3, 4) matrices.

    Example:
        >>> import numpy as np
        >>> towards_gray(np.array([0.0]), np)[0, 2].round(3).tolist()
        [0.299, 0.587, 0.114, 0.0]
    """
    zero = xp.zeros_like(saturation)
    rows = [
        [
            (1 - saturation) * share + (saturation if i == j else zero)
            for j, share in enumerate(LUMA)
        ]
        for i in range(3)
    ]
    return xp.stack([xp.stack([*row, zero], axis=-1) for row in rows], axis=-2)


def light_gains(temperature: Tensor, xp: Any) -> Tensor:
    """Give the gains of red, green and blue when the light of 6500 K is replaced by another.

    Lights are black bodies, with the chromaticities of Kim et al. (2002). The gains of linear sRGB
    keep the brightness of grey; their power 1 / 2.2 is the gain of the stored values.

    Args:
        temperature: (B,) kelvins, 1667 to 25000.
        xp: `numpy` or `keras.ops`.

    Returns:
        (B, 3) gains.

    Example:
        >>> import numpy as np
        >>> light_gains(np.array([3000.0]), np).round(2).tolist()
        [[1.27, 0.94, 0.55]]
    """
    light = _black_body(temperature, xp)
    neutral = _black_body(xp.zeros_like(temperature) + 6500.0, xp)
    linear = light / neutral
    brightness = sum(share * linear[:, i] for i, share in enumerate((0.2126, 0.7152, 0.0722)))
    return (linear / brightness[:, None]) ** (1 / 2.2)


def _black_body(temperature: Tensor, xp: Any) -> Tensor:
    """Red, green and blue (B, 3) of linear sRGB of the light of a black body."""
    t = 1000.0 / temperature
    x = xp.where(
        temperature < 4000,
        ((-0.2661239 * t - 0.2343589) * t + 0.8776956) * t + 0.179910,
        ((-3.0258469 * t + 2.1070379) * t + 0.2226347) * t + 0.240390,
    )
    y = xp.where(
        temperature < 2222,
        ((-1.1063814 * x - 1.34811020) * x + 2.18555832) * x - 0.20219683,
        xp.where(
            temperature < 4000,
            ((-0.9549476 * x - 1.37418593) * x + 2.09137015) * x - 0.16748867,
            ((3.0817580 * x - 5.87338670) * x + 3.75112997) * x - 0.37001483,
        ),
    )
    rows = ((3.2406, -1.5372, -0.4986), (-0.9689, 1.8758, 0.0415), (0.0557, -0.2040, 1.0570))
    parts = (x / y, xp.ones_like(x), (1 - x - y) / y)
    colors = [sum(a * part for a, part in zip(row, parts, strict=True)) for row in rows]
    return xp.maximum(xp.stack(colors, axis=-1), 0.0)
