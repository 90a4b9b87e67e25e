"""The random transforms of the old class: what it draws, and what that does to an image."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from numbers import Real
from typing import Any

import numpy as np

from keras_cvdata.preprocessing.affine import Reading, move
from keras_cvdata.preprocessing.brightness import apply_channel_shift, brighten
from keras_cvdata.preprocessing.random_affine import mirror
from keras_cvdata.types import Array

# The functions that draw are called in the order in which the old class draws.


def as_zoom_range(given: Any) -> list[float]:
    """Lowest and highest factor of `zoom_range`."""
    if not np.ndim(given) and isinstance(number := np.asarray(given).item(), Real):
        return [1 - float(number), 1 + float(number)]
    if np.size(given) == 2 and all(isinstance(value, Real) for value in given):
        return list(given)
    raise ValueError(f"zoom_range must be a number or (lowest, highest); got {given!r}.")


def as_brightness_range(given: Any) -> Any:
    """Lowest and highest factor of `brightness_range`, or None."""
    if given is not None and np.shape(given) != (2,):
        raise ValueError(f"brightness_range must be (lowest, highest) factor; got {given!r}.")
    return given


def draw_moves(
    state: Any,
    size: tuple[int, int],
    *,
    rotation: float,
    shifts: tuple[Any, Any],
    shear: float,
    zoom: Sequence[float],
) -> dict[str, Any]:
    """Draw how an image moves.

    Args:
        state: What is drawn from, see `random_state`.
        size: (height, width) of the image.
        rotation: Largest angle either way, in degrees.
        shifts: Largest shifts that `tx` and `ty` are drawn by: a share of a side below 1, pixels
            from 1.0 on, whole pixels for an integer, or a list of values.
        shear: Largest angle either way, in degrees.
        zoom: Lowest and highest factor.

    Returns:
        `theta`, `tx`, `ty`, `shear`, `zx` and `zy`, see `apply_affine_transform`.
    """
    theta = _either_way(state, rotation)
    tx = _shift(state, shifts[0], size[0])
    ty = _shift(state, shifts[1], size[1])
    angle = _either_way(state, shear)
    zx, zy = (1, 1) if tuple(zoom) == (1, 1) else state.uniform(*zoom, 2)
    return {"theta": theta, "tx": tx, "ty": ty, "shear": angle, "zx": zx, "zy": zy}


def draw_flips(state: Any, horizontal: bool, vertical: bool) -> dict[str, Any]:
    """Draw which way an image is mirrored, each with probability one half where it is allowed.

    Args:
        state: What is drawn from.
        horizontal: Mirror left to right.
        vertical: Mirror top to bottom.

    Returns:
        `flip_horizontal` and `flip_vertical`.
    """
    across = state.random_sample() < 0.5
    down = state.random_sample() < 0.5
    return {"flip_horizontal": across * horizontal, "flip_vertical": down * vertical}


def draw_values(
    state: Any, channel_shift: float, brightness: Sequence[float] | None
) -> dict[str, Any]:
    """Draw how the values of an image change.

    Args:
        state: What is drawn from.
        channel_shift: Largest value that is added or subtracted; 0 for none.
        brightness: Lowest and highest factor, or None.

    Returns:
        `channel_shift_intensity` and `brightness`, None where nothing is done.
    """
    shift = _either_way(state, channel_shift) if channel_shift else None
    factor = None if brightness is None else state.uniform(*brightness)
    return {"channel_shift_intensity": shift, "brightness": factor}


def apply_parameters(
    x: Array, p: Mapping[str, Any], axes: tuple[int, int, int], how: Reading, *, exchanged: bool
) -> Array:
    """Transform one image.

    Args:
        x: One image of three axes; it is not changed.
        p: What the functions above draw: `theta`, `tx`, `ty`, `shear`, `zx`, `zy`,
            `flip_horizontal`, `flip_vertical`, `channel_shift_intensity` and `brightness`; what is
            missing does nothing.
        axes: Axes of the rows, the columns and the channels.
        how: How warps read pixels.
        exchanged: Whether the axes of warps are exchanged, see `move`.

    Returns:
        The image, of the same shape; `x` itself where nothing is done.
    """
    channels = axes[2]
    x = move(x, p, axes, how, exchanged=exchanged)
    if p.get("channel_shift_intensity") is not None:
        x = apply_channel_shift(x, p["channel_shift_intensity"], channels)
    if p.get("flip_horizontal"):
        x = mirror(x, True, channels)
    if p.get("flip_vertical"):
        x = mirror(x, False, channels)
    if p.get("brightness") is not None:
        x = brighten(x, p["brightness"], False, channels)
    return x


def _either_way(state: Any, limit: float) -> float:
    return float(state.uniform(-limit, limit)) if limit else 0


def _shift(state: Any, limit: Any, side: int) -> Any:
    """Pixels: whole ones for an integer, one of several values, else any up to a limit."""
    values = np.asarray(limit)
    if not values.size or (values.ndim == 0 and not values):
        return 0
    if values.ndim or (values.dtype.kind in "iub" and values > 0):
        shift = state.choice(values) * state.choice([-1, 1])
    else:
        shift = _either_way(state, limit)
    return shift * side if values.max() < 1 else shift
