"""What a model returns for the images of a collection, in the order of the source."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from keras_cvdata.sequences import Sequence
from keras_cvdata.sources import open_source
from keras_cvdata.types import Array, Ints


def sequence_of(model: Any, data: Any, options: dict[str, Any]) -> Sequence:
    """Bring data to a sequence of images as a model takes them.

    Args:
        model: Keras model.
        data: A sequence, which keeps its settings; a source, or what `open_source` opens.
        options: Arguments of the `Sequence` that is made where `data` is none; `image_size` and
            `color_mode` are those of the input of the model, and labels are left out.

    Returns:
        The sequence.

    Raises:
        TypeError: `model` is no Keras model, or options come with a sequence.
    """
    if not isinstance(model, keras.Model):
        raise TypeError(f"model must be a keras.Model; got a {type(model).__name__}.")
    if isinstance(data, Sequence):
        if options:
            raise TypeError(
                f"data is a sequence, which has its settings; the options {options} come too late."
            )
        return data
    shape = tuple(getattr(model, "input_shape", None) or ())[1:]
    settings: dict[str, Any] = {"label_mode": None, "shuffle": False, "verbose": 0}
    if len(shape) == 3 and None not in shape[:2]:
        settings["image_size"] = shape[:2]
        settings["color_mode"] = "grayscale" if shape[2] == 1 else "rgb"
    return Sequence(open_source(data), **settings | options)


def outputs_of(
    model: Any,
    sequence: Sequence,
    positions: Ints | None = None,
    *,
    augment: Any = None,
    seed: int | None = None,
    verbose: Any = 0,
) -> tuple[Any, dict[int, str]]:
    """Outputs of a model for some images, without the augmentation of their sequence.

    Args:
        model: Keras model.
        sequence: The images.
        positions: (M,) positions in `sequence.source`; by default all.
        augment: Layers or functions that change the images after all else, for all of them alike in
            one call; those that draw do so.
        seed: Selects what `augment` draws; by default that of the sequence.
        verbose: As of `predict`.

    Returns:
        What the model returned, (M, ...) float32 arrays in the order of the positions with NaN for
        images that cannot be read; and why these cannot, by their number among the positions.

    Raises:
        ValueError: An output is not finite.
        ImageError: An image cannot be read, and the sequence raises errors for such.
    """
    source = sequence.source
    if positions is not None:
        source = source.select(positions)
    once = sequence._once()
    if augment is not None:
        once["augment"] = [*(once["augment"] or []), augment]
    if seed is not None:
        once["seed"] = seed
    asked = sequence._with(source, **once)
    outputs = model.predict(asked, verbose=verbose)
    why = {bad.row: bad.reason for bad in asked.report}
    unread = np.flatnonzero(np.isin(source.rows, list(why)))
    found = keras.tree.map_structure(lambda part: _finite(part, len(source), unread), outputs)
    return found, {int(n): why[int(source.rows[n])] for n in unread}


def _finite(part: Any, count: int, unread: Ints) -> Array:
    """Float32 numbers of one output, NaN for images that could not be read."""
    part = np.asarray(part).astype(np.float32)
    part = part.reshape(count, *part.shape[1:] or (1,))
    if not np.isfinite(part).all():
        raise ValueError(
            "The model gives NaN or infinite values: its training diverged, or it is given pixels "
            "of another range than it was trained on (rescale=)."
        )
    part[unread] = np.nan
    return part
