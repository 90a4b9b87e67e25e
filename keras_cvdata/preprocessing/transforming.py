"""The random transforms of the old class: what it draws, and what that does to an image."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from keras_cvdata.preprocessing.affine import Reading, move
from keras_cvdata.preprocessing.brightness import apply_channel_shift, brighten
from keras_cvdata.preprocessing.random_affine import mirror
from keras_cvdata.preprocessing.randomness import random_state
from keras_cvdata.types import Array


class Transforming:
    """What `ImageDataGenerator` does to images at random."""

    rotation_range: float
    width_shift_range: float | Sequence[float]
    height_shift_range: float | Sequence[float]
    brightness_range: Sequence[float] | None
    shear_range: float
    zoom_range: list[float]
    channel_shift_range: float
    fill_mode: str
    cval: float
    horizontal_flip: bool
    vertical_flip: bool
    interpolation_order: int
    exchanged_axes: bool
    row_axis: int
    col_axis: int
    channel_axis: int

    def get_random_transform(
        self, img_shape: Sequence[int], seed: int | None = None
    ) -> dict[str, Any]:
        """Draw what happens to one image.

        Args:
            img_shape: Shape of the image.
            seed: Selects the numbers; None draws on.

        Returns:
            The parameters that `apply_transform` takes.
        """
        state = random_state(seed)
        height, width = img_shape[self.row_axis - 1], img_shape[self.col_axis - 1]
        theta = _either_way(state, self.rotation_range)
        tx = _shift(state, self.height_shift_range, height)
        ty = _shift(state, self.width_shift_range, width)
        shear = _either_way(state, self.shear_range)
        zooms = tuple(self.zoom_range)
        zx, zy = (1, 1) if zooms == (1, 1) else state.uniform(*zooms, 2)
        flips = [state.random_sample() < 0.5 for _ in range(2)]
        channel_shift = self.channel_shift_range
        brightness = self.brightness_range
        return {
            "theta": theta,
            "tx": tx,
            "ty": ty,
            "shear": shear,
            "zx": zx,
            "zy": zy,
            "flip_horizontal": flips[0] * self.horizontal_flip,
            "flip_vertical": flips[1] * self.vertical_flip,
            "channel_shift_intensity": _either_way(state, channel_shift) if channel_shift else None,
            "brightness": None if brightness is None else state.uniform(*brightness),
        }

    def apply_transform(self, x: Array, transform_parameters: Mapping[str, Any]) -> Array:
        """Transform one image.

        Args:
            x: One image in the data format of the generator; it is not changed.
            transform_parameters: As drawn by `get_random_transform`: `theta`, `tx`, `ty`, `shear`,
                `zx`, `zy` (see `apply_affine_transform`), `flip_horizontal`, `flip_vertical`,
                `channel_shift_intensity` and `brightness`; what is missing does nothing.

        Returns:
            The image, of the same shape; `x` itself where nothing is done.
        """
        rows, columns, channels = self.row_axis - 1, self.col_axis - 1, self.channel_axis - 1
        p = transform_parameters
        how = Reading(self.fill_mode, self.cval, self.interpolation_order)
        x = move(x, p, (rows, columns, channels), how, exchanged=self.exchanged_axes)
        if p.get("channel_shift_intensity") is not None:
            x = apply_channel_shift(x, p["channel_shift_intensity"], channels)
        if p.get("flip_horizontal"):
            x = mirror(x, True, channels)
        if p.get("flip_vertical"):
            x = mirror(x, False, channels)
        if p.get("brightness") is not None:
            x = brighten(x, p["brightness"], False, channels)
        return x

    def random_transform(self, x: Array, seed: int | None = None) -> Array:
        """Transform one image at random.

        Args:
            x: One image in the data format of the generator; it is not changed.
            seed: Selects the numbers; None draws on.

        Returns:
            The image, of the same shape.
        """
        return self.apply_transform(x, self.get_random_transform(x.shape, seed))


def _either_way(state: Any, limit: float) -> float:
    return float(state.uniform(-limit, limit)) if limit else 0


def _shift(state: Any, limit: Any, side: int) -> Any:
    """Pixels: whole ones for an integer, one of several values, else any up to a limit."""
    if not limit:
        return 0
    if np.ndim(limit) or (isinstance(limit, int | np.integer) and limit > 0):
        shift = state.choice(limit) * state.choice([-1, 1])
    else:
        shift = _either_way(state, limit)
    return shift * side if np.max(limit) < 1 else shift
