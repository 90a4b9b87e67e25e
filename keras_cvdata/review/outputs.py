"""What a model returns for the images of a collection, in the order of the source."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import keras
import numpy as np

from keras_cvdata.layers.augment_argument import parse_layers
from keras_cvdata.review.averaging import Move
from keras_cvdata.sequences import Sequence
from keras_cvdata.sources import Source, open_source
from keras_cvdata.sources.base import Subset
from keras_cvdata.sources.opening import open_images
from keras_cvdata.types import Array, Ints

Outputs = dict[str, Array]  # by the names of the outputs; "" where there is only one

_COLORS = {1: "grayscale", 3: "rgb", 4: "rgba"}


def sequence_of(model: Any, data: Any, options: Mapping[str, Any]) -> Sequence:
    """Bring data to a sequence of images as a model takes them.

    Args:
        model: Keras model.
        data: A sequence, which keeps its settings; a source, or what `open_source` opens; a folder
            without folders in it, too.
        options: Arguments of the `Sequence` that is made where `data` is none, and of the source
            that is opened. By default `image_size` and `color_mode` are those of the input of the
            model, and labels are left out.

    Returns:
        The sequence.

    Raises:
        TypeError: `model` is no Keras model, or options come with a sequence.
        ValueError: The model takes images of another shape, or several inputs.
    """
    if not isinstance(model, keras.Model):
        raise TypeError(f"model must be a keras.Model; got a {type(model).__name__}.")
    if isinstance(data, Sequence):
        if options:
            raise TypeError(
                f"data is a sequence, which has its settings; the options {dict(options)} come too "
                "late."
            )
        sequence = data
    else:
        sequence = _opened(model, data, options)
    _check_input(model, sequence)
    return sequence


def asked_of(
    sequence: Sequence,
    positions: Ints | None = None,
    *,
    augment: Any = None,
    seed: int | None = None,
) -> Sequence:
    """Each image of a sequence once, in the order of the source, for predictions.

    Args:
        sequence: The images.
        positions: (M,) positions in `sequence.source`; by default all.
        augment: Layers or functions that change the images after all that the sequence does outside
            training; those that draw do so, anew in each pass.
        seed: Selects what `augment` draws; by default that of the sequence.

    Returns:
        The sequence, where any image may stand for one that cannot be read.
    """
    source = sequence.source
    settings = sequence._once()
    if augment is not None:
        settings["augment"] = [*(settings["augment"] or []), *parse_layers(augment)]
    if seed is not None:
        settings["seed"] = seed
    positions = np.arange(len(source)) if positions is None else positions
    return sequence._with(_WithoutClasses(source, positions), **settings)


class _WithoutClasses(Subset):
    """Samples any of which may stand for any: a class without readable images ends nothing."""

    @property
    def codes(self) -> None:
        return None


def outputs_of(model: Any, asked: Sequence, verbose: Any = 0) -> Outputs:
    """Outputs of a model for each image.

    Args:
        model: Keras model.
        asked: The images, see `asked_of`.
        verbose: As of `predict`.

    Returns:
        (N, ...) float32 of each output; NaN for images that cannot be read.

    Raises:
        ValueError: An output is not finite, or not one array for each.
    """
    return _named(model, model.predict(asked, verbose=verbose), asked, None)


def outputs_of_moved(
    model: Any,
    asked: Sequence,
    moves: tuple[Move, ...],
    look: Callable[[Any], None],
    verbose: Any = 0,
) -> list[Outputs]:
    """Outputs of a model for each image as it is after some moves; images are read once.

    Args:
        model: Keras model.
        asked: The images, see `asked_of`.
        moves: What is done to them.
        look: Gets each batch of the sequence.
        verbose: As of `predict`.

    Returns:
        Outputs for each move, in the order of the images; outputs of the form of images are moved
        back.

    Raises:
        ValueError: An output is not finite, or not one array for each.
    """
    axes = (2, 3) if asked.data_format == "channels_first" else (1, 2)

    def batches() -> Iterator[tuple[Array]]:
        for batch in asked:
            look(batch)
            images = batch[0] if isinstance(batch, tuple) else batch
            for move in moves:
                yield (move.apply(images, axes),)

    predicted = model.predict(batches(), steps=len(asked) * len(moves), verbose=verbose)
    asked._let_go()  # Keras has not seen that it is a sequence
    number = np.arange(len(asked.source))
    first = number // asked.batch_size * asked.batch_size  # of the batch of each image
    size = np.minimum(asked.batch_size, len(number) - first)
    found = []
    for turn, move in enumerate(moves):
        places = first * len(moves) + turn * size + number - first
        outputs = _named(model, predicted, asked, places)
        found.append(
            {name: move.undo(a, axes) if is_image(a) else a for name, a in outputs.items()}
        )
    return found


def is_image(output: Array) -> bool:
    """Whether the output for an image is an image again, such as a mask."""
    return output.ndim == 4 and output.shape[1:3] != (1, 1)


def only_output(outputs: Outputs) -> Array:
    """The output of a model that has one.

    Args:
        outputs: What the model returned.

    Returns:
        (N, ...) float32.

    Raises:
        ValueError: There are several.
    """
    if len(outputs) != 1:
        raise ValueError(
            "The model must have one output, a row of numbers for each image; it has "
            f"{len(outputs)}: {', '.join(map(repr, outputs))}."
        )
    return next(iter(outputs.values()))


def unread(asked: Sequence) -> dict[int, str]:
    """Why images could not be read, by their position; after the outputs were asked for."""
    why = {bad.row: bad.reason for bad in asked.report}
    rows = asked.source.rows
    return {int(n): why[int(rows[n])] for n in np.flatnonzero(np.isin(rows, list(why)))}


def _named(model: Any, predicted: Any, asked: Sequence, places: Ints | None) -> Outputs:
    """Outputs by name, at some places, NaN for images that could not be read."""
    bad = list(unread(asked))
    found = {}
    for name, part in _by_name(model, predicted).items():
        array = np.asarray(part if places is None else part[places])
        array = array.astype(np.float32, copy=not array.flags.writeable)
        array = array.reshape(len(asked.source), *array.shape[1:] or (1,))
        if not np.isfinite(array).all():
            raise ValueError(
                "The model gives NaN or infinite values: its training diverged, or it is given "
                "pixels of another range than it was trained on (rescale=)."
            )
        array[bad] = np.nan
        found[name] = array
    return found


def _by_name(model: Any, predicted: Any) -> dict[str, Any]:
    if isinstance(predicted, Mapping):
        found = dict(predicted)
    elif isinstance(predicted, list | tuple):
        names = getattr(model, "output_names", None) or ()
        if len(set(names)) != len(predicted):
            names = [f"output{number}" for number in range(1, len(predicted) + 1)]
        found = dict(zip(names, predicted, strict=True))
    else:
        found = {"": predicted}
    nested = next((name for name, part in found.items() if not hasattr(part, "shape")), None)
    if nested is not None:
        raise ValueError(
            f"Each output of the model must be one array; {nested!r} is a "
            f"{type(found[nested]).__name__}. Predict with a keras.Model of the outputs that count."
        )
    return found


def _opened(model: Any, data: Any, options: Mapping[str, Any]) -> Sequence:
    known = inspect.signature(Sequence).parameters
    reading = {name: value for name, value in options.items() if name not in known}
    settings = {name: value for name, value in options.items() if name in known}
    source: Source = open_source(data, **reading) if reading else open_images(data)
    chosen: dict[str, Any] = {"label_mode": None, "shuffle": False, "verbose": 0}
    data_format = options.get("data_format") or keras.config.image_data_format()
    shape = _input_shape(model, data_format)
    if shape is not None:
        height, width, channels = shape
        if None not in (height, width):
            chosen["image_size"] = height, width
        if channels is not None:
            chosen["color_mode"] = _COLORS.get(channels, "unchanged")
    return Sequence(source, **chosen | settings)


def _input_shape(model: Any, data_format: str) -> tuple[int | None, ...] | None:
    """(height, width, channels) of what a model takes, where it says so."""
    try:
        shape = model.input_shape
    except AttributeError:  # of a model that was never called
        return None
    if not isinstance(shape, tuple) or len(shape) != 4:
        return None
    return (*shape[2:], shape[1]) if data_format == "channels_first" else shape[1:]


def _check_input(model: Any, sequence: Sequence) -> None:
    """Refuse images that a model cannot take, before Keras does in words of tensors."""
    if type(sequence).__getitem__ is not Sequence.__getitem__:
        return  # what it makes of the images is not known
    inputs = getattr(model, "inputs", None) or ()
    if len(inputs) > 1:
        raise ValueError(
            f"The model has {len(inputs)} inputs, and a sequence serves images alone. Make a "
            "subclass of Sequence whose __getitem__ returns all of them."
        )
    wanted, served = _input_shape(model, sequence.data_format), sequence.image_shape
    if wanted is None or all(w in (None, s) for w, s in zip(wanted, served, strict=True)):
        return
    mend = [] if wanted[:2] == served[:2] else [f"image_size=({wanted[0]}, {wanted[1]})"]
    if wanted[2] not in (None, served[2]):
        mend.append(f"color_mode={_COLORS.get(wanted[2] or 0, 'unchanged')!r}")
    text = " x ".join("any" if side is None else str(side) for side in wanted)
    raise ValueError(
        f"The model takes images of {text} (height, width, channels), and gets "
        f"{' x '.join(map(str, served))}. Give {' and '.join(mend)}."
    )
