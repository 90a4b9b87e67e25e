"""Outputs of a model beside the names and labels of the images they belong to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from keras_cvdata.labels import Labels
from keras_cvdata.review.heads import Head, as_probabilities, class_head
from keras_cvdata.review.outputs import outputs_of, sequence_of
from keras_cvdata.sources import Source, open_source
from keras_cvdata.types import Array


@dataclass(frozen=True, eq=False)
class Predictions:
    """What a model makes of every sample of a source, in the order of the source.

    Args:
        source: N samples.
        heads: One for each output of the model.
        reasons: Why images could not be read, by their position.
    """

    source: Source
    heads: tuple[Head, ...]
    reasons: Mapping[int, str]


def predictions_of(
    model: Any,
    data: Any,
    *,
    augment: Any = None,
    seed: int | None = None,
    verbose: Any = 0,
    **options: Any,
) -> Predictions:
    """Predict every image of a collection, once, in the order of the source.

    Args:
        model: Keras model.
        data: A sequence, whose augmentation, order and epoch length are left out; or a source, or
            what `open_source` opens.
        augment: Layers or functions that change the images after all else; those that draw do so.
        seed: Selects what `augment` draws.
        verbose: As of `predict`.
        **options: Arguments of the `Sequence` that is made where `data` is none. Images that
            cannot be read are passed over there, with their reason.

    Returns:
        The predictions. Of a sequence with `on_error="raise"` an image that cannot be read raises
        its error.

    Raises:
        TypeError: `model` is no Keras model, or options come with a sequence.
        ValueError: The model does not fit the labels, or an output is not finite.
        ImageError: See above.

    Example:
        >>> import keras
        >>> model = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Flatten(),
        ...                           keras.layers.Dense(2, "softmax", kernel_initializer="zeros")])
        >>> data = np.zeros((3, 8, 8, 3), np.uint8), ["cat", "dog", "cat"]
        >>> [head] = predictions_of(model, data).heads
        >>> head.class_names, head.outputs.tolist()
        (('cat', 'dog'), [[0.5, 0.5], [0.5, 0.5], [0.5, 0.5]])
    """
    sequence = data
    if not hasattr(data, "with_source"):
        source = open_source(data)
        modes = {"label_mode": "int" if source.labels else None, "on_error": "substitute"}
        sequence = sequence_of(model, source, modes | options)
    else:
        sequence = sequence_of(model, data, options)
    outputs, reasons = outputs_of(model, sequence, augment=augment, seed=seed, verbose=verbose)
    columns = sequence._targets.columns if sequence._targets else {}
    labels = next(iter(columns.values())) if columns else None
    return Predictions(sequence.source, (_head(model, outputs, labels),), reasons)


def _head(model: Any, outputs: Array, labels: Labels | None) -> Head:
    logits = bool(getattr(model.loss, "from_logits", False))
    p, _ = as_probabilities(outputs.reshape(len(outputs), -1), logits)
    names = tuple(map(str, range(p.shape[1]))) if labels is None else labels.class_names
    if len(names) != p.shape[1]:
        raise ValueError(
            f"The model gives {outputs.shape[-1]} values for an image, but there are {len(names)} "
            f"classes. Let its last layer have {len(names)} units."
        )
    codes = None
    if labels is not None:
        codes = labels.values[:, -1] if labels.kind == "hierarchical" else labels.values
    return class_head("", names, codes, p)
