"""The height and width that layers which set the size are given."""

from __future__ import annotations

from typing import Any

from keras_cvdata.arguments import integer


def sides(layer: Any, height: Any, width: Any) -> tuple[int | None, int | None]:
    """Read a size in pixels.

    Args:
        layer: Who was given it.
        height: What it was given.
        width: What it was given.

    Returns:
        Height and width, or `None` twice.

    Raises:
        TypeError: One is no integer.
        ValueError: One is below 1, or missing.
    """
    name = type(layer).__name__
    if height is None and width is None:
        return None, None
    if height is None or width is None:
        raise ValueError(
            f"{name} takes height and width together; got height={height!r}, width={width!r}. "
            "Give both or none."
        )
    return integer(f"{name}: height", height, 1), integer(f"{name}: width", width, 1)
