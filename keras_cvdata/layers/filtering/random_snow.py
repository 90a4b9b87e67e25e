"""Let it snow on images."""

from __future__ import annotations

from typing import Any, Unpack

import keras

from keras_cvdata.arguments import interval
from keras_cvdata.engine.array_api import Parameters, Tensor
from keras_cvdata.engine.kernels.hashing import seeds
from keras_cvdata.engine.kernels.textures import exceeded_by
from keras_cvdata.layers.forms import KernelLayer, PhotometricOptions
from keras_cvdata.types import Range


@keras.saving.register_keras_serializable(package="keras_cvdata")
class RandomSnow(KernelLayer):
    """Whiten images, and add flakes that fall in a random direction.

    A value v of 0 to 1 becomes `v + whiteness * (max(v, 1.5 g + 0.5) - v)`, where g is the
    brightness of the pixel; flakes are added, the same on all channels, and once more turned by 180
    degrees. They are where normally distributed blots exceed a limit, soft over half a standard
    deviation. A fourth channel stays. Both executors agree within 1 level on uint8 and 0.02 / 255
    of the value range on floats. Source: Hendrycks and Dietterich 2019, "Benchmarking neural
    network robustness to common corruptions and perturbations", whose flakes are noise that is
    enlarged, cut off and blurred along a line. Its severities have here, at 224 x 224 pixels, the
    (cover, brightness, size, length, whiteness) of (0.1, 0.21, 3, 8, 0.2), (0.275, 0.19, 2, 8,
    0.3), (0.2, 0.26, 4, 16, 0.3), (0.25, 0.33, 4.5, 16, 0.35) and (0.45, 0.17, 2.5, 24, 0.45),
    which give flakes of the same mean and standard deviation.

    Args:
        cover: Range (low, high) of the share of the image that flakes of one layer reach, 0 to 1,
            or a fixed number; 0 leaves them out.
        brightness: Range of how bright they are, 0 to 1, or a fixed number.
        size: Range of the distance of blots across their way in pixels, 1 to 100, or a fixed
            number.
        length: Range of their distance along it in pixels, 1 to 400, or a fixed number.
        whiteness: Range of how much whiter the image becomes, 0 to 1, or a fixed number.
        degrees: Range of the way of falling, counter-clockwise from straight down, or a fixed
            number.
        **options: `value_range`, see `RangedLayer`, and `rate`, `seed`, `data_format` and `name`,
            see `AugmentationLayer`.

    Raises:
        TypeError: A range is neither a number nor a pair of numbers.
        ValueError: A value is out of its range.

    Example:
        >>> import numpy as np
        >>> image = np.zeros((1, 64, 64, 1), "uint8")
        >>> snowy = np.asarray(RandomSnow(0.1, brightness=1.0, whiteness=0.4, seed=7)(image))
        >>> int(snowy.min()), int(snowy.max())
        (51, 255)
    """

    num_uniforms = 8
    kernel = "snow"

    def __init__(
        self,
        cover: float | Range = (0.05, 0.25),
        *,
        brightness: float | Range = (0.2, 0.5),
        size: float | Range = (2, 4),
        length: float | Range = (8, 16),
        whiteness: float | Range = (0.1, 0.3),
        degrees: float | Range = (-45, 45),
        **options: Unpack[PhotometricOptions],
    ) -> None:
        super().__init__(**options)
        shares: Any = {"unit": "shares", "low": 0, "high": 1, "single": "fixed"}
        self.cover = interval(self._named("cover"), cover, **shares)
        self.brightness = interval(self._named("brightness"), brightness, **shares)
        self.size = interval(
            self._named("size"), size, unit="pixels", low=1, high=100, single="fixed"
        )
        self.length = interval(
            self._named("length"), length, unit="pixels", low=1, high=400, single="fixed"
        )
        self.whiteness = interval(self._named("whiteness"), whiteness, **shares)
        self.degrees = interval(
            self._named("degrees"), degrees, unit="degrees", low=-360, high=360, single="fixed"
        )

    def parameters(self, u: Tensor, height: Tensor, width: Tensor, xp: Any) -> Parameters:
        """Draw the flakes and the seed of their places."""
        names = ("brightness", "size", "length", "whiteness", "degrees")
        p = {name: getattr(self, name).at(u[:, i]) for i, name in enumerate(names, 1)}
        p["limit"] = exceeded_by(self.cover.at(u[:, 0]), xp)
        p["seed"] = seeds(u[:, 6:8], xp)
        return p
