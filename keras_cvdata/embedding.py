"""What a model makes of every image of a collection: one row of numbers each."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from keras_cvdata.sequences import Sequence
from keras_cvdata.sources import open_source
from keras_cvdata.types import Array, Ints


def embed(model: Any, data: Any, *, verbose: int = 0, **options: Any) -> Array:
    """Embedding of each image: what a model without its last layers returns.

    Images that mean the same lie near each other, so `cvd.audit(data, embeddings=...)` finds images
    that are like no others.

    Args:
        model: Keras model of one input and one output, such as
            `keras.applications.MobileNetV3Small(include_top=False, pooling="avg")`.
        data: A sequence whose images are as the model wants them (augmentation is left out); or a
            source, or what `open_source` opens.
        verbose: 0, or 1 for the progress of `predict`.
        **options: Arguments of the `Sequence` that is made where `data` is none, such as `rescale`;
            `image_size` and `color_mode` are those of the input of the model.

    Returns:
        (N, D) float32 in the order of the source, positions averaged where the model returns a row
        for each position; NaN for images that cannot be read, where the sequence raises no error.

    Raises:
        TypeError: `model` is no Keras model, or options come with a sequence.
        ValueError: The model has several outputs, or an output that is not finite.

    Example:
        >>> model = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Conv2D(5, 3)])
        >>> embed(model, np.zeros((4, 16, 16, 3), np.uint8), rescale="unit").shape
        (4, 5)
    """
    if not isinstance(model, keras.Model):
        raise TypeError(f"model must be a keras.Model; got a {type(model).__name__}.")
    if isinstance(data, Sequence):
        if options:
            raise TypeError(
                f"data is a sequence, which has its settings; the options {options} come too late."
            )
        sequence = data
    else:
        sequence = _sequence(model, data, options)
    outputs = outputs_of(model, sequence, np.arange(len(sequence.source)), verbose)
    return outputs.mean(axis=tuple(range(1, outputs.ndim - 1))) if outputs.ndim > 2 else outputs


def outputs_of(model: Any, sequence: Sequence, positions: Ints, verbose: Any = 0) -> Array:
    """Outputs of a model for some images as they are, without augmentation.

    Args:
        model: Keras model of one output.
        sequence: The images.
        positions: (M,) positions in `sequence.source`.
        verbose: As of `predict`.

    Returns:
        (M, ...) float32 in the order of the positions; NaN for images that cannot be read.

    Raises:
        ValueError: The model has several outputs, or an output that is not finite.
    """
    asked = sequence.with_source(sequence.source.select(positions), training=False)
    outputs = model.predict(asked, verbose=verbose)
    if not isinstance(outputs, np.ndarray):
        raise ValueError(
            "The model must have one output, a row of numbers for each image; it gives a "
            f"{type(outputs).__name__}."
        )
    outputs = outputs.astype(np.float32).reshape(len(positions), *outputs.shape[1:] or (1,))
    if not np.isfinite(outputs).all():
        raise ValueError(
            "The model gives NaN or infinite values: its training diverged, or it is given pixels "
            "of another range than it was trained on (rescale=)."
        )
    outputs[np.isin(asked.source.rows, [bad.row for bad in asked.report])] = np.nan
    return outputs


def _sequence(model: Any, data: Any, options: dict[str, Any]) -> Sequence:
    shape = tuple(getattr(model, "input_shape", None) or ())[1:]
    settings: dict[str, Any] = {"label_mode": None, "shuffle": False, "verbose": 0}
    if len(shape) == 3 and None not in shape[:2]:
        settings["image_size"] = shape[:2]
        settings["color_mode"] = "grayscale" if shape[2] == 1 else "rgb"
    return Sequence(open_source(data), **settings | options)
