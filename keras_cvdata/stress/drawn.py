"""Perturbations that are no layers, because nobody trains with them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Literal

from keras_cvdata.engine.array_api import Parameters, Tensor, cast
from keras_cvdata.engine.augmentation import Augmentation
from keras_cvdata.types import Array


class Drawn(Augmentation):
    """A function of one uint8 image, a seed and constants, as a member of a chain.

    The seed is drawn as layers draw, so that a sample gets the same pixels every time. It acts in
    sequences and in `apply`, from many threads at once, and it pickles as its function does.

    Args:
        draw_pixels: Takes a uint8 image (height, width, channels) that it may write on, a seed from
            0 to 2**31 - 1 and the constants; returns a uint8 image of that shape.
        *constants: What it is given after the seed.

    Example:
        >>> import numpy as np
        >>> from keras_cvdata import apply
        >>> def darker(image, seed, levels):
        ...     return image - np.uint8(levels)
        >>> int(apply(Drawn(darker, 30), np.full((4, 4, 1), 200, np.uint8))[0].max())
        170
    """

    form: ClassVar[Literal["call"]] = "call"

    def __init__(self, draw_pixels: Callable[..., Array], *constants: Any) -> None:
        self.draw_pixels = draw_pixels
        self.constants = constants

    @property
    def total_uniforms(self) -> int:
        """One number for the seed."""
        return 1

    def draw(self, u: Tensor, height: Tensor, width: Tensor, xp: Any) -> Parameters:
        """Draw the seed of each image."""
        return {"seed": cast(xp.floor(u[:, 0] * 2**31), "int64", xp)}

    def function(self, image: Array, seed: int) -> Array:
        """Change one image."""
        return self.draw_pixels(image, seed, *self.constants)

    def __repr__(self) -> str:
        constants = "".join(f", {constant!r}" for constant in self.constants)
        return f"Drawn({self.draw_pixels.__name__}{constants})"
