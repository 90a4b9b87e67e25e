"""Even out the contrast of the parts of images."""

from __future__ import annotations

from typing import Any, Unpack

import keras

from keras_cvdata.arguments import interval, size
from keras_cvdata.engine.array_api import Parameters, Tensor
from keras_cvdata.layers.forms import KernelLayer, PhotometricOptions


@keras.saving.register_keras_serializable(package="keras_cvdata")
class CLAHE(KernelLayer):
    """Equalize the histograms of tiles, with limited contrast and smooth transitions.

    Use it to prepare images whose parts are lit differently, such as radiographs. It acts outside
    training too, unless it has a `rate` below 1, which makes it an augmentation. RGB and RGBA
    images are equalized by their brightness (ITU-R 601), and red, green and blue of a pixel move
    by as much, so that hues stay near; of other images each channel is equalized by itself.
    Brightness is counted on 256 levels for all dtypes. Both executors do what `cv2.createCLAHE`
    does and agree within one level on uint8; for floats too, whose brightness may be counted to
    the next level. `ContrastLimitedAdaptiveHistogramEqualization` is another name of this class.
    Sources: Zuiderveld (1994), `cv2.createCLAHE`, `albumentations.CLAHE`, which works on the
    lightness of Lab, `keras.layers.ContrastLimitedAdaptiveHistogramEqualization`, which equalizes
    red, green and blue each by itself.

    Args:
        clip_limit: How many times as many pixels as in an even histogram a level may hold at most,
            1 to 256: the largest gain of contrast.
        tile_grid_size: Number of tiles (down, across), each 1 to 64.
        **options: `value_range`, see `KernelLayer`, and `rate`, `seed`, `data_format` and `name`,
            see `AugmentationLayer`.

    Raises:
        TypeError: The limit is no number, or a number of tiles no integer.
        ValueError: A value is out of its range.

    Example:
        >>> import numpy as np
        >>> image = np.random.default_rng(0).integers(100, 140, (1, 64, 64, 1), "uint8")
        >>> equalized = np.asarray(CLAHE()(image))
        >>> int(np.ptp(equalized)) > int(np.ptp(image))
        True
    """

    kernel = "clahe"

    def __init__(
        self,
        *,
        clip_limit: float = 4.0,
        tile_grid_size: tuple[int, int] = (8, 8),
        **options: Unpack[PhotometricOptions],
    ) -> None:
        super().__init__(**options)
        self.clip_limit = interval(
            self._named("clip_limit"), clip_limit, unit="times", low=1, high=256, single="fixed"
        ).low

        self.tile_grid_size = size(tile_grid_size, self._named("tile_grid_size"))
        if max(self.tile_grid_size) > 64:
            raise ValueError(
                f"{self._named('tile_grid_size')} must be at most 64 tiles down and across; got "
                f"{tile_grid_size!r}."
            )

    def parameters(self, u: Tensor, height: Tensor, width: Tensor, xp: Any) -> Parameters:
        """Draw nothing: a limit for each tile. The sum over no draws is 0 for each image."""
        limits = xp.full((1, *self.tile_grid_size), self.clip_limit, dtype="float32")
        return {"clip_limit": xp.sum(u, axis=1)[:, None, None] + limits}


ContrastLimitedAdaptiveHistogramEqualization = CLAHE
