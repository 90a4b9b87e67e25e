"""Keeping XLA from working out the same pixels several times."""

from __future__ import annotations

from collections.abc import Callable

import keras
from keras import ops

from keras_cvdata.engine.array_api import Tensor


def only_if(needed: Tensor, make: Callable[[], Tensor], pixels: Tensor) -> Tensor:
    """Make new pixels where that is needed, or keep those that are there.

    XLA merges loops: without a condition between them, every step that reads warped pixels, such as
    the mean for a contrast and the contrast itself, would do the whole warp again, and four times
    as slowly. Barriers of optimisation do not help, since they are removed before loops are merged.
    Where nothing is compiled, a condition would only cost time.

    Args:
        needed: A bool tensor of any shape; new pixels are made if any is true.
        make: Makes them, of the shape and dtype of `pixels`.
        pixels: The pixels that are there.

    Returns:
        New pixels or those that are there.
    """
    return ops.cond(ops.any(needed), make, lambda: pixels) if _is_traced(pixels) else make()


def _is_traced(tensor: Tensor) -> bool:
    if keras.backend.backend() == "jax":
        import jax

        return isinstance(tensor, jax.core.Tracer)
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        return not tf.executing_eagerly()
    return False
