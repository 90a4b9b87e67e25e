"""Outputs of a model beside the names and labels of the images they belong to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from keras_cvdata.review.averaging import AS_IT_IS, Averaging
from keras_cvdata.review.columns import Labelling, columns_of, labelling_for, labelling_of
from keras_cvdata.review.heads import Head
from keras_cvdata.review.outputs import (
    Outputs,
    asked_of,
    outputs_of,
    outputs_of_moved,
    sequence_of,
    unread,
)
from keras_cvdata.review.reading import Reader, readers_of
from keras_cvdata.sequences import Sequence
from keras_cvdata.sequences.targets import Targets
from keras_cvdata.sources import Source
from keras_cvdata.types import Array, Ints

_BATCHES = 64  # that are in memory with all their looks before these are merged


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
    class_names: Any = None,
    augment: Any = None,
    averaging: Averaging | None = None,
    seed: int | None = None,
    verbose: Any = 0,
    **options: Any,
) -> Predictions:
    """Predict every image of a collection, once, in the order of the source.

    Args:
        model: Keras model.
        data: A sequence, whose augmentation, order and epoch length are left out; or a source, or
            what `open_source` opens.
        class_names: Names of the classes in the order of the outputs of the model; by default those
            of the labels. Of several heads a dict. Labels are matched by these names.
        augment: Layers or functions that change the images after all else; those that draw do so.
        averaging: Several looks at each image.
        seed: Selects what layers draw; by default that of the sequence.
        verbose: As of `predict`.
        **options: Arguments of the `Sequence` that is made where `data` is none, and of the source
            that is opened. `label_mode` is by default what fits the model.

    Returns:
        The predictions. Of a sequence with `on_error="raise"` an image that cannot be read raises
        its error; elsewhere it has a reason in the place of a prediction.

    Raises:
        TypeError: `model` is no Keras model, or options come with a sequence.
        ValueError: The model does not fit the images or the labels, or an output is not finite.
        ImageError: See above; or no image can be read.

    Example:
        >>> import keras
        >>> model = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Flatten(),
        ...                           keras.layers.Dense(2, "softmax", kernel_initializer="zeros")])
        >>> data = np.zeros((3, 8, 8, 3), np.uint8), ["cat", "dog", "cat"]
        >>> [head] = predictions_of(model, data).heads
        >>> head.class_names, head.outputs.tolist()
        (('cat', 'dog'), [[0.5, 0.5], [0.5, 0.5], [0.5, 0.5]])
    """
    looks = averaging or Averaging()
    sequence, labelling = _opened(model, data, options)
    looks.check(sequence.image_shape)
    found = _Found(model, sequence, looks, labelling, class_names)
    for positions in _chunks(sequence, looks):
        layers = [layer for layer in (augment, looks.layers) if layer is not None]
        found.add(positions, asked_of(sequence, positions, augment=layers, seed=seed), verbose)
    return Predictions(sequence.source, found.heads(), found.reasons)


def _opened(model: Any, data: Any, options: Mapping[str, Any]) -> tuple[Sequence, Labelling | None]:
    """The images, and the labels in the modes that somebody chose."""
    if isinstance(data, Sequence):
        sequence = sequence_of(model, data, options)
        return sequence, labelling_of(sequence)
    settings = {"on_error": "substitute", **options}
    settings.pop("label_mode", None)
    sequence = sequence_of(model, data, settings)
    if "label_mode" not in options:
        return sequence, None
    targets = Targets(sequence.source.labels, options["label_mode"])
    return sequence, Labelling(targets.columns, targets.modes)


def _chunks(sequence: Sequence, looks: Averaging) -> Iterator[Ints]:
    """Positions that are predicted together: all, where one look is all that is kept of them."""
    count = len(sequence.source)
    many = not looks.is_trivial or sequence._annotations.masks is not None
    size = _BATCHES * sequence.batch_size if many else count
    for start in range(0, count, size):
        yield np.arange(start, min(start + size, count))


class _Found:
    """Gathers what a model makes of one part of the images after the other."""

    def __init__(
        self,
        model: Any,
        sequence: Sequence,
        averaging: Averaging,
        labelling: Labelling | None,
        class_names: Any,
    ) -> None:
        self.model = model
        self.sequence = sequence
        self.averaging = averaging
        self.labelling = labelling
        self.class_names = class_names
        self.readers: list[Reader] = []
        self.parts: list[list[Array]] = []
        self.masks: list[Array] = []
        self.reasons: dict[int, str] = {}

    def add(self, positions: Ints, asked: Sequence, verbose: Any) -> None:
        """Predict some images."""
        masks: list[Array] = []
        looks = [
            outputs
            for _ in range(self.averaging.draws)
            for outputs in self._look(asked, masks, verbose)
        ]
        if not self.readers:
            self.readers = self._settle(looks[0])
            self.parts = [[] for _ in self.readers]
        for reader, parts in zip(self.readers, self.parts, strict=True):
            each = [reader.read(outputs[reader.output]) for outputs in looks]
            parts.append(self.averaging.merged(reader.kind, each))
        why = unread(asked)
        self.reasons |= {int(positions[number]): reason for number, reason in why.items()}
        if masks:
            seen = np.concatenate(masks)[: len(positions)]  # of the first draw
            seen[list(why)] = -1
            self.masks.append(seen)

    def _look(self, asked: Sequence, masks: list[Array], verbose: Any) -> list[Outputs]:
        """Outputs of each move; the masks of the images are added to a list."""
        annotations = asked._annotations
        if self.averaging.moves == (AS_IT_IS,) and annotations.masks is None:
            return [outputs_of(self.model, asked, verbose)]

        def look(batch: Any) -> None:
            if annotations.masks is None:
                return
            y = batch[1]["segmentation_masks"] if isinstance(batch[1], dict) else batch[1]
            numbers = y[..., 0].astype(np.int32)
            masks.append(np.where(numbers == annotations.classes.ignore, -1, numbers))

        return outputs_of_moved(self.model, asked, self.averaging.moves, look, verbose)

    def _settle(self, outputs: Outputs) -> list[Reader]:
        labelling = self.labelling
        if labelling is None:
            labelling = labelling_for(self.sequence.source.labels, outputs)
        first = self.sequence.data_format == "channels_first"
        columns = columns_of(labelling, outputs)
        readers = readers_of(self.model, outputs, columns, self.class_names, first)
        for reader in readers:
            self.averaging.check_kind(reader.kind)
        return readers

    def heads(self) -> tuple[Head, ...]:
        """One head for each output."""
        masks = np.concatenate(self.masks) if self.masks else None
        return tuple(
            reader.head(np.concatenate(parts) if len(parts) > 1 else parts[0], masks)
            for reader, parts in zip(self.readers, self.parts, strict=True)
        )
