"""What becomes of the images of a collection that is written anew."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from keras_cvdata.arguments import choice, integer, size
from keras_cvdata.engine.chain import INTERPOLATIONS
from keras_cvdata.engine.steps import Fit, Size
from keras_cvdata.types import Range


@dataclass(frozen=True)
class Recipe:
    """What becomes of each image.

    Attributes:
        pixels: "encoded", "raw", or None for what the source has.
        image_size: (height, width) that all images are brought to; None for their own.
        fit: How, see `fit_of`.
        interpolation: Filter, see `Chain`.
        color_mode: Channels of what is decoded.
        max_side: Longest side of what is encoded anew; None for any.
        quality: Of a JPEG; None copies what need not be made anew.
        value_range: Lowest and highest value of float pixels, where known.
        check: Decode also what is only copied.
    """

    pixels: Literal["encoded", "raw"] | None = None
    image_size: Size | None = None
    fit: Fit = "stretch"
    interpolation: str = "bilinear"
    color_mode: str = "rgb"
    max_side: int | None = None
    quality: int | None = None
    value_range: Range | None = None
    check: bool = False

    @property
    def shrinks(self) -> bool:
        """Whether images are made anew at a size that depends on their own."""
        return self.max_side is not None or (self.quality is not None and self.image_size is None)


def check_recipe(recipe: Recipe) -> Recipe:
    """Refuse what cannot be, before any work is done.

    Args:
        recipe: As it was asked for.

    Returns:
        The recipe, with a size of integers.

    Raises:
        ValueError: An argument is out of its range, or arguments contradict each other.
    """
    choice("pixels", recipe.pixels, (None, "encoded", "raw"))
    choice("interpolation", recipe.interpolation, INTERPOLATIONS)
    if recipe.image_size is None and (recipe.fit, recipe.interpolation) != ("stretch", "bilinear"):
        raise ValueError(
            "crop_to_aspect_ratio, pad_to_aspect_ratio and interpolation say how images are "
            "brought to a size. Give image_size=(height, width) too, or leave them out."
        )
    if recipe.max_side is not None:
        integer("max_side", recipe.max_side, 1)
        if recipe.image_size is not None:
            raise ValueError("Give image_size, one size for all, or max_side, not both.")
    if recipe.quality is not None and not 1 <= integer("quality", recipe.quality, 1) <= 100:
        raise ValueError(f"quality must be an integer from 1 to 100; got {recipe.quality}.")
    if recipe.pixels == "raw" and (recipe.max_side, recipe.quality) != (None, None):
        raise ValueError(
            "max_side and quality make encoded images, and pixels='raw' stores none. Leave out "
            "one or the other; image_size brings raw pixels to a size."
        )
    wanted = recipe.image_size
    return recipe if wanted is None else replace(recipe, image_size=size(wanted))
