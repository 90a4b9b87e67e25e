"""Images of several depths in one collection: told once, and counted alike."""

from __future__ import annotations

import warnings

import numpy as np

from keras_cvdata import codec
from keras_cvdata.sources.base import Source, Subset, fetch
from keras_cvdata.sources.locations import is_url
from keras_cvdata.types import Array, ImageError, Range, full_scale

_TRIES = 3  # a collection whose first images are damaged is told by reading it


class Depth:
    """Depth of the first image of a collection, by which the others count too.

    Args:
        name: Name of the first image.
        dtype: Dtype of its pixels.
    """

    def __init__(self, name: str, dtype: np.dtype[np.generic]) -> None:
        self.name = name
        self.dtype = dtype
        self._untold = [True]  # emptied by the thread that tells, which is atomic

    def span(self, value_range: Range | None) -> Range | None:
        """Lowest and highest value of a batch; None for floats whose range is not stated."""
        return value_range if self.dtype.kind == "f" else (0.0, full_scale(self.dtype))

    def compare(self, pixels: Array, name: str, span: Range | None) -> None:
        """Tell that an image has another depth, the first time that one has.

        Args:
            pixels: The image.
            name: Its name.
            span: Lowest and highest value of the batch, see `span`.

        Raises:
            ValueError: Nobody can say what it is in the units of the first image.
        """
        if pixels.dtype == self.dtype:
            return
        both = f"{name} is {pixels.dtype}, and the first image, {self.name}, is {self.dtype}"
        if span is None:
            raise ValueError(
                f"{both}. To bring them to one scale, say what black and white of the floats are: "
                "value_range=(0, 1), for example; or use rescale='unit'."
            )
        try:
            self._untold.pop()
        except IndexError:
            return
        warnings.warn(
            f"{both}. All are brought to the scale of the first, {span[0]:g} to {span[1]:g}. Use "
            "rescale='unit' for 0 to 1 by the depth of each, or keep images of one depth.",
            stacklevel=2,
        )


def first_depth(source: Source) -> Depth | None:
    """Depth of the first image of a collection, out of which `source` may be a selection.

    So the parts of a split count alike. A file that cannot be read is passed over.

    Args:
        source: Where the images come from.

    Returns:
        The depth; None where none of the first three images can be read.
    """
    while isinstance(source, Subset):
        source = source.source
    for position in range(min(_TRIES, len(source))):
        name = source.name(position)
        try:
            payload = fetch(source, position)
            if isinstance(payload, bytes):
                header = codec.sniff(payload, name, max_pixels=source.max_pixels)
                if header.channels:
                    return Depth(name, np.dtype("uint8"))
            pixels = codec.read(payload, "unchanged", name=name, max_pixels=source.max_pixels)
            return Depth(name, pixels.dtype)
        except ImageError:
            if is_url(name):  # the next would be waited for as long
                break
    return None
