"""Put things on another ground."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import cached_property
from typing import Any, Unpack

import keras

from keras_cvdata.arguments import integer, interval
from keras_cvdata.engine.array_api import Parameters, Tensor, cast
from keras_cvdata.layers.filtering.pictures import read_pictures
from keras_cvdata.layers.forms import KernelLayer, PhotometricOptions
from keras_cvdata.types import Array, Range


@keras.saving.register_keras_serializable(package="keras_cvdata")
class RandomBackground(KernelLayer):
    """Put things on another ground: another colour, or a picture of a folder.

    Use it where the ground shows the class, as a conveyor belt does (R95): a model that learnt the
    ground fails here. What is ground is said by the border of the image, or by its mask:

    - With the colour b of the border (the mean of the outermost rows and columns) and the largest
      difference d of a channel from it, the share s of ground in a pixel is 1 for d up to the
      tolerance, and falls to 0 at twice of it; so soft edges stay soft. The value v becomes
      `v + s * (n - b)` for a drawn colour n, which keeps shading, and `v + s * (n - v)` for a
      picture.
    - With `mask_classes`, s is 1 where the segmentation mask holds one of them, else 0, and v
      becomes `v + s * (n - v)`.

    A fourth channel stays. Both executors agree within 1 level on uint8 and 2e-6 of the value
    range on floats.

    Args:
        tolerance: Range (low, high) of how unlike the border the ground may be, in units of the
            value range, 0.001 to 1, or a fixed number.
        levels: Range from which red, green and blue are drawn, in that unit, or a fixed number; one
            number serves all channels where there are not 3 or 4.
        backgrounds: Folder of pictures that are put in place of colours, each image on one of them
            at random; folders in it are looked into as well. Each picture is cut to the aspect of
            the image. They are read when the first image is drawn for, and kept as the 256 x 256
            pixels of their middle, 192 KiB each. A saved layer keeps the path alone.
        mask_classes: Class or classes of segmentation masks that are ground, such as 0; needs a
            sequence with masks, or a call on a dict with `"segmentation_masks"`. None: what looks
            like the border.
        **options: `value_range`, see `RangedLayer`, and `rate`, `seed`, `data_format` and `name`,
            see `AugmentationLayer`.

    Raises:
        TypeError: A range is neither a number nor a pair of numbers.
        ValueError: A value is out of its range; on images, the folder holds no pictures, or there
            are no masks.
        FileNotFoundError: On images, there is no such folder.
        ImageError: On images, a picture cannot be read.

    Example:
        >>> import numpy as np
        >>> image = np.zeros((1, 8, 8, 1), "uint8")
        >>> image[0, 3:5, 3:5] = 200
        >>> changed = np.asarray(RandomBackground(levels=0.4)(image))
        >>> np.unique(changed).tolist()
        [102, 200]
    """

    num_uniforms = 4
    kernel = "background"

    def __init__(
        self,
        tolerance: float | Range = 0.1,
        *,
        levels: float | Range = (0.0, 1.0),
        backgrounds: str | os.PathLike[str] | None = None,
        mask_classes: int | Sequence[int] | None = None,
        **options: Unpack[PhotometricOptions],
    ) -> None:
        super().__init__(**options)
        self.tolerance = interval(
            self._named("tolerance"),
            tolerance,
            unit="value ranges",
            low=0.001,
            high=1,
            single="fixed",
        )
        self.levels = interval(
            self._named("levels"), levels, unit="value ranges", low=0, high=1, single="fixed"
        )

        self.backgrounds = None if backgrounds is None else os.fspath(backgrounds)
        if mask_classes is not None:
            classes = mask_classes if isinstance(mask_classes, Sequence) else [mask_classes]
            name = self._named("mask_classes")
            self.mask_classes = tuple(integer(name, number, 0) for number in classes)

    @cached_property
    def _pictures(self) -> Array:
        assert self.backgrounds is not None
        return read_pictures(self.backgrounds)

    def parameters(self, u: Tensor, height: Tensor, width: Tensor, xp: Any) -> Parameters:
        """Draw the tolerance, and a colour or the number of a picture."""
        tolerance = self.tolerance.at(u[:, 0])
        if self.backgrounds is None:
            return {"tolerance": tolerance, "color": self.levels.at(u[:, 1:4])}
        count = len(self._pictures)
        number = xp.minimum(cast(xp.floor(u[:, 1] * count), "int32", xp), count - 1)
        return {"tolerance": tolerance, "picture": number}

    def with_constants(self, p: Parameters, xp: Any) -> Parameters:
        """Add the pictures themselves."""
        if "picture" not in p:
            return p
        return {**p, "picture": xp.take(self._pictures, p["picture"], axis=0)}
