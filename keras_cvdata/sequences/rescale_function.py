"""A function of float batches as `rescale` of a sequence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from keras_cvdata.types import Array


def as_function(rescale: Any, dtype: str) -> RescaleFunction | None:
    """What is left to do with finished batches, from arguments of a sequence."""
    return RescaleFunction(rescale, dtype) if callable(rescale) else None


@dataclass(frozen=True)
class RescaleFunction:
    """Turns a batch of 0 to 255 into what a model sees, by a function of the user.

    Args:
        function: Takes a float32 batch with its axes in the order of
            `keras.config.image_data_format()`, as `preprocess_input` of `keras.applications` does;
            returns one of that shape, of NumPy or of the backend.
        dtype: Dtype of the result.

    Example:
        >>> RescaleFunction(np.negative, "float16")(np.full((1, 1, 2, 3), 9, np.float32))[0, 0, 0]
        array([-9., -9., -9.], dtype=float16)
    """

    function: Callable[[Array], Any]
    dtype: str

    def __call__(self, pixels: Array) -> Array:
        """Change a batch.

        Args:
            pixels: (B, height, width, channels) float32, which the function may overwrite.

        Returns:
            A C-contiguous batch of that shape, of the dtype.

        Raises:
            ValueError: The function returned something else.
        """
        first = keras.config.image_data_format() == "channels_first"
        given = np.ascontiguousarray(np.moveaxis(pixels, -1, 1)) if first else pixels
        shape = given.shape
        try:
            result = self.function(given)
        except Exception as error:
            error.add_note(
                f"This happened in rescale={self.function!r}, called on float32 pixels of 0 to 255 "
                f"of shape {shape}."
            )
            raise
        if tuple(getattr(result, "shape", ())) != shape:
            raise ValueError(
                f"rescale={self.function!r} must return a batch of the shape it was given, {shape};"
                f" it returned {type(result).__name__} of shape {getattr(result, 'shape', None)}."
            )
        changed = keras.ops.convert_to_numpy(result)
        changed = np.moveaxis(changed, 1, -1) if first else changed
        return np.ascontiguousarray(changed, self.dtype)
