"""What a model makes of every image of a collection: one row of numbers each."""

from __future__ import annotations

from typing import Any

from keras_cvdata.review.outputs import asked_of, only_output, outputs_of, sequence_of
from keras_cvdata.types import Array


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
        >>> import keras, numpy as np
        >>> model = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Conv2D(5, 3)])
        >>> embed(model, np.zeros((4, 16, 16, 3), np.uint8), rescale="unit").shape
        (4, 5)
    """
    outputs = only_output(outputs_of(model, asked_of(sequence_of(model, data, options)), verbose))
    return outputs.mean(axis=tuple(range(1, outputs.ndim - 1))) if outputs.ndim > 2 else outputs
