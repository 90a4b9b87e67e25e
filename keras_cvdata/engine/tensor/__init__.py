"""The tensor executor: a batch at a time after a plan, in `keras.ops`, on every backend."""

from keras_cvdata.engine.tensor.rendering import render_batch, render_masks, with_masks

__all__ = ["render_batch", "render_masks", "with_masks"]
